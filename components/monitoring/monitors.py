"""What every monitor of the platform shares: options by the source of its data, message, routing, tags."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Literal

import pulumi
import pulumi_datadog as datadog

from config.alerts import Alert, Thresholds, defaults
from config.platform import Team

Source = Literal["cloudwatch", "events", "agent", "logs", "slo"]
"""Where the data comes from: Datadog's crawler of AWS, `DeployEvents`, the agents, logs, an SLO."""

# CloudWatch: the least that Datadog recommends for what it crawls; sooner, the minutes are half filled
# (https://docs.datadoghq.com/monitors/guide/troubleshooting-no-data/, "Evaluation delay").
_DELAY_SECONDS: dict[Source, int] = {"cloudwatch": 900, "events": 60, "agent": 15}
_TYPES: dict[Source, str] = {"logs": "log alert", "slo": "slo alert"}

# A host that has just started is busy with that; https://docs.datadoghq.com/monitors/guide/monitor_api_options/
NEW_GROUP_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Who is told, and where to look then."""

    environment: str
    owner: str
    """The team's name."""
    team: Team
    runbook_url: str
    links: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Title to address."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One monitor: its query without the comparison, and what it means to people when it fires."""

    title: str
    query: str
    source: Source
    what: str
    impact: str
    priority: int
    """1 (high) to 5 (low)."""
    no_data: Literal["show_no_data", "show_and_notify_no_data", "resolve"] = "show_no_data"


def monitor(
    name: str,
    watch: Watch,
    *,
    subject: str,
    query: pulumi.Input[str],
    thresholds: Thresholds,
    audience: Audience,
    tags: Sequence[str],
    opts: pulumi.ResourceOptions,
    schedule: datadog.MonitorSchedulingOptionsArgs | None = None,
) -> datadog.Monitor:
    """A monitor about `subject`. `query` is the watch's own, with its scope filled in."""
    comparison = f"{'>' if thresholds.fires == 'above' else '<'} {number(thresholds.critical)}"
    metric = watch.source in _DELAY_SECONDS
    grouped = re.search(r"\bby \{", watch.query) is not None
    return datadog.Monitor(
        name,
        name=f"[{audience.environment}] {subject}: {watch.title}",
        type=_TYPES.get(watch.source, "query alert"),
        query=pulumi.Output.from_input(query).apply(lambda scoped: f"{scoped} {comparison}"),
        message=_message(watch, subject, audience),
        monitor_thresholds=datadog.MonitorMonitorThresholdsArgs(
            warning=number(thresholds.warning),
            critical=number(thresholds.critical),
            warning_recovery=_recovery(watch, thresholds.warning_recovery),
            critical_recovery=_recovery(watch, thresholds.critical_recovery),
        ),
        evaluation_delay=_DELAY_SECONDS.get(watch.source),
        # An SLO has no such option: https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor
        on_missing_data=None if watch.source == "slo" else watch.no_data,
        # Crawled metrics have gaps; a monitor that waits for a full window then never judges.
        require_full_window=False if metric else None,
        new_group_delay=NEW_GROUP_SECONDS if grouped else None,
        enable_logs_sample=True if watch.source == "logs" else None,
        scheduling_options=schedule,
        include_tags=True,
        priority=str(watch.priority),
        tags=sorted({f"env:{audience.environment}", f"owner:{audience.owner}", f"team:{audience.owner}", *tags}),
        opts=opts,
    )


def default_monitors(
    name: str,
    watches: Mapping[str, tuple[Watch, Alert]],
    *,
    scopes: Mapping[str, pulumi.Input[str]],
    subject: str,
    audience: Audience,
    tags: Sequence[str] = (),
    opts: pulumi.ResourceOptions,
) -> None:
    """A monitor of each watch at its own thresholds, which no service file overrides. `scopes` fill its query in."""
    for alert, (watch, levels) in watches.items():
        template = Template(watch.query)
        monitor(
            f"{name}-{alert.replace('_', '-')}",
            watch,
            subject=subject,
            query=pulumi.Output.from_input(dict(scopes)).apply(template.substitute),
            thresholds=defaults(levels),
            audience=audience,
            tags=[f"alert:{alert}", *tags],
            opts=opts,
        )


def targets(environment: str, groups: Sequence[str]) -> str:
    """The scope of a service's target groups, by their ARN suffixes.

    With a deployment strategy ECS moves the requests to the other group at each deployment:
    https://docs.datadoghq.com/metrics/advanced-filtering/#boolean-filtered-queries
    """
    if len(groups) == 1:
        return f"env:{environment},targetgroup:{groups[0]}"
    return f"env:{environment} AND targetgroup IN ({', '.join(groups)})"


def number(value: float) -> str:
    """As Datadog writes it: the critical threshold must read the same as the number in the query."""
    return f"{value:.10g}"


def _recovery(watch: Watch, value: float | None) -> str | None:
    # A burn rate has its short window for that.
    return None if value is None or watch.source == "slo" else number(value)


def _message(watch: Watch, subject: str, audience: Audience) -> pulumi.Output[str]:
    """What, impact, links, and whom it reaches. https://docs.datadoghq.com/monitors/notify/variables/"""

    chat, pager = audience.team.chat, audience.team.pager

    def message(addresses: Sequence[str]) -> str:
        lines = [
            f"{subject} in {audience.environment}: {watch.what}",
            f"Impact: {watch.impact}",
            f"Runbook: {audience.runbook_url}",
            *(f"{title}: {address}" for title, address in zip(audience.links, addresses, strict=True)),
            f"Owner: {audience.owner}",
            f"{{{{#is_alert}}}}{pager}{{{{/is_alert}}}}",
            f"{{{{#is_warning}}}}{chat}{{{{/is_warning}}}}",
            # From critical by way of warning to fine is a recovery from a warning only: the pager hears of
            # each one, or it would keep the incident open.
            f"{{{{#is_recovery}}}}{pager} {chat}{{{{/is_recovery}}}}",
        ]
        if watch.no_data == "show_and_notify_no_data":
            lines.append(f"{{{{#is_no_data}}}}The metric is missing. {chat}{{{{/is_no_data}}}}")
        return "\n".join(lines)

    return pulumi.Output.all(*audience.links.values()).apply(message)
