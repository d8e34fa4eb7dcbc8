"""The monitors that a service gets from its kind: their units, directions, ranges and default thresholds.

Pure data, so that the configuration can judge an override without the Datadog SDK; the queries and the words are in
`components/monitoring/service_alerts.py`. Defaults are those of claranet/terraform-datadog-monitors (ECS service, ALB)
where it has a monitor, with the exceptions that `docs/alerts.md` explains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from config.fields import Model

Kind = Literal["web", "worker", "job"]
AlertName = Literal[
    "running_tasks",
    "restarts",
    "cpu",
    "memory",
    "at_maximum",
    "deployment_failed",
    "error_rate",
    "latency_p95",
    "latency_p99",
    "unhealthy_targets",
    "traffic",
    "error_budget_fast",
    "error_budget_slow",
    "queue_age",
    "job_failed",
    "job_missing",
    "log_errors",
]

_HYSTERESIS = 0.05
"""How far beyond its threshold, as a share of it, a monitor recovers: it does not flap at the threshold."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One monitor, before a service has its say."""

    kinds: tuple[Kind, ...]
    unit: str
    fires: Literal["above", "below"]
    warning: float
    critical: float
    lowest: float = 0
    highest: float = 100


_RUNNING: tuple[Kind, ...] = ("web", "worker")
_DAY_SECONDS = 86400

ALERTS: dict[AlertName, Alert] = {
    "running_tasks": Alert(kinds=_RUNNING, unit="percent of the desired tasks", fires="below", warning=80, critical=60),
    "restarts": Alert(
        kinds=_RUNNING,
        unit="tasks that died by themselves in 30 minutes",
        fires="above",
        warning=1,
        critical=4,
        highest=10000,
    ),
    # A task may use idle CPU of its host beyond its reservation, so that 100 is not the end.
    "cpu": Alert(
        kinds=_RUNNING,
        unit="percent of the reserved CPU",
        fires="above",
        warning=80,
        critical=90,
        highest=1000,
    ),
    "memory": Alert(kinds=_RUNNING, unit="percent of the memory limit", fires="above", warning=85, critical=90),
    "at_maximum": Alert(kinds=_RUNNING, unit="percent of the maximum of tasks", fires="above", warning=85, critical=99),
    # The first one is rolled back, and nothing is down; the second in an hour needs somebody.
    "deployment_failed": Alert(
        kinds=_RUNNING,
        unit="failed deployments in an hour",
        fires="above",
        warning=0,
        critical=1,
        highest=100,
    ),
    "error_rate": Alert(kinds=("web",), unit="percent of the requests", fires="above", warning=1, critical=5),
    "latency_p95": Alert(kinds=("web",), unit="seconds", fires="above", warning=1, critical=3, highest=3600),
    "latency_p99": Alert(kinds=("web",), unit="seconds", fires="above", warning=2, critical=6, highest=3600),
    "unhealthy_targets": Alert(kinds=("web",), unit="percent of the targets", fires="above", warning=0, critical=50),
    "traffic": Alert(
        kinds=("web",),
        unit="percent of the requests of a week ago",
        fires="below",
        warning=30,
        critical=10,
        highest=1000,
    ),
    # Google's SRE workbook, chapter 5, table 5-8: 2 percent of a month's budget in an hour, 5 percent in six.
    "error_budget_fast": Alert(
        kinds=("web",),
        unit="times the rate that spends the error budget in 30 days, over one hour",
        fires="above",
        warning=7.2,
        critical=14.4,
        highest=1000,
    ),
    "error_budget_slow": Alert(
        kinds=("web",),
        unit="times the rate that spends the error budget in 30 days, over six hours",
        fires="above",
        warning=3,
        critical=6,
        highest=1000,
    ),
    "queue_age": Alert(
        kinds=("worker",),
        unit="seconds that the oldest message has waited",
        fires="above",
        warning=300,
        critical=900,
        highest=14 * _DAY_SECONDS,  # how long SQS keeps a message at most
    ),
    "job_failed": Alert(
        kinds=("job",), unit="failed runs in a day", fires="above", warning=0, critical=1, highest=10000
    ),
    "job_missing": Alert(
        kinds=("job",),
        unit="percent of the runs that the schedule asks for",
        fires="below",
        warning=100,
        critical=50,
    ),
    "log_errors": Alert(
        kinds=("web", "worker", "job"),
        unit="error messages in 10 minutes",
        fires="above",
        warning=50,
        critical=500,
        highest=1000000,
    ),
}


