"""What people do every day to a company's files leaves them right: `slipway check` is green."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.check import check
from slipway.cli import app
from tests.projects import copy_project, edit

HELLO = ("--kind", "web", "--owner", "platform", "--cluster", "api", "--description", "Says hello")
PERSON = """\
    alan:
      name: Alan Turing
      email: alan@acme.example
      roles: { dev: developer, prod: read_only }
"""


def slipway(*arguments: str) -> Callable[[Path], None]:
    def run(root: Path) -> None:
        result = CliRunner().invoke(app, [*arguments, "--root", str(root)])
        assert result.exit_code == 0, result.output

    return run


def remove_service(root: Path) -> None:
    """As docs/releases.md says."""
    (root / "services/reports.yaml").unlink()
    for stack in ("dev", "stage", "prod"):
        edit(root / f"Pulumi.{stack}.yaml", r"^    reports: .*\n", "")


def join(root: Path) -> None:
    edit(root / "Pulumi.ops.yaml", r"\Z", PERSON)


def leave(root: Path) -> None:
    edit(root / "Pulumi.ops.yaml", r"^    grace:\n(?:      .*\n)+", "")


def add_cluster(root: Path) -> None:
    edit(root / "Pulumi.yaml", r"^      clusters:\n", r"\g<0>        batch: { description: Jobs that take long }\n")
    for stack in ("dev", "stage", "prod"):
        size = "        batch: { instance_type: m7i.large, instances: 3 }\n".removeprefix("    ")
        edit(root / f"Pulumi.{stack}.yaml", r"^  slipway:clusters:\n", rf"\g<0>{size}")


COMMANDS: Mapping[str, Callable[[Path], None]] = {
    "release": slipway("release", "orders", "3.9.0", "--stack", "stage"),
    "promote": slipway("promote", "dashboard", "--from", "stage", "--to", "prod"),
    "scale": slipway("scale", "search", "--tasks", "3-9", "--stack", "prod"),
    "new": slipway("service", "new", "hello", *HELLO, "--stack", "dev", "--stack", "stage", "--version", "1.0.0"),
    "rename": slipway("service", "rename", "website", "site"),
    "remove": remove_service,
    "join": join,
    "leave": leave,
    "cluster": add_cluster,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_leaves_the_companys_files_right(tmp_path: Path, command: str) -> None:
    root = copy_project(tmp_path / "project")
    COMMANDS[command](root)
    assert [answer for answer in check(root).answers if answer.state != "ok"] == []
