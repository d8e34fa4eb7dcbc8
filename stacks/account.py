"""The account under every stack: the same in ops and in each environment."""

from __future__ import annotations

import pulumi

from components.account.account_baseline import AccountBaseline, AccountBaselineArgs
from components.account.compliance import Compliance, ComplianceArgs
from components.security.iam import role_arn
from components.security.names import GLOBAL_REGION
from config.platform import Platform
from config.settings import EnvironmentSettings, StackSettings


def account_baseline(settings: StackSettings, opts: pulumi.ResourceOptions) -> AccountBaseline:
    """Declare the account."""
    platform = settings.platform
    return AccountBaseline(
        "account",
        AccountBaselineArgs(
            account_id=settings.account.id,
            stack=settings.stack,
            ops_account_id=platform.ops.account.id,
            company=platform.company,
            project=pulumi.get_project(),
            repository=platform.repository,
            repository_ids=platform.repository_ids,
            region=platform.region,
            regions=regions(platform),
            monthly_budget_usd=settings.account.monthly_budget_usd,
            contacts=platform.contacts,
            peer_roles=_peer_roles(settings),
            identity_center=platform.identity_center is not None,
        ),
        opts,
    )


def _peer_roles(settings: StackSettings) -> list[str]:
    peers = settings.migration.peers.values() if isinstance(settings, EnvironmentSettings) else ()
    return sorted({role_arn(peer.account_id, peer.role) for peer in peers})


def compliance(settings: StackSettings, config_bucket: pulumi.Input[str], opts: pulumi.ResourceOptions) -> Compliance:
    """Record and check the account."""
    args = ComplianceArgs(regions=regions(settings.platform), bucket=config_bucket)
    return Compliance("compliance", args, opts)


def regions(platform: Platform) -> list[str]:
    """Where an account has anything: the platform's region first, and at last the one of AWS's global services."""
    return list(dict.fromkeys((platform.region, *platform.allowed_regions, GLOBAL_REGION)))
