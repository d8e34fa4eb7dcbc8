"""The dashboards of a plan as one HTML page: their layout, titles and queries, to be read without Datadog."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from slipway.plan import Plan

DASHBOARD = "datadog:index/dashboardJson:DashboardJson"

_ROW_PIXELS = 56
_STYLE = f"""
:root {{ color-scheme: light dark; --line: #8886; --soft: #8882; }}
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }}
h2 {{ margin: 3rem 0 0; }}
nav a {{ margin-right: 1rem; }}
.grid {{ display: grid; grid-template-columns: repeat(12, 1fr); grid-auto-rows: {_ROW_PIXELS}px; gap: 6px; }}
.widget {{ border: 1px solid var(--line); border-radius: 6px; overflow: auto; padding: .4rem .6rem; }}
.widget b {{ display: block; }}
.widget i {{ font-size: 11px; opacity: .7; }}
.widget code {{ background: var(--soft); display: block; font-size: 11px; margin-top: 3px;
  overflow-wrap: anywhere; padding: 2px 4px; }}
@media (max-width: 700px) {{ .grid {{ display: block; }} .widget {{ margin-bottom: 6px; }} }}
"""


def dashboards(plan: Plan) -> dict[str, dict[str, Any]]:
    """Every dashboard of the plan by its resource's name, as the API gets it."""
    return {r.name: json.loads(r.inputs["dashboard"]) for r in plan.resources if r.type == DASHBOARD}


def page(plans: Mapping[str, Plan]) -> str:
    """One self-contained page of the dashboards of these stacks, by stack."""
    parts, links = [], []
    for stack, plan in plans.items():
        for name, dashboard in sorted(dashboards(plan).items()):
            anchor = escape(f"{stack}-{name}")
            links.append(f'<a href="#{anchor}">{escape(dashboard["title"])}</a>')
            parts.append(f'<h2 id="{anchor}">{escape(dashboard["title"])}</h2>')
            parts.append(f"<p>{escape(dashboard['description'])}</p>")
            parts.extend(_group(group) for group in dashboard["widgets"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Dashboards</title><style>{_STYLE}</style></head><body><h1>Dashboards</h1>\n"
        f"<nav>{' '.join(links)}</nav>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _group(group: Mapping[str, Any]) -> str:
    definition = group["definition"]
    widgets = "\n".join(_widget(widget) for widget in definition["widgets"])
    return f'<h3>{escape(definition["title"])}</h3>\n<div class="grid">\n{widgets}\n</div>'


def _widget(widget: Mapping[str, Any]) -> str:
    layout, definition = widget["layout"], widget["definition"]
    place = (
        f"grid-column: {layout['x'] + 1} / span {layout['width']}; "
        f"grid-row: {layout['y'] + 1} / span {layout['height']}"
    )
    said = "".join(f"<code>{escape(line)}</code>" for line in _lines(definition))
    title = escape(definition.get("title", "note"))
    return f'<div class="widget" style="{place}"><b>{title}</b><i>{escape(definition["type"])}</i>{said}</div>'


def _lines(definition: Mapping[str, Any]) -> Iterator[str]:
    """What a widget asks or says."""
    for request in definition.get("requests", []):
        labels = [formula.get("alias", "") for formula in request.get("formulas", [])]
        for query, label in zip(request.get("queries", []), labels, strict=True):
            yield f"{label}: {query['query']}"
        if "query" in request:
            yield request["query"]["query_string"]
    for marker in definition.get("markers", []):
        yield f"{marker['label']}: {marker['value']}"
    for event in definition.get("events", []):
        yield f"events: {event['q']}"
    for key in ("query", "slo_id", "content"):
        if isinstance(definition.get(key), str):
            yield definition[key]
