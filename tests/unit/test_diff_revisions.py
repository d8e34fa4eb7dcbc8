"""`slipway diff` on a git repository with one commit for each change, and where there is nothing to compare."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plan.diff import Action, PropertyChange
from plan.revisions import Planned, Repository, RevisionError
from slipway.cli import app
from slipway.diff_report import Report, build, markdown
from slipway.review import Found, Review
from tests.projects import commit, copy_project, edit, git, own_copy

STACKS = ("prod", "stage")
REVISIONS = ("base", "drain", "open", "broken")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tag for each of REVISIONS; each is one change of `base`. The project is in a folder of the repository."""
    top = tmp_path_factory.mktemp("repository")
    git(top, "init", "--quiet", "--initial-branch=main")
    root = copy_project(top / "platform")
    commit(top, "base")
    for name in REVISIONS[1:]:
        git(top, "checkout", "--quiet", "base")
        match name:
            case "drain":
                edit(root / "services/orders.yaml", r"\Z", "drain_seconds: 60\n")
            case "open":
                own_copy(root, "components")
                edit(root / "components/security/log_key.py", "protect=True", "protect=False")
            case "broken":
                edit(root / "services/orders.yaml", r"\Z", "no_such_key: 1\n")
        commit(top, name)
    git(top, "checkout", "--quiet", "base")
    return root


@pytest.fixture(scope="module")
def planned(repository: Path) -> Mapping[str, Planned]:
    """All revisions, evaluated together."""
    there = Repository(repository)
    return dict(zip(REVISIONS, there.plan([there.revision(name) for name in REVISIONS], STACKS), strict=True))


def report(planned: Mapping[str, Planned], head: str) -> Report:
    result = build(planned["base"], planned[head])
    assert result.diff.stacks == STACKS
    return result


def test_a_longer_drain_is_one_update_shown_once(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "drain")
    (change,) = result.diff.changes
    assert (change.action, change.label, change.owner) == (
        Action.UPDATE,
        "orders-tg (TargetGroup)",
        "service orders",
    )
    assert change.stacks == STACKS
    assert change.properties == (PropertyChange(path="deregistrationDelay", before=30, after=60),)
    assert result.diff.risks == ()


def test_the_comment_answers_what_a_reviewer_asks(planned: Mapping[str, Planned]) -> None:
    text = markdown(report(planned, "drain"))
    assert "**Policies: kept (2 excepted)**" in text
    assert "**Parity: stage and prod differ in nothing but sizes, counts and versions**" in text
    assert "service gateway version: 4.13.0-rc.1 / 4.12.0\n" in text
    assert "**Capacity: a rollout at the maximum of tasks fits with a zone lost**" in text
    assert re.search(r"^prod api: \d+ tasks need \d+ hosts; 24 at most, 16 with a zone lost$", text, re.MULTILINE)


def broken(report: Report) -> list[Found]:
    return [each for each in report.review.findings or () if each.finding.exception is None]


def test_the_comment_names_a_policy_that_the_change_breaks(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "open")
    assert [(each.finding.rule.name, each.finding.stack) for each in broken(result) if each.new] == [
        ("protected-state", "prod"),
        ("protected-state", "stage"),
    ]
    line = (
        "- `protected-state` by `logs-key (Key)` (prod, stage): new: `the engine would delete it`. Give it protect=True"
    )
    assert "**Policies: 1 broken, 1 of them by this change (2 excepted" in markdown(result)
    assert line in markdown(result)
    assert broken(build(planned["open"], planned["base"])) == []
    assert [each.new for each in broken(build(planned["open"], planned["open"]))] == [False, False]


def test_where_stage_cannot_be_planned_parity_is_not_judged(planned: Mapping[str, Planned]) -> None:
    head = replace(planned["base"], plans={"prod": planned["base"].plans["prod"]})
    review = build(planned["base"], head).review
    assert (review.parities, len(review.room)) == ((), 3)
    assert build(planned["base"], planned["broken"]).review == Review()


def test_no_changes_are_claimed_of_a_stack_that_could_not_be_planned(planned: Mapping[str, Planned]) -> None:
    base, broken = planned["base"], planned["broken"]
    assert build(base, base).headline == "No changes"
    failing = replace(base, plans={"prod": base.plans["prod"]}, failures={"stage": broken.failures["stage"]})
    assert build(base, failing).headline == "No changes in prod"


