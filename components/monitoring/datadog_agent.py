"""DatadogAgent: one agent on every host of a cluster, which every task reaches through two Unix sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.compute.placement import Placement
from components.compute.service_roles import secret_arn, trust_tasks
from components.compute.task_definition import APM_SOCKET, DATADOG_SOCKETS, DOGSTATSD_SOCKET, awslogs
from components.monitoring.monitors import Audience, Watch, default_monitors
from components.security.iam import policy_document, read_secrets, write_logs
from config.alerts import Alert
from config.instance_types import AGENT_CPU, AGENT_MEMORY_MIB
from config.platform import Datadog

NAME = "datadog-agent"
"""The physical name of the service, its family and its container."""

# https://docs.datadoghq.com/containers/amazon_ecs/ and its datadog-agent-ecs.json: volume name, path on the
# host, path in the agent's container, whether it is read-only.
_MOUNTS = (
    ("cgroup", "/sys/fs/cgroup/", "/host/sys/fs/cgroup", True),
    ("docker-socket", "/var/run/docker.sock", "/var/run/docker.sock", True),
    ("proc", "/proc/", "/host/proc", True),
    ("sockets", DATADOG_SOCKETS, DATADOG_SOCKETS, False),  # the agent makes the sockets
)
# https://docs.datadoghq.com/containers/amazon_ecs/logs/: what the agent reads, and how far it has read. What
# a task sends to CloudWatch is not there.
_LOG_MOUNTS = (
    ("containers", "/var/lib/docker/containers/", "/var/lib/docker/containers", True),
    ("positions", "/opt/datadog-agent/run", "/opt/datadog-agent/run", False),
)
# https://docs.datadoghq.com/infrastructure/process/: to name the processes' users
_PROCESS_MOUNT = ("passwd", "/etc/passwd", "/etc/passwd", True)
# https://docs.datadoghq.com/network_monitoring/cloud_network_monitoring/setup/, "Amazon ECS"
_NETWORK_MOUNT = ("debug", "/sys/kernel/debug", "/sys/kernel/debug", False)
_NETWORK_CAPABILITIES = (
    "CHOWN",
    "IPC_LOCK",
    "NET_ADMIN",
    "NET_BROADCAST",
    "NET_RAW",
    "SYS_ADMIN",
    "SYS_PTRACE",
    "SYS_RESOURCE",
)

# Queries know the scopes $task (the agents' ECS service) and $hosts (what the agents send).
_WATCHES: dict[str, tuple[Watch, Alert]] = {
    "agents_gone": (
        Watch(
            title="hosts without a Datadog agent",
            query="max(last_15m):100 * sum:aws.ecs.service.running{$task} / sum:aws.ecs.service.desired{$task}",
            source="cloudwatch",
            what="For 15 minutes only {{value}} percent of the hosts have run an agent.",
            impact="The other hosts are dark: no host metrics, no custom metrics, no traces.",
            priority=2,
            no_data="show_and_notify_no_data",
        ),
        Alert(kinds=(), unit="percent of the hosts", fires="below", warning=95, critical=75),
    ),
    # https://docs.datadoghq.com/integrations/agent_metrics/: 1 for each agent that reports
    "agents_silent": (
        Watch(
            title="Datadog agents run and are not heard",
            query="max(last_15m):100 * sum:datadog.agent.running{$hosts} / sum:aws.ecs.service.running{$task}",
            source="cloudwatch",
            what="For 15 minutes only {{value}} percent of the running agents have reached Datadog.",
            impact="Their hosts are dark, custom metrics and traces included. A wrong API key, or no way out.",
            priority=2,
            no_data="show_and_notify_no_data",
        ),
        Alert(kinds=(), unit="percent of the agents", fires="below", warning=90, critical=70),
    ),
}


@dataclass(frozen=True, kw_only=True)
class DatadogAgentArgs:
    """Which cluster, which agent, and how much it collects."""

    placement: Placement
    datadog: Datadog
    audience: Audience


class DatadogAgent(pulumi.ComponentResource):
    """Watches each host and its containers; takes custom metrics and traces from every task on it."""

    def __init__(self, name: str, args: DatadogAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:DatadogAgent", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placement = args.placement
        environment, cluster = placement.environment, placement.cluster_name
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/ecs/{cluster}/{NAME}",
            retention_in_days=placement.log_retention_days,
            opts=child,
        )
        execution, execution_policy = self._execution_role(name, args, logs)
        task = aws.ecs.TaskDefinition(
            f"{name}-task",
            family=f"{cluster}-{NAME}",
            # Host network: the hosts' metadata service answers nothing that is one hop away, and the agent
            # needs it for the host's name and tags. Host processes: it tells the senders of metrics apart by
            # their process ids (https://docs.datadoghq.com/extend/dogstatsd/unix_socket, "Origin detection").
            network_mode="host",
            pid_mode="host",
            requires_compatibilities=["EC2"],
            execution_role_arn=execution.arn,
            container_definitions=logs.name.apply(lambda group: json.dumps([_container(args, group)], sort_keys=True)),
            volumes=[
                aws.ecs.TaskDefinitionVolumeArgs(name=volume, host_path=path) for volume, path, _, _ in _mounts(args)
            ],
            skip_destroy=True,
            opts=child,
        )
        aws.ecs.Service(
            f"{name}-service",
            name=NAME,
            cluster=placement.cluster_arn,
            task_definition=task.arn,
            launch_type="EC2",
            scheduling_strategy="DAEMON",
            # A host has room for one agent: the old one stops before the new one starts.
            deployment_minimum_healthy_percent=0,
            deployment_maximum_percent=100,
            deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            tags={"service": NAME, "owner": args.audience.owner},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[execution_policy],
                hooks=placement.deploy_check.hooks if placement.deploy_check else None,
            ),
        )
        scopes = {
            "task": f"env:{environment},clustername:{cluster},servicename:{NAME}",
            "hosts": f"env:{environment},cluster:{cluster}",
        }
        default_monitors(
            name,
            _WATCHES,
            scopes=scopes,
            subject=f"cluster {cluster}",
            audience=args.audience,
            tags=[f"cluster:{cluster}", f"service:{NAME}"],
            opts=child,
        )
        self.register_outputs({"version": args.datadog.agent_version})

    def _execution_role(
        self, name: str, args: DatadogAgentArgs, logs: aws.cloudwatch.LogGroup
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """What ECS may do for the agent: fill its API key, write its logs. The image is public."""
        role = aws.iam.Role(
            f"{name}-execution",
            assume_role_policy=policy_document(trust_tasks(args.placement)),
            opts=pulumi.ResourceOptions(parent=self),
        )

        def document(group: str) -> pulumi.Input[str]:
            return policy_document(read_secrets("ApiKey", [_api_key_arn(args)]), write_logs(group))

        policy = aws.iam.RolePolicy(
            f"{name}-execution",
            role=role.id,
            policy=logs.arn.apply(document),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, policy


def _api_key_arn(args: DatadogAgentArgs) -> str:
    return secret_arn(args.datadog.api_key_secret, args.placement)


def _mounts(args: DatadogAgentArgs) -> list[tuple[str, str, str, bool]]:
    mounts = list(_MOUNTS)
    if args.datadog.collect_logs:
        mounts.extend(_LOG_MOUNTS)
    if args.datadog.collect_processes:
        mounts.append(_PROCESS_MOUNT)
    if args.datadog.collect_network:
        mounts.append(_NETWORK_MOUNT)
    return sorted(mounts)


def _variables(args: DatadogAgentArgs) -> dict[str, str]:
    """The agent's settings: https://docs.datadoghq.com/containers/docker/#environment-variables"""

    def setting(enabled: bool) -> str:
        return str(enabled).lower()

    return {
        "DD_APM_ENABLED": "true",
        "DD_APM_NON_LOCAL_TRAFFIC": "false",
        # No port is open on the host: tasks use the sockets.
        "DD_APM_RECEIVER_PORT": "0",
        "DD_APM_RECEIVER_SOCKET": APM_SOCKET,
        "DD_DOGSTATSD_ORIGIN_DETECTION": "true",
        "DD_DOGSTATSD_PORT": "0",
        "DD_DOGSTATSD_SOCKET": DOGSTATSD_SOCKET,
        "DD_DOGSTATSD_TAG_CARDINALITY": "low",
        "DD_ENV": args.placement.environment,
        "DD_LOGS_CONFIG_CONTAINER_COLLECT_ALL": setting(args.datadog.collect_logs),
        "DD_LOGS_ENABLED": setting(args.datadog.collect_logs),
        "DD_PROCESS_CONFIG_PROCESS_COLLECTION_ENABLED": setting(args.datadog.collect_processes),
        "DD_SITE": args.datadog.site,
        "DD_SYSTEM_PROBE_NETWORK_ENABLED": setting(args.datadog.collect_network),
        "DD_TAGS": f"cluster:{args.placement.cluster_name}",
    }


def _container(args: DatadogAgentArgs, log_group: str) -> dict[str, Any]:
    """The container as ECS gives it back: sorted, with its empty lists, so that equal input is equal text."""
    capabilities = list(_NETWORK_CAPABILITIES) if args.datadog.collect_network else []
    return {
        "name": NAME,
        "image": f"public.ecr.aws/datadog/agent:{args.datadog.agent_version}",
        "cpu": AGENT_CPU,
        "memory": AGENT_MEMORY_MIB,
        "essential": True,
        "portMappings": [],
        "environment": [{"name": key, "value": value} for key, value in sorted(_variables(args).items())],
        "secrets": [{"name": "DD_API_KEY", "valueFrom": _api_key_arn(args)}],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": path, "readOnly": read_only}
            for volume, _, path, read_only in _mounts(args)
        ],
        "volumesFrom": [],
        "systemControls": [],
        "linuxParameters": {"capabilities": {"add": capabilities, "drop": []}, "initProcessEnabled": False},
        "healthCheck": {
            "command": ["CMD-SHELL", "agent health"],
            "interval": 30,
            "retries": 3,
            "startPeriod": 60,
            "timeout": 5,
        },
        "logConfiguration": awslogs(log_group, args.placement.region, "agent"),
    }
