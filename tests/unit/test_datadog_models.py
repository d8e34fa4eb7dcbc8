"""The judge of Datadog resources must itself notice what is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from datadog_api_client.exceptions import ApiTypeError
from datadog_api_client.v1.model.dashboard import Dashboard

from components.monitoring.widgets import Row, Series, dashboard, graph
from tests.datadog_models import accepted, monitor

PAGE = dashboard("t", "d", {"g": [Row(widgets=[graph("g", Series(query="avg:a{*}", label="a"), unit="percent")])]}, [])
MONITOR = {
    "name": "n",
    "type": "query alert",
    "query": "avg(last_5m):avg:a{*} > 5",
    "message": "m",
    "monitorThresholds": {"critical": "5"},
    "evaluationDelay": 900.0,
    "onMissingData": "resolve",
    "priority": "3",
}


def test_a_right_page_and_a_right_monitor_pass() -> None:
    accepted(PAGE, Dashboard)
    assert monitor(MONITOR).options.evaluation_delay == 900


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ((), {"bogus": 1}),
        ((), {"type": "timeseriez"}),
        (("requests", 0), {"display_type": "lin"}),
        (("requests", 0), {"bogus": 1}),
        (("requests", 0, "queries", 0), {"bogus": 1}),
        (("requests", 0, "formulas", 0), {"formula": 1}),
    ],
    ids=["key", "type", "enumeration", "key of a request", "key of a query", "value of a formula"],
)
def test_a_wrong_page_fails(path: tuple[str | int, ...], wrong: dict[str, Any]) -> None:
    page = copy.deepcopy(PAGE)
    part: Any = page["widgets"][0]["definition"]["widgets"][0]["definition"]
    for step in path:
        part = part[step]
    part.update(wrong)
    with pytest.raises((AssertionError, ApiTypeError)):
        accepted(page, Dashboard)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "queri alert"},
        {"onMissingData": "nothing"},
        {"evaluationDelay": "soon"},
        {"bogus": 1},
        {"monitorThresholds": {"criticl": "5"}},
        {"query": 5},
    ],
    ids=str,
)
def test_a_wrong_monitor_fails(wrong: dict[str, Any]) -> None:
    with pytest.raises((AssertionError, ApiTypeError)):
        monitor(MONITOR | wrong)
