"""EcsService: one service on a cluster: its task definition, roles and logs, its balancer's targets, its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.compute.deploy_check import DeployCheck
from components.compute.image_check import ImageCheck
from components.compute.image_reference import ecr_image
from components.security.iam import Statement, allow, policy_document, trust_service

DATADOG_SOCKETS = "/var/run/datadog"
"""The folder on each host in which the Datadog agent listens; every task mounts it."""

# A service that cannot become steady is rolled back by its circuit breaker well before this.
STEADY_STATE = "30m"
# With a strategy it becomes steady when the requests have been shifted and the old tasks are gone, which may take an
# hour (config.service.MOST_MINUTES).
SHIFTED = "90m"

# Below this many requests a minute a few errors are no rate.
_FEWEST_REQUESTS = 10


@dataclass(frozen=True, kw_only=True)
class Permission:
    """IAM actions on ARNs."""

    actions: Sequence[str]
    resources: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class HealthCheckArgs:
    """How the load balancer checks a task. Seconds and counts."""

    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_count: int
    unhealthy_count: int
    grace_seconds: int


@dataclass(frozen=True, kw_only=True)
class NameArgs:
    """One name of a service, and the Route 53 zone that it stands in."""

    role: Literal["internal", "public"]
    host: str
    zone_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class StrategyArgs:
    """A deployment that ECS does by shifting the balancer's weights, instead of rolling task by task.

    `rolling` has all that the others need, and rolls: the step between none and another, in both directions.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-rolling-to-bluegreen.html
    """

    kind: Literal["rolling", "blue_green", "linear", "canary"]
    percent: float = 10.0
    """What one step shifts (linear), or what goes first (canary)."""
    step_minutes: int = 5
    """How long each step, or the first part, is watched."""
    bake_minutes: int = 5
    """How long the old tasks are kept when all requests go to the new ones."""


@dataclass(frozen=True, kw_only=True)
class WebArgs:
    """A service that is reached by HTTP: what stands before it."""

    port: int
    priority: int
    """The listener rule's priority, unique on the balancer."""
    names: Sequence[NameArgs]
    """The names that it answers to, the main one first."""
    health_check: HealthCheckArgs
    drain_seconds: int
    listener_arn: pulumi.Input[str]
    balancer_dns_name: pulumi.Input[str]
    balancer_zone_id: pulumi.Input[str]
    balancer_arn_suffix: pulumi.Input[str]
    metrics_path: str | None = None
    """The path of its OpenMetrics, which the agent of its host reads."""
    more_hosts: Sequence[str] = ()
    """Hosts that it answers to as well, and whose records are made elsewhere: by a TrafficShift."""
    balancer: str = ""
    """The balancer's name. A target group belongs to one balancer for life, so another name makes another group."""
    requests_per_target: int | None = None
    """Requests a target and minute that autoscaling aims at."""
    rollback_error_percent: int = 5
    """A deployment is rolled back when in two of three minutes more of the requests than this fail."""
    strategy: StrategyArgs | None = None


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """An SQS queue whose length decides how many tasks there are."""

    name: str
    messages_per_task: int


