"""EnvironmentAlerts: the monitors of what an environment has once: bastion, certificates, schedules, events."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.monitoring.monitors import Audience, Watch, default_monitors
from config.alerts import Alert


@dataclass(frozen=True, kw_only=True)
class EnvironmentAlertsArgs:
    """Which environment, and whom its alerts reach."""

    audience: Audience
    events_function: pulumi.Input[str]
    """The name of the function of `DeployEvents`."""
    bastion: str = "bastion"
    """The Name of the bastion's instance."""


_WATCHES: dict[str, tuple[Watch, Alert]] = {
    "bastion": (
        Watch(
            title="the bastion fails its status checks",
            query="avg(last_15m):max:aws.ec2.status_check_failed{env:$environment,name:$bastion}",
            source="cloudwatch",
            what="The bastion has failed AWS's status checks in the last 15 minutes.",
            impact="Nobody gets in by SSH. Session Manager reaches the hosts all the same.",
            priority=4,
            no_data="show_and_notify_no_data",
        ),
        Alert(kinds=(), unit="share of failed checks", fires="above", warning=0.3, critical=0.9, highest=1),
    ),
    # AWS renews what it can 60 days before the end: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
    "certificates": (
        Watch(
            title="a certificate ends soon",
            query=("max(last_1d):min:aws.certificatemanager.days_to_expiry{env:$environment} by {certificatearn}"),
            source="cloudwatch",
            what="{{certificatearn.name}} is valid for {{value}} more days, and AWS has not renewed it.",
            impact="After that, every request by TLS fails. The validation record in the zone is missing.",
            priority=2,
        ),
        Alert(kinds=(), unit="days", fires="below", warning=30, critical=14, highest=400),
    ),
    "schedules": (
        Watch(
            title="schedules could not start their jobs",
            query=(
                "sum(last_1h):default_zero(sum:aws.scheduler.invocation_dropped_count{env:$environment}.as_count())"
            ),
            source="cloudwatch",
            what="EventBridge Scheduler gave up {{value}} starts in an hour.",
            impact="Those jobs did not run. No capacity, a missing role, or a task definition that is gone.",
            priority=2,
            no_data="resolve",
        ),
        Alert(kinds=(), unit="starts given up in an hour", fires="above", warning=0, critical=4, highest=10000),
    ),
    "events": (
        Watch(
            title="deployment events do not reach Datadog",
            query=(
                "sum(last_30m):default_zero(sum:aws.lambda.errors{env:$environment,functionname:$function}.as_count())"
            ),
            source="cloudwatch",
            what="{{value}} events could not be sent in half an hour.",
            impact="Failed deployments, crashes and failed jobs go unnoticed: their monitors see nothing.",
            priority=2,
            no_data="resolve",
        ),
        Alert(kinds=(), unit="errors in 30 minutes", fires="above", warning=0, critical=10, highest=10000),
    ),
    "events_gone": (
        Watch(
            title="nobody looks for deployments any more",
            query="sum(last_30m):default_zero(sum:slipway.events.alive{env:$environment}.as_count())",
            source="events",
            what="The function that tells of deployments has looked {{value}} times in half an hour, and not six.",
            impact="Failed deployments, crashes and failed jobs go unnoticed: their monitors see nothing.",
            priority=2,
            no_data="show_and_notify_no_data",
        ),
        Alert(kinds=(), unit="looks in 30 minutes", fires="below", warning=5, critical=2),
    ),
}


class EnvironmentAlerts(pulumi.ComponentResource):
    """Tells the platform team when something that every service shares goes wrong."""

    def __init__(self, name: str, args: EnvironmentAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:EnvironmentAlerts", name, None, opts)
        environment = args.audience.environment
        default_monitors(
            name,
            _WATCHES,
            scopes={"environment": environment, "bastion": args.bastion, "function": args.events_function},
            subject=environment,
            audience=args.audience,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
