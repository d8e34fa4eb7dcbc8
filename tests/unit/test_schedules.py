"""How often a job must have succeeded, from its schedule."""

from __future__ import annotations

import pytest

from config.schedules import Rhythm, rhythm


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("rate(1 minute)", Rhythm(window_minutes=15, runs=2)),
        ("rate(15 minutes)", Rhythm(window_minutes=33, runs=2)),
        ("rate(1 hour)", Rhythm(window_minutes=132, runs=2)),
        ("rate(3 days)", Rhythm(window_minutes=9504, runs=2)),
        ("rate(4 days)", None),
        ("cron(0/10 * * * ? *)", Rhythm(window_minutes=132, runs=2)),
        ("cron(0 3 * * ? *)", Rhythm(window_minutes=3168, runs=2)),
        ("cron(0 3,15 ? * * *)", Rhythm(window_minutes=3168, runs=2)),
        ("cron(0 7 ? * MON *)", Rhythm(window_minutes=10080, runs=1, daily_at=(10, 0))),
        ("cron(30 22 ? * MON-FRI *)", Rhythm(window_minutes=10080, runs=1, daily_at=(1, 30))),
        ("cron(0/5 8-17 ? * MON-FRI *)", Rhythm(window_minutes=10080, runs=1, daily_at=(20, 59))),
        ("cron(0 8 1 * ? *)", None),
        ("cron(0 8 L * ? *)", None),
        ("cron(0 8 ? * 2#1 *)", None),
        ("cron(0 8 ? * 6L *)", None),
        ("cron(0 8 * 1 ? *)", None),
        ("cron(0 8 * * ? 2026)", None),
    ],
)
def test_rhythm(schedule: str, expected: Rhythm | None) -> None:
    assert rhythm(schedule) == expected
