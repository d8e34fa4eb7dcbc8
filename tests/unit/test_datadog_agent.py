"""DatadogAgent: its container, its mounts, and that tasks and agent mean the same two sockets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.compute.ecs_service import EcsService, EcsServiceArgs
from components.monitoring.datadog_agent import DatadogAgent, DatadogAgentArgs
from tests import datadog_models
from tests.cloud import Cloud
from tests.datadog_queries import metric_query
from tests.ecs_models import accepted_task_definition
from tests.unit.examples import AUDIENCE, a_datadog, a_placement, a_service

TASK = "aws:ecs/taskDefinition:TaskDefinition"


def agent(**changes: Any) -> DatadogAgent:
    """`changes` are the platform's settings of Datadog."""
    args = DatadogAgentArgs(placement=a_placement(), datadog=a_datadog(**changes), audience=AUDIENCE)
    return DatadogAgent("api-datadog", args)


def ledger() -> EcsService:
    service = a_service("worker", name="ledger")
    return EcsService("ledger", EcsServiceArgs(service=service, image="acme/ledger:1", placement=a_placement()))


def container(cloud: Cloud, name: str = "api-datadog-task") -> dict[str, Any]:
    (found,) = json.loads(cloud.one(TASK, name)["containerDefinitions"])
    return dict(found)


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["environment"]}


def volumes(cloud: Cloud, name: str = "api-datadog-task") -> dict[str, str]:
    return {one["name"]: one["hostPath"] for one in cloud.one(TASK, name)["volumes"]}


def test_the_container_in_full(cloud: Cloud) -> None:
    cloud.deploy(agent)
    assert container(cloud) == {
        "name": "datadog-agent",
        "image": "public.ecr.aws/datadog/agent:7.72.1",
        "cpu": 256,
        "memory": 512,
        "essential": True,
        "portMappings": [],
        "environment": [
            {"name": "DD_APM_ENABLED", "value": "true"},
            {"name": "DD_APM_NON_LOCAL_TRAFFIC", "value": "false"},
            {"name": "DD_APM_RECEIVER_PORT", "value": "0"},
            {"name": "DD_APM_RECEIVER_SOCKET", "value": "/var/run/datadog/apm.socket"},
            {"name": "DD_DOGSTATSD_ORIGIN_DETECTION", "value": "true"},
            {"name": "DD_DOGSTATSD_PORT", "value": "0"},
            {"name": "DD_DOGSTATSD_SOCKET", "value": "/var/run/datadog/dsd.socket"},
            {"name": "DD_DOGSTATSD_TAG_CARDINALITY", "value": "low"},
            {"name": "DD_ENV", "value": "stage"},
            {"name": "DD_LOGS_CONFIG_CONTAINER_COLLECT_ALL", "value": "false"},
            {"name": "DD_LOGS_ENABLED", "value": "false"},
            {"name": "DD_PROCESS_CONFIG_PROCESS_COLLECTION_ENABLED", "value": "false"},
            {"name": "DD_SITE", "value": "datadoghq.eu"},
            {"name": "DD_SYSTEM_PROBE_NETWORK_ENABLED", "value": "false"},
            {"name": "DD_TAGS", "value": "cluster:api"},
        ],
        "secrets": [
            {
                "name": "DD_API_KEY",
                "valueFrom": "arn:aws:secretsmanager:us-east-1:333333333333:secret:datadog/api-key",
            }
        ],
        "mountPoints": [
            {"sourceVolume": "cgroup", "containerPath": "/host/sys/fs/cgroup", "readOnly": True},
            {"sourceVolume": "docker-socket", "containerPath": "/var/run/docker.sock", "readOnly": True},
            {"sourceVolume": "proc", "containerPath": "/host/proc", "readOnly": True},
            {"sourceVolume": "sockets", "containerPath": "/var/run/datadog", "readOnly": False},
        ],
        "volumesFrom": [],
        "systemControls": [],
        "linuxParameters": {"capabilities": {"add": [], "drop": []}, "initProcessEnabled": False},
        "healthCheck": {
            "command": ["CMD-SHELL", "agent health"],
            "interval": 30,
            "retries": 3,
            "startPeriod": 60,
            "timeout": 5,
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/api/datadog-agent",
                "awslogs-region": "us-east-1",
                "awslogs-stream-prefix": "agent",
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }


def test_the_task_sees_the_host(cloud: Cloud) -> None:
    cloud.deploy(agent)
    task = cloud.one(TASK)
    assert (task["networkMode"], task["pidMode"], task["family"]) == ("host", "host", "api-datadog-agent")
    assert volumes(cloud) == {
        "cgroup": "/sys/fs/cgroup/",
        "docker-socket": "/var/run/docker.sock",
        "proc": "/proc/",
        "sockets": "/var/run/datadog",
    }


@pytest.mark.parametrize(
    ("setting", "variable", "mounts", "capabilities"),
    [
        (
            "collect_logs",
            "DD_LOGS_ENABLED",
            {
                "containers": "/var/lib/docker/containers/",
                "positions": "/opt/datadog-agent/run",
            },
            [],
        ),
        (
            "collect_processes",
            "DD_PROCESS_CONFIG_PROCESS_COLLECTION_ENABLED",
            {"passwd": "/etc/passwd"},
            [],
        ),
        (
            "collect_network",
            "DD_SYSTEM_PROBE_NETWORK_ENABLED",
            {"debug": "/sys/kernel/debug"},
            [
                "CHOWN",
                "IPC_LOCK",
                "NET_ADMIN",
                "NET_BROADCAST",
                "NET_RAW",
                "SYS_ADMIN",
                "SYS_PTRACE",
                "SYS_RESOURCE",
            ],
        ),
    ],
)
def test_what_is_collected_by_setting(
    cloud: Cloud, setting: str, variable: str, mounts: dict[str, str], capabilities: list[str]
) -> None:
    cloud.deploy(lambda: agent(**{setting: True}))
    found = container(cloud)
    assert environment(found)[variable] == "true"
    assert {name: path for name, path in volumes(cloud).items() if name in mounts} == mounts
    assert {mount["sourceVolume"] for mount in found["mountPoints"]} == set(volumes(cloud))
    assert found["linuxParameters"]["capabilities"]["add"] == capabilities


def test_one_agent_a_host(cloud: Cloud) -> None:
    cloud.deploy(agent)
    assert cloud.one("aws:ecs/service:Service") == {
        "name": "datadog-agent",
        "cluster": "arn:aws:ecs:us-east-1:333333333333:cluster/api",
        "taskDefinition": "${api-datadog-task.arn}",
        "launchType": "EC2",
        "schedulingStrategy": "DAEMON",
        "deploymentMinimumHealthyPercent": 0,
        "deploymentMaximumPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "tags": {"owner": "platform", "service": "datadog-agent"},
    }


def test_ecs_may_read_the_api_key_and_nothing_else(cloud: Cloud) -> None:
    cloud.deploy(agent)
    document = json.loads(cloud.one("aws:iam/rolePolicy:RolePolicy")["policy"])
    assert document["Statement"] == [
        {
            "Sid": "ApiKey",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": ["arn:aws:secretsmanager:us-east-1:333333333333:secret:datadog/api-key-??????"],
        },
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["${api-datadog-logs.arn}:*"],
        },
    ]


