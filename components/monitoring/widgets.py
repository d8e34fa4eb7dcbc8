"""Small builders for Datadog dashboards: widgets as plain data, in rows of groups.

The shapes are those of https://docs.datadoghq.com/api/latest/dashboards/#create-a-new-dashboard. A dashboard
is twelve columns wide; a row shares them among its widgets, so that nobody counts cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Literal

Widget = dict[str, Any]
Unit = Literal["percent", "second", "byte", "request", "task", "message", "dollar"]

COLUMNS = 12
HEIGHT = 3
"""Of a row, in Datadog's cells."""
_EVERY_GROUP: Widget = {"count": 500, "order": "desc"}
"""Datadog shows ten where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a graph, or one column of a table: what a query gives."""

    query: str
    label: str
    unit: Unit | None = None
    """Its own, where it is not that of all."""

    @property
    def formula(self) -> str:
        return "$it"

    @property
    def queries(self) -> Mapping[str, str]:
        return {"it": self.query}


@dataclass(frozen=True, kw_only=True)
class Formula:
    """The same, computed of several queries: arithmetic and functions over their names, each with a `$` before it."""

    formula: str
    queries: Mapping[str, str]
    label: str
    unit: Unit | None = None


def counted(query: str, label: str) -> Formula:
    """A count, which is nothing where nothing happened."""
    return Formula(formula="default_zero($count)", queries={"count": query}, label=label)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A horizontal line in a graph, such as a threshold."""

    at: float
    label: str
    severity: Literal["warning", "error", "info"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Widgets side by side."""

    widgets: Sequence[Widget]
    height: int = HEIGHT


def dashboard(title: str, description: str, groups: Mapping[str, Sequence[Row]], tags: Sequence[str]) -> Widget:
    """A dashboard of titled groups, one below the other."""
    widgets, top = [], 0
    for group, rows in groups.items():
        inside = _placed(rows)
        # A group's own title takes one cell.
        height = sum(row.height for row in rows) + 1
        widgets.append(
            {
                "definition": {
                    "type": "group",
                    "layout_type": "ordered",
                    "title": group,
                    "show_title": True,
                    "widgets": inside,
                },
                "layout": {"x": 0, "y": top, "width": COLUMNS, "height": height},
            }
        )
        top += height
    return {
        "title": title,
        "description": description,
        "layout_type": "ordered",
        "reflow_type": "fixed",
        "tags": sorted(tags),
        "widgets": widgets,
    }


def graph(
    title: str,
    *series: Series | Formula,
    unit: Unit | None = None,
    style: Literal["line", "bars", "area"] = "line",
    lines: Sequence[Line] = (),
    events: str | None = None,
) -> Widget:
    """Series over time; `events` is a search whose events are drawn into it."""
    definition: Widget = {
        "type": "timeseries",
        "title": title,
        "show_legend": True,
        "legend_layout": "auto",
        "requests": [
            {
                "response_format": "timeseries",
                "display_type": style,
                **_queries(series, unit, single=False),
            }
        ],
    }
    if lines:
        definition["markers"] = [
            {
                "value": f"y = {line.at:g}",
                "label": line.label,
                "display_type": f"{line.severity} dashed",
            }
            for line in lines
        ]
    if events:
        definition["events"] = [{"q": events}]
    return {"definition": definition}


def value(
    title: str,
    series: Series | Formula,
    *,
    unit: Unit | None = None,
    better: Literal["low", "high"] | None = None,
    warning: float | None = None,
    critical: float | None = None,
) -> Widget:
    """One number, coloured by its thresholds."""
    formats: list[Widget] = []
    if better is not None and warning is not None and critical is not None:
        worse = ">" if better == "low" else "<"
        formats = [
            {"comparator": worse, "value": critical, "palette": "white_on_red"},
            {"comparator": worse, "value": warning, "palette": "white_on_yellow"},
            {"comparator": "<=" if better == "low" else ">=", "value": warning, "palette": "white_on_green"},
        ]
    request = {"response_format": "scalar", "conditional_formats": formats, **_queries([series], unit, single=True)}
    return {
        "definition": {
            "type": "query_value",
            "title": title,
            "autoscale": True,
            "precision": 2,
            "requests": [request],
        }
    }


