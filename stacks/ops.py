"""Ops: the organization and its accounts, the people, the state, and what watches over all of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pulumi

from components.account.audit_trail import AuditTrail, AuditTrailArgs
from components.account.organization import Organization, OrganizationArgs
from components.account.people import People, PeopleArgs
from components.account.state_backend import StateBackend, StateBackendArgs
from components.account.threat_detection import ThreatDetection, ThreatDetectionArgs
from components.compute.image_registry import ImageRegistry, ImageRegistryArgs
from components.monitoring.service_page import ServicePage, ServicePageArgs
from components.network.root_zone import RootZone, RootZoneArgs
from components.security.iam import bounded, github_subject
from config.fields import OPS
from config.settings import OpsSettings, runbook
from stacks.account import account_baseline, compliance, regions
from stacks.monitoring import account_monitoring, platform_audience
from stacks.providers import account_provider, datadog_provider


def ops(settings: OpsSettings) -> dict[str, pulumi.Input[Any]]:
    """Declare everything of ops; what people look up afterwards is exported."""
    platform = settings.platform
    ops_account_id = platform.ops.account.id
    # The order of environments is for people: in the cloud it decides nothing.
    environments = sorted(platform.environments)
    account_ids = {stack: platform.account(stack).id for stack in (OPS, *environments)}
    aws_provider = account_provider(settings)
    datadog = datadog_provider(settings)
    account = account_baseline(settings, pulumi.ResourceOptions(providers=[aws_provider]))
    boundary = [bounded(account.boundary_arn)]
    in_account = pulumi.ResourceOptions(providers=[aws_provider], transformations=boundary)
    in_both = pulumi.ResourceOptions(providers=[aws_provider, datadog], transformations=boundary)

    organization = Organization(
        "organization",
        OrganizationArgs(
            company=platform.company,
            members={name: platform.account(name) for name in environments},
            production=[name for name in environments if platform.environments[name].production],
            allowed_regions=platform.allowed_regions,
            monthly_budget_usd=sum(platform.account(stack).monthly_budget_usd for stack in platform.stacks),
            billing_email=platform.contacts.billing.email,
        ),
        in_account,
    )
    state = StateBackend(
        "state",
        StateBackendArgs(
            company=platform.company,
            project=pulumi.get_project(),
            ops_account_id=ops_account_id,
            stacks=account_ids,
            organization_id=organization.id,
            identity_center=platform.identity_center is not None,
        ),
        in_account,
    )
    audit = AuditTrail(
        "audit",
        AuditTrailArgs(
            company=platform.company,
            region=platform.region,
            ops_account_id=ops_account_id,
            account_ids=list(account_ids.values()),
            organization_id=organization.id,
            state_bucket_arn=state.bucket_arn,
            alarm_email=platform.contacts.security.email,
            audit=platform.audit,
        ),
        in_account,
    )
    compliance(settings, audit.config_bucket, in_account)
    ThreatDetection(
        "detection",
        ThreatDetectionArgs(administrator_account_id=organization.management_account_id, regions=regions(platform)),
        in_account,
    )
    People(
        "people",
        PeopleArgs(
            people=settings.people,
            account_ids=account_ids,
            ops_account_id=ops_account_id,
            company=platform.company,
            region=platform.region,
            regions=regions(platform),
            identity_center=platform.identity_center,
        ),
        in_account,
    )
    root_zone = RootZone(
        "root-zone",
        RootZoneArgs(
            domain=platform.domain,
            ops_account_id=ops_account_id,
            organization_id=organization.id,
            delegates={name: account_ids[name] for name in environments},
            shifted=settings.shifted,
            identity_center=platform.identity_center is not None,
        ),
        in_account,
    )
    account_monitoring(settings, platform_audience(settings), in_both, trail=audit)
    registry = ImageRegistry(
        "images",
        ImageRegistryArgs(
            account_id=ops_account_id,
            region=platform.region,
            pull_account_ids=[account_ids[name] for name in environments],
            workflow=f"{platform.repository}/.github/workflows/image.yml@refs/heads/main",
            images=_images(settings),
        ),
        in_account,
    )
    for name, service in settings.catalogue.items():
        ServicePage(
            name,
            ServicePageArgs(
                spec=service,
                owner=platform.teams[service.owner],
                runbook_url=runbook(platform, name, service),
                repository=platform.repository,
            ),
            in_both,
        )
    return {
        "organization_id": organization.id,
        "account_ids": organization.account_ids,
        "state_bucket": state.bucket,
        "secrets_providers": state.secrets_providers,
        "image_registry": registry.host,
        "root_zone_id": root_zone.zone_id,
        "name_servers": root_zone.name_servers,
    }


def _images(settings: OpsSettings) -> dict[str, dict[str, str]]:
    """The images that are the company's own, and what pushes each for which service."""
    images: dict[str, dict[str, str]] = defaultdict(dict)
    for name, service in settings.catalogue.items():
        if own := service.ecr:
            images[service.image][name] = github_subject(own.pushed_by, own.ids, "ref:refs/heads/main")
    return images