@dataclass(frozen=True, kw_only=True)
class PeakArgs:
    """A time of day in which autoscaling keeps more tasks than otherwise, whether there is load or not yet."""

    name: str
    start: str
    end: str
    """Both as Application Auto Scaling reads them: cron(0 8 ? * MON-FRI *)."""
    time_zone: str
    tasks_min: int


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """A service that runs to its end on a schedule."""

    expression: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class EcsServiceArgs:
    """What a caller decides; the rest is this module's opinion. With `web`, `schedule`, or neither (a worker)."""

    environment: str
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    cluster_name: str
    capacity_provider: pulumi.Input[str]
    owner: str
    image: str
    version: str
    cpu: int
    memory_mib: int
    tasks_min: int
    tasks_max: int
    command: Sequence[str]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    """Variable to a secret's name: /path for Parameter Store, anything else for Secrets Manager."""
    permissions: Sequence[Permission]
    read_only_root: bool
    stop_seconds: int
    log_retention_days: int
    cpu_target_percent: int
    memory_target_percent: int
    web: WebArgs | None = None
    schedule: ScheduleArgs | None = None
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    """Variable to which version of its secret is current: another one makes a deploy, and nothing else."""
    queue: QueueArgs | None = None
    peaks: Sequence[PeakArgs] = ()
    log_key_arn: pulumi.Input[str] | None = None
    collect_logs: bool = False
    """Logs stay on the host, where the Datadog agent reads them, and do not go to CloudWatch."""
    profiling: bool = False
    """Datadog's libraries profile the program."""
    exec_log_group_arn: pulumi.Input[str] | None = None
    """Where the cluster records what people do in containers."""
    deploy_check: DeployCheck | None = None
    image_check: ImageCheck | None = None

    def __post_init__(self) -> None:
        if self.web and self.web.strategy and self.web.requests_per_target:
            raise ValueError(
                "requests_per_target counts the requests of one target group, and a strategy alternates between two: "
                "scale on cpu_target_percent instead"
            )

    @property
    def kind(self) -> Literal["web", "worker", "job"]:
        return "web" if self.web else "job" if self.schedule else "worker"


