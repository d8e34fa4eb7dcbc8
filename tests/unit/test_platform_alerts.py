"""AccountAlerts, ClusterAlerts, EnvironmentAlerts, ServiceObjective, ServicePage: what is watched beside services."""

from __future__ import annotations

import json
from typing import Any

import pytest
from datadog_api_client.v1.model.service_level_objective_request import ServiceLevelObjectiveRequest
from datadog_api_client.v2.model.entity_v3 import EntityV3

from components.monitoring.account_alerts import AccountAlerts, AccountAlertsArgs
from components.monitoring.cluster_alerts import ClusterAlerts, ClusterAlertsArgs
from components.monitoring.environment_alerts import EnvironmentAlerts, EnvironmentAlertsArgs
from components.monitoring.service_objective import ServiceObjective, ServiceObjectiveArgs
from components.monitoring.service_page import ServicePage, ServicePageArgs
from tests import datadog_models
from tests.cloud import Cloud
from tests.datadog_models import accepted, snake_case
from tests.datadog_queries import metric_query
from tests.unit.examples import AUDIENCE, TEAM, a_web_spec

MONITOR = "datadog:index/monitor:Monitor"


def cluster_alerts(cloud: Cloud) -> None:
    args = ClusterAlertsArgs(cluster="api", audience=AUDIENCE)
    cloud.deploy(lambda: ClusterAlerts("api", args))


def environment_alerts(cloud: Cloud) -> None:
    args = EnvironmentAlertsArgs(audience=AUDIENCE, events_function="deploy-events")
    cloud.deploy(lambda: EnvironmentAlerts("environment", args))


def account_alerts(cloud: Cloud, muted: bool = False) -> None:
    cloud.deploy(lambda: AccountAlerts("account", AccountAlertsArgs(audience=AUDIENCE, muted=muted)))


CLUSTER = {
    "cpu-reservation": "min(last_30m):avg:aws.ecs.cluster.cpureservation{env:stage,clustername:api} > 95",
    "memory-reservation": ("min(last_30m):avg:aws.ecs.cluster.memory_reservation{env:stage,clustername:api} > 95"),
    "host-unhealthy": ("avg(last_15m):max:aws.ec2.status_check_failed{env:stage,cluster:api} by {host} > 0.9"),
    "instance-refresh": (
        "sum(last_1d):default_zero(sum:slipway.instance_refreshes{env:stage,cluster:api,outcome:failed}.as_count()) > 1"
    ),
    "instance-refresh-stuck": ("min(last_15m):max:slipway.instance_refreshes.minutes{env:stage,cluster:api} > 240"),
    "host-cpu": "min(last_1h):100 - avg:system.cpu.idle{env:stage,cluster:api} by {host} > 90",
    "host-load": "min(last_30m):avg:system.load.norm.5{env:stage,cluster:api} by {host} > 2.5",
    "host-memory": "max(last_10m):100 * avg:system.mem.pct_usable{env:stage,cluster:api} by {host} < 5",
    "host-disk": "min(last_10m):100 * max:system.disk.in_use{env:stage,cluster:api} by {host,device} > 90",
    "host-inodes": ("min(last_10m):100 * max:system.fs.inodes.in_use{env:stage,cluster:api} by {host,device} > 95"),
}
ENVIRONMENT = {
    "bastion": "avg(last_15m):max:aws.ec2.status_check_failed{env:stage,name:bastion} > 0.9",
    "certificates": ("max(last_1d):min:aws.certificatemanager.days_to_expiry{env:stage} by {certificatearn} < 14"),
    "schedules": ("sum(last_1h):default_zero(sum:aws.scheduler.invocation_dropped_count{env:stage}.as_count()) > 4"),
    "events": (
        "sum(last_30m):default_zero(sum:aws.lambda.errors{env:stage,functionname:deploy-events}.as_count()) > 10"
    ),
    "events-gone": "sum(last_30m):default_zero(sum:slipway.events.alive{env:stage}.as_count()) < 2",
}
ACCOUNT = {
    "budget": (
        "max(last_1d):100 * max:aws.billing.actual_spend{env:stage} by {budget_name}"
        " / max:aws.billing.budget_limit{env:stage} by {budget_name} > 100"
    ),
}


def test_a_cluster_is_watched(cloud: Cloud) -> None:
    cluster_alerts(cloud)
    assert {found.name.removeprefix("api-"): found.inputs["query"] for found in cloud.all(MONITOR)} == CLUSTER


def test_an_environment_is_watched(cloud: Cloud) -> None:
    environment_alerts(cloud)
    queries = {found.name.removeprefix("environment-"): found.inputs["query"] for found in cloud.all(MONITOR)}
    assert queries == ENVIRONMENT


def test_an_account_is_watched(cloud: Cloud) -> None:
    account_alerts(cloud)
    queries = {found.name.removeprefix("account-"): found.inputs["query"] for found in cloud.all(MONITOR)}
    assert queries == ACCOUNT


