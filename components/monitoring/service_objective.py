"""ServiceObjective: how many of a web service's requests must succeed in thirty days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.monitors import targets
from config.service import WebService


@dataclass(frozen=True, kw_only=True)
class ServiceObjectiveArgs:
    """Which service, and what it promises."""

    spec: WebService
    environment: str
    target_groups: Sequence[pulumi.Input[str]]
    """The ARN suffixes of its target groups."""


class ServiceObjective(pulumi.ComponentResource):
    """A service-level objective; `ServiceAlerts` watches how fast its error budget is spent."""

    id: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceObjectiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServiceObjective", name, None, opts)
        goal, owner = args.spec.availability_percent, args.spec.owner
        target = pulumi.Output.all(*args.target_groups).apply(lambda groups: targets(args.environment, groups))
        objective = datadog.ServiceLevelObjective(
            f"{name}-availability",
            name=f"[{args.environment}] {name}: availability",
            description=f"{goal:g} percent of the requests get no 5xx status.",
            type="metric",
            query=target.apply(_good_of_all),
            thresholds=[
                datadog.ServiceLevelObjectiveThresholdArgs(
                    timeframe="30d",
                    target=goal,
                    # Half of the budget.
                    warning=round((100 + goal) / 2, 4),
                )
            ],
            timeframe="30d",
            target_threshold=goal,
            warning_threshold=round((100 + goal) / 2, 4),
            tags=sorted(
                [
                    f"env:{args.environment}",
                    f"owner:{owner}",
                    f"service:{name}",
                    f"team:{owner}",
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = objective.id
        self.register_outputs({"id": self.id, "availability_percent": goal})


def _good_of_all(target: str) -> datadog.ServiceLevelObjectiveQueryArgs:
    requests = f"sum:aws.applicationelb.request_count{{{target}}}.as_count()"
    failed = f"default_zero(sum:aws.applicationelb.httpcode_target_5xx{{{target}}}.as_count())"
    return datadog.ServiceLevelObjectiveQueryArgs(numerator=f"{requests} - {failed}", denominator=requests)
