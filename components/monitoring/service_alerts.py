"""ServiceAlerts: the Datadog monitors that every service gets, each with a warning and a critical threshold.

The metrics come from `DeployEvents` (`slipway.*`) and from Datadog's AWS integration
(https://docs.datadoghq.com/integrations/amazon-ecs/#data-collected and
https://docs.datadoghq.com/integrations/amazon-elb/#data-collected). The scopes rely on the `env` tag that
`DatadogIntegration` gives to everything of an account, on the physical names of cluster and service
(`clustername`, `servicename`), and on a target group's ARN suffix (`targetgroup`, CloudWatch's dimension).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

import pulumi
import pulumi_datadog as datadog

from components.monitoring.monitors import Audience, Watch, monitor, targets
from config.alerts import AlertName, thresholds
from config.schedules import ExpectedRuns, expected_runs
from config.service import JobService
from config.settings import DeployedService

# Added to the requests of the window: however quiet the service is, one failed request alone does not warn
# and six page. claranet/terraform-datadog-monitors does the same (`artificial_requests_count`).
REQUEST_FLOOR = 100


@dataclass(frozen=True, kw_only=True)
class ServiceAlertsArgs:
    """Which service, and whom its alerts reach.

    What is None or False here leaves out the monitors that need it.
    """

    service: DeployedService
    audience: Audience
    target_groups: Sequence[pulumi.Input[str]] = ()
    """The ARN suffixes of a web service's target groups."""
    slo_id: pulumi.Input[str] | None = None
    """The id of its `ServiceObjective`."""
    logs_collected: bool = False
    """Whether Datadog has the service's logs."""


# Queries know the scopes $task (ECS), $target (the balancer's targets) and $events (DeployEvents), and the
# values $maximum, $queue, $minutes, $runs, $slo, $environment and $service.
_REQUESTS = "sum:aws.applicationelb.request_count{$target}.as_count()"
_FAILED = "default_zero(sum:aws.applicationelb.httpcode_target_5xx{$target}.as_count())"
_UNHEALTHY = "sum:aws.applicationelb.un_healthy_host_count{$target}"

