"""The workflows, as far as actionlint and zizmor (`make check`) do not know what this platform promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from slipway.cli import app
from tests.iam.planned import stacks
from tests.projects import ROOT, commit, git, project

WORKFLOWS = ROOT / ".github/workflows"
NAMES = sorted(file.stem for file in WORKFLOWS.glob("*.yml"))
ACTION = re.compile(r"uses: (?!\$/)(?P<action>\S+?)@(?P<ref>\S+)(?: # (?P<version>\S+))?")
MAIN = "refs/heads/main"
GITHUB = "token.actions.githubusercontent.com"


@cache
def workflow(name: str) -> Mapping[str, Any]:
    content: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text())
    content["on"] = content.pop(True)  # YAML 1.1 takes `on` for a boolean
    return content


def jobs(name: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = workflow(name)["jobs"]
    return found


def events(name: str) -> set[str]:
    on = workflow(name)["on"]
    return {on} if isinstance(on, str) else set(on)


def text_of(job: Mapping[str, Any]) -> str:
    return json.dumps(job)


# What all of them keep -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_permission_and_each_job_only_its_own(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    assert [each for each, job in jobs(name).items() if "permissions" not in job] == []
    assert [each for each, job in jobs(name).items() if "uses" not in job and "timeout-minutes" not in job] == []


@pytest.mark.parametrize("file", sorted(ROOT.glob(".github/**/*.yml")), ids=lambda file: str(file.relative_to(ROOT)))
def test_actions_are_pinned_by_commit_and_say_their_version(file: Any) -> None:
    for found in ACTION.finditer(file.read_text()):
        assert re.fullmatch(r"[0-9a-f]{40}", found["ref"]), found[0]
        assert re.fullmatch(r"v\d+\.\d+\.\d+", found["version"] or ""), found[0]


def test_an_action_has_one_version_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for file in ROOT.glob(".github/**/*.yml"):
        for found in ACTION.finditer(file.read_text()):
            pins.setdefault(found["action"], set()).add(f"{found['ref']} {found['version']}")
    assert {action for action, versions in pins.items() if len(versions) > 1} == set()


# Forks ---------------------------------------------------------------------------------------------------------------

NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"


def test_the_code_of_a_pull_request_never_has_a_token_that_writes() -> None:
    """What `pull_request_target` and `workflow_run` run has such tokens; so the one of them runs main's own code."""
    assert [name for name in NAMES if "pull_request_target" in events(name)] == []
    assert [name for name in NAMES if "workflow_run" in events(name)] == ["comment"]
    for job in jobs("pull-request").values():
        assert {scope: access for scope, access in job["permissions"].items() if access == "write"}.keys() <= {
            "id-token"
        }


def test_the_code_of_a_fork_never_has_a_credential() -> None:
    for name, job in jobs("pull-request").items():
        if "secrets." in text_of(job) or "id-token" in job["permissions"]:
            assert name == "preview"
            assert job["if"].startswith(NOT_A_FORK)


def test_what_posts_comments_runs_nothing_of_the_pull_request() -> None:
    (job,) = jobs("comment").values()
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    # The default of `workflow_run` is the default branch.
    assert [step["with"] for step in checkouts] == [
        {"persist-credentials": False, "sparse-checkout": ".github/scripts"}
    ]
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        'python3 .github/scripts/report.py comments "$RUNNER_TEMP/comments"'
    ]
    assert "secrets." not in text_of(job)


def test_a_comment_exists_whatever_fails() -> None:
    """An artifact of each commit: otherwise the comment of an earlier push would stay and look like this one's."""
    steps = jobs("pull-request")["plan"]["steps"]
    written = [number for number, step in enumerate(steps) if "> comments/plan.md" in step.get("run", "")]
    assert "make setup" not in "".join(step.get("run", "") for step in steps[: written[0] + 1])
    (upload,) = [step for step in steps if step.get("with", {}).get("name") == "comment-plan"]
    assert upload["if"] == "always()"


# What a pull request needs -------------------------------------------------------------------------------------------