def test_a_base_that_cannot_be_planned_is_told_and_fails_nothing(planned: Mapping[str, Planned]) -> None:
    result = build(planned["broken"], planned["base"])
    assert (result.diff.stacks, result.exit_code) == ((), 0)
    assert {failure.stack for failure in result.base_failures} == set(STACKS)
    assert all("services/orders.yaml: no_such_key" in failure.message for failure in result.base_failures)
    assert set(result.resources or {}) == set(STACKS)
    assert build(planned["base"], planned["broken"]).exit_code == 1
    text = markdown(result)
    assert text.startswith("### Nothing could be compared\n\n`broken` → `base`\n\n**The base could not be planned.**\n")
    assert text.count("services/orders.yaml: no_such_key") == 1
    assert re.search(r"^Resources that the head declares: prod \d{3}, stage \d{3}\.$", text, re.MULTILINE)


def test_plans_are_remembered_by_their_files(
    repository: Path, planned: Mapping[str, Planned], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("a known revision was evaluated again")

    monkeypatch.setattr("plan.revisions.evaluate", refuse)
    there = Repository(repository)
    (clean, drain) = there.plan([there.working_tree(), there.revision("drain")], STACKS)
    assert (clean.plans, drain.plans) == (planned["base"].plans, planned["drain"].plans)
    assert drain.twins.keys() == {"stage"}


def test_a_changed_file_makes_the_working_tree_its_own_revision(repository: Path) -> None:
    there = Repository(repository)
    assert there.working_tree().tree == there.revision("base").tree
    file = repository / "services/new.yaml"
    file.write_text("kind: web\n")
    try:
        assert there.working_tree().tree is None
        assert there.working_tree().name == "the working tree, 1 file of it not committed"
    finally:
        file.unlink()


# Bad input -----------------------------------------------------------------------------------------------------------


def slipway(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments])


@pytest.mark.parametrize("name", ["no-such-branch", "--help-me", "HEAD:platform"])
def test_a_revision_that_does_not_exist(repository: Path, name: str) -> None:
    with pytest.raises(RevisionError, match="is not a revision of this repository"):
        Repository(repository).revision(name)


def test_a_base_that_does_not_evaluate(repository: Path, planned: Mapping[str, Planned]) -> None:
    result = slipway("broken", "base", "--stack", "stage", "--format", "markdown", "--root", str(repository))
    assert result.exit_code == 0, result.stderr
    assert "**The base could not be planned.**" in result.stdout


def test_a_dirty_worktree_is_told_what_is_left_out(repository: Path, planned: Mapping[str, Planned]) -> None:
    arguments = ("base", "HEAD", "--stack", "stage", "--root", str(repository))
    assert slipway(*arguments).stderr == ""
    new, committed = repository / "services/new one.yaml", repository / "services/orders.yaml"
    before = committed.read_text()
    new.write_text("kind: web\n")
    committed.write_text(f"{before}# not committed\n")
    try:
        result = slipway(*arguments)
        assert result.exit_code == 0
        assert result.stderr == (
            "2 files not committed, and not in this comparison: platform/services/orders.yaml,"
            " platform/services/new one.yaml. Leave out HEAD to compare the files as they are.\n"
        )
        # Another commit's files are no part of the worktree anyway.
        assert slipway("base", "drain", "--stack", "stage", "--root", str(repository)).stderr == ""
    finally:
        new.unlink()
        committed.write_text(before)


def test_a_folder_without_a_project_is_not_the_bases_fault(repository: Path) -> None:
    result = slipway("base", "--root", str(repository / "services"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{repository / 'services'}: there is no Pulumi.yaml. A project's folder has one; --root names it.\n"
    )


def test_a_shallow_clone_says_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=drain", repository.parent.as_uri(), "clone")
    result = slipway("HEAD~1", "--root", str(tmp_path / "clone/platform"))
    assert result.exit_code == 1
    assert result.stderr == (
        "'HEAD~1' is not in this clone, which is shallow. Fetch the whole history:"
        " `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout.\n"
    )


def test_a_repository_without_a_commit(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    shutil.copy(repository / "Pulumi.yaml", tmp_path)
    result = slipway("HEAD", "--root", str(tmp_path))
    assert result.exit_code == 1
    assert "has no commit yet, so there is nothing to compare with. Commit first." in result.stderr


def test_outside_of_a_repository(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / "Pulumi.yaml", tmp_path)
    result = slipway("main", "--root", str(tmp_path))
    assert result.exit_code == 1
    assert "is not in a git repository" in result.stderr
