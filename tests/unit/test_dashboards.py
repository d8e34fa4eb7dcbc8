"""Dashboards: accepted by Datadog's models, laid out without gaps, and asking for what the stack sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from datadog_api_client.v1.model.dashboard import Dashboard

from components.monitoring.environment_dashboard import EnvironmentDashboard, EnvironmentDashboardArgs
from components.monitoring.fleet_dashboard import FleetDashboard, FleetDashboardArgs
from components.monitoring.service_dashboard import ServiceDashboard, ServiceDashboardArgs
from components.monitoring.widgets import Row, dashboard, graph, note, value
from components.monitoring.widgets import Series as S
from config.alerts import Kind
from tests.cloud import Cloud
from tests.datadog_models import accepted
from tests.unit.examples import a_service

PAGE = "datadog:index/dashboardJson:DashboardJson"


def service(kind: Kind = "web") -> ServiceDashboardArgs:
    changes = {"queue": "mails"} if kind == "worker" else {}
    return ServiceDashboardArgs(
        service=a_service(kind, **changes),
        environment="stage",
        target_groups=["targetgroup/gateway-tg/1"] if kind == "web" else [],
        slo_id="abc123" if kind == "web" else None,
    )


def page_of(cloud: Cloud, kind: str) -> dict[str, Any]:
    """The page of a service of this kind, of the environment, or of the fleet."""
    if kind == "environment":
        args = EnvironmentDashboardArgs(environment="stage", owner="platform", clusters=["api", "app"])
        cloud.deploy(lambda: EnvironmentDashboard("environment", args))
    elif kind == "fleet":
        cloud.deploy(lambda: FleetDashboard("fleet", FleetDashboardArgs(environment="stage", owner="platform")))
    else:
        cloud.deploy(lambda: ServiceDashboard("gateway", service(kind)))  # type: ignore[arg-type]
    page: dict[str, Any] = json.loads(cloud.one(PAGE)["dashboard"])
    return page


def groups_of(page: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {group["definition"]["title"]: group["definition"]["widgets"] for group in page["widgets"]}


def queries_of(page: dict[str, Any]) -> Iterator[str]:
    for widgets in groups_of(page).values():
        for widget in widgets:
            for request in widget["definition"].get("requests", []):
                yield from (query["query"] for query in request.get("queries", []))


PAGES = pytest.mark.parametrize("kind", ["web", "worker", "job", "environment", "fleet"])


@PAGES
def test_datadog_accepts_the_page(cloud: Cloud, kind: str) -> None:
    accepted(page_of(cloud, kind), Dashboard)


@PAGES
def test_every_query_is_of_this_environment(cloud: Cloud, kind: str) -> None:
    queries = list(queries_of(page_of(cloud, kind)))
    assert queries
    for query in queries:
        scopes = re.findall(r"\{(env:[^}]+)\}", query)
        assert scopes, query
        assert all(re.match(r"env:stage(,|$)", scope) for scope in scopes), query
        # What is not a scope is a grouping.
        assert len(re.findall(r"\{", query)) == len(scopes) + query.count(" by {"), query


@PAGES
def test_the_widgets_of_a_row_fill_it(cloud: Cloud, kind: str) -> None:
    page = page_of(cloud, kind)
    top = 0
    for group in page["widgets"]:
        layout = group["layout"]
        assert (layout["x"], layout["y"], layout["width"]) == (
            0,
            top,
            12,
        )  # https://docs.datadoghq.com/dashboards/#layouts
        top += layout["height"]
        rows: dict[int, list[dict[str, int]]] = {}
        for widget in group["definition"]["widgets"]:
            rows.setdefault(widget["layout"]["y"], []).append(widget["layout"])
        for row in rows.values():
            assert sum(cell["width"] for cell in row) == 12
            assert len({cell["height"] for cell in row}) == 1
        assert sum(row[0]["height"] for row in rows.values()) + 1 == layout["height"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("web", ["Now", "Golden signals", "Saturation", "Deploys and tasks"]),
        ("worker", ["Now", "Saturation", "Queue", "Deploys and tasks"]),
        ("job", ["Now", "Runs", "Deploys and tasks"]),
        ("environment", ["Environment", "Cluster api", "Cluster app", "Money"]),
        ("fleet", ["Now", "Services", "Changes"]),
    ],
)
def test_the_groups_of_a_page(cloud: Cloud, kind: str, expected: list[str]) -> None:
    assert list(groups_of(page_of(cloud, kind))) == expected


def test_the_objective_stands_on_the_page_of_a_web_service(cloud: Cloud) -> None:
    widgets = groups_of(page_of(cloud, "web"))["Now"]
    assert [widget["definition"]["slo_id"] for widget in widgets if "slo_id" in widget["definition"]] == ["abc123"]


def test_thresholds_are_drawn_where_the_monitors_fire(cloud: Cloud) -> None:
    (latency,) = (
        widget["definition"]
        for widget in groups_of(page_of(cloud, "web"))["Golden signals"]
        if widget["definition"]["title"] == "Latency"
    )
    assert latency["markers"] == [
        {"value": "y = 1", "label": "warning", "display_type": "warning dashed"},
        {"value": "y = 3", "label": "critical", "display_type": "error dashed"},
    ]
    assert latency["events"] == [{"q": "source:slipway env:stage service:gateway"}]


def test_a_page_is_a_child_and_tells_its_path(cloud: Cloud) -> None:
    page_of(cloud, "web")
    (component,) = cloud.all("slipway:datadog:ServiceDashboard")
    assert cloud.get(PAGE).parent == component.urn
    assert cloud.outputs[component.urn] == {"path": "${gateway-dashboard.url}"}


def test_a_row_of_five_shares_twelve_columns() -> None:
    page = dashboard("t", "d", {"g": [Row(widgets=[note(str(number)) for number in range(5)])]}, ["team:x"])
    layouts = [widget["layout"] for widget in page["widgets"][0]["definition"]["widgets"]]
    assert [(cell["x"], cell["width"]) for cell in layouts] == [(0, 3), (3, 3), (6, 2), (8, 2), (10, 2)]


def test_a_number_is_red_beyond_its_critical_threshold() -> None:
    request = value("v", S(query="avg:x{*}", label="x"), better="high", warning=80, critical=60)
    assert request["definition"]["requests"][0]["conditional_formats"] == [
        {"comparator": "<", "value": 60, "palette": "white_on_red"},
        {"comparator": "<", "value": 80, "palette": "white_on_yellow"},
        {"comparator": ">=", "value": 80, "palette": "white_on_green"},
    ]


def test_a_graph_asks_each_series_under_its_label() -> None:
    request = graph("g", S(query="avg:a{*}", label="a"), S(query="avg:b{*}", label="b"), unit="second")
    assert request["definition"]["requests"] == [
        {
            "response_format": "timeseries",
            "display_type": "line",
            "queries": [
                {"data_source": "metrics", "name": "q0", "query": "avg:a{*}"},
                {"data_source": "metrics", "name": "q1", "query": "avg:b{*}"},
            ],
            "formulas": [
                {
                    "formula": "q0",
                    "alias": "a",
                    "number_format": {"unit": {"type": "canonical_unit", "unit_name": "second"}},
                },
                {
                    "formula": "q1",
                    "alias": "b",
                    "number_format": {"unit": {"type": "canonical_unit", "unit_name": "second"}},
                },
            ],
        }
    ]
