"""Application Auto Scaling of a service: what it aims at, and when it keeps more tasks than that."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.compute.placement import Placement
from components.compute.web_traffic import WebTraffic
from config.service import Peak, WebService, WorkerService
from config.settings import DeployedService


def autoscale(
    service: DeployedService,
    spec: WebService | WorkerService,
    placement: Placement,
    running: aws.ecs.Service,
    traffic: WebTraffic | None,
    parent: pulumi.Resource,
) -> None:
    """Moves the number of tasks of a running service within its range. `traffic` is a web service's."""
    target = aws.appautoscaling.Target(
        f"{service.name}-scaling",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=running.name.apply(lambda known: f"service/{placement.cluster_name}/{known}"),
        min_capacity=service.tasks.min,
        max_capacity=service.tasks.max,
        opts=pulumi.ResourceOptions(parent=parent),
    )

    def track(
        metric: str,
        value: float,
        *,
        predefined: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
        | None = None,
        customized: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
        | None = None,
    ) -> None:
        aws.appautoscaling.Policy(
            f"{service.name}-scaling-{metric}",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=value,
                predefined_metric_specification=predefined,
                customized_metric_specification=customized,
                scale_out_cooldown=60,
                scale_in_cooldown=300,
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )

    scaling = spec.scaling
    track(
        "cpu",
        scaling.cpu_percent or placement.cpu_target_percent,
        predefined=_predefined("ECSServiceAverageCPUUtilization"),
    )
    track(
        "memory",
        scaling.memory_percent or placement.memory_target_percent,
        predefined=_predefined("ECSServiceAverageMemoryUtilization"),
    )
    if traffic and (requests := traffic.spec.scaling.requests_per_target):
        (group,) = traffic.target_groups  # a deployment strategy alternates between two, and excludes this
        label = pulumi.Output.concat(traffic.balancer.arn_suffix, "/", group.arn_suffix)
        track("requests", requests, predefined=_predefined("ALBRequestCountPerTarget", label))
    if isinstance(spec, WorkerService) and spec.queue and spec.scaling.messages_per_task:
        running_tasks = {"ClusterName": placement.cluster_name, "ServiceName": service.name}
        track("queue", spec.scaling.messages_per_task, customized=_messages_for_each_task(spec.queue, running_tasks))
    for name, peak in sorted(scaling.peaks.items()):
        _peak(name, peak, service, target, parent)


def _peak(
    name: str, peak: Peak, service: DeployedService, target: aws.appautoscaling.Target, parent: pulumi.Resource
) -> None:
    tasks = service.tasks
    kept = max(tasks.min, -(-tasks.max * peak.percent // 100))
    for edge, schedule, low in (("start", peak.start, kept), ("end", peak.end, tasks.min)):
        aws.appautoscaling.ScheduledAction(
            f"{service.name}-{name}-{edge}",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=schedule,
            timezone=peak.time_zone,
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=low, max_capacity=tasks.max
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )


def _predefined(
    metric: str, resource_label: pulumi.Input[str] | None = None
) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs:
    """https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html"""
    return aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
        predefined_metric_type=metric, resource_label=resource_label
    )


def _messages_for_each_task(
    queue: str, running_tasks: Mapping[str, str]
) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html"""
    return aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs(
        metrics=[
            _metric("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Sum", {"QueueName": queue}),
            _metric("running", "ECS/ContainerInsights", "RunningTaskCount", "Average", running_tasks),
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs(
                id="backlog",
                label="Messages waiting for each task",
                expression="waiting / running",
                return_data=True,
            ),
        ]
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
