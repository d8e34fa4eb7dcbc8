"""What all tests share."""

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from config import company
from tests.cloud import Cloud
from tests.intake import Intake, listening
from tests.projects import ROOT

# An Output in an f-string would print its memory address; let it raise instead.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
# Tools such as shellcheck are installed beside the interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# Pulumi's mocks take the current event loop, and since Python 3.12 there is none unless somebody sets it.
asyncio.set_event_loop(asyncio.new_event_loop())

# A machine that is busy is not a failure.
hypothesis.settings.register_profile("slipway", deadline=None)
hypothesis.settings.load_profile("slipway")


def _leave_the_own_company_alone(event: str, arguments: tuple[Any, ...]) -> None:
    """The tests judge the platform on companies of their own: what this repository's company does fails none.

    What they start as processes of its own is shown by `make test-fork`.
    """
    path, *more = arguments or (None,)
    if event == "open" and isinstance(path, str) and more[0] is not None:  # `os.open` has no mode
        inside = _inside(path)
    elif event in ("os.listdir", "os.scandir") and isinstance(path, str | Path):
        inside = f"{_inside(path)}/"
    else:
        return
    if company.is_companys(inside):
        pytest.fail(f"{inside} of the repository is not for tests: take a company's of tests/projects.py")


def _inside(path: str | Path) -> str:
    path = Path(os.path.abspath(path))
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""


sys.addaudithook(_leave_the_own_company_alone)

_ENGINE = ("pulumi", "pulumi-language-python")  # the language host comes with the CLI
_NO_ENGINE = "the Pulumi CLI is not on the PATH"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if all(shutil.which(tool) for tool in _ENGINE):
        return
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.skip(reason=_NO_ENGINE))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in the last lines what was not run, why, and how to run it."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.items():
        how = "; get it (https://www.pulumi.com/docs/iac/download-install/), then: make test-engine"
        terminalreporter.write_line(f"{count} tests skipped: {reason}{how if reason == _NO_ENGINE else ''}")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    """Datadog's API, found by the variable that names it."""
    with listening() as server:
        monkeypatch.setenv("DATADOG_API", f"http://127.0.0.1:{server.server_port}")
        yield server
