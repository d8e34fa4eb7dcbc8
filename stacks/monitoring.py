"""Datadog for a stack: its account, and in environments agents, deployment events, clusters and services."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pulumi

from components.account.audit_trail import AuditTrail
from components.compute.ecs_cluster import EcsCluster
from components.compute.ecs_service import EcsService
from components.compute.placement import Placement
from components.monitoring.account_alerts import AccountAlerts, AccountAlertsArgs
from components.monitoring.cluster_alerts import ClusterAlerts, ClusterAlertsArgs
from components.monitoring.datadog_agent import DatadogAgent, DatadogAgentArgs
from components.monitoring.datadog_integration import DatadogIntegration, DatadogIntegrationArgs
from components.monitoring.deploy_events import DeployEvents, DeployEventsArgs
from components.monitoring.environment_alerts import EnvironmentAlerts, EnvironmentAlertsArgs
from components.monitoring.environment_dashboard import EnvironmentDashboard, EnvironmentDashboardArgs
from components.monitoring.fleet_dashboard import FleetDashboard, FleetDashboardArgs
from components.monitoring.monitors import Audience
from components.monitoring.service_alerts import ServiceAlerts, ServiceAlertsArgs
from components.monitoring.service_dashboard import ServiceDashboard, ServiceDashboardArgs
from components.monitoring.service_objective import ServiceObjective, ServiceObjectiveArgs
from config.settings import DeployedService, EnvironmentSettings, StackSettings


def account_monitoring(
    settings: StackSettings,
    audience: Audience,
    opts: pulumi.ResourceOptions,
    *,
    trail: AuditTrail | None = None,
    muted: bool = False,
) -> None:
    """Watch the account under any stack. `opts` has the account's provider and Datadog's."""
    DatadogIntegration(
        "datadog",
        DatadogIntegrationArgs(
            account_id=settings.account.id,
            environment=settings.stack,
            region=settings.platform.region,
            datadog=settings.platform.datadog,
            trail_bucket=trail.bucket if trail else None,
            trail_key_arn=trail.key_arn if trail else None,
        ),
        opts,
    )
    AccountAlerts("account", AccountAlertsArgs(audience=audience, muted=muted), opts)


def platform_audience(settings: StackSettings, links: Mapping[str, pulumi.Input[str]] | None = None) -> Audience:
    """Who is told of what every service shares."""
    owner = settings.platform.datadog.owner
    return Audience(
        environment=settings.stack,
        owner=owner,
        team=settings.platform.teams[owner],
        runbook_url=f"{settings.platform.datadog.runbooks}/platform",
        links={**(links or {}), "Last deploys": _events_page(settings, f"env:{settings.stack}")},
    )


def monitoring(
    settings: EnvironmentSettings,
    clusters: Mapping[str, EcsCluster],
    placements: Mapping[str, Placement],
    services: Mapping[str, EcsService],
    opts: pulumi.ResourceOptions,
) -> None:
    """Watch the whole environment. `opts` has the account's provider and Datadog's."""
    platform, environment = settings.platform, settings.environment
    owner = platform.datadog.owner
    page = EnvironmentDashboard(
        "environment",
        EnvironmentDashboardArgs(environment=environment, owner=owner, clusters=list(clusters)),
        opts,
    )
    FleetDashboard("fleet", FleetDashboardArgs(environment=environment, owner=owner), opts)
    audience = platform_audience(settings, {"Dashboard": _dashboard_page(settings, page.path)})
    account_monitoring(settings, audience, opts, muted=environment in platform.datadog.muted)
    events = DeployEvents(
        "deploy-events",
        DeployEventsArgs(
            environment=environment,
            account_id=settings.account.id,
            region=platform.region,
            datadog=platform.datadog,
            log_retention_days=platform.log_retention_days,
            groups={name: cluster.group_name for name, cluster in clusters.items()},
        ),
        opts,
    )
    for name, placement in placements.items():
        DatadogAgent(
            f"{name}-datadog-agent",
            DatadogAgentArgs(placement=placement, datadog=platform.datadog, audience=audience),
            opts,
        )
        ClusterAlerts(f"{name}-cluster", ClusterAlertsArgs(cluster=name, audience=audience), opts)
    EnvironmentAlerts(
        "environment",
        EnvironmentAlertsArgs(audience=audience, events_function=events.function_name),
        opts,
    )
    for name, service in settings.services.items():
        _service(service, settings, services[name], opts)


def _service(
    service: DeployedService,
    settings: EnvironmentSettings,
    deployed: EcsService,
    opts: pulumi.ResourceOptions,
) -> None:
    name, environment = service.name, settings.environment
    slo_id: pulumi.Output[str] | None = None
    if web := settings.web_services.get(name):
        slo_id = ServiceObjective(
            name,
            ServiceObjectiveArgs(spec=web, environment=environment, target_groups=deployed.target_groups),
            opts,
        ).id
    page = ServiceDashboard(
        name,
        ServiceDashboardArgs(
            service=service,
            environment=environment,
            target_groups=deployed.target_groups,
            slo_id=slo_id,
        ),
        opts,
    )
    ServiceAlerts(
        name,
        ServiceAlertsArgs(
            service=service,
            audience=Audience(
                environment=environment,
                owner=service.spec.owner,
                team=service.owner,
                runbook_url=service.runbook,
                links={
                    "Dashboard": _dashboard_page(settings, page.path),
                    "Last deploys": _events_page(settings, f"env:{environment} service:{name}"),
                },
            ),
            target_groups=deployed.target_groups,
            slo_id=slo_id,
            logs_collected=settings.platform.datadog.collect_logs,
        ),
        opts,
    )


def _dashboard_page(settings: StackSettings, path: pulumi.Output[str]) -> pulumi.Output[str]:
    return path.apply(lambda known: f"{_address(settings)}{known}")


def _events_page(settings: StackSettings, scope: str) -> str:
    return f"{_address(settings)}/event/explorer?query={quote(f'source:slipway {scope}', safe=':')}"


def _address(settings: StackSettings) -> str:
    """Where people open Datadog: https://docs.datadoghq.com/getting_started/site/"""
    site = settings.platform.datadog.site
    return f"https://app.{site}" if site in ("datadoghq.com", "datadoghq.eu") else f"https://{site}"
