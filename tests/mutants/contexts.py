"""A pytest plugin: tells coverage.py which test a line runs for, and notes the tests that evaluate plans.

What runs before the first test of a file, or for a fixture that several tests share, runs for the file. Plans are
evaluated in processes that are forked; these are not measured, which would take longer than all else.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest

SHARED = "*"

_seconds: defaultdict[str, float] = defaultdict(float)
_failed: list[str] = []
_forked: set[str] = set()
_running = ""


def file_of(test: str) -> str:
    return test.partition("::")[0]


def _name(nodeid: str) -> str:
    """Of a test function, with all its parameters."""
    return nodeid.partition("[")[0]


def _cpu_seconds() -> float:
    """Of this process and those that it has waited for: what else the machine does changes it little."""
    return sum(os.times()[:4])


def _measuring() -> coverage.Coverage:
    measuring = coverage.Coverage.current()
    assert measuring is not None
    return measuring


os.register_at_fork(before=lambda: _forked.add(_running), after_in_child=lambda: _measuring().stop())


def _switch(context: str) -> None:
    _measuring().switch_context(context)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants-report")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    global _running
    _running = _name(item.nodeid)
    _switch(_running)
    before = _cpu_seconds()
    try:
        return (yield)
    finally:
        _seconds[_running] += _cpu_seconds() - before


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    if fixturedef.scope == "function":
        return (yield)
    _switch(f"{file_of(_running)}::{SHARED}")
    try:
        return (yield)
    finally:
        _switch(_running)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    report = Path(session.config.getoption("--mutants-report"))
    report.write_text(json.dumps({"seconds": _seconds, "failed": _failed, "forked": sorted(_forked)}))
