"""The IAM roles of a service's tasks: what ECS may do to start one, and what the program in it may do."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.compute.image_reference import PULL, ecr_image
from components.compute.placement import Placement, service_tags
from components.security.iam import (
    Statement,
    allow,
    parameter_arn,
    policy_document,
    read_secrets,
    secrets_manager_arn,
    trust_service,
    write_logs,
)
from config.settings import DeployedService


@dataclass(frozen=True, kw_only=True)
class ServiceRoles:
    """Both roles; whatever starts a task waits for their policies."""

    execution: aws.iam.Role
    task: aws.iam.Role
    policies: tuple[aws.iam.RolePolicy, aws.iam.RolePolicy]


def service_roles(
    service: DeployedService, image: str, placement: Placement, logs: aws.cloudwatch.LogGroup, parent: pulumi.Resource
) -> ServiceRoles:
    """`image` is pulled and `logs` written by ECS itself."""
    child = pulumi.ResourceOptions(parent=parent)

    def role(use: str) -> aws.iam.Role:
        return aws.iam.Role(
            f"{service.name}-{use}",
            assume_role_policy=policy_document(trust_tasks(placement)),
            tags=service_tags(service),
            opts=child,
        )

    execution = role("execution")
    execution_policy = aws.iam.RolePolicy(
        f"{service.name}-execution",
        role=execution.id,
        policy=logs.arn.apply(lambda group: policy_document(*_execution(service, image, placement, log_group=group))),
        opts=child,
    )
    task = role("task")
    task_policy = aws.iam.RolePolicy(
        f"{service.name}-task",
        role=task.id,
        policy=pulumi.Output.from_input(placement.exec_log_group_arn).apply(
            lambda group: policy_document(*_task(service, exec_log_group=group))
        ),
        opts=child,
    )
    return ServiceRoles(execution=execution, task=task, policies=(execution_policy, task_policy))


def trust_tasks(placement: Placement) -> Statement:
    """Lets ECS tasks of this account and region assume a role.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (confused deputy)
    """
    account, region = placement.account_id, placement.region
    return trust_service(
        "ecs-tasks.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{region}:{account}:*"},
        },
    )


def secret_arn(name: str, placement: Placement) -> str:
    """What ECS is told to read: a parameter where the name begins with a slash, otherwise a secret."""
    account, region = placement.account_id, placement.region
    return parameter_arn(account, region, name) if name.startswith("/") else secrets_manager_arn(account, region, name)


def _execution(service: DeployedService, image: str, placement: Placement, *, log_group: str) -> list[Statement]:
    """What ECS itself may do: pull the image, fill the secrets, write the logs."""
    arns = [secret_arn(secret, placement) for secret in sorted(set(service.spec.secrets.values()))]
    secrets = [arn for arn in arns if ":secretsmanager:" in arn]
    parameters = [arn for arn in arns if ":ssm:" in arn]
    statements = [*_pull(image), write_logs(log_group)]
    if secrets:
        statements.append(read_secrets("Secrets", secrets))
    if parameters:
        statements.append(allow("Parameters", ["ssm:GetParameters"], parameters))
    return statements


def _pull(image: str) -> list[Statement]:
    """What pulling an image takes: nothing, where it is not in ECR."""
    known = ecr_image(image)
    if known is None:
        return []
    actions = list(PULL)
    if known.upstream:  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
        actions += ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    return [
        allow("Login", ["ecr:GetAuthorizationToken"], ["*"]),
        allow("Pull", sorted(actions), [known.repository_arn]),
    ]


def _task(service: DeployedService, *, exec_log_group: str | None) -> list[Statement]:
    """What the program may do: its own permissions, and to be reached by ECS Exec."""
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
        for number, permission in enumerate(service.spec.permissions)
    ]
    if exec_log_group:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
        statements += [
            allow("ExecAudit", ["logs:DescribeLogGroups"], ["*"]),
            allow(
                "ExecRecord",
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [f"{exec_log_group}:*"],
            ),
        ]
    return statements
