"""The runs of a job that a monitor can expect of its schedule, to notice that one is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The longest window of a metric monitor is a week
# (https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor, "time_window").
LONGEST_WINDOW_MINUTES = 7 * 24 * 60

_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_UNIT_MINUTES = {"minute": 1, "hour": 60, "day": _DAY_MINUTES}

# A window of two periods and a fifth holds two runs, however much longer than the other one of them takes.
_PERIODS = 2.2
_LEAST_WINDOW_MINUTES = 15

# What runs once a week or less is looked for at a fixed time, this long after the run began.
_PATIENCE_HOURS = 3


@dataclass(frozen=True, kw_only=True)
class ExpectedRuns:
    """In the last `window_minutes` at least `runs` must have succeeded."""

    window_minutes: int
    runs: int
    recurrence: str | None = None
    """When to look (RFC 5545), in the schedule's time zone; None: always."""


def expected_runs(schedule: str) -> ExpectedRuns | None:
    """What to expect of a schedule that `config.service` accepted; None where no monitor can tell."""
    kind, _, expression = schedule.removesuffix(")").partition("(")
    if kind == "rate":
        number, unit = expression.split()
        period = int(number) * _UNIT_MINUTES[unit.removesuffix("s")]
        return _rolling(period)
    minute, hour, day_of_month, month, day_of_week, year = expression.split()
    if year != "*":
        return None
    if day_of_month in ("*", "?") and day_of_week in ("*", "?") and month == "*":
        return _rolling(60 if hour == "*" else _DAY_MINUTES)
    last = max((int(number) for number in re.findall(r"\d+", hour)), default=23)
    at = f"BYHOUR={min(last + _PATIENCE_HOURS, 23)};BYMINUTE={minute if minute.isdigit() else 59}"
    months = "" if month == "*" else f"BYMONTH={month};"
    if re.fullmatch(r"\d+(,\d+)*|L", day_of_month) and re.fullmatch(r"\*|\d+(,\d+)*", month):
        days = "-1" if day_of_month == "L" else day_of_month
        recurrence = f"FREQ=MONTHLY;INTERVAL=1;{months}BYMONTHDAY={days};{at}"
        return ExpectedRuns(window_minutes=_DAY_MINUTES, runs=1, recurrence=recurrence)
    if day_of_month in ("*", "?") and month == "*" and not re.search(r"[#L]", day_of_week):
        # Once a day is enough: the week before that time has one run of each day that the schedule names.
        recurrence = f"FREQ=DAILY;INTERVAL=1;{at}"
        return ExpectedRuns(window_minutes=_WEEK_MINUTES, runs=1, recurrence=recurrence)
    return None


def _rolling(period_minutes: int) -> ExpectedRuns | None:
    window = max(round(period_minutes * _PERIODS), _LEAST_WINDOW_MINUTES)
    return ExpectedRuns(window_minutes=window, runs=2) if window <= LONGEST_WINDOW_MINUTES else None
