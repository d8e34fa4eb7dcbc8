"""The dashboards of plans as one HTML page: their layout, titles and queries, to be read without Datadog.

What a widget asks for, its thresholds and its place are the plan's. The curves, bars and rows are drawn to show what
kind of widget it is: only Datadog has numbers.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from markupsafe import Markup

from slipway import pages
from slipway.plan import Plan

DASHBOARD = "datadog:index/dashboardJson:DashboardJson"

Json = Mapping[str, Any]

_COLOURS = ("#632ca6", "#3598db", "#2a9d5c", "#e0903c", "#d64f6b", "#5c6f82", "#8a6d3b")
_WIDTH, _HEIGHT = 300, 70  # of a drawing, in its own units

# What Datadog calls a widget, and what people do.
_KINDS = {
    "list_stream": "events",
    "manage_status": "monitors",
    "note": "note",
    "query_table": "table",
    "query_value": "number",
    "slo": "objective",
    "timeseries": "graph",
    "toplist": "top list",
}

_STYLE = """
:root { color-scheme: light dark; --page: light-dark(#f4f4f7, #16161c); --card: light-dark(#fff, #212129);
  --line: light-dark(#dcdce3, #3a3a46); --soft: light-dark(#6b6b78, #9c9ca9); --mark: light-dark(#eeeef3, #2c2c36); }
* { box-sizing: border-box; }
body { background: var(--page); display: grid; font: 14px/1.45 system-ui, sans-serif; grid-template-columns: 230px 1fr;
  margin: 0; }
aside { background: var(--card); border-right: 1px solid var(--line); height: 100vh; overflow: auto; padding: 1rem;
  position: sticky; top: 0; }
aside h1 { font-size: 17px; margin: 0 0 .3rem; }
aside p { color: var(--soft); font-size: 12px; margin: 0 0 1rem; }
aside summary { cursor: pointer; font-weight: 600; margin-top: .6rem; }
aside a { border-radius: 5px; color: inherit; display: block; padding: .1rem .6rem; text-decoration: none; }
aside a:hover, aside a:focus { background: var(--mark); }
main { max-width: 1500px; min-width: 0; padding: 1rem 1.4rem 4rem; width: 100%; }
section { display: none; scroll-margin-top: 1rem; }
section:target, main:not(:has(:target)) section:first-of-type { display: block; }
h2 { font-size: 22px; margin: 0; }
h3 { border-bottom: 1px solid var(--line); font-size: 15px; margin: 1.6rem 0 .6rem; padding-bottom: .25rem; }
.about { color: var(--soft); margin: .1rem 0 0; }
.grid { display: grid; gap: 8px; grid-auto-rows: minmax(52px, auto); grid-template-columns: repeat(12, 1fr); }
.widget { background: var(--card); border: 1px solid var(--line); border-radius: 7px; min-width: 0;
  padding: .55rem .7rem .6rem; }
.widget h4 { display: flex; font-size: 13px; gap: .5rem; margin: 0 0 .35rem; }
.widget h4 small { color: var(--soft); font-weight: 400; margin-left: auto; white-space: nowrap; }
.widget p { margin: 0 0 .5rem; }
svg { display: block; height: 70px; margin-bottom: .4rem; width: 100%; }
.graph { position: relative; }
.graph span { font-size: 10px; line-height: 12px; position: absolute; right: 0; }
ul { list-style: none; margin: 0; padding: 0; }
li { font-size: 12px; margin-top: .3rem; padding-left: 1rem; position: relative; }
li i { border-radius: 2px; height: 9px; left: 0; position: absolute; top: .28rem; width: 9px; }
code { color: var(--soft); display: block; font-size: 11px; line-height: 1.35; overflow-wrap: anywhere; }
code b { color: light-dark(#1c1c24, #f0f0f5); font-weight: 600; }
table { border-collapse: collapse; margin-bottom: .4rem; width: 100%; }
th { font-size: 11px; font-weight: 600; text-align: left; }
td { border-top: 1px solid var(--line); height: 15px; padding-right: .8rem; }
td span, .bar { background: var(--mark); border-radius: 2px; display: block; height: 8px; }
.bar { height: 11px; margin-bottom: 4px; }
.chip { border-radius: 9px; color: #fff; display: inline-block; font-size: 11px; margin: 0 .3rem .3rem 0;
  padding: .05rem .55rem; }
.big { font-size: 30px; font-weight: 300; line-height: 1; }
@media (max-width: 800px) { body { display: block; } aside { height: auto; position: static; }
  .grid { display: block; } .widget { margin-bottom: 8px; } }
@media print { body { display: block; } aside { display: none; } section { break-after: page; display: block; }
  .widget { break-inside: avoid; } }
"""

_CHIPS = {"red": "#c9302c", "yellow": "#b8860b", "green": "#2a9d5c", "grey": "#7a7a87"}


def dashboards(plan: Plan) -> dict[str, dict[str, Any]]:
    """Every dashboard of the plan by its resource's name, as the API gets it."""
    return {r.name: json.loads(r.inputs["dashboard"]) for r in plan.resources if r.type == DASHBOARD}


def page(stacks: Mapping[str, Mapping[str, Json]]) -> str:
    """One self-contained page of the dashboards of these stacks, by stack and name."""
    sections, links = [], []
    for number, (stack, known) in enumerate(stacks.items()):
        links.append(f"<details{'' if number else ' open'}><summary>{escape(stack)}</summary>")
        # Those of the whole environment first.
        for name in sorted(known, key=lambda name: (name not in ("fleet-dashboard", "environment-dashboard"), name)):
            dashboard, anchor = known[name], escape(f"{stack}-{name}")
            title = escape(dashboard["title"])
            links.append(f'<a href="#{anchor}">{title.removeprefix(f"[{escape(stack)}] ")}</a>')
            groups = "\n".join(_group(group) for group in dashboard["widgets"])
            sections.append(
                f'<section id="{anchor}"><h2>{title}</h2>'
                f'<p class="about">{escape(dashboard["description"])}</p>\n{groups}\n</section>'
            )
        links.append("</details>")
    count = len(sections)
    body = (
        f"<aside><h1>Dashboards</h1><p>{count} of them, as Datadog gets them: layout, titles, queries and thresholds. "
        f"Curves, bars and rows are samples.</p><nav>{''.join(links)}</nav></aside>\n"
        f"<main>{''.join(sections) or '<p>None of these stacks has a dashboard.</p>'}</main>"
    )
    return pages.page("Dashboards", Markup(body), style=_STYLE, style_attributes=True)


def _group(group: Json) -> str:
    definition = group["definition"]
    widgets = "\n".join(_widget(widget) for widget in definition["widgets"])
    return f'<h3>{escape(definition["title"])}</h3>\n<div class="grid">\n{widgets}\n</div>'


def _widget(widget: Json) -> str:
    layout, definition = widget["layout"], widget["definition"]
    place = (
        f"grid-column: {layout['x'] + 1} / span {layout['width']}; "
        f"grid-row: {layout['y'] + 1} / span {layout['height']}"
    )
    kind = definition["type"]
    title = escape(definition.get("title", "")) or "About"
    units = dict.fromkeys(unit for _, _, unit in _series(definition) if unit)
    what = ", ".join([_KINDS.get(kind, kind), *units])
    said = "".join(f"<li>{line}</li>" for line in _said(definition))
    return (
        f'<div class="widget" style="{place}"><h4>{title}<small>{escape(what)}</small></h4>'
        f"{_drawing(kind, definition)}<ul>{said}</ul></div>"
    )


# What a widget asks ---------------------------------------------------------------------------------------------------


def _series(definition: Json) -> Iterator[tuple[str, str, str]]:
    """Label, formula with its queries in place, and unit of each series."""
    for request in definition.get("requests", []):
        queries = {query["name"]: query["query"] for query in request.get("queries", [])}
        for formula in request.get("formulas", []):
            whole = re.sub(r"\bq[0-9]+\b", lambda match, known=queries: known[match[0]], formula["formula"])
            unit = formula.get("number_format", {}).get("unit", {}).get("unit_name", "")
            yield formula.get("alias", ""), whole, unit


def _said(definition: Json) -> Iterator[str]:
    """What a widget asks for or draws, line by line."""
    for number, (label, formula, _) in enumerate(_series(definition)):
        colour = _COLOURS[number % len(_COLOURS)]
        yield f'<i style="background: {colour}"></i>{escape(label)}<code>{_code(formula)}</code>'
    searches = [request["query"]["query_string"] for request in definition.get("requests", []) if "query" in request]
    searches += [event["q"] for event in definition.get("events", [])]
    if "query" in definition:
        searches.append(definition["query"])
    named = {"manage_status": "monitors"}.get(definition["type"], "events")
    yield from (f"{named}<code>{escape(search)}</code>" for search in searches)
    if "slo_id" in definition:
        yield f"objective<code>{escape(definition['slo_id'])}</code>"


def _code(formula: str) -> str:
    """With the metrics' names in bold, because the scopes are longer."""
    named = re.sub(r"((?:avg|max|min|sum):)([\w.]+)(?=\{)", r"\1<b>\2</b>", escape(formula))
    return re.sub(r"(?<=[,{.])(?=[\w$])", "<wbr>", named)


# What it looks like ---------------------------------------------------------------------------------------------------


def _drawing(kind: str, definition: Json) -> str:
    match kind:
        case "timeseries":
            return _graph(definition)
        case "query_table":
            series = list(_series(definition))
            columns = [*_groups(series[0][1]), *(label for label, _, _ in series)]
            heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
            rows = "".join(f"<tr>{_cells(row, len(columns))}</tr>" for row in range(3))
            return f"<table><tr>{heads}</tr>{rows}</table>"
        case "toplist" | "list_stream":
            widths = (92, 71, 44, 18) if kind == "toplist" else (62, 48, 70)
            return "".join(f'<div class="bar" style="width: {width}%"></div>' for width in widths)
        case "query_value":
            return f'<p><span class="big">&ndash;</span></p><p>{_conditions(definition)}</p>'
        case "manage_status":
            states = {"alert": "red", "warn": "yellow", "no data": "grey", "ok": "green"}
            return f"<p>{''.join(_chip(state, colour) for state, colour in states.items())}</p>"
        case "slo":
            return f"<p>{''.join(_chip(window, 'green') for window in definition['time_windows'])} error budget</p>"
        case "note":
            return _markdown(definition["content"])
        case _:
            return ""


def _graph(definition: Json) -> str:
    """Sample curves below each other, and every threshold as a line."""
    bars = definition["requests"][0]["display_type"] == "bars"
    drawn = []
    for number, (label, formula, _) in enumerate(_series(definition)):
        colour, heights = _COLOURS[number % len(_COLOURS)], _heights(label + formula)
        step = _WIDTH / len(heights)
        if bars:
            drawn.extend(
                f'<rect x="{step * at:.1f}" y="{_HEIGHT - high / (number + 1):.1f}" width="{step - 2:.1f}" '
                f'height="{high / (number + 1):.1f}" fill="{colour}" opacity=".75"/>'
                for at, high in enumerate(heights)
            )
        else:
            points = " ".join(f"{step * (at + 0.5):.1f},{_HEIGHT - high:.1f}" for at, high in enumerate(heights))
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    labels = []
    for number, marker in enumerate(reversed(definition.get("markers", []))):
        colour, y = _CHIPS["red" if marker["display_type"].startswith("error") else "yellow"], 12 + 15 * number
        drawn.append(f'<line x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="{colour}" stroke-dasharray="4 3"/>')
        text = f"{escape(marker['label'])}: {escape(marker['value'])}"
        labels.append(f'<span style="color: {colour}; top: {y - 13}px">{text}</span>')
    shape = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none"'
    svg = f'<svg {shape} role="img" aria-label="sample">{"".join(drawn)}</svg>'
    return f'<div class="graph">{svg}{"".join(labels)}</div>'


def _heights(seed: str) -> list[float]:
    """The same curve for the same series."""
    phase = zlib.crc32(seed.encode()) % 628 / 100
    return [16 + 9 * math.sin(phase + at / 2.3) + 5 * math.sin(phase * 3 + at) for at in range(24)]


def _groups(formula: str) -> list[str]:
    """What a query has one row for each of."""
    found = re.search(r" by \{([\w,]+)\}", formula)
    return found[1].split(",") if found else []


def _cells(row: int, columns: int) -> str:
    return "".join(
        f'<td><span style="width: {30 + 60 * abs(math.sin(row * 7 + column * 3)):.0f}%"></span></td>'
        for column in range(columns)
    )


def _conditions(definition: Json) -> str:
    """From the worst to the best."""
    return "".join(
        _chip(f"{condition['comparator']} {condition['value']:g}", condition["palette"].rpartition("_")[2])
        for request in definition["requests"]
        for condition in request["conditional_formats"]
    )


def _chip(text: str, colour: str) -> str:
    return f'<span class="chip" style="background: {_CHIPS[colour]}">{escape(text)}</span>'


def _markdown(text: str) -> str:
    """Paragraphs, bold text and links: what the notes have."""
    marked = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    marked = re.sub(r"\[(.+?)\]\((https://[^)\s]+)\)", r'<a href="\2">\1</a>', marked)
    return "".join(f"<p>{paragraph}</p>" for paragraph in marked.split("\n\n"))
