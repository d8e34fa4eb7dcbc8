"""AccountAlerts: the monitors of an AWS account, whatever runs in it: its budget; and the mute of all that it has."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from components.monitoring.monitors import Audience, Watch, default_monitors
from config.alerts import Alert


@dataclass(frozen=True, kw_only=True)
class AccountAlertsArgs:
    """Whose account, whom its alerts reach, and whether they do."""

    audience: Audience
    muted: bool = False
    """Whether every monitor of the account is silent; they are judged and shown all the same."""


_WATCHES: dict[str, tuple[Watch, Alert]] = {
    # Datadog asks AWS Budgets every four to eight hours:
    # https://docs.datadoghq.com/integrations/amazon-billing/#data-collected
    "budget": (
        Watch(
            title="the month's budget is nearly spent",
            query=(
                "max(last_1d):100 * max:aws.billing.actual_spend{env:$environment} by {budget_name}"
                " / max:aws.billing.budget_limit{env:$environment} by {budget_name}"
            ),
            source="cloudwatch",
            what="{{value}} percent of the budget {{budget_name.name}} is spent.",
            impact="The month ends above the budget. The cost explorer says by which service.",
            priority=4,
        ),
        Alert(kinds=(), unit="percent of the budget", fires="above", warning=80, critical=100, highest=1000),
    ),
}


class AccountAlerts(pulumi.ComponentResource):
    """Tells the platform team when an account costs too much."""

    def __init__(self, name: str, args: AccountAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:AccountAlerts", name, None, opts)
        environment = args.audience.environment
        default_monitors(
            name,
            _WATCHES,
            scopes={"environment": environment},
            subject=environment,
            audience=args.audience,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.muted:
            datadog.DowntimeSchedule(
                f"{name}-mute",
                scope="*",
                monitor_identifier=datadog.DowntimeScheduleMonitorIdentifierArgs(monitor_tags=[f"env:{environment}"]),
                message=f"Alerts of {environment} are muted by configuration.",
                mute_first_recovery_notification=True,
                notify_end_states=[],
                notify_end_types=[],
                # No end: it lasts until the setting is taken back.
                one_time_schedule=datadog.DowntimeScheduleOneTimeScheduleArgs(),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"muted": args.muted})
