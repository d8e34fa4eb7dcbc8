"""`slipway plan`: what it prints, how it ends, and that it prints the same every time."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plan.model import Plan
from slipway.cli import app
from tests import projects

PROGRAM = """\
import pulumi, pulumi_aws as aws

if pulumi.get_stack() == "broken":
    raise pulumi.RunError("2 problems in the configuration\\n\\nservices/a.yaml: port")
if pulumi.get_stack() == "bug":
    None.missing
aws.sns.Topic("topic", display_name=pulumi.Config().require_secret("token"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    for stack in ("prod", "dev"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config:\n  token: {secure: v1:abc}\n", encoding="utf-8")
    return tmp_path


def slipway(*arguments: str, root: Path) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments, "--root", str(root)])


def test_one_stack(project: Path) -> None:
    result = slipway("dev", root=project)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Stack dev  1 resource in 0 components\n")
    assert "v1:abc" not in result.output


def test_all_stacks_in_the_order_of_their_names(project: Path) -> None:
    result = slipway("--all", root=project)
    assert result.exit_code == 0, result.output
    titles = [line for line in result.stdout.splitlines() if line.startswith("Stack ")]
    assert [title.split()[1] for title in titles] == ["dev", "prod"]


def test_json_has_everything_and_one_list_for_all(project: Path) -> None:
    one = json.loads(slipway("dev", "--json", root=project).stdout)
    assert one["stack"] == "dev"
    assert one["resources"][1]["inputs"] == {"displayName": "[secret]"}
    both = json.loads(slipway("--all", "--json", root=project).stdout)
    assert [plan["stack"] for plan in both] == ["dev", "prod"]
    assert both[0] == one


def test_details(project: Path) -> None:
    result = slipway("dev", "--details", root=project)
    assert "  topic  aws:sns/topic:Topic\n    inputs:\n      displayName: '[secret]'\n" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name one stack (dev, prod), or give --all for every stack."),
        (["dev", "--all"], "name one stack (dev, prod), or give --all for every stack."),
        (["prd"], "stack 'prd' has no file Pulumi.prd.yaml"),
    ],
)
def test_a_wrong_stack_names_the_right_ones(project: Path, arguments: list[str], message: str) -> None:
    result = slipway(*arguments, root=project)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "dev, prod" in result.stderr
    assert result.stdout == ""


def test_a_configuration_error_is_printed_as_it_is(project: Path) -> None:
    (project / "Pulumi.broken.yaml").write_text("", encoding="utf-8")
    result = slipway("broken", root=project)
    assert result.exit_code == 1
    assert result.stderr == "2 problems in the configuration\n\nservices/a.yaml: port\n"


def test_an_error_of_the_program_shows_its_traceback_only_when_asked(project: Path) -> None:
    (project / "Pulumi.bug.yaml").write_text("", encoding="utf-8")
    result = slipway("bug", root=project)
    assert result.exit_code == 2
    assert result.stderr == (
        "stack bug: the program failed at __main__.py:6: AttributeError: 'NoneType' object has no attribute 'missing'\n"
    )
    assert "Traceback (most recent call last)" in slipway("bug", "--traceback", root=project).stderr


def test_what_fails_in_every_stack_alike_is_said_once(project: Path) -> None:
    (project / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('wrong')\n", encoding="utf-8")
    result = slipway("--all", root=project)
    assert result.exit_code == 1
    assert result.stderr == "wrong\n"


def test_without_a_project_the_error_names_the_file(tmp_path: Path) -> None:
    result = slipway("dev", root=tmp_path)
    assert result.exit_code == 1
    assert result.stderr == (f"{tmp_path}: there is no Pulumi.yaml. A project's folder has one; --root names it.\n")


@pytest.mark.parametrize(("of", "stack"), [(projects.COMPANY, "prod"), (projects.OTHER_COMPANY, "ops")])
def test_a_plan_is_the_same_to_the_byte_every_time(of: Path, stack: str) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "slipway", "plan", stack, "--json", "--root", str(projects.project(of).root)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    first, second = (run.communicate()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert first == second
    assert Plan.from_json(json.loads(first)) == projects.planned(of)[stack]


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_an_output_that_takes_no_more_is_said(project: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "slipway", "plan", "dev", "--root", str(project), *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "The output cannot be written: No space left on device.\n")


# Policies ------------------------------------------------------------------------------------------------------------


def test_policies_name_rule_reason_and_remedy_and_fail(project: Path) -> None:
    result = slipway("--all", "--policies", root=project)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "Policies dev, prod  2 broken, 0 excepted"
    start = lines.index("encrypted-messages  A message that waits lies on a disk.")
    assert lines[start : start + 3] == [
        "encrypted-messages  A message that waits lies on a disk.",
        "  topic (Topic) (dev, prod): messages are kept in clear text",
        "  remedy: Set kms_master_key_id; for a queue sqs_managed_sse_enabled is enough.",
    ]


def test_policies_as_json(project: Path) -> None:
    result = slipway("dev", "--policies", "--json", root=project)
    assert result.exit_code == 1
    findings = {finding["rule"]: finding for finding in json.loads(result.stdout)}
    assert set(findings) == {"encrypted-messages", "no-default-provider"}
    assert findings["no-default-provider"] == {
        "rule": "no-default-provider",
        "reason": "A default provider acts in whichever account the shell happens to be in.",
        "remedy": "Give the component providers=[...] from stacks/providers.py.",
        "stack": "dev",
        "urn": "urn:pulumi:dev::slipway::aws:sns/topic:Topic::topic",
        "message": "the default provider",
        "exception": None,
    }


def test_a_companys_stacks_keep_the_policies_but_for_what_is_excepted() -> None:
    result = slipway("ops", "--policies", root=projects.project().root)
    assert result.exit_code == 0, result.stdout
    assert re.match(r"Policies ops  0 broken, [1-9]\d* excepted\n\nExcepted\n", result.stdout)
    assert "account-boundary (Policy) (ops): allows all actions but some on everything" in result.stdout
