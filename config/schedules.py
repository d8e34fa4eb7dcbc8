"""How often a schedule runs a job, as far as a monitor needs it to notice that a run is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The longest window of a metric monitor is a week
# (https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor, "time_window").
LONGEST_WINDOW_MINUTES = 7 * 24 * 60

_UNIT_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_WEEK_MINUTES = 7 * 24 * 60

# A window of two periods and a fifth holds two runs, however much longer than the other one of them takes.
_PERIODS = 2.2
_LEAST_WINDOW_MINUTES = 15

# A weekly run fits a week's window exactly: it is looked for once a day, this long after the time it starts.
_PATIENCE_HOURS = 3


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """In the last `window_minutes` at least `runs` must have succeeded, looked at always or once a day."""

    window_minutes: int
    runs: int
    daily_at: tuple[int, int] | None = None  # hour and minute in the schedule's time zone; None: always


def rhythm(schedule: str) -> Rhythm | None:
    """What to expect of a schedule that `config.service` accepted; None where runs are too rare to tell."""
    kind, expression = re.fullmatch(r"(rate|cron)\((.+)\)", schedule).groups()  # type: ignore[union-attr]
    if kind == "rate":
        number, unit = expression.split()
        period = int(number) * _UNIT_MINUTES[unit.removesuffix("s")]
        return _rolling(period)
    minute, hour, day_of_month, month, day_of_week, year = expression.split()
    if (day_of_month, month, year) not in (("*", "*", "*"), ("?", "*", "*")):
        return None
    if day_of_week in ("*", "?"):
        return _rolling(60 if hour == "*" else 24 * 60)
    if "#" in day_of_week or "L" in day_of_week:
        return None
    last = max((int(number) for number in re.findall(r"\d+", hour)), default=23)
    at = ((last + _PATIENCE_HOURS) % 24, int(minute) if minute.isdigit() else 59)
    return Rhythm(window_minutes=_WEEK_MINUTES, runs=1, daily_at=at)


def _rolling(period_minutes: int) -> Rhythm | None:
    window = max(round(period_minutes * _PERIODS), _LEAST_WINDOW_MINUTES)
    return Rhythm(window_minutes=window, runs=2) if window <= LONGEST_WINDOW_MINUTES else None