class EcsService(pulumi.ComponentResource):
    """Runs one image and keeps it reachable under one name."""

    address: str | None
    """Where it answers; None for workers and jobs."""
    target_groups: list[pulumi.Output[str]]
    """The part of each ARN that CloudWatch calls `TargetGroup`; with a strategy two take turns."""

    def __init__(self, name: str, args: EcsServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:EcsService", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = {"service": name, "owner": args.owner}
        self.address = f"https://{args.web.names[0].host}" if args.web else None
        self.target_groups = []

        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/ecs/{name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            tags=self._tags,
            opts=self._child,
        )
        execution_role, execution_policy = self._execution_role(logs)
        task_role, task_policy = self._task_role()
        task = aws.ecs.TaskDefinition(
            f"{name}-task",
            family=name,
            network_mode="bridge",
            requires_compatibilities=["EC2"],
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=logs.name.apply(lambda group: json.dumps([self._container(group)], sort_keys=True)),
            volumes=[aws.ecs.TaskDefinitionVolumeArgs(name="datadog", host_path=DATADOG_SOCKETS)],
            # A rollback needs the revision before.
            skip_destroy=True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, hooks=args.image_check.hooks if args.image_check else None),
        )
        before: list[pulumi.Resource] = [execution_policy, task_policy]
        if args.schedule:
            self._schedule(args.schedule, task, execution_role, task_role, before)
        else:
            self._service(task, before)
        self.register_outputs(
            {
                "kind": args.kind,
                "cluster": args.cluster_name,
                "version": args.version,
                "tasks": {"min": args.tasks_min, "max": args.tasks_max},
                "address": self.address,
                "owner": args.owner,
            }
        )

    def _container(self, log_group: str) -> dict[str, Any]:
        """The container as ECS gives it back, sorted and with its empty lists, so that equal input is equal text.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
        """
        args, name = self._args, self.pulumi_resource_name
        variables = dict(args.variables) | {
            "DD_ENV": args.environment,
            "DD_SERVICE": name,
            "DD_VERSION": args.version,
            "DD_DOGSTATSD_URL": f"unix://{DATADOG_SOCKETS}/dsd.socket",
            "DD_TRACE_AGENT_URL": f"unix://{DATADOG_SOCKETS}/apm.socket",
        }
        if args.profiling:
            variables["DD_PROFILING_ENABLED"] = "true"
        linux: dict[str, Any] = {"capabilities": {"add": [], "drop": ["ALL"]}, "initProcessEnabled": True}
        if args.read_only_root:
            # The second is where ECS Exec's agent keeps its state; its logs are mounted by the ECS agent itself
            # (aws/amazon-ecs-agent, agent/engine/execcmd/manager_init_task_linux.go; aws/containers-roadmap 1359).
            linux["tmpfs"] = [
                {"containerPath": path, "mountOptions": ["nodev", "nosuid"], "size": mib}
                for path, mib in (("/tmp", 64), ("/var/lib/amazon/ssm", 16))
            ]
        web = args.web
        ports = [{"containerPort": web.port, "hostPort": 0, "protocol": "tcp"}] if web else []
        return {
            "name": name,
            "image": args.image,
            "command": list(args.command),
            "cpu": args.cpu,
            "memory": args.memory_mib,
            "essential": True,
            "portMappings": ports,
            "environment": [{"name": key, "value": value} for key, value in sorted(variables.items())],
            "secrets": [
                {"name": key, "valueFrom": self._secret_arn(secret)} for key, secret in sorted(args.secrets.items())
            ],
            "readonlyRootFilesystem": args.read_only_root,
            "linuxParameters": linux,
            "ulimits": [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}],
            "stopTimeout": args.stop_seconds,
            "mountPoints": [{"sourceVolume": "datadog", "containerPath": DATADOG_SOCKETS, "readOnly": True}],
            "volumesFrom": [],
            "systemControls": [],
            "dockerLabels": self._datadog_labels()
            # ECS reads a secret when a task starts, always its current version: a label that changes starts tasks. The
            # reference itself names no version, because Secrets Manager forgets old ones, and a task that asks for
            # one of those would not start.
            | {f"slipway.secret.{key}": version for key, version in sorted(args.secret_versions.items())},
            "logConfiguration": self._logging(log_group),
        }

    def _datadog_labels(self) -> dict[str, str]:
        """By which the agent knows whose metrics and logs these are, and what else to read.

        https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/?tab=ecs
        https://docs.datadoghq.com/containers/docker/tag/, https://docs.datadoghq.com/containers/docker/integrations/
        """
        args, name = self._args, self.pulumi_resource_name
        labels = {
            "com.datadoghq.tags.env": args.environment,
            "com.datadoghq.tags.service": name,
            "com.datadoghq.tags.version": args.version,
            "com.datadoghq.ad.tags": json.dumps([f"owner:{args.owner}"]),
        }
        if args.collect_logs:
            labels["com.datadoghq.ad.logs"] = json.dumps([{"service": name, "source": name}])
        if args.web and args.web.metrics_path:
            endpoint = f"http://%%host%%:{args.web.port}{args.web.metrics_path}"
            instance = {"openmetrics_endpoint": endpoint, "namespace": name, "metrics": [".*"]}
            labels["com.datadoghq.ad.checks"] = json.dumps({"openmetrics": {"instances": [instance]}}, sort_keys=True)
        return labels

    def _logging(self, log_group: str) -> dict[str, Any]:
        if self._args.collect_logs:
            # What the awslogs driver takes, the agent cannot see: https://docs.datadoghq.com/containers/amazon_ecs/logs/
            return {"logDriver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
        return {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": self._args.region,
                "awslogs-stream-prefix": "task",
                # A slow log service must not stop the program.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        }

    def _secret_arn(self, name: str) -> str:
        account, region = self._args.account_id, self._args.region
        if name.startswith("/"):
            return f"arn:aws:ssm:{region}:{account}:parameter{name}"
        return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"

    def _execution_role(self, logs: aws.cloudwatch.LogGroup) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """What ECS itself may do for this service: pull its image, fill its secrets, write its logs."""
        args, name = self._args, self.pulumi_resource_name
        role = self._role("execution")
        # Secrets Manager appends six random characters to a secret's ARN.
        arns = [self._secret_arn(secret) for secret in sorted(set(args.secrets.values()))]
        secrets = [f"{arn}-??????" for arn in arns if ":secretsmanager:" in arn]
        parameters = [arn for arn in arns if ":ssm:" in arn]

        def document(group: str) -> pulumi.Input[str]:
            statements = [
                *_pull(args.image),
                allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{group}:*"]),
            ]
            if secrets:
                statements.append(allow("Secrets", ["secretsmanager:GetSecretValue"], secrets))
            if parameters:
                statements.append(allow("Parameters", ["ssm:GetParameters"], parameters))
            return policy_document(*statements)

        policy = aws.iam.RolePolicy(
            f"{name}-execution", role=role.id, policy=logs.arn.apply(document), opts=self._child
        )
        return role, policy

    def _task_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        """What the program itself may do: its own permissions, and to be reached by ECS Exec."""
        role = self._role("task")
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
        exec_actions = [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ]
        statements = [allow("Exec", exec_actions, ["*"])]
        statements += [
            allow(f"Permission{number}", permission.actions, permission.resources)
            for number, permission in enumerate(self._args.permissions)
        ]

        def document(exec_log_group: str | None) -> pulumi.Input[str]:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
            audit = [
                allow("ExecAudit", ["logs:DescribeLogGroups"], ["*"]),
                allow(
                    "ExecRecord",
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [f"{exec_log_group}:*"],
                ),
            ]
            return policy_document(*statements, *(audit if exec_log_group else []))

        policy = aws.iam.RolePolicy(
            f"{self.pulumi_resource_name}-task",
            role=role.id,
            policy=pulumi.Output.from_input(self._args.exec_log_group_arn).apply(document),
            opts=self._child,
        )
        return role, policy

    def _role(self, use: str) -> aws.iam.Role:
        args = self._args
        return aws.iam.Role(
            f"{self.pulumi_resource_name}-{use}",
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (confused deputy)
            assume_role_policy=policy_document(
                trust_service(
                    "ecs-tasks.amazonaws.com",
                    {
                        "StringEquals": {"aws:SourceAccount": args.account_id},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{args.region}:{args.account_id}:*"},
                    },
                )
            ),
            tags=self._tags,
            opts=self._child,
        )

    def _service(self, task: aws.ecs.TaskDefinition, before: list[pulumi.Resource]) -> None:
        args, name, web = self._args, self.pulumi_resource_name, self._args.web
        balancers: list[aws.ecs.ServiceLoadBalancerArgs] = []
        alarms, strategy, shifts = None, None, False
        if web:
            target_group = self._target_group(web, "tg")
            rule = self._rule(web, target_group)
            before = [*before, rule]
            groups, advanced = [target_group], None
            if web.strategy:
                strategy, shifts = _deployment(web.strategy), web.strategy.kind != "rolling"
                other = self._target_group(web, "tg2")
                role, policy = self._traffic_role()
                before.append(policy)
                groups.append(other)
                advanced = aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs(
                    alternate_target_group_arn=other.arn,
                    production_listener_rule=rule.arn,
                    role_arn=role.arn,
                )
            balancers.append(
                aws.ecs.ServiceLoadBalancerArgs(
                    target_group_arn=target_group.arn,
                    container_name=name,
                    container_port=web.port,
                    advanced_configuration=advanced,
                )
            )
            alarms = aws.ecs.ServiceAlarmsArgs(alarm_names=[self._alarm(web, groups).name], enable=True, rollback=True)
        scaled = args.tasks_min < args.tasks_max
        patience = SHIFTED if shifts else STEADY_STATE
        service = aws.ecs.Service(
            # The cluster stands in the name, so that on another one it is another resource: made, and steady, before
            # this one is deleted. Replacing it would fail: the provider refuses another capacity provider in an
            # update, a replacement included (v6.58.0, capacityProviderStrategyCustomizeDiff).
            f"{name}-on-{args.cluster_name}",
            name=name,
            cluster=args.cluster_arn,
            task_definition=task.arn,
            desired_count=args.tasks_min,
            capacity_provider_strategies=[
                aws.ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=args.capacity_provider, weight=1)
            ],
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            # Of rolling deployments alone; the others fail by the alarm and by their own checks:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
            deployment_circuit_breaker=None
            if shifts
            else aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            deployment_configuration=strategy,
            alarms=alarms,
            ordered_placement_strategies=[
                aws.ecs.ServiceOrderedPlacementStrategyArgs(type="spread", field="attribute:ecs.availability-zone"),
                aws.ecs.ServiceOrderedPlacementStrategyArgs(type="binpack", field="memory"),
            ],
            availability_zone_rebalancing="ENABLED",
            load_balancers=balancers,
            health_check_grace_period_seconds=web.health_check.grace_seconds if web else None,
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                # Autoscaling moves the count; where nothing scales it, an edit of the count must count.
                ignore_changes=["desiredCount"] if scaled else None,
                custom_timeouts=pulumi.CustomTimeouts(create=patience, update=patience),
                hooks=args.deploy_check.hooks if args.deploy_check else None,
            ),
        )
        if web:
            self._names(web, service)
        if scaled:
            self._autoscaling(service)

    def _target_group(self, web: WebArgs, role: str) -> aws.lb.TargetGroup:
        args, check = self._args, web.health_check
        target_group = aws.lb.TargetGroup(
            f"{self.pulumi_resource_name}-{role}",
            vpc_id=args.vpc_id,
            target_type="instance",
            protocol="HTTP",
            # Each task has a dynamic port of its own; this one is never used, and changing it would replace the group.
            port=80,
            deregistration_delay=web.drain_seconds,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=check.path,
                interval=check.interval_seconds,
                timeout=check.timeout_seconds,
                healthy_threshold=check.healthy_count,
                unhealthy_threshold=check.unhealthy_count,
                matcher="200-299",
            ),
            tags=self._tags | {"balancer": web.balancer},
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["tags.balancer"]),
        )
        self.target_groups.append(target_group.arn_suffix)
        return target_group

    def _rule(self, web: WebArgs, target_group: aws.lb.TargetGroup) -> aws.lb.ListenerRule:
        return aws.lb.ListenerRule(
            f"{self.pulumi_resource_name}-rule",
            listener_arn=web.listener_arn,
            priority=web.priority,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(
                    host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(
                        values=[*(known.host for known in web.names), *web.more_hosts]
                    )
                )
            ],
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=target_group.arn)],
            tags=self._tags,
            # With a strategy ECS moves the weights of the two target groups.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["actions"] if web.strategy else None),
        )

    def _names(self, web: WebArgs, service: aws.ecs.Service) -> None:
        """A name appears, or moves to another balancer, when the service is there to answer.

        The world asks for IPv6 addresses too; hosts of the network have none, and would only wait for an answer.
        """
        for known in web.names:
            for type_ in ("A", "AAAA") if known.role == "public" else ("A",):
                aws.route53.Record(
                    f"{self.pulumi_resource_name}-{known.role}-name{'-ipv6' if type_ == 'AAAA' else ''}",
                    zone_id=known.zone_id,
                    name=known.host,
                    type=type_,
                    aliases=[
                        aws.route53.RecordAliasArgs(
                            # The balancer counts as unhealthy when any service on it has no healthy target.
                            name=web.balancer_dns_name,
                            zone_id=web.balancer_zone_id,
                            evaluate_target_health=False,
                        )
                    ],
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
                )

    def _alarm(self, web: WebArgs, groups: Sequence[aws.lb.TargetGroup]) -> aws.cloudwatch.MetricAlarm:
        """Fires when requests fail: answers of 500 and above, and connections that a task did not take."""

        def metric(name: str, key: str, group: aws.lb.TargetGroup) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
            return aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=key,
                metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace="AWS/ApplicationELB",
                    metric_name=name,
                    stat="Sum",
                    period=60,
                    dimensions={"LoadBalancer": web.balancer_arn_suffix, "TargetGroup": group.arn_suffix},
                ),
            )

        queries, totals = [], {}
        for kind, name in (
            ("requests", "RequestCount"),
            ("errors", "HTTPCode_Target_5XX_Count"),
            ("refused", "TargetConnectionErrorCount"),
        ):
            keys = [f"{kind}{number}" for number in range(1, len(groups) + 1)]
            queries += [metric(name, key, group) for key, group in zip(keys, groups, strict=True)]
            totals[kind] = " + ".join(f"FILL({key}, 0)" for key in keys)
        rate = f"100 * ({totals['errors']} + {totals['refused']}) / ({totals['requests']})"
        return aws.cloudwatch.MetricAlarm(
            f"{self.pulumi_resource_name}-rollback",
            alarm_description=f"Rolls back a deployment of {self.pulumi_resource_name} while requests fail",
            comparison_operator="GreaterThanThreshold",
            threshold=web.rollback_error_percent,
            # As in AWS Copilot: two of three minutes.
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data="notBreaching",
            metric_queries=[
                *queries,
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id="rate",
                    expression=f"IF({totals['requests']} >= {_FEWEST_REQUESTS}, {rate}, 0)",
                    label="Failed requests in percent",
                    return_data=True,
                ),
            ],
            tags=self._tags,
            opts=self._child,
        )

    def _traffic_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """Lets ECS move the weights of the listener rule."""
        role = aws.iam.Role(
            f"{self.pulumi_resource_name}-traffic",
            assume_role_policy=policy_document(
                trust_service("ecs.amazonaws.com", {"StringEquals": {"aws:SourceAccount": self._args.account_id}})
            ),
            tags=self._tags,
            opts=self._child,
        )
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
        attachment = aws.iam.RolePolicyAttachment(
            f"{self.pulumi_resource_name}-traffic",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
            opts=self._child,
        )
        return role, attachment

    def _autoscaling(self, service: aws.ecs.Service) -> None:
        args, name = self._args, self.pulumi_resource_name
        target = aws.appautoscaling.Target(
            f"{name}-scaling",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=service.name.apply(lambda known: f"service/{args.cluster_name}/{known}"),
            min_capacity=args.tasks_min,
            max_capacity=args.tasks_max,
            opts=self._child,
        )
        # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
        goals: dict[str, tuple[str, float, pulumi.Input[str] | None]] = {
            "cpu": ("ECSServiceAverageCPUUtilization", args.cpu_target_percent, None),
            "memory": ("ECSServiceAverageMemoryUtilization", args.memory_target_percent, None),
        }
        if args.web and args.web.requests_per_target:
            (target_group,) = self.target_groups
            label = pulumi.Output.concat(args.web.balancer_arn_suffix, "/", target_group)
            goals["requests"] = ("ALBRequestCountPerTarget", args.web.requests_per_target, label)
        for goal, (metric, value, label) in goals.items():
            aws.appautoscaling.Policy(
                f"{name}-scaling-{goal}",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                    target_value=value,
                    predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                        predefined_metric_type=metric, resource_label=label
                    ),
                    scale_out_cooldown=60,
                    scale_in_cooldown=300,
                ),
                opts=self._child,
            )
        if args.queue:
            self._follow_queue(args.queue, target)
        for peak in args.peaks:
            self._peak(peak, target)

    def _follow_queue(self, queue: QueueArgs, target: aws.appautoscaling.Target) -> None:
        """As many tasks as the waiting messages need.

        https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
        """
        running = {"ClusterName": self._args.cluster_name, "ServiceName": self.pulumi_resource_name}
        aws.appautoscaling.Policy(
            f"{self.pulumi_resource_name}-scaling-queue",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=queue.messages_per_task,
                customized_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs(
                    metrics=[
                        _metric(
                            "waiting",
                            "AWS/SQS",
                            "ApproximateNumberOfMessagesVisible",
                            "Sum",
                            {"QueueName": queue.name},
                        ),
                        _metric("running", "ECS/ContainerInsights", "RunningTaskCount", "Average", running),
                        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs(
                            id="backlog",
                            label="Messages waiting for each task",
                            expression="waiting / running",
                            return_data=True,
                        ),
                    ]
                ),
                scale_out_cooldown=60,
                scale_in_cooldown=300,
            ),
            opts=self._child,
        )

    def _peak(self, peak: PeakArgs, target: aws.appautoscaling.Target) -> None:
        for edge, schedule, low in (
            ("start", peak.start, peak.tasks_min),
            ("end", peak.end, self._args.tasks_min),
        ):
            aws.appautoscaling.ScheduledAction(
                f"{self.pulumi_resource_name}-{peak.name}-{edge}",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                schedule=schedule,
                timezone=peak.time_zone,
                scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=low, max_capacity=self._args.tasks_max
                ),
                opts=self._child,
            )

    def _schedule(
        self,
        schedule: ScheduleArgs,
        task: aws.ecs.TaskDefinition,
        execution_role: aws.iam.Role,
        task_role: aws.iam.Role,
        before: list[pulumi.Resource],
    ) -> None:
        args, name = self._args, self.pulumi_resource_name
        role = aws.iam.Role(
            f"{name}-scheduler",
            assume_role_policy=policy_document(
                trust_service("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": args.account_id}})
            ),
            tags=self._tags,
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-scheduler",
            role=role.id,
            policy=pulumi.Output.all(args.cluster_arn, execution_role.arn, task_role.arn).apply(
                lambda known: policy_document(
                    allow(
                        "Run",
                        ["ecs:RunTask"],
                        [f"arn:aws:ecs:{args.region}:{args.account_id}:task-definition/{name}:*"],
                        {"ArnEquals": {"ecs:cluster": known[0]}},
                    ),
                    allow(
                        "Pass",
                        ["iam:PassRole"],
                        sorted(known[1:]),
                        {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                    ),
                    allow(
                        "Tag",
                        ["ecs:TagResource"],
                        [f"arn:aws:ecs:{args.region}:{args.account_id}:task/*"],
                        {"StringEquals": {"ecs:CreateAction": "RunTask"}},
                    ),
                )
            ),
            opts=self._child,
        )
        aws.scheduler.Schedule(
            f"{name}-schedule",
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.time_zone,
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=args.cluster_arn,
                role_arn=role.arn,
                ecs_parameters=aws.scheduler.ScheduleTargetEcsParametersArgs(
                    task_definition_arn=task.arn,
                    task_count=1,
                    capacity_provider_strategies=[
                        aws.scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArgs(
                            capacity_provider=args.capacity_provider, weight=1
                        )
                    ],
                    enable_ecs_managed_tags=True,
                    propagate_tags="TASK_DEFINITION",
                ),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=900, maximum_retry_attempts=3
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*before, policy]),
        )


