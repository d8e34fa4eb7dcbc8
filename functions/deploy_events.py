"""What ECS and Auto Scaling tell EventBridge, as events and counts in Datadog. Runs in AWS Lambda.

Counts, which monitors use (all with the tags `env` and, where it is known, `cluster`, `service`, `version`):

- `slipway.ecs.deployments`: tag `outcome` is started, completed or failed;
- `slipway.ecs.task_stops`: tag `cause` is crash (the task died, could not start, or failed its health checks)
  or scheduler (anything that ECS or a person wanted);
- `slipway.job.runs`: tag `outcome` is succeeded or failed;
- `slipway.instance_refreshes`: tag `outcome` is started, succeeded, failed or cancelled.

Every few minutes it looks around, whether anything has happened or not, and sends

- `slipway.instance_refreshes.minutes`: for how long the cluster's instance refresh has been running, 0 without one;
- `slipway.events.alive`: a count of these looks, by which monitors know that silence is not a failure of this function.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session  # part of Lambda's Python runtime

# Who starts tasks by hand sets `startedBy` to this; such a run says nothing about the schedule.
BY_HAND = "slipway"

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
DEPLOYMENTS = {
    "SERVICE_DEPLOYMENT_IN_PROGRESS": "started",
    "SERVICE_DEPLOYMENT_COMPLETED": "completed",
    "SERVICE_DEPLOYMENT_FAILED": "failed",
}
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-events.html
REFRESHES = {
    "EC2 Auto Scaling Instance Refresh Started": "started",
    "EC2 Auto Scaling Instance Refresh Succeeded": "succeeded",
    "EC2 Auto Scaling Instance Refresh Failed": "failed",
    "EC2 Auto Scaling Instance Refresh Cancelled": "cancelled",
    "EC2 Auto Scaling Instance Refresh Rollback Succeeded": "failed",
    "EC2 Auto Scaling Instance Refresh Rollback Failed": "failed",
}
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, "stopCode"
DIED = ("EssentialContainerExited", "TaskFailedToStart")
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html, "Status"
OVER = ("Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")


@dataclass(frozen=True)
class Report:
    """One thing that happened: a count, and an event where people want to read it."""

    metric: str
    tags: dict[str, str]
    title: str
    text: str
    alert_type: str  # info, success, warning or error
    event: bool = True


def handler(event: dict[str, Any], context: object) -> None:
    """Lambda's entry point: one EventBridge event. Raises what goes wrong, so that Lambda tries again."""
    happened = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    if event["detail-type"] == "Scheduled Event":
        _send("/api/v2/series", {"series": look(happened)})
        return
    report = report_of(event)
    if report is None:
        return
    _send("/api/v2/series", {"series": [count(report.metric, report.tags, happened)]})
    if report.event:
        _send("/api/v1/events", note(report, happened))


def count(metric: str, tags: dict[str, str], happened: datetime) -> dict[str, Any]:
    """https://docs.datadoghq.com/api/latest/metrics/#submit-metrics; type 1 is a count."""
    return {"type": 1, "interval": 60, **_point(metric, tags, happened, 1)}


def gauge(metric: str, tags: dict[str, str], happened: datetime, value: float) -> dict[str, Any]:
    """The same; type 3 is a gauge."""
    return {"type": 3, **_point(metric, tags, happened, value)}


def _point(metric: str, tags: dict[str, str], happened: datetime, value: float) -> dict[str, Any]:
    points = [{"timestamp": int(happened.timestamp()), "value": value}]
    return {"metric": metric, "points": points, "tags": _listed(tags)}


def _listed(tags: dict[str, str]) -> list[str]:
    return sorted(f"{key}:{value}" for key, value in tags.items())


def look(now: datetime) -> list[dict[str, Any]]:
    """What is so, rather than what happens."""
    series = [count("slipway.events.alive", _tags(), now)]
    for group, cluster in json.loads(os.environ["CLUSTERS"]).items():
        # The newest first.
        found = _client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
        minutes = 0.0
        for refresh in found["InstanceRefreshes"]:
            if refresh["Status"] not in OVER and "StartTime" in refresh:
                minutes = max(0.0, (now - refresh["StartTime"].astimezone(UTC)).total_seconds() / 60)
        series.append(gauge("slipway.instance_refreshes.minutes", _tags(cluster=cluster), now, round(minutes, 1)))
    return series


def note(report: Report, happened: datetime) -> dict[str, Any]:
    """https://docs.datadoghq.com/api/latest/events/#post-an-event (v1)"""
    return {
        "title": report.title,
        "text": report.text,
        "alert_type": report.alert_type,
        "date_happened": int(happened.timestamp()),
        "source_type_name": "amazon ecs",
        "tags": [*_listed(report.tags), "source:slipway"],
        # One thread a service, not a line for each start and end.
        "aggregation_key": ":".join(report.tags.get(key, "") for key in ("env", "cluster", "service"))[:100],
    }


