"""`slipway check`: what it says of a company's files, right and wrong, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from slipway.cli import app
from tests.projects import ROOT, complete_project, copy_project, each_company, edit, keep, own_copy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


@pytest.fixture
def small(project: Path) -> Path:
    """With one service, which takes a fraction of the time to plan."""
    keep(project, ["orders"])
    return project


def check(root: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", *arguments, "--root", str(root)])


def judged(root: Path) -> tuple[int, dict[str, Any]]:
    result = check(root, "--json")
    said = json.loads(result.stdout)
    assert said["ok"] is (result.exit_code == 0)
    return result.exit_code, {each["subject"]: each for each in said["judged"]}


def states(answers: dict[str, Any]) -> list[str]:
    assert [*answers] == ["Configuration", "Plans", "Parity", "Policies", "Schemas"]
    return [each["state"] for each in answers.values()]


@each_company
def test_a_company_whose_files_are_right(of: Path) -> None:
    result = check(complete_project(of))
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [
        [subject, "ok"] for subject in ("Configuration", "Plans", "Parity", "Policies", "Schemas")
    ]
    assert max(map(len, lines)) <= 80


def test_all_that_is_wrong_in_the_configuration_is_said_once_with_its_remedy(project: Path) -> None:
    edit(project / "services/orders.yaml", "^owner: .*", "owner: nobody")
    edit(project / "Pulumi.prod.yaml", "max: 24", "max: 4")
    result = check(project)
    assert (result.exit_code, result.stderr) == (1, "")
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert result.stdout.count("services/orders.yaml: owner\n") == 1
    code, answers = judged(project)
    assert (code, states(answers)) == (1, ["wrong", "not judged", "not judged", "not judged", "ok"])
    (capacity, owner) = answers["Configuration"]["wrong"]
    assert capacity["where"] == "Pulumi.prod.yaml: slipway:clusters.api.instances.max"
    assert owner == {
        "where": "services/orders.yaml: owner",
        "given": '"nobody"',
        "allowed": "the teams of slipway:platform: growth, payments, platform",
        "remedy": "choose one of them, or add it to Pulumi.yaml",
    }
    assert answers["Configuration"]["said"] == "2 problems"


def test_files_that_pulumi_could_not_read_are_an_answer_too(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: [\n")
    code, answers = judged(project)
    assert (code, answers["Configuration"]["state"]) == (1, "wrong")
    assert "Pulumi.yaml" in json.dumps(answers["Configuration"]["wrong"])


def test_a_program_that_fails_ends_with_2_and_says_where(small: Path) -> None:
    (small / "__main__.py").unlink()
    (small / "__main__.py").write_text("None.missing\n")
    code, answers = judged(small)
    assert (code, states(answers)[:3]) == (2, ["ok", "wrong", "not judged"])
    assert len(answers["Plans"]["wrong"]) == len({each["failed"] for each in answers["Plans"]["wrong"]})
    assert "__main__.py:1: AttributeError" in answers["Plans"]["wrong"][0]["failed"]


def test_an_environment_that_the_program_knows_by_name_is_no_mirror(small: Path) -> None:
    own_copy(small, "components")
    file = small / "components/security/log_key.py"
    edit(file, "protect=True", "protect=pulumi.get_stack() != 'stage'")
    code, answers = judged(small)
    assert (code, answers["Parity"]["state"], answers["Policies"]["state"]) == (1, "wrong", "wrong")
    found = next(each for each in answers["Parity"]["wrong"] if "logs-key (Key)" in each["where"])
    assert (found["where"].split(":")[0], found["stage"], found["prod"]) == ("stage as prod", "false", "true")
    (broken,) = answers["Policies"]["wrong"]
    assert (broken["where"], broken["rule"]) == ("logs-key (Key) in stage", "protected-state")


def test_exceptions_are_read_and_none_is_kept_that_nothing_needs(small: Path) -> None:
    (small / "policies").mkdir(exist_ok=True)
    file = small / "policies/exceptions.yaml"
    file.write_text("- {rule: log-retention, resource: orders-logs, reason: Kept until the lawsuit is over.}\n")
    code, answers = judged(small)
    assert (code, states(answers)[:4]) == (1, ["ok", "ok", "ok", "wrong"])
    assert answers["Policies"]["wrong"] == [
        {
            "where": "policies/exceptions.yaml: [0]",
            "given": "log-retention for orders-logs",
            "found": "nothing that the rule finds there",
            "remedy": "remove the exception",
        }
    ]
    file.write_text("- {rule: log-retention, resource: orders-logs, reason: because}\n")
    code, answers = judged(small)
    (wrong,) = answers["Policies"]["wrong"]
    assert (code, wrong["where"]) == (1, "policies/exceptions.yaml: [0].reason")


def test_a_schema_of_another_version_is_found(small: Path) -> None:
    own_copy(small, "config")
    edit(small / "config/schemas/service.schema.json", '"drain_seconds": ', '"drained_seconds": ')
    code, answers = judged(small)
    assert (code, states(answers)) == (1, ["ok", "ok", "ok", "ok", "wrong"])
    (wrong,) = answers["Schemas"]["wrong"]
    assert (wrong["where"], wrong["remedy"]) == ("config/schemas/service.schema.json", "make schemas")


def test_ci_runs_it_on_the_companys_own_files() -> None:
    assert ".venv/bin/slipway check\n" in (ROOT / ".ci/run").read_text()
