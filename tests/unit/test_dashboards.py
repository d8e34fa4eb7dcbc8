"""Dashboards: accepted by Datadog's models, laid out without gaps, and asking for what the stack sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from datadog_api_client.v1.model.dashboard import Dashboard

from components.monitoring.environment_dashboard import EnvironmentDashboard, EnvironmentDashboardArgs
from components.monitoring.fleet_dashboard import FleetDashboard, FleetDashboardArgs
from components.monitoring.service_dashboard import ServiceDashboard, ServiceDashboardArgs
from components.monitoring.widgets import Row, dashboard, event_list, graph, monitors, note, slo, table, value
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


def shown(definition: dict[str, Any]) -> list[str]:
    """What a widget tells, a line each: its search, text or objective, its series, its thresholds and events."""
    lines = [str(definition[name]) for name in ("query", "content", "slo_id") if name in definition]
    for request in definition.get("requests", []):
        if request["response_format"] == "event_list":
            lines.append(request["query"]["query_string"])
            continue
        lines += [request["display_type"]] if "display_type" in request else []
        queries = {query["name"]: query["query"] for query in request["queries"]}
        for formula in request["formulas"]:
            asked = re.sub(r"\bq\d+\b", lambda match: queries[match[0]], formula["formula"])  # noqa: B023
            unit = formula.get("number_format", {}).get("unit", {}).get("unit_name", "")
            lines.append(f"{formula['alias']} = {asked}{f' in {unit}' if unit else ''}")
        lines += [
            f"{each['palette']} {each['comparator']} {each['value']}" for each in request.get("conditional_formats", [])
        ]
    lines += [
        f"{marker['label']} ({marker['display_type']}) {marker['value']}" for marker in definition.get("markers", [])
    ]
    lines += [f"events {event['q']}" for event in definition.get("events", [])]
    return lines


@PAGES
def test_what_a_page_shows(cloud: Cloud, kind: str) -> None:
    page = page_of(cloud, kind)
    told = {
        "title": page["title"],
        "description": page["description"],
        "tags": page["tags"],
        "groups": [
            {group: [{widget["definition"].get("title", "note"): shown(widget["definition"])} for widget in widgets]}
            for group, widgets in groups_of(page).items()
        ],
    }
    assert told == yaml.safe_load((Path(__file__).parent / "dashboards.yaml").read_text())[kind]


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


def test_widgets_of_fixed_shape() -> None:
    # https://docs.datadoghq.com/api/latest/dashboards/#create-a-new-dashboard
    assert note("text") == {
        "definition": {
            "type": "note",
            "content": "text",
            "background_color": "white",
            "font_size": "14",
            "text_align": "left",
            "vertical_align": "top",
            "show_tick": False,
            "has_padding": True,
        }
    }
    assert slo("t", "abc") == {
        "definition": {
            "type": "slo",
            "title": "t",
            "slo_id": "abc",
            "view_type": "detail",
            "view_mode": "overall",
            "time_windows": ["7d", "30d"],
            "show_error_budget": True,
        }
    }
    assert monitors("t", "env:stage") == {
        "definition": {
            "type": "manage_status",
            "title": "t",
            "query": "env:stage",
            "display_format": "countsAndList",
            "color_preference": "text",
            "hide_zero_counts": True,
            "show_last_triggered": True,
            "sort": "status,asc",
            "summary_type": "monitors",
        }
    }
    assert event_list("t", "source:slipway") == {
        "definition": {
            "type": "list_stream",
            "title": "t",
            "requests": [
                {
                    "response_format": "event_list",
                    "columns": [{"field": "timestamp", "width": "auto"}, {"field": "title", "width": "full"}],
                    "query": {"data_source": "event_stream", "query_string": "source:slipway", "event_size": "s"},
                }
            ],
        }
    }


def test_a_table_shows_every_group_and_draws_shares_as_bars() -> None:
    widget = table("t", S(query="avg:a{*}", label="a", unit="percent"), S(query="sum:b{*}.as_count()", label="b"))
    assert widget == {
        "definition": {
            "type": "query_table",
            "title": "t",
            "has_search_bar": "auto",
            "requests": [
                {
                    "response_format": "scalar",
                    "queries": [
                        {"data_source": "metrics", "name": "q0", "query": "avg:a{*}", "aggregator": "avg"},
                        {"data_source": "metrics", "name": "q1", "query": "sum:b{*}.as_count()", "aggregator": "sum"},
                    ],
                    "formulas": [
                        {
                            "formula": "q0",
                            "alias": "a",
                            "number_format": {"unit": {"type": "canonical_unit", "unit_name": "percent"}},
                            "cell_display_mode": "bar",
                            "limit": {"count": 500, "order": "desc"},
                        },
                        {"formula": "q1", "alias": "b"},
                    ],
                }
            ],
        }
    }