def required(*, check: str, test: str, platform: str) -> int:
    """How the job ends that is to be required."""
    (step,) = jobs("pull-request")["required"]["steps"]
    assert step["env"] == {
        "CHECK": "${{ needs.check.result }}",
        "TEST": "${{ needs.test.result }}",
        "PLATFORM": "${{ needs.changes.outputs.platform }}",
    }
    environment = {"CHECK": check, "TEST": test, "PLATFORM": platform, "PATH": os.environ["PATH"]}
    # As GitHub runs a step that names no shell.
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]], env=environment, check=False, capture_output=True
    ).returncode


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ({"check": "success", "test": "success", "platform": "true"}, 0),
        ({"check": "success", "test": "skipped", "platform": "false"}, 0),
        ({"check": "failure", "test": "success", "platform": "true"}, 1),
        ({"check": "failure", "test": "skipped", "platform": "false"}, 1),
        ({"check": "success", "test": "failure", "platform": "true"}, 1),
        ({"check": "success", "test": "cancelled", "platform": "true"}, 1),
        # The job that looks for changes has failed.
        ({"check": "success", "test": "skipped", "platform": ""}, 1),
        ({"check": "success", "test": "skipped", "platform": "true"}, 1),
        ({"check": "skipped", "test": "success", "platform": "true"}, 1),
    ],
)
def test_a_pull_request_is_green_by_the_check_and_the_tests_that_it_needs(results: dict[str, str], code: int) -> None:
    assert required(**results) == code


def test_the_check_always_runs_and_the_tests_where_the_platform_changes() -> None:
    there = jobs("pull-request")
    assert {"if", "needs"} & there["check"].keys() == set()
    assert [step["run"] for step in there["check"]["steps"] if "slipway check" in step.get("run", "")] == [
        ".venv/bin/slipway check"
    ]
    assert (there["test"]["needs"], there["test"]["if"]) == ("changes", "needs.changes.outputs.platform == 'true'")
    assert (there["required"]["if"], there["required"]["needs"]) == ("always()", ["changes", "check", "test"])
    assert [step["run"] for step in there["test"]["steps"] if "run" in step] == [".ci/run"]


@pytest.mark.parametrize(
    ("changes", "platform"),
    [
        ({"Pulumi.stage.yaml": "released", "services/new.yaml": "kind: web"}, "false"),
        ({"Pulumi.stage.yaml": "released", "README.md": "x"}, "true"),
        ({"platform=false\nx": "x"}, "true"),
    ],
)
def test_what_a_pull_request_changes_decides_about_the_tests(
    tmp_path: Path, changes: dict[str, str], platform: str
) -> None:
    """The step itself, on a merge as GitHub makes it."""
    (_, step) = jobs("pull-request")["changes"]["steps"]
    assert jobs("pull-request")["changes"]["outputs"] == {"platform": "${{ steps.changes.outputs.platform }}"}
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config/company.py", tmp_path / "config")
    (tmp_path / "stacks.py").write_text("a program\n" * 9)
    commit(tmp_path, "base")
    git(tmp_path, "switch", "--quiet", "--create", "change")
    for name, text in changes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    commit(tmp_path, "changed")
    assert outputs(tmp_path, step["run"]) == [f"platform={platform}"]
    # A file of the platform's that becomes one of the company's is gone from the platform.
    (tmp_path / "services").mkdir(exist_ok=True)
    git(tmp_path, "mv", "stacks.py", "services/stacks.yaml")
    commit(tmp_path, "moved")
    assert outputs(tmp_path, step["run"]) == ["platform=true"]


def outputs(folder: Path, script: str) -> list[str]:
    files = folder.with_name("runner")
    files.mkdir(exist_ok=True)
    (files / "outputs").write_text("")
    environment = {"RUNNER_TEMP": str(files), "GITHUB_OUTPUT": str(files / "outputs"), "PATH": os.environ["PATH"]}
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, check=True, capture_output=True)
    return (files / "outputs").read_text().splitlines()


# Roles ---------------------------------------------------------------------------------------------------------------


def matrix(name: str, job: str) -> list[str]:
    """The stacks of a job's matrix, as the program has told an earlier job of the workflow."""
    found = re.fullmatch(r"\$\{\{ fromJSON\(needs\.(\w+)\.outputs\.stacks\) }}", matrix_text(name, job))
    assert found
    needed = jobs(name)[job]["needs"]
    assert found[1] in ([needed] if isinstance(needed, str) else needed)
    assert jobs(name)[found[1]]["outputs"] == {"stacks": "${{ steps.stacks.outputs.stacks }}"}
    (step,) = (step for step in jobs(name)[found[1]]["steps"] if step.get("id") == "stacks")
    asked = re.fullmatch(
        r'stacks=\$\(\.venv/bin/slipway (ci stacks[a-z -]*)\)\necho "stacks=\$stacks" >> "\$GITHUB_OUTPUT"\n',
        step["run"],
    )
    assert asked
    result = CliRunner().invoke(app, [*asked[1].split(), "--root", str(project().root)])
    stacks: list[str] = json.loads(result.stdout)
    return stacks


def matrix_text(name: str, job: str) -> str:
    text: str = jobs(name)[job]["strategy"]["matrix"]["stack"]
    return text


