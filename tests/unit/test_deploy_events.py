"""DeployEvents: what reaches the function, what it makes of it, and what Datadog's intake receives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError

import botocore.model
import botocore.session
import pytest
from botocore.stub import Stubber
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
from datadog_api_client.v2.model.metric_payload import MetricPayload

from components.monitoring.deploy_events import DeployEvents, DeployEventsArgs
from functions import deploy_events
from functions.deploy_events import Report, report_of
from tests.cloud import Cloud
from tests.datadog_models import accepted
from tests.intake import Intake
from tests.unit.examples import a_datadog

CLUSTER = "arn:aws:ecs:us-east-1:333333333333:cluster/api"
DEFINITION = "arn:aws:ecs:us-east-1:333333333333:task-definition/gateway:7"


# The component ----------------------------------------------------------------------------------------------


def deploy(cloud: Cloud) -> None:
    args = DeployEventsArgs(
        environment="stage",
        account_id="333333333333",
        region="us-east-1",
        datadog=a_datadog(site="datadoghq.eu"),
        log_retention_days=30,
        groups={"api": "api-hosts-1a2b3c4"},
    )
    cloud.deploy(lambda: DeployEvents("events", args))


def test_the_function_in_full(cloud: Cloud) -> None:
    deploy(cloud)
    found = cloud.one("aws:lambda/function:Function")
    code = found.pop("code")
    assert found == {
        "name": "deploy-events",
        "description": "Tells Datadog of deployments, stopped tasks and instance refreshes",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "deploy_events.handler",
        "role": "${events-role.arn}",
        "memorySize": 128,
        "timeout": 30,
        "environment": {
            "variables": {
                "API_KEY_SECRET": "datadog/api-key",
                "CLUSTERS": '{"api-hosts-1a2b3c4": "api"}',
                "DATADOG_API": "https://api.datadoghq.eu",
                "ENVIRONMENT": "stage",
            }
        },
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/deploy-events"},
    }
    assert code.assets["deploy_events.py"].path == "functions/deploy_events.py"


def test_the_function_may_look_and_read_its_key(cloud: Cloud) -> None:
    deploy(cloud)
    document = json.loads(cloud.one("aws:iam/rolePolicy:RolePolicy")["policy"])
    assert document["Statement"] == [
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["${events-logs.arn}:*"],
        },
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeInstanceRefreshes",
                "ecs:DescribeServices",
                "ecs:DescribeTaskDefinition",
            ],
            "Resource": ["*"],
        },
        {
            "Sid": "ApiKey",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": ["arn:aws:secretsmanager:us-east-1:333333333333:secret:datadog/api-key-??????"],
        },
    ]


def test_four_rules_start_the_function(cloud: Cloud) -> None:
    deploy(cloud)
    rules = {found.name: found.inputs for found in cloud.all("aws:cloudwatch/eventRule:EventRule")}
    assert rules["events-looks"] == {"scheduleExpression": "rate(5 minutes)"}
    patterns = {name: json.loads(rule["eventPattern"]) for name, rule in rules.items() if "eventPattern" in rule}
    assert patterns == {
        "events-deployments": {"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"]},
        "events-instance-refreshes": {
            "source": ["aws.autoscaling"],
            "detail-type": [{"prefix": "EC2 Auto Scaling Instance Refresh"}],
        },
        "events-stopped-tasks": {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {"lastStatus": ["STOPPED"], "desiredStatus": ["STOPPED"]},
        },
    }
    for name in rules:
        assert cloud.one("aws:cloudwatch/eventTarget:EventTarget", name) == {
            "rule": f"${{{name}.name}}",
            "arn": "${events-function.arn}",
        }
        assert cloud.one("aws:lambda/permission:Permission", name) == {
            "action": "lambda:InvokeFunction",
            "function": "deploy-events",
            "principal": "events.amazonaws.com",
            "sourceArn": f"${{{name}.arn}}",
        }


# The function -----------------------------------------------------------------------------------------------


CLIENTS = ("autoscaling", "ecs", "secretsmanager")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    """AWS's clients with planned answers, which botocore checks against its own models."""
    monkeypatch.setenv("ENVIRONMENT", "stage")
    monkeypatch.setenv("CLUSTERS", '{"api-hosts-1a2b3c4": "api"}')
    monkeypatch.setenv("API_KEY_SECRET", "datadog/api-key")
    session = botocore.session.get_session()
    session.set_credentials("none", "none")
    clients = {name: session.create_client(name, region_name="us-east-1") for name in CLIENTS}
    monkeypatch.setattr(deploy_events, "_client", clients.__getitem__)
    deploy_events._definition.cache_clear()
    deploy_events._api_key.cache_clear()
    stubs = {name: Stubber(client) for name, client in clients.items()}
    for stub in stubs.values():
        stub.activate()
    yield stubs
    for name, stub in stubs.items():
        stub.assert_no_pending_responses()
        clients[name].close()


