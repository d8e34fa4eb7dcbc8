"""The table of monitors, and what a service file may change in it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.alerts import ALERTS, AlertName, AlertOverride, Kind, alerts_of, thresholds, violations

WORKERS = (
    "the monitors of a worker: running_tasks, restarts, cpu, memory, at_maximum, deployment_failed, "
    "queue_age, log_errors"
)


def test_the_table_has_every_monitor_that_a_service_file_can_name() -> None:
    assert tuple(ALERTS) == get_args(AlertName)


@pytest.mark.parametrize("name", ALERTS)
def test_the_defaults_are_in_order_and_in_range(name: AlertName) -> None:
    for kind in ALERTS[name].kinds:
        assert (
            list(violations(kind, name, AlertOverride(warning=ALERTS[name].warning, critical=ALERTS[name].critical)))
            == []
        )


def test_a_web_service_that_says_nothing_has_every_monitor_of_its_kind() -> None:
    assert set(thresholds("web", {})) == set(alerts_of("web"))


def test_an_override_changes_its_threshold_alone() -> None:
    changed = thresholds("web", {"memory": AlertOverride(critical=95)})
    assert (changed["memory"].warning, changed["memory"].critical) == (85, 95)
    assert (changed["cpu"].warning, changed["cpu"].critical) == (80, 90)


def test_a_monitor_that_is_switched_off_is_gone() -> None:
    assert "cpu" not in thresholds("worker", {"cpu": AlertOverride(disabled="uses all that it finds")})


def test_a_monitor_recovers_five_percent_on_the_good_side() -> None:
    found = thresholds("web", {})
    assert (found["cpu"].warning_recovery, found["cpu"].critical_recovery) == (76, 85.5)
    assert (found["running_tasks"].warning_recovery, found["running_tasks"].critical_recovery) == (84, 63)


def test_a_recovery_that_no_value_can_reach_is_left_out() -> None:
    found = thresholds("web", {"running_tasks": AlertOverride(warning=100)})
    assert found["running_tasks"].warning_recovery is None  # 105 percent of the tasks never run
    assert found["unhealthy_targets"].warning_recovery is None  # nor do fewer than none fail


@pytest.mark.parametrize(
    ("kind", "name", "override", "expected"),
    [
        (
            "web",
            "cpu",
            AlertOverride(warning=95),
            (
                "",
                "warning 95, critical 90",
                "a warning that is less than critical, because cpu fires above its threshold; "
                "the defaults are 80 and 90 percent of the reserved CPU",
            ),
        ),
        (
            "worker",
            "running_tasks",
            AlertOverride(warning=50, critical=70),
            (
                "",
                "warning 50, critical 70",
                "a warning that is greater than critical, because running_tasks fires below its threshold; "
                "the defaults are 80 and 60 percent of the desired tasks",
            ),
        ),
        (
            "web",
            "latency_p95",
            AlertOverride(warning=3),
            (
                "",
                "warning 3, critical 3",
                "a warning that is less than critical, because latency_p95 fires above its threshold; "
                "the defaults are 1 and 3 seconds",
            ),
        ),
        ("web", "memory", AlertOverride(critical=120), (".critical", 120, "0 to 100 percent of the memory limit")),
        ("web", "error_rate", AlertOverride(warning=-1), (".warning", -1, "0 to 100 percent of the requests")),
        (
            "worker",
            "error_rate",
            AlertOverride(warning=1),
            ("", "error_rate", WORKERS),
        ),
        (
            "worker",
            "latency_p95",
            AlertOverride(disabled="has no requests"),
            ("", "latency_p95", WORKERS),
        ),
    ],
)
def test_an_override_that_cannot_be_applied(
    kind: Kind, name: AlertName, override: AlertOverride, expected: tuple[str, object, str]
) -> None:
    assert list(violations(kind, name, override)) == [expected]


LEVELS = st.floats(-10, 4000)


@given(
    name=st.sampled_from(tuple(alerts_of("web"))),
    levels=st.tuples(LEVELS, st.none()) | st.tuples(st.none(), LEVELS) | st.tuples(LEVELS, LEVELS),
)
def test_what_is_accepted_is_in_order(name: AlertName, levels: tuple[float | None, float | None]) -> None:
    override = AlertOverride(warning=levels[0], critical=levels[1])
    if any(violations("web", name, override)):
        return
    found = thresholds("web", {name: override})[name]
    all_levels = [found.warning_recovery, found.warning, found.critical_recovery, found.critical]
    recoveries = [(found.warning_recovery, found.warning), (found.critical_recovery, found.critical)]
    if found.fires == "above":
        assert found.warning < found.critical
        assert all(recovery is None or recovery < level for recovery, level in recoveries)
    else:
        assert found.warning > found.critical
        assert all(recovery is None or recovery > level for recovery, level in recoveries)
    assert all(level is None or ALERTS[name].lowest <= level <= ALERTS[name].highest for level in all_levels)
