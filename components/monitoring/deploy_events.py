"""DeployEvents: deployments, crashes and runs in Datadog: who deployed what, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.security.iam import (
    allow,
    policy_document,
    read_secrets,
    secrets_manager_arn,
    trust_service,
    write_logs,
)
from config.platform import Datadog

NAME = "deploy-events"
"""The function's physical name, by which its log group is known before it exists."""

_SOURCE = "functions/deploy_events.py"

# What starts the function: a pattern of events, or a time.
_PATTERNS: Mapping[str, Mapping[str, Any]] = {
    "deployments": {"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"]},
    "stopped-tasks": {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        # A task tells of its stop in several steps; this is the last one, with the exit codes.
        "detail": {"lastStatus": ["STOPPED"], "desiredStatus": ["STOPPED"]},
    },
    "instance-refreshes": {
        "source": ["aws.autoscaling"],
        "detail-type": [{"prefix": "EC2 Auto Scaling Instance Refresh"}],
    },
}
# Nothing happens when an instance refresh hangs, so that somebody has to look.
_LOOKS = "rate(5 minutes)"


@dataclass(frozen=True, kw_only=True)
class DeployEventsArgs:
    """Which environment, and where Datadog is."""

    environment: str
    account_id: str
    region: str
    datadog: Datadog
    log_retention_days: int
    groups: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Cluster to the physical name of its Auto Scaling group."""


class DeployEvents(pulumi.ComponentResource):
    """One small function an environment. It reads the API key itself, so that no plan or state holds it."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: DeployEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:DeployEvents", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = secrets_manager_arn(args.account_id, args.region, args.datadog.api_key_secret)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs", name=f"/aws/lambda/{NAME}", retention_in_days=args.log_retention_days, opts=child
        )
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=policy_document(trust_service("lambda.amazonaws.com")),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-permissions",
            role=role.id,
            policy=logs.arn.apply(
                lambda group: policy_document(
                    write_logs(group),
                    # Task definitions and instance refreshes have no permissions of their own for these actions.
                    allow(
                        "Look",
                        [
                            "autoscaling:DescribeInstanceRefreshes",
                            "ecs:DescribeServices",
                            "ecs:DescribeTaskDefinition",
                        ],
                        ["*"],
                    ),
                    read_secrets("ApiKey", [secret]),
                )
            ),
            opts=child,
        )
        clusters = pulumi.Output.from_input(dict(args.groups)).apply(
            lambda groups: json.dumps({group: cluster for cluster, group in groups.items()}, sort_keys=True)
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            name=NAME,
            description="Tells Datadog of deployments, stopped tasks and instance refreshes",
            runtime="python3.13",
            architectures=["arm64"],
            handler="deploy_events.handler",
            code=pulumi.AssetArchive({"deploy_events.py": pulumi.FileAsset(_SOURCE)}),
            role=role.arn,
            memory_size=128,
            timeout=30,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "API_KEY_SECRET": args.datadog.api_key_secret,
                    "CLUSTERS": clusters,
                    "DATADOG_API": f"https://api.{args.datadog.site}",
                    "ENVIRONMENT": args.environment,
                }
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=logs.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        rules = {
            subject: aws.cloudwatch.EventRule(f"{name}-{subject}", event_pattern=json.dumps(pattern), opts=child)
            for subject, pattern in _PATTERNS.items()
        }
        rules["looks"] = aws.cloudwatch.EventRule(f"{name}-looks", schedule_expression=_LOOKS, opts=child)
        for subject, rule in rules.items():
            aws.lambda_.Permission(
                f"{name}-{subject}",
                action="lambda:InvokeFunction",
                function=function.name,
                principal="events.amazonaws.com",
                source_arn=rule.arn,
                opts=child,
            )
            aws.cloudwatch.EventTarget(f"{name}-{subject}", rule=rule.name, arn=function.arn, opts=child)
        self.function_name = function.name
        self.register_outputs({"function_name": self.function_name})