_WATCHES: dict[AlertName, Watch] = {
    # The counts come from the ECS API at each crawl of ten minutes: the window holds one or two, and all must
    # be low, so that a task that is being replaced pages nobody. A division by no desired task has no value.
    "running_tasks": Watch(
        title="fewer tasks run than wanted",
        query="max(last_15m):100 * sum:aws.ecs.service.running{$task} / sum:aws.ecs.service.desired{$task}",
        source="cloudwatch",
        what="Only {{value}} percent of the wanted tasks have run for 15 minutes: they die or find no host.",
        impact="Less capacity, and at zero an outage. The service's events in ECS say why tasks stopped.",
        priority=2,
        no_data="show_and_notify_no_data",
    ),
    "restarts": Watch(
        title="tasks die again and again",
        query="sum(last_30m):default_zero(sum:slipway.ecs.task_stops{$events,cause:crash}.as_count())",
        source="events",
        what="{{value}} tasks have ended by themselves, or could not start, in 30 minutes.",
        impact="Requests or messages in flight are lost each time. The events tell exit codes and reasons.",
        priority=2,
        no_data="resolve",
    ),
    "cpu": Watch(
        title="CPU is nearly used up",
        query="avg(last_10m):avg:aws.ecs.service.cpuutilization{$task}",
        source="cloudwatch",
        what="The tasks have used {{value}} percent of their reserved CPU on average for 10 minutes.",
        impact="Slow answers and a growing backlog. More tasks, or more CPU for each, help.",
        priority=3,
    ),
    # The fullest task counts: it is the one that the kernel kills.
    "memory": Watch(
        title="memory is nearly used up",
        query="avg(last_10m):max:aws.ecs.service.memory_utilization.maximum{$task}",
        source="cloudwatch",
        what="The fullest task has used {{value}} percent of its memory limit on average for 10 minutes.",
        impact="A task that reaches its limit is killed in the middle of its work (exit code 137).",
        priority=3,
    ),
    "at_maximum": Watch(
        title="autoscaling is at its maximum",
        query="min(last_30m):100 * max:aws.ecs.service.desired{$task} / $maximum",
        source="cloudwatch",
        what="{{value}} percent of the tasks that autoscaling may start have been wanted for half an hour.",
        impact="The next rise in load finds no more tasks. Raise the maximum, or find what needs so many.",
        priority=3,
    ),
    "deployment_failed": Watch(
        title="a deployment failed",
        query="sum(last_1h):default_zero(sum:slipway.ecs.deployments{$events,outcome:failed}.as_count())",
        source="events",
        what="{{value}} deployments failed in an hour; ECS rolled back to the version before.",
        impact="The new version does not run. The stopped tasks' reasons are in the events.",
        priority=3,
        no_data="resolve",
    ),
    # With as_count() the sums of the window are divided, not the minutes one by one
    # (https://docs.datadoghq.com/monitors/guide/as-count-in-monitor-evaluations/). CloudWatch sends neither
    # metric for a minute without a request.
    "error_rate": Watch(
        title="too many requests fail",
        query=f"sum(last_5m):100 * {_FAILED} / (default_zero({_REQUESTS}) + {REQUEST_FLOOR})",
        source="cloudwatch",
        what="{{value}} percent of the requests of 5 minutes were answered with a 5xx status.",
        impact="Callers see errors. If it began with a deploy, revert the version.",
        priority=2,
        no_data="resolve",
    ),
    "latency_p95": Watch(
        title="answers are slow",
        query="min(last_5m):max:aws.applicationelb.target_response_time.p95{$target}",
        source="cloudwatch",
        what="One request in twenty has taken {{value}} seconds or longer in each of 5 minutes.",
        impact="Callers wait, run into time-outs and retry.",
        priority=3,
        no_data="resolve",
    ),
    "latency_p99": Watch(
        title="the slowest answers are very slow",
        query="min(last_10m):max:aws.applicationelb.target_response_time.p99{$target}",
        source="cloudwatch",
        what="One request in a hundred has taken {{value}} seconds or longer in each of 10 minutes.",
        impact="The largest customers and the longest lists wait first; the rest follow.",
        priority=3,
        no_data="resolve",
    ),
    # A ratio, because the zones' series count a target more than once.
    "unhealthy_targets": Watch(
        title="targets fail their health checks",
        query=(
            f"min(last_10m):100 * {_UNHEALTHY} / ({_UNHEALTHY} + sum:aws.applicationelb.healthy_host_count{{$target}})"
        ),
        source="cloudwatch",
        what="{{value}} percent of the targets have failed the load balancer's health checks for 10 minutes.",
        impact="The others carry their load; with none left every request fails.",
        priority=2,
    ),
    # The floor on both sides keeps a service that is always quiet at 100 percent, and a new one above it.
    "traffic": Watch(
        title="traffic is gone",
        query=(
            f"sum(last_15m):100 * (default_zero({_REQUESTS}) + {REQUEST_FLOOR})"
            f" / (default_zero(week_before({_REQUESTS})) + {REQUEST_FLOOR})"
        ),
        source="cloudwatch",
        what="15 minutes brought {{value}} percent of the requests of the same time a week ago.",
        impact="Callers do not reach the service: a name, a certificate, a rule, a client, or a holiday.",
        priority=2,
    ),
    # CloudWatch's metrics are 10 to 15 minutes late and an SLO alert has no evaluation delay: the usual short
    # window of five minutes would be empty.
    "error_budget_fast": Watch(
        title="the error budget is being spent fast",
        query='burn_rate("$slo").over("30d").long_window("1h").short_window("30m")',
        source="slo",
        what="For an hour, failures have spent the month's error budget {{value}} times too fast.",
        impact="At 14.4 times, the budget of 30 days is gone in two.",
        priority=2,
    ),
    "error_budget_slow": Watch(
        title="the error budget is being spent",
        query='burn_rate("$slo").over("30d").long_window("6h").short_window("1h")',
        source="slo",
        what="For six hours, failures have spent the month's error budget {{value}} times too fast.",
        impact="At 6 times, the budget of 30 days is gone in five.",
        priority=3,
    ),
    "queue_age": Watch(
        title="messages wait too long",
        query=("min(last_10m):max:aws.sqs.approximate_age_of_oldest_message{env:$environment,queuename:$queue}"),
        source="cloudwatch",
        what="The oldest message of its queue has waited {{value}} seconds.",
        impact="What the messages ask for comes late. The worker is stopped, too slow or stuck.",
        priority=2,
        no_data="resolve",
    ),
    "job_failed": Watch(
        title="a run of the job failed",
        query="sum(last_1d):default_zero(sum:slipway.job.runs{$events,outcome:failed}.as_count())",
        source="events",
        what="{{value}} runs ended with an error, or could not start, in a day.",
        impact="What the job does was not done. Exit code and reason are in the events.",
        priority=3,
        no_data="resolve",
    ),
    # A window without a single run would have no value to compare; the sign of life, which is always there, gives it
    # one: https://docs.datadoghq.com/dashboards/functions/interpolation/#default-zero
    "job_missing": Watch(
        title="the job did not run",
        query=(
            "sum(last_${minutes}m):100 * (sum:slipway.job.runs{$events,outcome:succeeded}.as_count()"
            " + 0 * sum:slipway.events.alive{env:$environment}.as_count()) / $runs"
        ),
        source="events",
        what="Only {{value}} percent of the runs that the schedule asks for have succeeded.",
        impact="What the job does was not done: it did not start, has not ended, or failed.",
        priority=2,
    ),
    "log_errors": Watch(
        title="many errors in the logs",
        query=(
            'logs("env:$environment service:$service status:(error OR critical OR alert OR emergency)")'
            '.index("*").rollup("count").last("10m")'
        ),
        source="logs",
        what="{{value}} error messages in 10 minutes.",
        impact="Something fails that may not show in status codes yet. Samples are below.",
        priority=4,
        no_data="resolve",
    ),
}


