"""The catalogue of a company's stacks: what it says is what the configuration says, and it says it every time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from plan.model import Plan
from slipway import configuration
from slipway.catalogue import Service, catalogue, markdown, to_json
from tests import projects

STACKS = ("dev", "stage", "prod", "ops")


@pytest.fixture(scope="module")
def planned() -> dict[str, Plan]:
    return {stack: projects.planned()[stack] for stack in STACKS}


@pytest.fixture(scope="module")
def services(planned: dict[str, Plan]) -> dict[str, Service]:
    return {service.name: service for service in catalogue(planned)}


def test_environments_come_in_the_order_of_a_release() -> None:
    assert configuration.stacks(projects.project()) == ["dev", "stage", "prod"]


@projects.each_company
def test_every_service_in_every_environment_is_there(of: Path) -> None:
    services, files = {service.name: service for service in catalogue(projects.planned(of))}, projects.services(of)
    assert services.keys() == files.keys()
    for stack in projects.platform(of)["environments"]:
        config = projects.stack_config(of, stack)["slipway:services"]
        assert {name for name, service in services.items() if stack in service.environments} == config.keys()
        for name, said in config.items():
            running, tasks = services[name].environments[stack], said.get("tasks", "")
            assert running.version == said["version"]
            assert running.tasks == (f"{tasks['min']}-{tasks['max']}" if isinstance(tasks, dict) else str(tasks))
    for name, said in files.items():
        service = services[name]
        assert (service.kind, service.owner, service.cluster) == (said["kind"], said["owner"], said["cluster"])
        assert service.description == said["description"]


def test_one_service_in_full(services: dict[str, Service]) -> None:
    gateway = services["gateway"]
    assert gateway.contact == "platform@acme.example"
    assert gateway.runbook == "https://wiki.acme.example/runbooks/gateway"
    assert gateway.definition == "https://github.com/acme/platform/blob/main/services/gateway.yaml"
    prod = gateway.environments["prod"]
    assert prod.urls == ["https://gateway.prod.acme.example", "https://gateway.internal.prod.acme.example"]
    (latency,) = (alert for alert in prod.alerts if alert.name == "latency_p95")
    assert (latency.warning, latency.critical, latency.priority) == ("0.3", "0.8", "P3")
    assert [running.urls for running in services["digest"].environments.values()] == [[], [], []]
    assert "latency_p95" not in {alert.name for alert in services["admin"].environments["prod"].alerts}


def tables(tokens: Sequence[Token]) -> list[list[list[str]]]:
    """Rows and cells, as a reader of GitHub's Markdown sees them."""
    found: list[list[list[str]]] = []
    for token, content in pairwise(tokens):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("td_open", "th_open"):
            found[-1][-1].append("".join(child.content for child in content.children or ()))
    return found


def test_the_page_is_markdown_that_says_all_of_it(services: dict[str, Service]) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(list(services.values())))
    headings = [content.content for token, content in pairwise(tokens) if token.type == "heading_open"]
    assert headings == ["Services", *services]
    overview, *more = tables(tokens)
    assert overview[0] == ["Service", "Owner", "Kind", "Cluster", "dev", "stage", "prod"]
    assert overview[1 + list(services).index("search")] == [
        *("search", "growth", "web", "api"),
        *("1.20.0 x 1", "1.20.0 x 2-4", "1.19.2 x 2-8"),
    ]
    assert len(more) == 2 * len(services)
    digest = more[2 * list(services).index("digest")]
    assert digest[1:] == [[stack, "1.14.0", "on schedule", "-"] for stack in STACKS[:3]]


def test_text_of_a_service_is_no_markup() -> None:
    service = Service(
        name="x",
        kind="web",
        description="a | b <script> [x](y) *z* `c`",
        owner="o",
        contact="o@x.example",
        cluster="",
        runbook="https://x.example",
        definition="https://y.example",
        environments={},
    )
    rendered = MarkdownIt("commonmark").enable("table").render(markdown([service]))
    assert "<p>a | b &lt;script&gt; [x](y) *z* `c`</p>" in rendered
    assert "of no environment yet" in rendered


@projects.each_company
def test_equal_plans_make_an_equal_page(of: Path) -> None:
    planned = projects.planned(of)
    again = {stack: Plan.from_json(json.loads(json.dumps(plan.to_json()))) for stack, plan in planned.items()}
    assert markdown(catalogue(again)) == markdown(catalogue(planned))


def test_json_says_the_same(planned: dict[str, Plan]) -> None:
    said = json.loads(json.dumps(to_json(catalogue(planned))))
    (search,) = (service for service in said if service["name"] == "search")
    assert search["environments"]["prod"]["tasks"] == "2-8"