def test_what_should_always_be_there_is_missed(cloud: Cloud) -> None:
    def everything() -> None:
        ClusterAlerts("api", ClusterAlertsArgs(cluster="api", audience=AUDIENCE))
        EnvironmentAlerts("environment", EnvironmentAlertsArgs(audience=AUDIENCE, events_function="deploy-events"))

    cloud.deploy(everything)
    missed = {found.name for found in cloud.all(MONITOR) if found.inputs["onMissingData"] == "show_and_notify_no_data"}
    assert missed == {"api-instance-refresh-stuck", "environment-bastion", "environment-events-gone"}


@pytest.mark.parametrize("deploy", [account_alerts, cluster_alerts, environment_alerts])
def test_datadog_accepts_every_monitor(cloud: Cloud, deploy: Any) -> None:
    deploy(cloud)
    for found in cloud.all(MONITOR):
        model = datadog_models.monitor(found.inputs)
        query, levels = metric_query(model.query), model.options.thresholds
        assert query.threshold == levels.critical
        assert query.operator == (">" if levels.critical > levels.warning else "<")
        assert all(selector.tags["env"] == "stage" for selector in query.selectors)
        # A host that has just started is left alone; a monitor without groups has no such option.
        grouped = any(selector.groups for selector in query.selectors)
        assert found.inputs.get("newGroupDelay") == (300 if grouped else None)


@pytest.mark.parametrize(("alert", "delay"), [("host-cpu", 15), ("cpu-reservation", 900), ("instance-refresh", 60)])
def test_the_delay_follows_the_source(cloud: Cloud, alert: str, delay: int) -> None:
    cluster_alerts(cloud)
    assert cloud.one(MONITOR, f"api-{alert}")["evaluationDelay"] == delay


def test_a_muted_environment_is_judged_and_silent(cloud: Cloud) -> None:
    account_alerts(cloud, muted=True)
    assert cloud.one("datadog:index/downtimeSchedule:DowntimeSchedule") == {
        "scope": "*",
        "monitorIdentifier": {"monitorTags": ["env:stage"]},
        "message": "Alerts of stage are muted by configuration.",
        "muteFirstRecoveryNotification": True,
        "notifyEndStates": [],
        "notifyEndTypes": [],
        "oneTimeSchedule": {},
    }
    # The tag that mutes is on every monitor.
    assert all("env:stage" in found.inputs["tags"] for found in cloud.all(MONITOR))


def test_an_account_is_not_muted_by_default(cloud: Cloud) -> None:
    account_alerts(cloud)
    assert not cloud.all("datadog:index/downtimeSchedule:DowntimeSchedule")


def test_an_objective_counts_requests_without_a_5xx(cloud: Cloud) -> None:
    args = ServiceObjectiveArgs(spec=a_web_spec(), environment="stage", target_groups=["targetgroup/gateway-tg/1"])
    cloud.deploy(lambda: ServiceObjective("gateway", args))
    found = cloud.one("datadog:index/serviceLevelObjective:ServiceLevelObjective")
    scope = "{env:stage,targetgroup:targetgroup/gateway-tg/1}"
    requests = f"sum:aws.applicationelb.request_count{scope}.as_count()"
    failed = f"sum:aws.applicationelb.httpcode_target_5xx{scope}.as_count()"
    assert found == {
        "name": "[stage] gateway: availability",
        "description": "99.9 percent of the requests get no 5xx status.",
        "type": "metric",
        "query": {"numerator": f"{requests} - default_zero({failed})", "denominator": requests},
        "thresholds": [{"timeframe": "30d", "target": 99.9, "warning": 99.95}],
        "timeframe": "30d",
        "targetThreshold": 99.9,
        "warningThreshold": 99.95,
        "tags": ["env:stage", "owner:payments", "service:gateway", "team:payments"],
    }
    accepted(snake_case(found), ServiceLevelObjectiveRequest)


def test_a_service_has_a_page_in_the_catalogue(cloud: Cloud) -> None:
    args = ServicePageArgs(
        spec=a_web_spec(owner="platform"),
        owner=TEAM,
        runbook_url="https://wiki.acme.example/runbooks/gateway",
        repository="acme/platform",
    )
    cloud.deploy(lambda: ServicePage("gateway", args))
    entity = json.loads(cloud.one("datadog:index/softwareCatalog:SoftwareCatalog")["entity"])
    assert entity["metadata"] == {
        "name": "gateway",
        "displayName": "gateway",
        "description": "The public API",
        "owner": "platform",
        "contacts": [{"name": "platform", "type": "email", "contact": "platform@acme.example"}],
        "links": [
            {
                "name": "Runbook",
                "type": "runbook",
                "url": "https://wiki.acme.example/runbooks/gateway",
            },
            {
                "name": "Definition",
                "type": "repo",
                "provider": "github",
                "url": "https://github.com/acme/platform/blob/main/services/gateway.yaml",
            },
        ],
        "tags": ["chat:slack-platform", "kind:web", "owner:platform"],
    }
    assert entity["spec"] == {"lifecycle": "production", "type": "web"}
    accepted(entity, EntityV3)
