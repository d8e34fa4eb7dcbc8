"""Datadog for a stack: its account, and in environments agents, deployment events, clusters and services."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pulumi

from components.account.audit_trail import AuditTrail
from components.compute.deploy_check import DeployCheck
from components.compute.ecs_cluster import EcsCluster
from components.compute.ecs_service import EcsService
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
from config import alerts
from config.instance_types import AGENT_CPU, AGENT_MEMORY_MIB
from config.schedules import rhythm
from config.service import JobService, WebService, WorkerService
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
    platform = settings.platform
    forwarder = platform.datadog.log_forwarder
    DatadogIntegration(
        "datadog",
        DatadogIntegrationArgs(
            account_id=settings.account.id,
            environment=settings.stack,
            region=platform.region,
            trail_bucket=trail.bucket if trail else None,
            trail_key_arn=trail.key_arn if trail else None,
            tag_filters=platform.datadog.tag_filters,
            collect_resources=platform.datadog.collect_resources,
            log_forwarder_arns=[f"arn:aws:lambda:{platform.region}:{settings.account.id}:function:{forwarder.function}"]
            if forwarder
            else [],
            log_sources=forwarder.sources if forwarder else [],
            notify_event_bus=platform.datadog.event_bus,
        ),
        opts,
    )
    AccountAlerts("account", AccountAlertsArgs(audience=audience, muted=muted), opts)


def platform_audience(settings: StackSettings, links: Mapping[str, pulumi.Input[str]] | None = None) -> Audience:
    """Who is told of what every service shares."""
    owner = settings.platform.datadog.owner
    team = settings.platform.teams[owner]
    return Audience(
        environment=settings.stack,
        owner=owner,
        chat=team.chat,
        pager=team.pager,
        runbook_url=f"{settings.platform.datadog.runbooks}/platform",
        links={**(links or {}), "Last deploys": _events_page(settings, f"env:{settings.stack}")},
    )


def monitoring(
    settings: EnvironmentSettings,
    clusters: Mapping[str, EcsCluster],
    services: Mapping[str, EcsService],
    deploy_check: DeployCheck,
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
            site=platform.datadog.site,
            api_key_secret=platform.datadog.api_key_secret,
            log_retention_days=platform.log_retention_days,
            groups={name: cluster.group_name for name, cluster in clusters.items()},
        ),
        opts,
    )
    for name, cluster in clusters.items():
        DatadogAgent(
            f"{name}-datadog-agent",
            DatadogAgentArgs(
                environment=environment,
                account_id=settings.account.id,
                region=platform.region,
                cluster=name,
                cluster_arn=cluster.arn,
                site=platform.datadog.site,
                version=platform.datadog.agent_version,
                api_key_secret=platform.datadog.api_key_secret,
                log_retention_days=platform.log_retention_days,
                audience=audience,
                collect_logs=platform.datadog.collect_logs,
                collect_processes=platform.datadog.collect_processes,
                collect_network=platform.datadog.collect_network,
                cpu=AGENT_CPU,
                memory_mib=AGENT_MEMORY_MIB,
                deploy_check=deploy_check,
            ),
            opts,
        )
        ClusterAlerts(
            f"{name}-cluster",
            ClusterAlertsArgs(environment=environment, cluster=name, audience=audience),
            opts,
        )
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
    name, spec, environment = service.name, service.spec, settings.environment
    thresholds = alerts.thresholds(spec.kind, spec.alerts)
    tasks_max = None if service.tasks.fixed or spec.kind == "job" else service.tasks.max
    queue = spec.queue if isinstance(spec, WorkerService) else None
    objective_id: pulumi.Output[str] | None = None
    if isinstance(spec, WebService):
        objective_id = ServiceObjective(
            name,
            ServiceObjectiveArgs(
                service=name,
                environment=environment,
                owner=spec.owner,
                target_groups=deployed.target_groups,
                availability_percent=spec.availability_percent,
            ),
            opts,
        ).id
    page = ServiceDashboard(
        name,
        ServiceDashboardArgs(
            service=name,
            kind=spec.kind,
            description=spec.description,
            environment=environment,
            owner=spec.owner,
            cluster=spec.cluster,
            runbook_url=service.runbook,
            thresholds=thresholds,
            target_groups=deployed.target_groups,
            objective_id=objective_id,
            queue=queue,
        ),
        opts,
    )
    ServiceAlerts(
        name,
        ServiceAlertsArgs(
            service=name,
            cluster=spec.cluster,
            environment=environment,
            owner=spec.owner,
            chat=service.owner.chat,
            pager=service.owner.pager,
            runbook_url=service.runbook,
            thresholds=thresholds,
            target_groups=deployed.target_groups,
            objective_id=objective_id,
            tasks_max=tasks_max,
            queue=queue,
            rhythm=rhythm(spec.schedule) if isinstance(spec, JobService) else None,
            time_zone=spec.time_zone if isinstance(spec, JobService) else "UTC",
            logs_collected=settings.platform.datadog.collect_logs,
            links={
                "Dashboard": _dashboard_page(settings, page.path),
                "Last deploys": _events_page(settings, f"env:{environment} service:{name}"),
            },
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