def entering() -> Iterator[tuple[str, str, str, str, str]]:
    """Workflow, job, stack and role of each job that enters an account, and what its token says of it."""
    for name in NAMES:
        for each, job in jobs(name).items():
            for step in job.get("steps", ()):
                if not step.get("uses", "").startswith("$/.github/actions/platform"):
                    continue
                asked = step["with"]["stack"]
                if asked == "${{ inputs.stack }}":
                    affected = matrix("deploy", "deploy")
                elif asked == "${{ matrix.stack }}":
                    affected = matrix(name, each)
                else:
                    affected = [asked]
                for stack in affected:
                    # https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims
                    if "environment" in job:
                        assert job["environment"] == "${{ inputs.stack }}"
                        context = f"environment:{stack}"
                    elif "pull_request" in events(name):
                        context = "pull_request"
                    else:
                        context = f"ref:{MAIN}"
                    yield name, each, stack, step["with"]["role"], context


@pytest.mark.parametrize(("name", "job", "stack", "role", "context"), [*entering()])
def test_the_role_that_a_job_assumes_trusts_its_token(name: str, job: str, stack: str, role: str, context: str) -> None:
    (inputs,) = (r.inputs for r in stacks()[stack].all("aws:iam/role:Role") if r.inputs.get("name") == role)
    (trust,) = (s for s in json.loads(inputs["assumeRolePolicy"])["Statement"] if "Federated" in s["Principal"])
    conditions = trust["Condition"]["StringEquals"]
    assert f"repo:acme/platform:{context}" in conditions[f"{GITHUB}:sub"]
    assert conditions.get(f"{GITHUB}:ref", MAIN) == MAIN
    assert jobs(name)[job]["permissions"]["id-token"] == "write"


def test_every_way_in_is_judged() -> None:
    ways = {(name, job, role) for name, job, _, role, _ in entering()}
    assert ways == {
        ("apply", "apply", "deploy"),
        ("apply", "preview", "preview"),
        ("bumps", "look", "preview"),
        ("drift", "compare", "preview"),
        ("pull-request", "preview", "preview"),
        ("rotations", "look", "preview"),
    }


@pytest.mark.parametrize("name", ["bumps", "deploy", "drift", "rotations"])
def test_by_hand_a_workflow_runs_on_main_only(name: str) -> None:
    """The roles refuse a token of another branch; this says so before."""
    assert "workflow_dispatch" in events(name)
    first = next(iter(jobs(name).values()))
    assert first["if"] == f"github.ref == '{MAIN}'"
    assert [each for each, job in jobs(name).items() if job is not first and "needs" not in job] == []


# Deploying -----------------------------------------------------------------------------------------------------------


def test_stacks_are_deployed_one_after_the_other_and_each_once_at_a_time() -> None:
    assert matrix("deploy", "deploy") == ["ops", "dev", "stage", "prod"]
    assert list(jobs("deploy")) == ["stacks", "deploy"]
    job = jobs("deploy")["deploy"]
    assert (job["strategy"]["max-parallel"], job["strategy"]["fail-fast"]) == (1, True)
    assert job["with"] == {"stack": "${{ matrix.stack }}"}
    assert job["concurrency"] == {"group": "stack-${{ matrix.stack }}", "cancel-in-progress": False}


def test_the_stacks_of_a_job_are_those_of_the_company() -> None:
    assert matrix("pull-request", "preview") == matrix("drift", "compare") == ["ops", "dev", "stage", "prod"]
    assert matrix("rotations", "look") == matrix("rotations", "propose") == ["dev", "stage", "prod"]
    names = re.compile(r"(?<!/)\b(?:dev|stage|prod)\b")
    for file in ROOT.glob(".github/**/*.yml"):
        if file.name != "image.yml":  # which a service's repository calls, with a stack of its own
            text = re.sub(r"#.*", "", file.read_text())
            assert names.findall(text) == [], file


def test_what_is_applied_is_what_was_approved() -> None:
    """An approval is of the first job's preview. The second makes its own, and applies it only if it is the same."""
    preview, apply = jobs("apply")["preview"], jobs("apply")["apply"]
    assert "environment" not in preview
    assert apply["environment"] == "${{ inputs.stack }}"
    (compare,) = (step for step in apply["steps"] if "APPROVED" in step.get("run", ""))
    (up,) = (step for step in apply["steps"] if "pulumi up" in step.get("run", ""))
    assert compare["env"] == {
        "NOW": "${{ steps.plan.outputs.digest }}",
        "APPROVED": "${{ needs.preview.outputs.digest }}",
    }
    assert apply["steps"].index(compare) < apply["steps"].index(up)
    assert "--plan plan.json" in up["run"]
    (plan,) = [step for step in apply["steps"] if step.get("id") == "plan"]
    assert plan["with"]["options"] == "--save-plan plan.json"
