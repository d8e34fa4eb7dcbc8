"""The runs that a monitor expects of a schedule."""

from __future__ import annotations

import pytest

from config.schedules import ExpectedRuns, expected_runs


def weekly(at: str) -> ExpectedRuns:
    return ExpectedRuns(window_minutes=10080, runs=1, recurrence=f"FREQ=DAILY;INTERVAL=1;{at}")


def monthly(at: str) -> ExpectedRuns:
    return ExpectedRuns(window_minutes=1440, runs=1, recurrence=f"FREQ=MONTHLY;INTERVAL=1;{at}")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("rate(1 minute)", ExpectedRuns(window_minutes=15, runs=2)),
        ("rate(15 minutes)", ExpectedRuns(window_minutes=33, runs=2)),
        ("rate(1 hour)", ExpectedRuns(window_minutes=132, runs=2)),
        ("rate(3 days)", ExpectedRuns(window_minutes=9504, runs=2)),
        ("rate(4 days)", None),
        ("cron(0/10 * * * ? *)", ExpectedRuns(window_minutes=132, runs=2)),
        ("cron(0 3 * * ? *)", ExpectedRuns(window_minutes=3168, runs=2)),
        ("cron(0 3,15 ? * * *)", ExpectedRuns(window_minutes=3168, runs=2)),
        ("cron(0 7 ? * MON *)", weekly("BYHOUR=10;BYMINUTE=0")),
        ("cron(30 19 ? * MON-FRI *)", weekly("BYHOUR=22;BYMINUTE=30")),
        ("cron(30 22 ? * MON-FRI *)", weekly("BYHOUR=23;BYMINUTE=30")),
        ("cron(0/5 8-17 ? * MON-FRI *)", weekly("BYHOUR=20;BYMINUTE=59")),
        ("cron(0 8 1 * ? *)", monthly("BYMONTHDAY=1;BYHOUR=11;BYMINUTE=0")),
        ("cron(0 8 1,15 * ? *)", monthly("BYMONTHDAY=1,15;BYHOUR=11;BYMINUTE=0")),
        ("cron(0 8 L * ? *)", monthly("BYMONTHDAY=-1;BYHOUR=11;BYMINUTE=0")),
        ("cron(0 8 1 1,7 ? *)", monthly("BYMONTH=1,7;BYMONTHDAY=1;BYHOUR=11;BYMINUTE=0")),
        ("cron(0 8 3W * ? *)", None),
        ("cron(0 8 ? * 2#1 *)", None),
        ("cron(0 8 ? * 6L *)", None),
        ("cron(0 8 * 1 ? *)", None),
        ("cron(0 8 * * ? 2026)", None),
    ],
)
def test_expected_runs(schedule: str, expected: ExpectedRuns | None) -> None:
    assert expected_runs(schedule) == expected
