"""Lets the long lives of the stacks go on behind the other tests, and reports what the engine went through."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from tests.projects import complete_project

from .faults import Faulted, survive_faults
from .life import Life, live
from .workspace import Tally, Workspace

FOLDER = Path(__file__).parent
STACKS = ("ops", "dev", "stage", "prod")
# A run of the CLI keeps about one core busy.
_AT_ONCE = 2

_JOBS: dict[str, Callable[[Workspace, str], Any]] = {"lives": live, "faulted": survive_faults}
"""What a fixture of this name does with each stack."""

T = TypeVar("T")

_tallies: list[Tally] = []


class Results(Generic[T]):
    """What the jobs of a kind come to; asked for by stack, and waited for."""

    def __init__(self, jobs: Mapping[str, Future[T]]) -> None:
        self._jobs = jobs

    def __call__(self, stack: str) -> T:
        if error := self._jobs[stack].exception():
            pytest.fail("".join(traceback.format_exception(error)), pytrace=False)
        return self._jobs[stack].result()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The engine first; of its tests those last that wait for jobs, which go on meanwhile."""

    def turn(item: pytest.Item) -> int:
        if FOLDER not in item.path.parents:
            return 2
        return int(isinstance(item, pytest.Function) and not _JOBS.keys().isdisjoint(item.fixturenames))

    items.sort(key=turn)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _tallies:
        terminalreporter.section("what the engine went through")
        for stack in STACKS:
            terminalreporter.write_line(str(reduce(add, [t for t in _tallies if t.stack == stack], Tally(stack=stack))))


@pytest.fixture(scope="session")
def jobs(request: pytest.FixtureRequest) -> Iterator[dict[str, dict[str, Future[Any]]]]:
    """What the selected tests will ask for, begun: by fixture and stack."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        begun: dict[str, dict[str, Future[Any]]] = {}
        for name, job in _JOBS.items():
            asked = dict.fromkeys(str(i.callspec.params["stack"]) for i in items if name in i.fixturenames)
            begun[name] = {stack: pool.submit(_do, job, stack, factory.mktemp(f"{name}-{stack}")) for stack in asked}
        yield begun
        pool.shutdown(cancel_futures=True)


def _do(job: Callable[[Workspace, str], Any], stack: str, folder: Path) -> Any:
    made = Workspace(complete_project(), folder)
    try:
        return job(made, stack)
    finally:
        made.close()
        _tallies.append(made.tally())


@pytest.fixture
def workspace(tmp_path: Path, jobs: object) -> Iterator[Workspace]:
    """A company's project with an empty cloud and no stack."""
    made = Workspace(complete_project(), tmp_path)
    yield made
    made.close()
    _tallies.append(made.tally())


@pytest.fixture(scope="session")
def lives(jobs: dict[str, dict[str, Future[Life]]]) -> Results[Life]:
    """Each stack from its first preview to its destruction."""
    return Results(jobs["lives"])


@pytest.fixture(scope="session")
def faulted(jobs: dict[str, dict[str, Future[Faulted]]]) -> Results[Faulted]:
    """Each stack brought up while the creation of every type fails once."""
    return Results(jobs["faulted"])
