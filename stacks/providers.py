"""The providers: every account is reached by an assumed role, and by nothing else."""

from __future__ import annotations

import pulumi_aws as aws
import pulumi_datadog as datadog

from components.security.iam import delegate_role_arn, role_arn
from config.settings import EnvironmentSettings, StackSettings


def account_provider(settings: StackSettings) -> aws.Provider:
    """The stack's own account, by the role `slipway:access_role`."""
    return _assuming("aws", settings, settings.account.id, access_role_arn(settings))


def access_role_arn(settings: StackSettings) -> str:
    """What the program works as in the stack's own account."""
    return role_arn(settings.account.id, settings.access_role)


def root_zone_provider(settings: EnvironmentSettings) -> aws.Provider:
    """The ops account, by a role that may change this environment's delegation and nothing else."""
    ops = settings.platform.ops.account.id
    return _assuming("aws-root-zone", settings, ops, delegate_role_arn(ops, settings.environment, settings.access_role))


def datadog_provider(settings: StackSettings) -> datadog.Provider:
    """Datadog's API. Its keys come from DD_API_KEY and DD_APP_KEY, so that none is in configuration, plan or state."""
    return datadog.Provider("datadog", api_url=f"https://api.{settings.platform.datadog.site}/")


def _assuming(name: str, settings: StackSettings, account_id: str, role_arn: str) -> aws.Provider:
    return aws.Provider(
        name,
        region=settings.platform.region,
        allowed_account_ids=[account_id],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=role_arn, session_name="slipway")],
        default_tags=aws.ProviderDefaultTagsArgs(tags={"env": settings.stack, "managed-by": "slipway"}),
    )
