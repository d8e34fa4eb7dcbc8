"""ServiceDashboard: one page a service: golden signals, saturation, deploys, and its SLO."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.monitors import targets
from components.monitoring.widgets import (
    Formula,
    Line,
    Row,
    Series,
    Widget,
    counted,
    dashboard,
    event_list,
    graph,
    monitors,
    note,
    slo,
    value,
)
from config.alerts import AlertName, Thresholds, thresholds
from config.settings import DeployedService


@dataclass(frozen=True, kw_only=True)
class ServiceDashboardArgs:
    """Which service; thresholds are drawn where its monitors fire."""

    service: DeployedService
    environment: str
    target_groups: Sequence[pulumi.Input[str]] = ()
    """The ARN suffixes of a web service's target groups."""
    slo_id: pulumi.Input[str] | None = None
    """The id of its `ServiceObjective`."""

    @property
    def thresholds(self) -> Mapping[AlertName, Thresholds]:
        return thresholds(self.service.spec.kind, self.service.spec.alerts)


class ServiceDashboard(pulumi.ComponentResource):
    """What an alert's message links to."""

    path: pulumi.Output[str]
    """Below Datadog's address, such as /dashboard/abc-def-ghi."""

    def __init__(self, name: str, args: ServiceDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServiceDashboard", name, None, opts)
        page = datadog.DashboardJson(
            f"{name}-dashboard",
            dashboard=pulumi.Output.all(target_groups=list(args.target_groups), slo_id=args.slo_id).apply(
                lambda known: json.dumps(_page(args, **known), sort_keys=True)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.path = page.url
        self.register_outputs({"path": self.path})


def _page(args: ServiceDashboardArgs, target_groups: Sequence[str], slo_id: str | None) -> Widget:
    events = f"source:slipway env:{args.environment} service:{args.service.name}"
    groups: dict[str, Sequence[Row]] = {"Now": _now(args, slo_id)}
    if target_groups:
        groups["Golden signals"] = _signals(args, targets(args.environment, target_groups), events)
    if args.service.spec.kind == "job":
        groups["Runs"] = _runs(args, events)
    else:
        groups["Saturation"] = _saturation(args, events)
    if args.service.queue is not None:
        groups["Queue"] = _queue(args, events)
    groups["Deploys and tasks"] = _changes(args, events)
    return dashboard(
        title=f"[{args.environment}] {args.service.name}",
        description=f"{args.service.spec.description}. Owner: {args.service.spec.owner}.",
        groups=groups,
        tags=[f"team:{args.service.spec.owner}"],
    )


def _now(args: ServiceDashboardArgs, slo_id: str | None) -> list[Row]:
    spec = args.service.spec
    about = note(
        f"**{args.service.name}** ({spec.kind}) on cluster {spec.cluster}: {spec.description}\n\n"
        f"Owner: {spec.owner}. [Runbook]({args.service.runbook})"
    )
    state = monitors("Monitors", f"env:{args.environment} service:{args.service.name}")
    if slo_id is None:
        return [Row(widgets=[about, state])]
    return [Row(widgets=[about, state, slo("Availability", slo_id)])]


def _signals(args: ServiceDashboardArgs, target: str, events: str) -> list[Row]:
    def requests(metric: str) -> str:
        return f"sum:aws.applicationelb.{metric}{{{target}}}.as_count()"

    def answered(status: str) -> Formula:
        return counted(requests(f"httpcode_target_{status}"), status)

    def latency(quantile: str) -> str:
        return f"max:aws.applicationelb.target_response_time.{quantile}{{{target}}}"

    every = counted(requests("request_count"), "requests")
    rate = Formula(
        formula="100 * default_zero($failed) / (default_zero($every) + 1)",
        queries={"failed": requests("httpcode_target_5xx"), "every": requests("request_count")},
        label="5xx",
    )
    error_rate, p95 = args.thresholds.get("error_rate"), args.thresholds.get("latency_p95")
    return [
        Row(
            widgets=[
                graph(
                    "Requests",
                    *(answered(status) for status in ("2xx", "3xx", "4xx", "5xx")),
                    unit="request",
                    style="bars",
                    events=events,
                ),
                graph("Errors", rate, unit="percent", lines=_lines(error_rate), events=events),
                graph(
                    "Latency",
                    Series(query=latency("p50"), label="p50"),
                    Series(query=latency("p95"), label="p95"),
                    Series(query=latency("p99"), label="p99"),
                    unit="second",
                    lines=_lines(p95),
                    events=events,
                ),
            ]
        ),
        Row(
            height=2,
            widgets=[
                value("Requests", every, unit="request"),
                _level("Errors", rate, error_rate),
                _level("p95", Series(query=latency("p95"), label="p95"), p95),
                value(
                    "Unhealthy targets",
                    Series(query=f"max:aws.applicationelb.un_healthy_host_count{{{target}}}", label="targets"),
                ),
            ],
        ),
    ]


def _saturation(args: ServiceDashboardArgs, events: str) -> list[Row]:
    task = f"env:{args.environment},clustername:{args.service.spec.cluster},servicename:{args.service.name}"

    def used(metric: str, label: str) -> Series:
        return Series(query=f"max:aws.ecs.service.{metric}{{{task}}}", label=label)

    tasks = [used("running", "running"), used("desired", "wanted"), used("pending", "pending")]
    return [
        Row(
            widgets=[
                graph(
                    "CPU",
                    used("cpuutilization", "average"),
                    used("cpuutilization.maximum", "busiest task"),
                    unit="percent",
                    lines=_lines(args.thresholds.get("cpu")),
                    events=events,
                ),
                graph(
                    "Memory",
                    used("memory_utilization", "average"),
                    used("memory_utilization.maximum", "fullest task"),
                    unit="percent",
                    lines=_lines(args.thresholds.get("memory")),
                    events=events,
                ),
                graph("Tasks", *tasks, unit="task", events=events),
            ]
        )
    ]


def _queue(args: ServiceDashboardArgs, events: str) -> list[Row]:
    scope = f"env:{args.environment},queuename:{args.service.queue}"

    def queue(metric: str, label: str) -> Series:
        return Series(query=f"max:aws.sqs.{metric}{{{scope}}}", label=label)

    return [
        Row(
            widgets=[
                graph(
                    "Oldest message",
                    queue("approximate_age_of_oldest_message", "age"),
                    unit="second",
                    lines=_lines(args.thresholds.get("queue_age")),
                    events=events,
                ),
                graph(
                    "Messages",
                    queue("approximate_number_of_messages_visible", "waiting"),
                    queue("approximate_number_of_messages_not_visible", "in work"),
                    unit="message",
                    events=events,
                ),
            ]
        )
    ]


def _runs(args: ServiceDashboardArgs, events: str) -> list[Row]:
    runs = _counts(args, "slipway.job.runs", "outcome", ("succeeded", "failed"))
    return [Row(widgets=[graph("Runs", *runs, style="bars", events=events)])]


def _changes(args: ServiceDashboardArgs, events: str) -> list[Row]:
    deployments = _counts(args, "slipway.ecs.deployments", "outcome", ("started", "completed", "failed"))
    stops = _counts(args, "slipway.ecs.task_stops", "cause", ("crash", "scheduler"))
    history = event_list("Events", events)
    if args.service.spec.kind == "job":
        return [Row(widgets=[history])]
    return [
        Row(
            widgets=[
                graph("Deployments", *deployments, style="bars"),
                graph("Stopped tasks", *stops, style="bars", events=events),
                history,
            ]
        )
    ]


def _counts(args: ServiceDashboardArgs, metric: str, tag: str, values: Sequence[str]) -> list[Formula]:
    scope = f"env:{args.environment},service:{args.service.name}"
    return [counted(f"sum:{metric}{{{scope},{tag}:{one}}}.as_count()", one) for one in values]


def _lines(thresholds: Thresholds | None) -> list[Line]:
    if thresholds is None:
        return []
    return [
        Line(at=thresholds.warning, label="warning", severity="warning"),
        Line(at=thresholds.critical, label="critical", severity="error"),
    ]


def _level(title: str, series: Series | Formula, thresholds: Thresholds | None) -> Widget:
    if thresholds is None:
        return value(title, series)
    better = "low" if thresholds.fires == "above" else "high"
    return value(title, series, better=better, warning=thresholds.warning, critical=thresholds.critical)
