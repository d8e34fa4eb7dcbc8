"""What stands before a web service: its target groups, listener rule, names, and the alarm that rolls it back."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.compute.placement import Placement, Zone, service_tags
from components.network.load_balancer import LoadBalancer
from components.security.iam import aws_managed_arn, policy_document, trust_service
from config.service import Strategy, WebService
from config.settings import DeployedService
from config.stack import balancer_name

# Below this many requests a minute a few errors are no rate.
_FEWEST_REQUESTS = 10


class WebTraffic:
    """How requests reach a service. Its parts are what aws.ecs.Service takes."""

    spec: WebService
    balancer: LoadBalancer
    host: str
    """The main one of its names."""
    target_groups: list[aws.lb.TargetGroup]
    """One, or two that take turns with a deployment strategy."""
    service_balancer: aws.ecs.ServiceLoadBalancerArgs
    alarms: aws.ecs.ServiceAlarmsArgs
    before: list[pulumi.Resource]
    """What has to be there before the service."""

    def __init__(
        self,
        service: DeployedService,
        spec: WebService,
        placement: Placement,
        more_hosts: Sequence[str],
        parent: pulumi.Resource,
    ) -> None:
        self.spec, self._service, self._placement, self._parent = spec, service, placement, parent
        # A service stands behind one balancer: a public one is reached by both of its names there.
        self._zones = {"public": placement.public_zone} if spec.exposure == "public" else {}
        self._zones["internal"] = placement.internal_zone
        hosts = [self._host(zone) for zone in self._zones.values()]
        self.balancer = placement.balancers[balancer_name(spec.exposure, spec.balancer)]
        self.host = hosts[0]
        target_group = self._target_group("tg")
        rule = self._rule(target_group, [*hosts, *more_hosts])
        self.target_groups = [target_group]
        self.before = list[pulumi.Resource]([rule])
        advanced = None
        if spec.strategy:
            other = self._target_group("tg2")
            role, attachment = self._traffic_role()
            self.target_groups.append(other)
            self.before.append(attachment)
            advanced = aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs(
                alternate_target_group_arn=other.arn, production_listener_rule=rule.arn, role_arn=role.arn
            )
        self.service_balancer = aws.ecs.ServiceLoadBalancerArgs(
            target_group_arn=target_group.arn,
            container_name=service.name,
            container_port=spec.port,
            advanced_configuration=advanced,
        )
        self.alarms = aws.ecs.ServiceAlarmsArgs(alarm_names=[self._alarm().name], enable=True, rollback=True)

    def name(self, running: aws.ecs.Service) -> None:
        """A name appears, or moves to another balancer, when the service is there to answer.

        Public clients look up IPv6 addresses too; hosts of the network have none, and would only wait for an answer.
        """
        for role, zone in self._zones.items():
            for type_ in ("A", "AAAA") if role == "public" else ("A",):
                aws.route53.Record(
                    f"{self._service.name}-{role}-name{'-ipv6' if type_ == 'AAAA' else ''}",
                    zone_id=zone.id,
                    name=self._host(zone),
                    type=type_,
                    aliases=[
                        aws.route53.RecordAliasArgs(
                            # The balancer counts as unhealthy when any service on it has no healthy target.
                            name=self.balancer.dns_name,
                            zone_id=self.balancer.zone_id,
                            evaluate_target_health=False,
                        )
                    ],
                    opts=pulumi.ResourceOptions(parent=self._parent, depends_on=[running]),
                )

    def _host(self, zone: Zone) -> str:
        return f"{self._service.name}.{zone.domain}"

    def _target_group(self, role: str) -> aws.lb.TargetGroup:
        check = self.spec.health_check
        return aws.lb.TargetGroup(
            f"{self._service.name}-{role}",
            vpc_id=self._placement.vpc_id,
            target_type="instance",
            protocol="HTTP",
            # Each task has a dynamic port of its own; this one is never used, and changing it would replace the group.
            port=80,
            deregistration_delay=self.spec.drain_seconds,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=check.path,
                interval=check.interval_seconds,
                timeout=check.timeout_seconds,
                healthy_threshold=check.healthy_count,
                unhealthy_threshold=check.unhealthy_count,
                matcher="200-299",
            ),
            # A target group belongs to one balancer for life, so another balancer makes another group.
            tags=service_tags(self._service) | {"balancer": self.balancer.name},
            opts=pulumi.ResourceOptions(parent=self._parent, replace_on_changes=["tags.balancer"]),
        )

    def _rule(self, target_group: aws.lb.TargetGroup, hosts: list[str]) -> aws.lb.ListenerRule:
        return aws.lb.ListenerRule(
            f"{self._service.name}-rule",
            listener_arn=self.balancer.listener_arn,
            priority=self.spec.priority,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(values=hosts))
            ],
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=target_group.arn)],
            tags=service_tags(self._service),
            # With a strategy ECS moves the weights of the two target groups.
            opts=pulumi.ResourceOptions(
                parent=self._parent, ignore_changes=["actions"] if self.spec.strategy else None
            ),
        )

    def _traffic_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """Lets ECS move the weights of the listener rule."""
        name = f"{self._service.name}-traffic"
        account = {"StringEquals": {"aws:SourceAccount": self._placement.account_id}}
        role = aws.iam.Role(
            name,
            assume_role_policy=policy_document(trust_service("ecs.amazonaws.com", account)),
            tags=service_tags(self._service),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
        attachment = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=aws_managed_arn("AmazonECSInfrastructureRolePolicyForLoadBalancers"),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
        return role, attachment

    def _alarm(self) -> aws.cloudwatch.MetricAlarm:
        """Fires when requests fail: answers of 500 and above, and connections that a task did not take."""
        queries, totals = [], {}
        for kind, metric in (
            ("requests", "RequestCount"),
            ("errors", "HTTPCode_Target_5XX_Count"),
            ("refused", "TargetConnectionErrorCount"),
        ):
            keys = [f"{kind}{number}" for number in range(1, len(self.target_groups) + 1)]
            queries += [self._metric(key, metric, group) for key, group in zip(keys, self.target_groups, strict=True)]
            totals[kind] = " + ".join(f"FILL({key}, 0)" for key in keys)
        rate = f"100 * ({totals['errors']} + {totals['refused']}) / ({totals['requests']})"
        return aws.cloudwatch.MetricAlarm(
            f"{self._service.name}-rollback",
            alarm_description=f"Rolls back a deployment of {self._service.name} while requests fail",
            comparison_operator="GreaterThanThreshold",
            threshold=self.spec.rollback_error_percent,
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
            tags=service_tags(self._service),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _metric(self, key: str, metric: str, group: aws.lb.TargetGroup) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=key,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace="AWS/ApplicationELB",
                metric_name=metric,
                stat="Sum",
                period=60,
                dimensions={"LoadBalancer": self.balancer.arn_suffix, "TargetGroup": group.arn_suffix},
            ),
        )


def deployment(strategy: Strategy) -> aws.ecs.ServiceDeploymentConfigurationArgs:
    """`rolling` has all that the others need, and rolls: the step between none and another, in both directions.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-rolling-to-bluegreen.html
    """
    if not strategy.shifts:
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
