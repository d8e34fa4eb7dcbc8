"""ServiceAlerts: which monitors a service gets, what they ask, whom they reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.monitoring.monitors import Audience
from components.monitoring.service_alerts import ServiceAlerts, ServiceAlertsArgs
from config.alerts import Kind, alerts_of
from config.platform import Team
from tests import datadog_models
from tests.cloud import Cloud
from tests.datadog_queries import compared, metric_query
from tests.unit.examples import a_service

MONITOR = "datadog:index/monitor:Monitor"
EVENTS = "env:stage,service:gateway"
ECS = "env:stage,clustername:api,servicename:gateway"
TARGETS = "env:stage,targetgroup:targetgroup/gateway-tg-1a2b3c4/73e2d6bc24d8a067"

EVERYTHING: dict[str, dict[str, Any]] = {
    "web": {"tasks": (2, 6), "slo_id": "abc123", "logs_collected": True},
    "worker": {"tasks": (2, 6), "queue": "mails", "logs_collected": True},
    "job": {"logs_collected": True},
}


def args(kind: Kind = "web", **changes: Any) -> ServiceAlertsArgs:
    """Changes whose names are a ServiceAlertsArgs' go there, the others to the service."""
    given: dict[str, Any] = {
        "audience": Audience(
            environment="stage",
            owner="payments",
            team=Team(email="payments@acme.example", chat="@slack-payments", pager="@pagerduty-payments"),
            runbook_url="https://wiki.acme.example/runbooks/gateway",
        ),
        "target_groups": ["targetgroup/gateway-tg-1a2b3c4/73e2d6bc24d8a067"] if kind == "web" else [],
    }
    given |= {key: changes.pop(key) for key in list(changes) if key in ServiceAlertsArgs.__dataclass_fields__}
    return ServiceAlertsArgs(service=a_service(kind, **changes), **given)


def monitor(cloud: Cloud, alert: str, **changes: Any) -> dict[str, Any]:
    cloud.deploy(lambda: ServiceAlerts("gateway", args(**changes)))
    return cloud.one(MONITOR, f"gateway-{alert}")


WEB = {
    "cpu",
    "deployment-failed",
    "error-rate",
    "latency-p95",
    "latency-p99",
    "memory",
    "restarts",
    "running-tasks",
    "traffic",
    "unhealthy-targets",
}
WORKER = {"cpu", "deployment-failed", "memory", "restarts", "running-tasks"}


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("web", {}, WEB),
        ("web", {"tasks": (2, 6)}, WEB | {"at-maximum"}),
        ("web", {"slo_id": "abc"}, WEB | {"error-budget-fast", "error-budget-slow"}),
        ("web", {"logs_collected": True}, WEB | {"log-errors"}),
        ("worker", {}, WORKER),
        ("worker", {"queue": "mails", "tasks": (1, 2)}, WORKER | {"queue-age", "at-maximum"}),
        ("job", {"schedule": "rate(4 days)"}, {"job-failed"}),
        ("job", {"schedule": "rate(1 hour)"}, {"job-failed", "job-missing"}),
    ],
)
def test_a_service_has_the_monitors_of_its_kind(
    cloud: Cloud, kind: Kind, changes: dict[str, Any], expected: set[str]
) -> None:
    cloud.deploy(lambda: ServiceAlerts("gateway", args(kind, **changes)))
    assert {found.name for found in cloud.all(MONITOR)} == {f"gateway-{alert}" for alert in expected}
    (component,) = cloud.all("slipway:datadog:ServiceAlerts")
    assert {found.parent for found in cloud.all(MONITOR)} == {component.urn}
    assert set(cloud.outputs[component.urn]["monitor_ids"].values()) == {f"gateway-{alert}-id" for alert in expected}