class AlertOverride(Model):
    """Other thresholds for one monitor, or its switch-off with a reason."""

    warning: float | None = Field(default=None, description="the warning threshold in the monitor's unit")
    critical: float | None = Field(default=None, description="the critical threshold in the monitor's unit")
    disabled: str | None = Field(default=None, min_length=10, description="the reason why the monitor is switched off")

    @field_validator("disabled", mode="before")
    @classmethod
    def _no_switch(cls, disabled: object) -> object:
        if isinstance(disabled, bool):
            raise ValueError("a reason of 10 or more characters, not a switch")
        return disabled

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        thresholds = (self.warning is not None) + (self.critical is not None)
        if (self.disabled is None) == (thresholds == 0):
            raise ValueError("`warning`, `critical` or both, or `disabled` with the reason")
        return self


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """When a monitor warns, alerts and recovers, in its unit. Recovery None: with the threshold."""

    fires: Literal["above", "below"]
    warning: float
    critical: float
    warning_recovery: float | None
    critical_recovery: float | None


def alerts_of(kind: Kind) -> dict[AlertName, Alert]:
    """The monitors of a kind of service."""
    return {name: alert for name, alert in ALERTS.items() if kind in alert.kinds}


def violations(kind: Kind, name: AlertName, override: AlertOverride) -> Iterator[tuple[str, object, str]]:
    """Why an override cannot be applied: the key below the monitor, what was given, and what is allowed."""
    alert = ALERTS[name]
    if kind not in alert.kinds:
        names = ", ".join(alerts_of(kind)) or "none"
        yield "", name, f"the monitors of a {kind}: {names}"
        return
    for key, level in (("warning", override.warning), ("critical", override.critical)):
        if level is not None and not alert.lowest <= level <= alert.highest:
            yield f".{key}", level, f"{alert.lowest:g} to {alert.highest:g} {alert.unit}"
            return
    warning, critical = _levels(alert, override)
    if warning == critical or (warning > critical) == (alert.fires == "above"):
        order = "less" if alert.fires == "above" else "greater"
        yield (
            "",
            f"warning {warning:g}, critical {critical:g}",
            f"a warning that is {order} than critical, because {name} fires {alert.fires} its threshold; "
            f"the defaults are {alert.warning:g} and {alert.critical:g} {alert.unit}",
        )


def thresholds(kind: Kind, overrides: Mapping[AlertName, AlertOverride]) -> dict[AlertName, Thresholds]:
    """The thresholds of every monitor that a service of this kind gets, but those that it switches off.

    `violations` has judged the overrides before.
    """
    return {
        name: _thresholds(alert, overrides.get(name))
        for name, alert in alerts_of(kind).items()
        if name not in overrides or overrides[name].disabled is None
    }


def defaults(alert: Alert) -> Thresholds:
    """The thresholds of a monitor that nobody overrides."""
    return _thresholds(alert, None)


def _levels(alert: Alert, override: AlertOverride | None) -> tuple[float, float]:
    if override is None:
        return alert.warning, alert.critical
    return (
        alert.warning if override.warning is None else override.warning,
        alert.critical if override.critical is None else override.critical,
    )


def _thresholds(alert: Alert, override: AlertOverride | None) -> Thresholds:
    warning, critical = _levels(alert, override)
    return Thresholds(
        fires=alert.fires,
        warning=warning,
        critical=critical,
        warning_recovery=_recovery(alert, warning),
        critical_recovery=_recovery(alert, critical),
    )


def _recovery(alert: Alert, level: float) -> float | None:
    factor = 1 - _HYSTERESIS if alert.fires == "above" else 1 + _HYSTERESIS
    # Beyond the range a value never comes: a monitor that fires below 100 percent would stay red for ever.
    recovery = min(max(float(f"{level * factor:.10g}"), alert.lowest), alert.highest)
    return None if recovery == level else recovery
