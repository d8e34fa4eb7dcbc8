"""`slipway dashboards`: every widget of a plan's dashboards in its place, with what it asks."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.widgets import (
    Formula,
    Line,
    Row,
    Series,
    dashboard,
    event_list,
    graph,
    note,
    objective,
    table,
    value,
)
from slipway.cli import app
from slipway.dashboards import DASHBOARD, dashboards, page
from slipway.plan import Plan, Resource
from tests.projects import ROOT

RATE = Formula(
    formula="100 * $failed / ($all + 1)",
    queries={"failed": "sum:failed{env:stage}.as_count()", "all": "sum:all{env:stage}.as_count()"},
    label="5xx",
)
P95 = Series(query="max:p95{env:stage}", label="p95")
PAGE = dashboard(
    "[stage] <gateway>",
    "The public API",
    {
        "Now": [
            Row(
                widgets=[
                    note("Read **this**\n\n[Runbook](https://wiki.acme.example/gateway)"),
                    objective("Availability", "abc"),
                ]
            )
        ],
        "Signals": [
            Row(
                widgets=[
                    graph(
                        "Latency", P95, events="source:slipway", lines=[Line(at=3, label="critical", severity="error")]
                    ),
                    value("Errors", RATE, better="low", warning=1, critical=5),
                ]
            ),
            Row(
                widgets=[
                    table("Hosts", Series(query="avg:cpu{env:stage} by {cluster,host}", label="CPU"), unit="percent"),
                    event_list("Events", "env:stage"),
                ]
            ),
        ],
    },
    ["team:platform"],
)
KINDS = ("note", "objective", "graph", "number", "table, percent", "events")


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
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "wbr"):
            self.open.append(tag)
        self.styles += [value or "" for name, value in attrs if name == "style"]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data)


def read(html: str) -> Text:
    text = Text()
    text.feed(html)
    assert text.open == []
    return text


def test_dashboards_are_found_by_name() -> None:
    assert dashboards(a_plan()) == {"gateway-dashboard": PAGE}


def the_page() -> Text:
    return read(page({"stage": dashboards(a_plan())}))


def test_every_title_and_query_is_on_the_page() -> None:
    text = "".join(the_page().text)
    for expected in (
        "[stage] <gateway>",
        "The public API",
        "Read this",
        "Availability",
        "abc",
        "p95max:p95{env:stage}",
        "100 * sum:failed{env:stage}.as_count() / (sum:all{env:stage}.as_count() + 1)",
        "eventssource:slipway",
        "critical: y = 3",
        "env:stage",
    ):
        assert expected in text


def test_a_table_has_a_column_for_each_group_and_each_series() -> None:
    text = the_page().text
    start = text.index("Hosts")
    assert text[start : start + 5] == ["Hosts", "table, percent", "cluster", "host", "CPU"]


def test_widgets_stand_where_datadog_puts_them() -> None:
    placed = [style for style in the_page().styles if "grid-column" in style]
    assert placed == [
        "grid-column: 1 / span 6; grid-row: 1 / span 3",
        "grid-column: 7 / span 6; grid-row: 1 / span 3",
        "grid-column: 1 / span 6; grid-row: 1 / span 3",
        "grid-column: 7 / span 6; grid-row: 1 / span 3",
        "grid-column: 1 / span 6; grid-row: 4 / span 3",
        "grid-column: 7 / span 6; grid-row: 4 / span 3",
    ]


def test_links_lead_to_sections_and_runbooks() -> None:
    links = the_page().links
    assert links == ["#stage-gateway-dashboard", "https://wiki.acme.example/gateway"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_widget_is_named_as_people_do(kind: str) -> None:
    assert any(kind in text for text in the_page().text)


def test_the_command_writes_the_page_of_the_stacks_that_have_dashboards(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["dashboards", "ops", "dev", "--root", str(ROOT), "--out", str(file)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"20 dashboards of dev: {file}\n"
    text = "".join(read(file.read_text()).text)
    for name in ("[dev] environment", "[dev] services", "[dev] gateway", "[dev] ledger", "[dev] digest"):
        assert name in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "stack 'nowhere' has no file Pulumi.nowhere.yaml"),
        (["ops", "--out", "/nowhere/page.html"], "cannot be written: No such file or directory. Name another file"),
    ],
)
def test_what_the_command_cannot_do_it_says(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["dashboards", *arguments, "--root", str(ROOT)])
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
