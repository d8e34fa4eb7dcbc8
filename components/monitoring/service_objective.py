"""ServiceObjective: how many of a web service's requests must succeed in thirty days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.monitors import targets


@dataclass(frozen=True, kw_only=True)
class ServiceObjectiveArgs:
    """Which service, and what it promises."""

    service: str
    environment: str
    owner: str
    target_groups: Sequence[pulumi.Input[str]]  # the ARN suffixes of its target groups
    availability_percent: float = 99.9  # of the requests of 30 days that are not answered with a 5xx status


class ServiceObjective(pulumi.ComponentResource):
    """A service-level objective; `ServiceAlerts` watches how fast its error budget is spent."""

    id: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceObjectiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServiceObjective", name, None, opts)
        target = pulumi.Output.all(*args.target_groups).apply(lambda groups: targets(args.environment, groups))
        objective = datadog.ServiceLevelObjective(
            f"{name}-availability",
            name=f"[{args.environment}] {args.service}: availability",
            description=f"{args.availability_percent:g} percent of the requests get no 5xx status.",
            type="metric",
            query=target.apply(_good_of_all),
            thresholds=[
                datadog.ServiceLevelObjectiveThresholdArgs(
                    timeframe="30d",
                    target=args.availability_percent,
                    # Half of the budget.
                    warning=round((100 + args.availability_percent) / 2, 4),
                )
            ],
            timeframe="30d",
            target_threshold=args.availability_percent,
            warning_threshold=round((100 + args.availability_percent) / 2, 4),
            tags=sorted(
                [
                    f"env:{args.environment}",
                    f"owner:{args.owner}",
                    f"service:{args.service}",
                    f"team:{args.owner}",
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = objective.id
        self.register_outputs({"id": self.id, "availability_percent": args.availability_percent})


def _good_of_all(target: str) -> datadog.ServiceLevelObjectiveQueryArgs:
    requests = f"sum:aws.applicationelb.request_count{{{target}}}.as_count()"
    failed = f"default_zero(sum:aws.applicationelb.httpcode_target_5xx{{{target}}}.as_count())"
    return datadog.ServiceLevelObjectiveQueryArgs(numerator=f"{requests} - {failed}", denominator=requests)