def table(title: str, *series: Series | Formula, unit: Unit | None = None) -> Widget:
    """One row for each group of the queries, one column for each series."""
    request: Widget = {"response_format": "scalar", **_queries(series, unit, single=True)}
    for formula, one in zip(request["formulas"], series, strict=True):
        if (one.unit or unit) == "percent":
            formula["cell_display_mode"] = "bar"
    request["formulas"][0]["limit"] = _EVERY_GROUP
    return {"definition": {"type": "query_table", "title": title, "has_search_bar": "auto", "requests": [request]}}


def top(title: str, series: Series | Formula, *, unit: Unit | None = None) -> Widget:
    """The groups of a query by size."""
    request: Widget = {"response_format": "scalar", **_queries([series], unit, single=True)}
    request["formulas"][0]["limit"] = _EVERY_GROUP
    return {"definition": {"type": "toplist", "title": title, "requests": [request]}}


def monitors(title: str, search: str) -> Widget:
    """The state of the monitors that a search finds."""
    return {
        "definition": {
            "type": "manage_status",
            "title": title,
            "query": search,
            "display_format": "countsAndList",
            "color_preference": "text",
            "hide_zero_counts": True,
            "show_last_triggered": True,
            "sort": "status,asc",
            "summary_type": "monitors",
        }
    }


def slo(title: str, slo_id: str) -> Widget:
    """An SLO and its error budget."""
    return {
        "definition": {
            "type": "slo",
            "title": title,
            "view_type": "detail",
            "view_mode": "overall",
            "time_windows": ["7d", "30d"],
            "show_error_budget": True,
            "slo_id": slo_id,
        }
    }


def event_list(title: str, search: str) -> Widget:
    """The events that a search finds, the newest first."""
    return {
        "definition": {
            "type": "list_stream",
            "title": title,
            "requests": [
                {
                    "response_format": "event_list",
                    "columns": [
                        {"field": "timestamp", "width": "auto"},
                        {"field": "title", "width": "full"},
                    ],
                    "query": {"data_source": "event_stream", "query_string": search, "event_size": "s"},
                }
            ],
        }
    }


def note(text: str) -> Widget:
    """Text in Markdown."""
    return {
        "definition": {
            "type": "note",
            "content": text,
            "background_color": "white",
            "font_size": "14",
            "text_align": "left",
            "vertical_align": "top",
            "show_tick": False,
            "has_padding": True,
        }
    }


def _placed(rows: Sequence[Row]) -> list[Widget]:
    placed, y = [], 0
    for row in rows:
        width, rest = divmod(COLUMNS, len(row.widgets))
        x = 0
        for index, widget in enumerate(row.widgets):
            own = width + (1 if index < rest else 0)
            placed.append({**widget, "layout": {"x": x, "y": y, "width": own, "height": row.height}})
            x += own
        y += row.height
    return placed


def _queries(series: Sequence[Series | Formula], unit: Unit | None, *, single: bool) -> Widget:
    names: dict[str, str] = {}
    formulas: list[Widget] = []
    for one in series:
        known = {key: names.setdefault(query, f"q{len(names)}") for key, query in one.queries.items()}
        formula: Widget = {"formula": Template(one.formula).substitute(known), "alias": one.label}
        if own := one.unit or unit:
            formula["number_format"] = {"unit": {"type": "canonical_unit", "unit_name": own}}
        formulas.append(formula)
    queries: list[Widget] = []
    for query, name in names.items():
        # One value of many: counts add up.
        aggregated = {"aggregator": "sum" if query.endswith(".as_count()") else "avg"} if single else {}
        queries.append({"data_source": "metrics", "name": name, "query": query, **aggregated})
    return {"queries": queries, "formulas": formulas}
