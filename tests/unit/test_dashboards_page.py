"""`slipway dashboards`: every widget of a plan's dashboards in its place, with what it asks."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from components.widgets import Row, Series, dashboard, event_list, graph, note, objective
from slipway.dashboards import DASHBOARD, dashboards, page
from slipway.plan import Plan, Resource

PAGE = dashboard(
    "[stage] <gateway>",
    "The public API",
    {
        "Now": [Row(widgets=[note("Read **this**"), objective("Availability", "abc")])],
        "Signals": [
            Row(widgets=[graph("Latency", Series(query="max:p95{env:stage}", label="p95"), events="source:slipway")]),
            Row(widgets=[event_list("Events", "env:stage")]),
        ],
    },
    ["team:platform"],
)


def a_plan() -> Plan:
    resource = Resource(
        urn="urn:gateway-dashboard",
        type=DASHBOARD,
        name="gateway-dashboard",
        custom=True,
        inputs={"dashboard": json.dumps(PAGE)},
    )
    return Plan(stack="stage", resources=(resource,), exports={})


class Text(HTMLParser):
    """The text of a page, and whether its tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.styles += [value or "" for name, value in attrs if name == "style"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())


def read(html: str) -> Text:
    text = Text()
    text.feed(html)
    assert text.open == []
    return text


def test_dashboards_are_found_by_name() -> None:
    assert dashboards(a_plan()) == {"gateway-dashboard": PAGE}


def test_every_title_and_query_is_on_the_page() -> None:
    text = read(page({"stage": a_plan()})).text
    for expected in (
        "[stage] <gateway>",
        "The public API",
        "Read **this**",
        "Availability",
        "abc",
        "p95: max:p95{env:stage}",
        "events: source:slipway",
        "env:stage",
    ):
        assert expected in text


def test_widgets_stand_where_datadog_puts_them() -> None:
    assert read(page({"stage": a_plan()})).styles == [
        "grid-column: 1 / span 6; grid-row: 1 / span 3",
        "grid-column: 7 / span 6; grid-row: 1 / span 3",
        "grid-column: 1 / span 12; grid-row: 1 / span 3",
        "grid-column: 1 / span 12; grid-row: 4 / span 3",
    ]