class ServiceAlerts(pulumi.ComponentResource):
    """Tells a service's owners in chat when it gets worse, and on the pager when it is bad."""

    monitor_ids: dict[AlertName, pulumi.Output[str]]

    def __init__(self, name: str, args: ServiceAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServiceAlerts", name, None, opts)
        service, spec = args.service, args.service.spec
        runs, schedule = None, None
        if isinstance(spec, JobService):
            runs = expected_runs(spec.schedule)
            schedule = _schedule(runs, spec.time_zone)
        needed = {
            "at_maximum": not service.tasks.fixed,
            "error_budget_fast": args.slo_id is not None,
            "error_budget_slow": args.slo_id is not None,
            "queue_age": service.queue is not None,
            "job_missing": runs is not None,
            "log_errors": args.logs_collected,
        }
        self.monitor_ids = {
            alert: monitor(
                f"{name}-{alert.replace('_', '-')}",
                _WATCHES[alert],
                subject=service.name,
                query=_scoped(_WATCHES[alert], args, runs),
                thresholds=levels,
                audience=args.audience,
                tags=[f"alert:{alert}", f"service:{service.name}"],
                schedule=schedule if alert == "job_missing" else None,
                opts=pulumi.ResourceOptions(parent=self),
            ).id
            for alert, levels in thresholds(spec.kind, spec.alerts).items()
            if needed.get(alert, True)
        }
        self.register_outputs({"monitor_ids": self.monitor_ids})


def _scoped(watch: Watch, args: ServiceAlertsArgs, runs: ExpectedRuns | None) -> pulumi.Output[str]:
    service, environment = args.service, args.audience.environment
    template = Template(watch.query)
    if "target" in template.get_identifiers() and not args.target_groups:
        raise ValueError(f"{service.name}: a monitor of {watch.title!r} needs target_groups")

    def query(known: Mapping[str, Any]) -> str:
        scope = f"env:{environment}"
        return template.substitute(
            task=f"{scope},clustername:{service.spec.cluster},servicename:{service.name}",
            target=targets(environment, known["target_groups"]),
            events=f"{scope},service:{service.name}",
            environment=environment,
            service=service.name,
            maximum=service.tasks.max,
            queue=service.queue,
            minutes=runs and runs.window_minutes,
            runs=runs and runs.runs,
            slo=known["slo"],
        )

    return pulumi.Output.all(target_groups=list(args.target_groups), slo=args.slo_id).apply(query)


def _schedule(runs: ExpectedRuns | None, time_zone: str) -> datadog.MonitorSchedulingOptionsArgs | None:
    """When to look: https://docs.datadoghq.com/monitors/guide/custom_schedules/"""
    if runs is None or runs.recurrence is None:
        return None
    return datadog.MonitorSchedulingOptionsArgs(
        custom_schedule=datadog.MonitorSchedulingOptionsCustomScheduleArgs(
            recurrence=datadog.MonitorSchedulingOptionsCustomScheduleRecurrenceArgs(
                rrule=runs.recurrence, timezone=time_zone
            )
        )
    )
