"""The EventBridge schedule that starts a job, and the role with which it may."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.compute.placement import Placement, service_tags
from components.compute.service_roles import ServiceRoles
from components.security.iam import Statement, allow, policy_document, trust_service
from config.service import JobService
from config.settings import DeployedService


def job_schedule(
    service: DeployedService,
    spec: JobService,
    placement: Placement,
    task: aws.ecs.TaskDefinition,
    roles: ServiceRoles,
    parent: pulumi.Resource,
) -> None:
    """Runs one task each time that the schedule says."""
    name, child = service.name, pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-scheduler",
        assume_role_policy=policy_document(
            trust_service("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": placement.account_id}})
        ),
        tags=service_tags(service),
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-scheduler",
        role=role.id,
        policy=pulumi.Output.all(placement.cluster_arn, roles.execution.arn, roles.task.arn).apply(
            lambda known: policy_document(*_run(name, placement, known[0], sorted(known[1:])))
        ),
        opts=child,
    )
    aws.scheduler.Schedule(
        f"{name}-schedule",
        schedule_expression=spec.schedule,
        schedule_expression_timezone=spec.time_zone,
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        target=aws.scheduler.ScheduleTargetArgs(
            arn=placement.cluster_arn,
            role_arn=role.arn,
            ecs_parameters=aws.scheduler.ScheduleTargetEcsParametersArgs(
                task_definition_arn=task.arn,
                task_count=1,
                capacity_provider_strategies=[
                    aws.scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArgs(
                        capacity_provider=placement.capacity_provider, weight=1
                    )
                ],
                enable_ecs_managed_tags=True,
                propagate_tags="TASK_DEFINITION",
            ),
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=900, maximum_retry_attempts=3
            ),
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*roles.policies, policy]),
    )


def _run(name: str, placement: Placement, cluster_arn: str, role_arns: list[str]) -> list[Statement]:
    """Running this task definition on this cluster, with its roles and tags."""
    ecs = f"arn:aws:ecs:{placement.region}:{placement.account_id}"
    return [
        allow("Run", ["ecs:RunTask"], [f"{ecs}:task-definition/{name}:*"], {"ArnEquals": {"ecs:cluster": cluster_arn}}),
        allow(
            "Pass",
            ["iam:PassRole"],
            role_arns,
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        allow("Tag", ["ecs:TagResource"], [f"{ecs}:task/*"], {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
    ]