@pytest.mark.parametrize(
    ("alert", "query"),
    [
        (
            "running-tasks",
            f"max(last_15m):100 * sum:aws.ecs.service.running{{{ECS}}} / sum:aws.ecs.service.desired{{{ECS}}} < 60",
        ),
        ("cpu", f"avg(last_10m):avg:aws.ecs.service.cpuutilization{{{ECS}}} > 90"),
        ("memory", f"avg(last_10m):max:aws.ecs.service.memory_utilization.maximum{{{ECS}}} > 90"),
        (
            "error-rate",
            "sum(last_5m):100 * "
            f"default_zero(sum:aws.applicationelb.httpcode_target_5xx{{{TARGETS}}}.as_count()) / "
            f"(default_zero(sum:aws.applicationelb.request_count{{{TARGETS}}}.as_count()) + 100) > 5",
        ),
        ("latency-p95", f"min(last_5m):max:aws.applicationelb.target_response_time.p95{{{TARGETS}}} > 3"),
        (
            "restarts",
            f"sum(last_30m):default_zero(sum:slipway.ecs.task_stops{{{EVENTS},cause:crash}}.as_count()) > 4",
        ),
        ("at-maximum", f"min(last_30m):100 * max:aws.ecs.service.desired{{{ECS}}} / 6 > 99"),
        (
            "deployment-failed",
            f"sum(last_1h):default_zero(sum:slipway.ecs.deployments{{{EVENTS},outcome:failed}}.as_count()) > 1",
        ),
        ("latency-p99", f"min(last_10m):max:aws.applicationelb.target_response_time.p99{{{TARGETS}}} > 6"),
        (
            "traffic",
            "sum(last_15m):100 * "
            f"(default_zero(sum:aws.applicationelb.request_count{{{TARGETS}}}.as_count()) + 100) / "
            f"(default_zero(week_before(sum:aws.applicationelb.request_count{{{TARGETS}}}.as_count())) + 100)"
            " < 10",
        ),
        (
            "error-budget-fast",
            'burn_rate("abc123").over("30d").long_window("1h").short_window("30m") > 14.4',
        ),
        ("error-budget-slow", 'burn_rate("abc123").over("30d").long_window("6h").short_window("1h") > 6'),
        (
            "log-errors",
            'logs("env:stage service:gateway status:(error OR critical OR alert OR emergency)")'
            '.index("*").rollup("count").last("10m") > 500',
        ),
        (
            "unhealthy-targets",
            f"min(last_10m):100 * sum:aws.applicationelb.un_healthy_host_count{{{TARGETS}}}"
            f" / (sum:aws.applicationelb.un_healthy_host_count{{{TARGETS}}}"
            f" + sum:aws.applicationelb.healthy_host_count{{{TARGETS}}}) > 50",
        ),
    ],
)
def test_query(cloud: Cloud, alert: str, query: str) -> None:
    assert monitor(cloud, alert, **EVERYTHING["web"])["query"] == query


@pytest.mark.parametrize(
    ("kind", "alert", "query"),
    [
        (
            "worker",
            "queue-age",
            "min(last_10m):max:aws.sqs.approximate_age_of_oldest_message{env:stage,queuename:mails} > 900",
        ),
        (
            "job",
            "job-failed",
            f"sum(last_1d):default_zero(sum:slipway.job.runs{{{EVENTS},outcome:failed}}.as_count()) > 1",
        ),
        (
            "job",
            "job-missing",
            f"sum(last_132m):100 * (sum:slipway.job.runs{{{EVENTS},outcome:succeeded}}.as_count()"
            " + 0 * sum:slipway.events.alive{env:stage}.as_count()) / 2 < 50",
        ),
    ],
)
def test_query_of_workers_and_jobs(cloud: Cloud, kind: Kind, alert: str, query: str) -> None:
    assert monitor(cloud, alert, kind=kind, **EVERYTHING[kind])["query"] == query


def test_a_weekly_job_is_looked_for_once_a_day(cloud: Cloud) -> None:
    changes = {"schedule": "cron(0 7 ? * MON *)", "time_zone": "Europe/Berlin"}
    found = monitor(cloud, "job-missing", kind="job", **changes)
    assert found["query"].startswith("sum(last_10080m):")
    assert found["schedulingOptions"] == {
        "customSchedule": {
            "recurrence": {
                "rrule": "FREQ=DAILY;INTERVAL=1;BYHOUR=10;BYMINUTE=0",
                "timezone": "Europe/Berlin",
            }
        }
    }


@pytest.mark.parametrize(
    ("alert", "kind_of_monitor", "delay", "window"),
    [
        ("cpu", "query alert", 900, False),
        ("restarts", "query alert", 60, False),
        ("error-budget-fast", "slo alert", None, None),
        ("log-errors", "log alert", None, None),
    ],
)
def test_options_by_the_source_of_the_data(
    cloud: Cloud, alert: str, kind_of_monitor: str, delay: int | None, window: bool | None
) -> None:
    found = monitor(cloud, alert, **EVERYTHING["web"])
    assert found["type"] == kind_of_monitor
    assert (found.get("evaluationDelay"), found.get("requireFullWindow")) == (delay, window)
    assert "newGroupDelay" not in found  # not one of them is grouped
    assert found.get("enableLogsSample", False) == (alert == "log-errors")


def test_an_objective_has_no_word_about_missing_data_or_recovery(cloud: Cloud) -> None:
    found = monitor(cloud, "error-budget-fast", **EVERYTHING["web"])
    assert "onMissingData" not in found
    assert found["monitorThresholds"] == {"warning": "7.2", "critical": "14.4"}


def test_links_are_in_the_message(cloud: Cloud) -> None:
    dashboard = pulumi.Output.from_input("https://app.datadoghq.com/dashboard/abc")
    audience = replace(args().audience, links={"Dashboard": dashboard})
    found = monitor(cloud, "cpu", audience=audience)
    assert "\nDashboard: https://app.datadoghq.com/dashboard/abc\nOwner: payments\n" in found["message"]