def _pull(image: str) -> list[Statement]:
    """What pulling an image takes: nothing, where it is not in ECR."""
    known = ecr_image(image)
    if known is None:
        return []
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    if known.upstream:  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
        actions += ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    return [
        allow("Login", ["ecr:GetAuthorizationToken"], ["*"]),
        allow("Pull", sorted(actions), [known.repository_arn]),
    ]


def _deployment(strategy: StrategyArgs) -> aws.ecs.ServiceDeploymentConfigurationArgs:
    if strategy.kind == "rolling":
        return aws.ecs.ServiceDeploymentConfigurationArgs(strategy="ROLLING")
    linear = canary = None
    if strategy.kind == "linear":
        linear = aws.ecs.ServiceDeploymentConfigurationLinearConfigurationArgs(
            step_percent=strategy.percent, step_bake_time_in_minutes=str(strategy.step_minutes)
        )
    elif strategy.kind == "canary":
        canary = aws.ecs.ServiceDeploymentConfigurationCanaryConfigurationArgs(
            canary_percent=strategy.percent, canary_bake_time_in_minutes=str(strategy.step_minutes)
        )
    return aws.ecs.ServiceDeploymentConfigurationArgs(
        strategy=strategy.kind.upper(),
        bake_time_in_minutes=str(strategy.bake_minutes),
        linear_configuration=linear,
        canary_configuration=canary,
    )


def _metric(
    key: str, namespace: str, name: str, stat: str, dimensions: Mapping[str, str]
) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs:
    return aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs(
        id=key,
        return_data=False,
        metric_stat=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatArgs(
            stat=stat,
            metric=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricArgs(
                namespace=namespace,
                metric_name=name,
                dimensions=[
                    aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArgs(
                        name=key, value=value
                    )
                    for key, value in dimensions.items()
                ],
            ),
        ),
    )
