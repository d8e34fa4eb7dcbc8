"""Whose file is whose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.company import files, is_companys
from tests.projects import ROOT


@pytest.mark.parametrize(
    "path",
    [
        "Pulumi.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.eu-prod.yaml",
        "services/orders.yaml",
        "extensions/__init__.py",
        "extensions/queues/queue.py",
        "policies/exceptions.yaml",
    ],
)
def test_what_says_who_a_company_is_and_what_it_runs_is_its_own(path: str) -> None:
    assert is_companys(path)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "Pulumi.yaml.orig",
        "__main__.py",
        "config/services/x.yaml",
        "policies/PulumiPolicy.yaml",
        "policies/exceptions.yaml.py",
        "slipway/services/orders.yaml",
        "tests/company/Pulumi.yaml",
        ".github/workflows/pull-request.yml",
    ],
)
def test_everything_else_is_the_platforms(path: str) -> None:
    assert not is_companys(path)


def test_the_companys_files_of_a_folder_are_found_however_deep(tmp_path: Path) -> None:
    ours = ["Pulumi.ops.yaml", "Pulumi.yaml", "extensions/a/b.py", "policies/exceptions.yaml", "services/orders.yaml"]
    for path in (*ours, "README.md", "policies/data.py", "tests/company/Pulumi.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert files(tmp_path) == ours
    assert files(tmp_path / "policies") == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["Pulumi.stage.yaml", "services/orders.yaml"], ("platform=false\n", "\n")),
        (["Pulumi.stage.yaml", "stacks/ops.py"], ("platform=true\n", "stacks/ops.py\n")),
        (["platform=false"], ("platform=true\n", "platform=false\n")),
        ([], ("platform=false\n", "\n")),
    ],
)
def test_ci_asks_without_a_set_up_whether_the_platform_changed(changed: list[str], said: tuple[str, str]) -> None:
    # -S: without what is installed. -I as CI does, or config/platform.py would stand before Python's own.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "config/company.py"],
        cwd=ROOT,
        input="".join(f"{path}\n" for path in changed),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == said
