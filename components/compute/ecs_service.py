"""EcsService: one service on a cluster: its task definition, roles and logs, its balancer's targets, its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.compute.autoscaling import autoscale
from components.compute.job_schedule import job_schedule
from components.compute.placement import Placement, service_tags
from components.compute.service_roles import ServiceRoles, service_roles
from components.compute.task_definition import task_definition
from components.compute.web_traffic import WebTraffic, deployment
from config.service import JobService, WebService
from config.settings import DeployedService

# A service that cannot become steady is rolled back by its circuit breaker well before this.
STEADY_STATE = "30m"
# With a strategy it becomes steady when the requests have been shifted and the old tasks are gone, which may take an
# hour (config.service.MOST_MINUTES).
SHIFTED = "90m"


@dataclass(frozen=True, kw_only=True)
class EcsServiceArgs:
    """What runs, and where; the rest is this module's opinion."""

    service: DeployedService
    image: str
    """The reference that ECS pulls, with tag or digest."""
    placement: Placement
    more_hosts: Sequence[str] = ()
    """Hosts that a web service answers to as well, and whose records are made elsewhere: by a TrafficShift."""


class EcsService(pulumi.ComponentResource):
    """Runs one image and keeps it reachable under one name, or runs it on a schedule."""

    address: str | None
    """Where it answers; None for workers and jobs."""
    target_groups: list[pulumi.Output[str]]
    """The part of each ARN that CloudWatch calls `TargetGroup`; with a strategy two take turns."""

    def __init__(self, name: str, args: EcsServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:EcsService", name, None, opts)
        service, spec, placement = args.service, args.service.spec, args.placement
        self.address, self.target_groups = None, []

        logs = self._logs(service, placement)
        roles = service_roles(service, args.image, placement, logs, self)
        task = task_definition(service, args.image, placement, logs, roles, self)
        if isinstance(spec, JobService):
            job_schedule(service, spec, placement, task, roles, self)
        else:
            traffic = None
            if isinstance(spec, WebService):
                traffic = WebTraffic(service, spec, placement, args.more_hosts, self)
                self.address = f"https://{traffic.host}"
                self.target_groups = [group.arn_suffix for group in traffic.target_groups]
            running = self._service(service, placement, task, roles, traffic)
            if traffic:
                traffic.name(running)
            if not service.tasks.fixed:
                autoscale(service, spec, placement, running, traffic, self)
        self.register_outputs(
            {
                "kind": spec.kind,
                "cluster": placement.cluster_name,
                "version": service.version,
                "tasks": {"min": service.tasks.min, "max": service.tasks.max},
                "address": self.address,
                "owner": spec.owner,
            }
        )

    def _logs(self, service: DeployedService, placement: Placement) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{service.name}-logs",
            name=f"/ecs/{service.name}",
            retention_in_days=placement.log_retention_days,
            kms_key_id=placement.log_key_arn,
            tags=service_tags(service),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _service(
        self,
        service: DeployedService,
        placement: Placement,
        task: aws.ecs.TaskDefinition,
        roles: ServiceRoles,
        traffic: WebTraffic | None,
    ) -> aws.ecs.Service:
        strategy = traffic.spec.strategy if traffic else None
        shifts = strategy is not None and strategy.shifts
        patience = SHIFTED if shifts else STEADY_STATE
        return aws.ecs.Service(
            # The cluster stands in the name, so that on another one it is another resource: made, and steady, before
            # this one is deleted. Replacing it would fail: the provider refuses another capacity provider in an
            # update, a replacement included (v6.58.0, capacityProviderStrategyCustomizeDiff).
            f"{service.name}-on-{placement.cluster_name}",
            name=service.name,
            cluster=placement.cluster_arn,
            task_definition=task.arn,
            desired_count=service.tasks.min,
            capacity_provider_strategies=[
                aws.ecs.ServiceCapacityProviderStrategyArgs(capacity_provider=placement.capacity_provider, weight=1)
            ],
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            # Of rolling deployments alone; the others fail by the alarm and by their own checks:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
            deployment_circuit_breaker=None
            if shifts
            else aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            deployment_configuration=deployment(strategy) if strategy else None,
            alarms=traffic.alarms if traffic else None,
            ordered_placement_strategies=[
                aws.ecs.ServiceOrderedPlacementStrategyArgs(type="spread", field="attribute:ecs.availability-zone"),
                aws.ecs.ServiceOrderedPlacementStrategyArgs(type="binpack", field="memory"),
            ],
            availability_zone_rebalancing="ENABLED",
            load_balancers=[traffic.service_balancer] if traffic else [],
            health_check_grace_period_seconds=traffic.spec.health_check.grace_seconds if traffic else None,
            enable_execute_command=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=service_tags(service),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*roles.policies, *(traffic.before if traffic else [])],
                # Autoscaling moves the count; where nothing scales it, an edit of the count must count.
                ignore_changes=None if service.tasks.fixed else ["desiredCount"],
                custom_timeouts=pulumi.CustomTimeouts(create=patience, update=patience),
                hooks=placement.deploy_check.hooks if placement.deploy_check else None,
            ),
        )