def test_a_monitor_in_full(cloud: Cloud) -> None:
    assert monitor(cloud, "error-rate") == {
        "name": "[stage] gateway: too many requests fail",
        "type": "query alert",
        "query": (
            "sum(last_5m):100 * "
            f"default_zero(sum:aws.applicationelb.httpcode_target_5xx{{{TARGETS}}}.as_count()) / "
            f"(default_zero(sum:aws.applicationelb.request_count{{{TARGETS}}}.as_count()) + 100) > 5"
        ),
        "message": (
            "gateway in stage: "
            "{{value}} percent of the requests of 5 minutes were answered with a 5xx status.\n"
            "Impact: Callers see errors. If it began with a deploy, revert the version.\n"
            "Runbook: https://wiki.acme.example/runbooks/gateway\n"
            "Owner: payments\n"
            "{{#is_alert}}@pagerduty-payments{{/is_alert}}\n"
            "{{#is_warning}}@slack-payments{{/is_warning}}\n"
            "{{#is_recovery}}@pagerduty-payments @slack-payments{{/is_recovery}}"
        ),
        "monitorThresholds": {
            "warning": "1",
            "critical": "5",
            "warningRecovery": "0.95",
            "criticalRecovery": "4.75",
        },
        "evaluationDelay": 900,
        "onMissingData": "resolve",
        "requireFullWindow": False,
        "includeTags": True,
        "priority": "2",
        "tags": ["alert:error_rate", "env:stage", "owner:payments", "service:gateway", "team:payments"],
    }


def test_only_tasks_that_cannot_be_counted_tell_that_data_is_missing(cloud: Cloud) -> None:
    cloud.deploy(lambda: ServiceAlerts("gateway", args()))
    noticed = {found.name for found in cloud.all(MONITOR) if found.inputs["onMissingData"] == "show_and_notify_no_data"}
    assert noticed == {"gateway-running-tasks"}
    assert "{{#is_no_data}}" in cloud.one(MONITOR, "gateway-running-tasks")["message"]
    assert "{{#is_no_data}}" not in cloud.one(MONITOR, "gateway-cpu")["message"]


def test_an_overridden_threshold_is_in_the_query_and_in_the_options(cloud: Cloud) -> None:
    found = monitor(cloud, "latency-p95", alerts={"latency_p95": {"warning": 0.3, "critical": 0.8}})
    assert found["query"].endswith(" > 0.8")
    assert found["monitorThresholds"] == {
        "warning": "0.3",
        "critical": "0.8",
        "warningRecovery": "0.285",
        "criticalRecovery": "0.76",
    }


def test_names_that_only_aws_knows_reach_the_query(cloud: Cloud) -> None:
    found = monitor(cloud, "latency-p95", target_groups=[pulumi.Output.from_input("targetgroup/late/1")])
    assert "{env:stage,targetgroup:targetgroup/late/1}" in found["query"]


def test_with_a_strategy_both_target_groups_are_watched_and_taken_apart(cloud: Cloud) -> None:
    groups = ["targetgroup/gateway-tg/1", "targetgroup/gateway-tg2/2"]
    found = monitor(cloud, "latency-p95", target_groups=groups)
    assert "{env:stage AND targetgroup IN (targetgroup/gateway-tg/1, targetgroup/gateway-tg2/2)}" in found["query"]
    selectors = metric_query(found["query"]).selectors
    assert [selector.tags for selector in selectors] == [{"env": "stage", "targetgroup": group} for group in groups]


def test_a_monitor_of_targets_without_a_target_group_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match=r"gateway: .* needs target_groups"):
        cloud.deploy(lambda: ServiceAlerts("gateway", args(target_groups=[])))


@pytest.mark.parametrize("kind", ["web", "worker", "job"])
def test_every_monitor_is_one_that_datadog_accepts(cloud: Cloud, kind: Kind) -> None:
    cloud.deploy(lambda: ServiceAlerts("gateway", args(kind, **EVERYTHING[kind])))
    assert {found.name for found in cloud.all(MONITOR)} == {
        f"gateway-{alert.replace('_', '-')}" for alert in alerts_of(kind)
    }
    for found in cloud.all(MONITOR):
        model = datadog_models.monitor(found.inputs)
        levels = model.options.thresholds
        _, operator, threshold = compared(model.query)
        assert threshold == levels.critical
        assert operator == (">" if levels.critical > levels.warning else "<")
        if str(model.type) == "query alert":
            for selector in metric_query(model.query).selectors:
                assert selector.tags["env"] == "stage"
                if selector.metric != "slipway.events.alive":
                    assert "gateway" in " ".join(selector.tags.values()) or selector.tags["queuename"] == "mails"
