"""EnvironmentDashboard: how clusters and hosts are used, what is wasted, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.widgets import (
    Formula,
    Line,
    Row,
    Series,
    Widget,
    dashboard,
    event_list,
    graph,
    monitors,
    table,
    top,
)


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

    def wasted(kind: str, label: str) -> Formula:
        queries = {use: f"avg:aws.ecs.cluster.{kind}{use}{scope}" for use in ("reservation", "utilization")}
        return Formula(formula="$reservation - $utilization", queries=queries, label=f"{label} wasted")

    return [
        Row(
            widgets=[
                table(
                    "Clusters",
                    cluster("cpureservation", "CPU reserved"),
                    cluster("cpuutilization", "CPU used"),
                    wasted("cpu", "CPU"),
                    cluster("memory_reservation", "memory reserved"),
                    cluster("memory_utilization", "memory used"),
                    wasted("memory_", "memory"),
                    unit="percent",
                ),
                monitors("Monitors", f"env:{args.environment} owner:{args.owner}"),
            ]
        ),
        Row(widgets=[event_list("Events", f"source:slipway env:{args.environment}")]),
    ]


def _cluster(args: EnvironmentDashboardArgs, cluster: str) -> list[Row]:
    ecs = f"env:{args.environment},clustername:{cluster}"
    hosts = f"env:{args.environment},cluster:{cluster}"
    events = f"source:slipway env:{args.environment} cluster:{cluster}"
    full = [Line(at=85, label="warning", severity="warning"), Line(at=95, label="critical", severity="error")]

    def both(title: str, kind: str) -> Widget:
        return graph(
            title,
            Series(query=f"avg:aws.ecs.cluster.{kind}reservation{{{ecs}}}", label="reserved"),
            Series(query=f"avg:aws.ecs.cluster.{kind}utilization{{{ecs}}}", label="used"),
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
                    Formula(
                        formula="count_nonzero($each)",
                        queries={"each": f"avg:system.uptime{{{hosts}}} by {{host}}"},
                        label="hosts",
                    ),
                    events=events,
                ),
            ]
        ),
        Row(height=4, widgets=[table("Hosts", *_of_each_host(ecs, hosts), unit="percent")]),
        Row(
            widgets=[
                top("CPU of each service, in cores", _cores(hosts, "service")),
                top("Memory of each service", _memory("usage", hosts, "service")),
            ]
        ),
    ]


def _of_each_host(ecs: str, hosts: str) -> list[Formula]:
    """Used: what the agents see. Reserved: what ECS has given to tasks; what is not used of it is wasted.

    https://docs.datadoghq.com/integrations/amazon-ecs/#data-collected
    """
    columns = []
    for kind, label, used, free in (
        ("cpu", "CPU", "100 - $free", "system.cpu.idle"),
        ("memory", "memory", "100 - 100 * $free", "system.mem.pct_usable"),
    ):
        queries = {
            "free": f"avg:{free}{{{hosts}}} by {{host}}",
            "left": f"avg:aws.ecs.remaining_{kind}{{{ecs}}} by {{host}}",
            "whole": f"avg:aws.ecs.registered_{kind}{{{ecs}}} by {{host}}",
        }
        reserved = "100 - 100 * $left / $whole"
        for state, formula in (("used", used), ("reserved", reserved), ("wasted", f"{reserved} - ({used})")):
            named = {key: query for key, query in queries.items() if f"${key}" in formula}
            columns.append(Formula(formula=formula, queries=named, label=f"{label} {state}"))
    disk = {"most": f"max:system.disk.in_use{{{hosts}}} by {{host}}"}
    return [*columns, Formula(formula="100 * $most", queries=disk, label="disk used")]


def _memory(metric: str, scope: str, tag: str) -> Series:
    """Of the containers with each value of a tag: https://docs.datadoghq.com/integrations/container/"""
    return Series(query=f"sum:container.memory.{metric}{{{scope}}} by {{{tag}}}", label=tag, unit="byte")


def _cores(scope: str, tag: str) -> Formula:
    queries = {"nanocores": f"sum:container.cpu.usage{{{scope}}} by {{{tag}}}"}
    return Formula(formula="$nanocores / 1000000000", queries=queries, label=tag)


def _money(args: EnvironmentDashboardArgs) -> list[Row]:
    scope = f"env:{args.environment}"
    return [
        Row(
            widgets=[
                graph(
                    "Budget",
                    Series(query=f"max:aws.billing.actual_spend{{{scope}}} by {{budget_name}}", label="spent"),
                    Series(query=f"max:aws.billing.forecasted_spend{{{scope}}} by {{budget_name}}", label="forecast"),
                    Series(query=f"max:aws.billing.budget_limit{{{scope}}} by {{budget_name}}", label="budget"),
                    unit="dollar",
                ),
                top(
                    "Estimated charges by AWS service",
                    Series(query=f"max:aws.billing.estimated_charges{{{scope}}} by {{servicename}}", label="dollars"),
                    unit="dollar",
                ),
            ]
        ),
        # The hosts are shared: whose they are is told by the tag `owner` of the containers on them.
        Row(
            widgets=[
                top("Memory that each owner has reserved", _memory("limit", scope, "owner")),
                top("CPU that each owner uses, in cores", _cores(scope, "owner")),
                top("Memory that each cluster's tasks have reserved", _memory("limit", scope, "ecs_cluster_name")),
            ]
        ),
    ]
