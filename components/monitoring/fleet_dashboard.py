"""FleetDashboard: every service of an environment on one page: traffic, errors, latency, use, deploys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.widgets import Row, Series, Unit, Widget, dashboard, event_list, graph, monitors, table, top


@dataclass(frozen=True, kw_only=True)
class FleetDashboardArgs:
    """Which environment."""

    environment: str
    owner: str


class FleetDashboard(pulumi.ComponentResource):
    """Finds its services by the tags of their metrics: adding a service changes nothing here."""

    path: pulumi.Output[str]
    """Below Datadog's address, such as /dashboard/abc-def-ghi."""

    def __init__(self, name: str, args: FleetDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:FleetDashboard", name, None, opts)
        page = datadog.DashboardJson(
            f"{name}-dashboard",
            dashboard=json.dumps(_page(args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.path = page.url
        self.register_outputs({"path": self.path})


def _page(args: FleetDashboardArgs) -> Widget:
    scope = f"{{env:{args.environment}}}"
    events = f"source:slipway env:{args.environment}"

    def ecs(metric: str, label: str, unit: Unit | None = None) -> Series:
        query = f"max:aws.ecs.service.{metric}{scope} by {{clustername,servicename}}"
        return Series(query=query, label=label, unit=unit)

    def balancer(metric: str, label: str) -> Series:
        return Series(query=f"sum:aws.applicationelb.{metric}{scope} by {{targetgroup}}.as_count()", label=label)

    groups: dict[str, Sequence[Row]] = {
        "Now": [
            Row(
                widgets=[
                    monitors("Monitors that are not green", f"env:{args.environment} status:(alert OR warn)"),
                    event_list("Events", events),
                ]
            )
        ],
        "Services": [
            Row(
                height=6,
                widgets=[
                    table(
                        "Tasks and their use",
                        ecs("running", "running"),
                        ecs("desired", "wanted"),
                        ecs("cpuutilization", "CPU", "percent"),
                        ecs("memory_utilization", "memory", "percent"),
                    ),
                    table(
                        "Web services",
                        balancer("request_count", "requests"),
                        balancer("httpcode_target_5xx", "5xx"),
                        Series(
                            query=(f"max:aws.applicationelb.target_response_time.p95{scope} by {{targetgroup}}"),
                            label="p95",
                            unit="second",
                        ),
                    ),
                ],
            )
        ],
        "Changes": [
            Row(
                widgets=[
                    graph(
                        "Deployments",
                        Series(
                            query=f"sum:slipway.ecs.deployments{scope} by {{service,outcome}}.as_count()",
                            label="deployments",
                        ),
                        style="bars",
                    ),
                    top(
                        "Tasks that died",
                        Series(
                            query=(
                                f"sum:slipway.ecs.task_stops{{env:{args.environment},cause:crash}}"
                                " by {service}.as_count()"
                            ),
                            label="tasks",
                        ),
                    ),
                    graph(
                        "Runs of jobs",
                        Series(
                            query=f"sum:slipway.job.runs{scope} by {{service,outcome}}.as_count()",
                            label="runs",
                        ),
                        style="bars",
                    ),
                ]
            )
        ],
    }
    return dashboard(
        title=f"[{args.environment}] services",
        description="Every service of the environment.",
        groups=groups,
        tags=[f"team:{args.owner}"],
    )