@pytest.mark.parametrize("everything", [False, True])
def test_botocore_accepts_the_task_definition(cloud: Cloud, everything: bool) -> None:
    settings = dict.fromkeys(("collect_logs", "collect_processes", "collect_network"), everything)
    cloud.deploy(lambda: agent(**settings))
    accepted_task_definition(cloud.one(TASK))


def test_agent_and_tasks_share_one_folder_of_the_host(cloud: Cloud) -> None:
    def both() -> None:
        agent()
        ledger()

    cloud.deploy(both)
    own, tasks = container(cloud), container(cloud, "ledger-task")
    (own_mount,) = (one for one in own["mountPoints"] if one["sourceVolume"] == "sockets")
    (task_mount,) = tasks["mountPoints"]
    assert volumes(cloud)["sockets"] == volumes(cloud, "ledger-task")[task_mount["sourceVolume"]]
    agents, senders = environment(own), environment(tasks)
    inside = Path(agents["DD_DOGSTATSD_SOCKET"]).relative_to(own_mount["containerPath"])
    assert senders["DD_DOGSTATSD_URL"] == f"unix://{Path(task_mount['containerPath']) / inside}"
    inside = Path(agents["DD_APM_RECEIVER_SOCKET"]).relative_to(own_mount["containerPath"])
    assert senders["DD_TRACE_AGENT_URL"] == f"unix://{Path(task_mount['containerPath']) / inside}"
    # A socket needs the write permission of its file, not of the mount.
    assert task_mount["readOnly"] and not own_mount["readOnly"]


@pytest.mark.parametrize("call", ["increment('orders.placed')", "histogram('orders.seconds', 0.25)"])
def test_the_official_client_reaches_the_socket_with_nothing_but_a_tasks_environment(
    cloud: Cloud, tmp_path: Path, call: str
) -> None:
    cloud.deploy(ledger)
    task = container(cloud, "ledger-task")
    folder = task["mountPoints"][0]["containerPath"]
    # Where a task sees its mount, this test sees a folder of its own.
    given = {name: value.replace(folder, str(tmp_path)) for name, value in environment(task).items()}
    program = f"from datadog import statsd; statsd.{call}; statsd.flush()"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as intake:
        intake.bind(given["DD_DOGSTATSD_URL"].removeprefix("unix://"))
        intake.settimeout(30)
        subprocess.run([sys.executable, "-c", program], env=given, check=True)
        sent = intake.recv(8192).decode().strip()
    metric, _, tags, *_ = sent.split("|")
    assert metric in ("orders.placed:1", "orders.seconds:0.25")
    assert set(tags.removeprefix("#").split(",")) == {"env:stage", "service:ledger", "version:4.12.0"}


TASK_SCOPE = "env:stage,clustername:api,servicename:datadog-agent"


@pytest.mark.parametrize(
    ("alert", "query"),
    [
        (
            "agents-gone",
            f"max(last_15m):100 * sum:aws.ecs.service.running{{{TASK_SCOPE}}}"
            f" / sum:aws.ecs.service.desired{{{TASK_SCOPE}}} < 75",
        ),
        (
            "agents-silent",
            "max(last_15m):100 * sum:datadog.agent.running{env:stage,cluster:api}"
            f" / sum:aws.ecs.service.running{{{TASK_SCOPE}}} < 70",
        ),
    ],
)
def test_a_host_without_an_agent_that_is_heard_is_an_alert(cloud: Cloud, alert: str, query: str) -> None:
    cloud.deploy(agent)
    found = cloud.one("datadog:index/monitor:Monitor", f"api-datadog-{alert}")
    assert found["query"] == query
    assert found["onMissingData"] == "show_and_notify_no_data"
    assert found["tags"] == [
        f"alert:{alert.replace('-', '_')}",
        "cluster:api",
        "env:stage",
        "owner:platform",
        "service:datadog-agent",
        "team:platform",
    ]
    metric_query(datadog_models.monitor(found).query)
