"""A service's task definition: its one container, as ECS and Datadog's agent read it."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components.compute.placement import Placement, service_tags
from components.compute.service_roles import ServiceRoles, secret_arn
from config.service import WebService
from config.settings import DeployedService

DATADOG_SOCKETS = "/var/run/datadog"
"""The folder on each host in which the Datadog agent listens; every task mounts it."""
DOGSTATSD_SOCKET = f"{DATADOG_SOCKETS}/dsd.socket"
APM_SOCKET = f"{DATADOG_SOCKETS}/apm.socket"


def task_definition(
    service: DeployedService,
    image: str,
    placement: Placement,
    logs: aws.cloudwatch.LogGroup,
    roles: ServiceRoles,
    parent: pulumi.Resource,
) -> aws.ecs.TaskDefinition:
    """Every change of it is a new revision."""
    return aws.ecs.TaskDefinition(
        f"{service.name}-task",
        family=service.name,
        network_mode="bridge",
        requires_compatibilities=["EC2"],
        execution_role_arn=roles.execution.arn,
        task_role_arn=roles.task.arn,
        container_definitions=logs.name.apply(
            lambda group: json.dumps([_container(service, image, placement, group)], sort_keys=True)
        ),
        volumes=[aws.ecs.TaskDefinitionVolumeArgs(name="datadog", host_path=DATADOG_SOCKETS)],
        # A rollback needs the revision before.
        skip_destroy=True,
        tags=service_tags(service),
        opts=pulumi.ResourceOptions(
            parent=parent, hooks=placement.image_check.hooks if placement.image_check else None
        ),
    )


def awslogs(log_group: str, region: str, stream_prefix: str) -> dict[str, Any]:
    """A container's logs in CloudWatch."""
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": log_group,
            "awslogs-region": region,
            "awslogs-stream-prefix": stream_prefix,
            # A slow log service must not stop the program.
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    }


def _container(service: DeployedService, image: str, placement: Placement, log_group: str) -> dict[str, Any]:
    """The container as ECS gives it back, sorted and with its empty lists, so that equal input is equal text.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    spec = service.spec
    linux: dict[str, Any] = {"capabilities": {"add": [], "drop": ["ALL"]}, "initProcessEnabled": True}
    if spec.read_only_root:
        # The second is where ECS Exec's agent keeps its state; its logs are mounted by the ECS agent itself
        # (aws/amazon-ecs-agent, agent/engine/execcmd/manager_init_task_linux.go; aws/containers-roadmap 1359).
        linux["tmpfs"] = [
            {"containerPath": path, "mountOptions": ["nodev", "nosuid"], "size": mib}
            for path, mib in (("/tmp", 64), ("/var/lib/amazon/ssm", 16))
        ]
    ports = []
    if isinstance(spec, WebService):
        ports.append({"containerPort": spec.port, "hostPort": 0, "protocol": "tcp"})
    return {
        "name": service.name,
        "image": image,
        "command": list(spec.command),
        "cpu": spec.cpu,
        "memory": spec.memory_mib,
        "essential": True,
        "portMappings": ports,
        "environment": [{"name": key, "value": value} for key, value in sorted(_variables(service, placement).items())],
        "secrets": [
            {"name": key, "valueFrom": secret_arn(secret, placement)} for key, secret in sorted(spec.secrets.items())
        ],
        "readonlyRootFilesystem": spec.read_only_root,
        "linuxParameters": linux,
        "ulimits": [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
        "stopTimeout": spec.stop_seconds,
        "mountPoints": [{"sourceVolume": "datadog", "containerPath": DATADOG_SOCKETS, "readOnly": True}],
        "volumesFrom": [],
        "systemControls": [],
        "dockerLabels": _datadog_labels(service, placement)
        # ECS reads a secret when a task starts, always its current version: a label that changes starts tasks. The
        # reference itself names no version, because Secrets Manager forgets old ones, and a task that refers to one
        # of those would not start.
        | {f"slipway.secret.{key}": version for key, version in sorted(service.secret_versions.items())},
        "logConfiguration": _logging(placement, log_group),
    }


def _variables(service: DeployedService, placement: Placement) -> dict[str, str]:
    variables = dict(service.spec.environment) | {
        "DD_ENV": placement.environment,
        "DD_SERVICE": service.name,
        "DD_VERSION": service.version,
        "DD_DOGSTATSD_URL": f"unix://{DOGSTATSD_SOCKET}",
        "DD_TRACE_AGENT_URL": f"unix://{APM_SOCKET}",
    }
    if service.spec.profiling:
        variables["DD_PROFILING_ENABLED"] = "true"
    return variables


def _datadog_labels(service: DeployedService, placement: Placement) -> dict[str, str]:
    """By which the agent knows whose metrics and logs these are, and what else to read.

    https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/?tab=ecs
    https://docs.datadoghq.com/containers/docker/tag/, https://docs.datadoghq.com/containers/docker/integrations/
    """
    name, spec = service.name, service.spec
    labels = {
        "com.datadoghq.tags.env": placement.environment,
        "com.datadoghq.tags.service": name,
        "com.datadoghq.tags.version": service.version,
        "com.datadoghq.ad.tags": json.dumps([f"owner:{spec.owner}"]),
    }
    if placement.collect_logs:
        labels["com.datadoghq.ad.logs"] = json.dumps([{"service": name, "source": name}])
    if isinstance(spec, WebService) and spec.metrics_path:
        endpoint = f"http://%%host%%:{spec.port}{spec.metrics_path}"
        instance = {"openmetrics_endpoint": endpoint, "namespace": name, "metrics": [".*"]}
        labels["com.datadoghq.ad.checks"] = json.dumps({"openmetrics": {"instances": [instance]}}, sort_keys=True)
    return labels


def _logging(placement: Placement, log_group: str) -> dict[str, Any]:
    if placement.collect_logs:
        # What the awslogs driver takes, the agent cannot see: https://docs.datadoghq.com/containers/amazon_ecs/logs/
        return {"logDriver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
    return awslogs(log_group, placement.region, "task")
