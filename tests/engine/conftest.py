"""Skips what needs the CLI where there is none, and reports at the end what the engine went through."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from .faults import Faulted, survive_faults
from .life import Life, live
from .workspace import Workspace

PROJECT = Path(__file__).parents[2]
STACKS = ("ops", "dev", "stage", "prod")
TOOLS = ("pulumi", "pulumi-language-python")
HOW = "needs the Pulumi CLI (https://www.pulumi.com/docs/iac/download-install/); then: make test-engine"
# Two runs at a time: a run of the CLI keeps about one core busy.
_AT_ONCE = 2

T = TypeVar("T")
_report: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if all(shutil.which(tool) for tool in TOOLS):
        return
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.skip(reason=HOW))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report:
        terminalreporter.section("what the engine went through")
        for line in sorted(_report):
            terminalreporter.write_line(line)


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """The project with an empty cloud and no stack."""
    made = Workspace(PROJECT, tmp_path)
    yield made
    made.close()
    _report.append(f"{request.node.name}: {made.summary()}")


@pytest.fixture(scope="session")
def lives(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Life]]]:
    """Each stack from its first preview to its destruction, two at a time."""
    yield from _for_each_stack(request, "lives", live)


@pytest.fixture(scope="session")
def faulted(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Faulted]]]:
    """Each stack brought up while the creation of every type fails once, two at a time."""
    yield from _for_each_stack(request, "faulted", survive_faults)


def _for_each_stack(
    request: pytest.FixtureRequest, fixture: str, job: Callable[[Workspace, str], T]
) -> Iterator[dict[str, Future[T]]]:
    """Starts the job for the stacks that the selected tests ask this fixture for."""
    asked = [
        str(item.callspec.params["stack"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and fixture in item.fixturenames
    ]
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")

    def run(stack: str) -> T:
        made = Workspace(PROJECT, factory.mktemp(f"{fixture}-{stack}"))
        try:
            return job(made, stack)
        finally:
            made.close()
            _report.append(f"{fixture} {stack}: {made.summary()}")

    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        yield {stack: pool.submit(run, stack) for stack in dict.fromkeys(asked)}
    finally:
        pool.shutdown(cancel_futures=True)