def report_of(event: dict[str, Any]) -> Report | None:
    """What to tell of an EventBridge event; None where it is nobody's business."""
    kind, detail = event["detail-type"], event["detail"]
    if kind == "ECS Deployment State Change":
        return _deployment(event["resources"][0], detail)
    if kind == "ECS Task State Change" and detail["lastStatus"] == "STOPPED":
        return _stopped_task(detail)
    if kind in REFRESHES:
        return _refresh(REFRESHES[kind], detail)
    return None


def _deployment(service_arn: str, detail: dict[str, Any]) -> Report | None:
    outcome = DEPLOYMENTS.get(detail["eventName"])
    if outcome is None:
        return None
    _, cluster, service = service_arn.split(":")[5].split("/")
    version, who = _deployed(cluster, service, detail["deploymentId"])
    tags = _tags(cluster=cluster, service=service, version=version, outcome=outcome)
    return Report(
        metric="slipway.ecs.deployments",
        tags=tags | ({"who": who} if who else {}),
        title=f"{service} {version or ''} in {tags['env']}: deployment {outcome}".replace("  ", " "),
        text=f"{detail.get('reason', '')}\nVersion: {version or 'unknown'}\nBy: {who or 'unknown'}",
        alert_type={"started": "info", "completed": "success", "failed": "error"}[outcome],
    )


def _stopped_task(detail: dict[str, Any]) -> Report | None:
    kind, _, name = detail["group"].partition(":")
    cluster = detail["clusterArn"].rpartition("/")[2]
    labels, _ = _definition(detail["taskDefinitionArn"])
    service = labels.get("com.datadoghq.tags.service", name)
    tags = _tags(cluster=cluster, service=service, version=labels.get("com.datadoghq.tags.version"))
    reason = detail.get("stoppedReason", "")
    ends = "\n".join(
        f"{one['name']}: exit code {one.get('exitCode', 'none')} {one.get('reason', '')}".strip()
        for one in detail["containers"]
    )
    text = f"{reason}\n{ends}"
    if kind == "service":
        crashed = detail.get("stopCode") in DIED or "health checks" in reason
        return Report(
            metric="slipway.ecs.task_stops",
            tags=tags | {"cause": "crash" if crashed else "scheduler"},
            title=f"{service} in {tags['env']}: a task died",
            text=text,
            alert_type="warning",
            event=crashed,
        )
    if detail.get("startedBy", "").startswith(BY_HAND):
        return None
    codes = [container.get("exitCode") for container in detail["containers"]]
    succeeded = detail.get("stopCode") == "EssentialContainerExited" and all(code == 0 for code in codes)
    outcome = "succeeded" if succeeded else "failed"
    return Report(
        metric="slipway.job.runs",
        tags=tags | {"outcome": outcome},
        title=f"{service} in {tags['env']}: run {outcome}",
        text=text,
        alert_type="success" if succeeded else "error",
    )


def _refresh(outcome: str, detail: dict[str, Any]) -> Report:
    group = detail["AutoScalingGroupName"]
    cluster = json.loads(os.environ["CLUSTERS"]).get(group)
    tags = _tags(cluster=cluster, outcome=outcome, autoscaling_group=group)
    return Report(
        metric="slipway.instance_refreshes",
        tags=tags,
        title=f"{cluster or group} in {tags['env']}: instance refresh {outcome}",
        text=f"Group {group}, refresh {detail.get('InstanceRefreshId', 'unknown')}",
        alert_type={"failed": "error", "succeeded": "success"}.get(outcome, "info"),
    )


def _tags(**known: str | None) -> dict[str, str]:
    given = {key: value for key, value in known.items() if value is not None}
    return {"env": os.environ["ENVIRONMENT"], **given}


def _deployed(cluster: str, service: str, deployment: str) -> tuple[str | None, str | None]:
    """The version of a deployment and who registered it; the primary deployment's where it is gone."""
    found = _client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    deployments = found[0]["deployments"] if found else []
    if not deployments:
        return None, None
    chosen = next((known for known in deployments if known["id"] == deployment), deployments[0])
    labels, who = _definition(chosen["taskDefinition"])
    return labels.get("com.datadoghq.tags.version"), who


@cache
def _definition(arn: str) -> tuple[dict[str, str], str | None]:
    """The labels of a task definition's first container, and who registered it, as ROLE/SESSION."""
    definition = _client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    who = definition.get("registeredBy", "").partition("/")[2] or None
    return definition["containerDefinitions"][0].get("dockerLabels", {}), who


@cache
def _client(service: str) -> Any:
    return botocore.session.get_session().create_client(service)


@cache
def _api_key() -> str:
    secret = _client("secretsmanager").get_secret_value(SecretId=os.environ["API_KEY_SECRET"])
    key: str = secret["SecretString"]
    return key


def _send(path: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{os.environ['DATADOG_API']}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "DD-API-KEY": _api_key()},
        method="POST",
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        if error.code == 403:  # the key has been changed: read it again at the next try
            _api_key.cache_clear()
        raise
