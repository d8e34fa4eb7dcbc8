"""EnvironmentDashboard: how clusters and hosts are used, what is wasted, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.widgets import Line, Row, Series, Widget, dashboard, event_list, graph, monitors, table, top


@dataclass(frozen=True, kw_only=True)
class EnvironmentDashboardArgs:
    """Which environment, and the physical names of its clusters."""

    environment: str
    owner: str
    clusters: Sequence[str]


class EnvironmentDashboard(pulumi.ComponentResource):
    """For the people who pay for hosts and choose their sizes."""

    path: pulumi.Output[str]
    """Below Datadog's address, such as /dashboard/abc-def-ghi."""

    def __init__(self, name: str, args: EnvironmentDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:EnvironmentDashboard", name, None, opts)
        page = datadog.DashboardJson(
            f"{name}-dashboard",
            dashboard=json.dumps(_page(args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.path = page.url
        self.register_outputs({"path": self.path})


def _page(args: EnvironmentDashboardArgs) -> Widget:
    groups: dict[str, Sequence[Row]] = {"Environment": _overview(args)}
    groups |= {f"Cluster {cluster}": _cluster(args, cluster) for cluster in args.clusters}
    groups["Money"] = _money(args)
    return dashboard(
        title=f"[{args.environment}] environment",
        description="Use and waste of every cluster and host. Waste is what is reserved and not used.",
        groups=groups,
        tags=[f"team:{args.owner}"],
    )


def _overview(args: EnvironmentDashboardArgs) -> list[Row]:
    scope = f"{{env:{args.environment}}} by {{clustername}}"

    def cluster(metric: str, label: str) -> Series:
        return Series(query=f"avg:aws.ecs.cluster.{metric}{scope}", label=label)

    waste = [
        Series(
            query=(f"avg:aws.ecs.cluster.{kind}reservation{scope} - avg:aws.ecs.cluster.{kind}utilization{scope}"),
            label=f"{label} wasted",
        )
        for kind, label in (("cpu", "CPU"), ("memory_", "memory"))
    ]
    return [
        Row(
            widgets=[
                table(
                    "Clusters",
                    cluster("cpureservation", "CPU reserved"),
                    cluster("cpuutilization", "CPU used"),
                    waste[0],
                    cluster("memory_reservation", "memory reserved"),
                    cluster("memory_utilization", "memory used"),
                    waste[1],
                    unit="percent",
                ),
                monitors("Monitors", f"env:{args.environment} owner:{args.owner}"),
            ]
        ),
        Row(widgets=[event_list("Events", f"source:slipway env:{args.environment}")]),
    ]


def _cluster(args: EnvironmentDashboardArgs, cluster: str) -> list[Row]:
    ecs = f"{{env:{args.environment},clustername:{cluster}}}"
    hosts = f"{{env:{args.environment},cluster:{cluster}}}"
    events = f"source:slipway env:{args.environment} cluster:{cluster}"
    full = [Line(at=85, label="warning", severity="warning"), Line(at=95, label="critical", severity="error")]

    def both(title: str, kind: str) -> Widget:
        return graph(
            title,
            Series(query=f"avg:aws.ecs.cluster.{kind}reservation{ecs}", label="reserved"),
            Series(query=f"avg:aws.ecs.cluster.{kind}utilization{ecs}", label="used"),
            unit="percent",
            lines=full,
            events=events,
        )

    return [
        Row(
            widgets=[
                both("CPU", "cpu"),
                both("Memory", "memory_"),
                graph(
                    "Hosts",
                    Series(query=f"count_nonzero(avg:system.uptime{hosts} by {{host}})", label="hosts"),
                    events=events,
                ),
            ]
        ),
        Row(
            widgets=[
                top(
                    "CPU of each host",
                    Series(query=f"100 - avg:system.cpu.idle{hosts} by {{host}}", label="used"),
                    unit="percent",
                ),
                top(
                    "Memory of each host",
                    Series(query=f"100 - 100 * avg:system.mem.pct_usable{hosts} by {{host}}", label="used"),
                    unit="percent",
                ),
                top(
                    "Disk of each host",
                    Series(query=f"100 * max:system.disk.in_use{hosts} by {{host}}", label="used"),
                    unit="percent",
                ),
            ]
        ),
    ]


def _money(args: EnvironmentDashboardArgs) -> list[Row]:
    scope = f"{{env:{args.environment}}}"
    return [
        Row(
            widgets=[
                graph(
                    "Budget",
                    Series(query=f"max:aws.billing.actual_spend{scope} by {{budget_name}}", label="spent"),
                    Series(query=f"max:aws.billing.budgeted_cost{scope} by {{budget_name}}", label="budget"),
                    unit="dollar",
                ),
                top(
                    "Estimated charges by AWS service",
                    Series(query=f"max:aws.billing.estimated_charges{scope} by {{servicename}}", label="dollars"),
                    unit="dollar",
                ),
            ]
        )
    ]
