"""The workflows, as far as actionlint and zizmor (`make check`) do not know what this platform promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.iam.planned import STACKS, stacks
from tests.projects import ROOT

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


# Roles ---------------------------------------------------------------------------------------------------------------


def entering() -> Iterator[tuple[str, str, str, str, str]]:
    """Workflow, job, stack and role of each job that enters an account, and what its token says of it."""
    for name in NAMES:
        for each, job in jobs(name).items():
            for step in job.get("steps", ()):
                if not step.get("uses", "").startswith("$/.github/actions/platform"):
                    continue
                asked = step["with"]["stack"]
                if asked == "${{ inputs.stack }}":
                    affected = [caller["with"]["stack"] for caller in jobs("deploy").values()]
                elif asked == "${{ matrix.stack }}":
                    affected = job["strategy"]["matrix"]["stack"]
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
    assert list(jobs("deploy")) == ["ops", "dev", "stage", "prod"]
    assert set(jobs("deploy")) == set(STACKS)
    before = None
    for name, job in jobs("deploy").items():
        assert job.get("needs") == before
        assert job["with"] == {"stack": name}
        assert job["concurrency"] == {"group": f"stack-{name}", "cancel-in-progress": False}
        before = name


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