def plan_definition(ecs: Stubber) -> None:
    ecs.add_response(
        "describe_task_definition",
        {
            "taskDefinition": {
                "registeredBy": "arn:aws:sts::333333333333:assumed-role/deploy/slipway",
                "containerDefinitions": [
                    {
                        "name": "gateway",
                        "dockerLabels": {
                            "com.datadoghq.tags.service": "gateway",
                            "com.datadoghq.tags.version": "4.13.0",
                        },
                    }
                ],
            }
        },
        {"taskDefinition": DEFINITION},
    )


def plan_service(ecs: Stubber, deployment: str = "ecs-svc/1") -> None:
    ecs.add_response(
        "describe_services",
        {"services": [{"deployments": [{"id": deployment, "taskDefinition": DEFINITION}]}]},
        {"cluster": "api", "services": ["gateway"]},
    )


def deployment(name: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html"""
    return {
        "detail-type": "ECS Deployment State Change",
        "source": "aws.ecs",
        "time": "2026-11-23T12:31:14Z",
        "resources": ["arn:aws:ecs:us-east-1:333333333333:service/api/gateway"],
        "detail": {
            "eventType": "ERROR",
            "eventName": name,
            "deploymentId": "ecs-svc/1",
            "reason": "ECS deployment circuit breaker: task failed to start.",
        },
    }


def stopped(group: str, **detail: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html"""
    given = {
        "clusterArn": CLUSTER,
        "group": group,
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "taskDefinitionArn": DEFINITION,
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "startedBy": "ecs-svc/1",
        "containers": [{"name": "gateway", "exitCode": 1, "lastStatus": "STOPPED"}],
    }
    return {
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "time": "2026-11-23T12:31:14Z",
        "resources": [],
        "detail": given | detail,
    }


@pytest.mark.parametrize(
    ("event", "outcome", "alert_type"),
    [
        ("SERVICE_DEPLOYMENT_IN_PROGRESS", "started", "info"),
        ("SERVICE_DEPLOYMENT_COMPLETED", "completed", "success"),
        ("SERVICE_DEPLOYMENT_FAILED", "failed", "error"),
    ],
)
def test_a_deployment_with_version_who_and_outcome(
    aws: dict[str, Stubber], event: str, outcome: str, alert_type: str
) -> None:
    plan_service(aws["ecs"])
    plan_definition(aws["ecs"])
    assert report_of(deployment(event)) == Report(
        metric="slipway.ecs.deployments",
        tags={
            "env": "stage",
            "cluster": "api",
            "service": "gateway",
            "version": "4.13.0",
            "outcome": outcome,
            "who": "deploy/slipway",
        },
        title=f"gateway 4.13.0 in stage: deployment {outcome}",
        text=("ECS deployment circuit breaker: task failed to start.\nVersion: 4.13.0\nBy: deploy/slipway"),
        alert_type=alert_type,
    )


def test_a_deployment_that_ecs_has_forgotten_is_told_by_the_primary_one(aws: dict[str, Stubber]) -> None:
    plan_service(aws["ecs"], deployment="ecs-svc/2")
    plan_definition(aws["ecs"])
    report = report_of(deployment("SERVICE_DEPLOYMENT_FAILED"))
    assert report is not None and report.tags["version"] == "4.13.0"


def test_a_service_that_is_gone_has_no_version(aws: dict[str, Stubber]) -> None:
    aws["ecs"].add_response("describe_services", {"services": []})
    report = report_of(deployment("SERVICE_DEPLOYMENT_COMPLETED"))
    assert report is not None
    assert report.title == "gateway in stage: deployment completed"
    assert set(report.tags) == {"env", "cluster", "service", "outcome"}


@pytest.mark.parametrize(
    ("detail", "cause"),
    [
        ({}, "crash"),
        ({"stopCode": "TaskFailedToStart", "stoppedReason": "CannotPullContainerError"}, "crash"),
        (
            {
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Task failed ELB health checks in (target-group arn)",
            },
            "crash",
        ),
        ({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity"}, "scheduler"),
        ({"stopCode": "UserInitiated", "stoppedReason": "Task stopped by user"}, "scheduler"),
        ({"stopCode": "SpotInterruption", "stoppedReason": "Spot"}, "scheduler"),
    ],
    ids=["exited", "could not start", "unhealthy", "scaled in", "stopped by a person", "spot"],
)
def test_why_a_task_of_a_service_stopped(aws: dict[str, Stubber], detail: dict[str, Any], cause: str) -> None:
    plan_definition(aws["ecs"])
    report = report_of(stopped("service:gateway", **detail))
    assert report is not None
    assert report.metric == "slipway.ecs.task_stops"
    assert report.tags == {
        "env": "stage",
        "cluster": "api",
        "service": "gateway",
        "version": "4.13.0",
        "cause": cause,
    }
    assert report.event == (cause == "crash")  # a task that ECS replaces is a number, not news


@pytest.mark.parametrize(
    ("detail", "outcome"),
    [
        ({"containers": [{"name": "digest", "exitCode": 0}]}, "succeeded"),
        ({"containers": [{"name": "digest", "exitCode": 1}]}, "failed"),
        ({"containers": [{"name": "digest", "exitCode": 137, "reason": "OutOfMemoryError"}]}, "failed"),
        ({"containers": [{"name": "digest"}], "stopCode": "TaskFailedToStart"}, "failed"),
        ({"containers": [{"name": "digest", "exitCode": 0}], "stopCode": "UserInitiated"}, "failed"),
    ],
    ids=["fine", "error", "out of memory", "could not start", "stopped by a person"],
)
def test_how_the_run_of_a_job_ended(aws: dict[str, Stubber], detail: dict[str, Any], outcome: str) -> None:
    plan_definition(aws["ecs"])
    report = report_of(stopped("family:gateway", startedBy="chronos-schedule/gateway", **detail))
    assert report is not None
    assert (report.metric, report.tags["outcome"]) == ("slipway.job.runs", outcome)


def test_a_run_by_hand_says_nothing_of_the_schedule(aws: dict[str, Stubber]) -> None:
    plan_definition(aws["ecs"])
    assert report_of(stopped("family:gateway", startedBy="slipway-run")) is None


def test_an_instance_refresh_is_told_by_its_cluster() -> None:
    event = {
        "detail-type": "EC2 Auto Scaling Instance Refresh Failed",
        "detail": {"AutoScalingGroupName": "api-hosts-1a2b3c4", "InstanceRefreshId": "08b91cf7"},
    }
    assert report_of(event) == Report(
        metric="slipway.instance_refreshes",
        tags={
            "env": "stage",
            "cluster": "api",
            "outcome": "failed",
            "autoscaling_group": "api-hosts-1a2b3c4",
        },
        title="api in stage: instance refresh failed",
        text="Group api-hosts-1a2b3c4, refresh 08b91cf7",
        alert_type="error",
    )


@pytest.mark.parametrize(
    "event",
    [
        {"detail-type": "EC2 Auto Scaling Instance Refresh Checkpoint Reached", "detail": {}},
        {"detail-type": "ECS Task State Change", "detail": {"lastStatus": "DEPROVISIONING"}},
        deployment("SERVICE_DEPLOYMENT_NEW_KIND"),
    ],
    ids=["checkpoint", "not stopped yet", "unknown"],
)
def test_what_is_nobodys_business(event: dict[str, Any]) -> None:
    assert report_of(event) is None


def plan_key(aws: dict[str, Stubber], key: str = "the-key") -> None:
    aws["secretsmanager"].add_response("get_secret_value", {"SecretString": key}, {"SecretId": "datadog/api-key"})


@pytest.mark.parametrize(
    ("refreshes", "minutes"),
    [
        ([], 0),
        ([{"Status": "InProgress", "StartTime": datetime(2026, 11, 23, 10, 1, 14, tzinfo=UTC)}], 150),
        ([{"Status": "RollbackInProgress", "StartTime": datetime(2026, 11, 23, 12, 1, 14, tzinfo=UTC)}], 30),
        ([{"Status": "Pending"}], 0),
        ([{"Status": "Successful", "StartTime": datetime(2026, 11, 20, tzinfo=UTC)}], 0),
        ([{"Status": "Failed", "StartTime": datetime(2026, 11, 20, tzinfo=UTC)}], 0),
    ],
    ids=["none", "running", "rolling back", "not begun", "done", "failed"],
)
def test_a_look_tells_how_long_the_replacement_of_hosts_has_been_running(
    aws: dict[str, Stubber], intake: Intake, refreshes: list[dict[str, Any]], minutes: float
) -> None:
    aws["autoscaling"].add_response(
        "describe_instance_refreshes",
        {"InstanceRefreshes": refreshes},
        {"AutoScalingGroupName": "api-hosts-1a2b3c4", "MaxRecords": 1},
    )
    plan_key(aws)
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    event = {"detail-type": "Scheduled Event", "source": "aws.events", "time": "2026-11-23T12:31:14Z", "detail": {}}
    deploy_events.handler(event, None)
    ((path, _, body),) = intake.received
    assert path == "/api/v2/series"
    happened = 1795437074
    assert body["series"] == [
        {
            "metric": "slipway.events.alive",
            "type": 1,
            "interval": 60,
            "points": [{"timestamp": happened, "value": 1}],
            "tags": ["env:stage"],
        },
        {
            "metric": "slipway.instance_refreshes.minutes",
            "type": 3,
            "points": [{"timestamp": happened, "value": minutes}],
            "tags": ["cluster:api", "env:stage"],
        },
    ]
    accepted(body, MetricPayload)


def test_every_status_of_a_refresh_is_known() -> None:
    status = botocore.session.get_session().get_service_model("autoscaling").shape_for("InstanceRefreshStatus")
    assert isinstance(status, botocore.model.StringShape)
    known = set(status.enum)
    under_way = {"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"}
    assert known - under_way == set(deploy_events.OVER)


def test_datadog_receives_a_count_and_an_event(aws: dict[str, Stubber], intake: Intake) -> None:
    plan_service(aws["ecs"])
    plan_definition(aws["ecs"])
    plan_key(aws)
    deploy_events.handler(deployment("SERVICE_DEPLOYMENT_FAILED"), None)
    (series_path, key, series), (event_path, _, event) = intake.received
    assert (series_path, event_path, key) == ("/api/v2/series", "/api/v1/events", "the-key")
    tags = [
        "cluster:api",
        "env:stage",
        "outcome:failed",
        "service:gateway",
        "version:4.13.0",
        "who:deploy/slipway",
    ]
    assert series == {
        "series": [
            {
                "metric": "slipway.ecs.deployments",
                "type": 1,
                "interval": 60,
                "points": [{"timestamp": 1795437074, "value": 1}],
                "tags": tags,
            }
        ]
    }
    assert event["tags"] == [*tags, "source:slipway"]
    assert event["date_happened"] == 1795437074
    accepted(series, MetricPayload)
    accepted(event, EventCreateRequest)


def test_a_replaced_task_is_a_count_alone(aws: dict[str, Stubber], intake: Intake) -> None:
    plan_definition(aws["ecs"])
    plan_key(aws)
    deploy_events.handler(stopped("service:gateway", stopCode="ServiceSchedulerInitiated"), None)
    assert [path for path, _, _ in intake.received] == ["/api/v2/series"]


def test_what_datadog_refuses_is_tried_again_by_lambda_with_a_fresh_key(
    aws: dict[str, Stubber], intake: Intake
) -> None:
    plan_definition(aws["ecs"])
    plan_key(aws, "the-old-key")
    intake.status = 403
    with pytest.raises(HTTPError, match="403"):
        deploy_events.handler(stopped("service:gateway"), None)
    plan_key(aws, "the-new-key")
    intake.status = 202
    deploy_events.handler(stopped("service:gateway"), None)
    assert [key for _, key, _ in intake.received] == ["the-old-key", "the-new-key", "the-new-key"]
