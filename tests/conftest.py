"""What all tests share."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.cloud import Cloud
from tests.intake import Intake, listening

# An Output in an f-string would print its memory address; let it raise instead.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
# Tools such as shellcheck are installed beside the interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# A machine that is busy is not a failure.
hypothesis.settings.register_profile("slipway", deadline=None)
hypothesis.settings.load_profile("slipway")

ENGINE_MISSING = "the Pulumi CLI is not on the PATH"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("pulumi") is None:
        for item in items:
            if item.get_closest_marker("engine"):
                item.add_marker(pytest.mark.skip(reason=ENGINE_MISSING))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in the last lines what was not run, and how to run it."""
    reports = terminalreporter.stats.get("skipped", [])
    skipped = sum(ENGINE_MISSING in report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple))
    if skipped:
        terminalreporter.write_line(
            f"{skipped} tests need Pulumi's engine. Get it and run them: "
            "https://www.pulumi.com/docs/iac/download-install/ and make test-engine"
        )


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    """Datadog's API, found by the variable that names it."""
    with listening() as server:
        monkeypatch.setenv("DATADOG_API", f"http://127.0.0.1:{server.server_port}")
        yield server
