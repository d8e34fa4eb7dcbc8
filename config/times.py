"""When something happens: the schedules and time zones that AWS reads."""

from __future__ import annotations

import zoneinfo
from typing import Annotated

from pydantic import AfterValidator

from config.fields import text


def _field(value: str, more: str = "") -> str:
    """A field of a cron expression: a list of *, values and ranges, with steps."""
    value = f"(?:{value})"
    part = rf"(?:(?:\*|{value}(?:-{value})?)(?:/[1-9]\d?)?{more})"
    return f"{part}(?:,{part})*"


_MINUTE = _field(r"[1-5]?\d")
_HOUR = _field(r"1?\d|2[0-3]")
_DAY = r"[1-9]|[12]\d|3[01]"
_MONTH = _field("[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC")
_WEEKDAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
_WEEKDAY = f"[1-7]|{_WEEKDAYS}"
_DAY_OF_MONTH = _field(_DAY, more=r"|L|LW|(?:[1-9]|[12]\d|3[01])W")
_DAY_OF_WEEK = _field(_WEEKDAY, more=f"|L|(?:{_WEEKDAY})(?:L|#[1-5])")
_YEAR = _field(r"19[7-9]\d|20\d\d|21\d\d")
_CRON = rf"cron\({_MINUTE} {_HOUR} (?:{_DAY_OF_MONTH} {_MONTH} \?|\? {_MONTH} {_DAY_OF_WEEK}) {_YEAR}\)"
_SIX_FIELDS = "minute, hour, day of month, month, day of week, year, where one of the two days is ?"

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
Schedule = Annotated[
    str,
    *text(
        rf"rate\([1-9]\d* (?:minute|hour|day)s?\)|{_CRON}",
        f"rate(15 minutes), or cron(0 3 * * ? *): {_SIX_FIELDS}",
    ),
]
# https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
Cron = Annotated[str, *text(_CRON, f"cron(0 8 ? * MON-FRI *): {_SIX_FIELDS}")]
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/scheduled-scaling-using-cron-expressions.html
UnixCron = Annotated[
    str,
    *text(
        rf"{_MINUTE} {_HOUR} {_field(_DAY)} {_MONTH} {_field(f'[0-7]|{_WEEKDAYS}')}",
        "five fields as cron has them, such as 0 20 * * MON-FRI: minute, hour, day of month, month, day of week",
    ),
]


def _time_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone of the IANA database, such as UTC or Europe/Berlin") from None
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
