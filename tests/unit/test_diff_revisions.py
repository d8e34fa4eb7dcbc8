"""`slipway diff` on a git repository with one commit for each change, and where there is nothing to compare."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from slipway.cli import app
from slipway.diff import Action, Effect, PropertyChange
from slipway.diff_report import Report, build
from slipway.revisions import Planned, Repository, RevisionError
from tests.projects import copy_project, edit

pytestmark = pytest.mark.filterwarnings(
    # Other tests leave idle threads behind; the command itself has none when it forks.
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)

STACKS = ("prod", "stage")
REVISIONS = ("base", "drain", "size", "version", "removed", "reordered", "broken")


def git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def commit(folder: Path, name: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", name)
    git(folder, "tag", name)


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
            case "size":
                edit(root / "Pulumi.stage.yaml", r"(api: \{ instance_type: )m7i.large", r"\1m7i.xlarge")
            case "version":
                edit(root / "Pulumi.stage.yaml", r'(orders: \{ version: )"3.8.1"', r'\1"3.8.2"')
            case "removed":
                edit(root / "Pulumi.stage.yaml", r"^    orders: .*\n", "")
                edit(root / "Pulumi.prod.yaml", r"^    orders: .*\n", "")
            case "reordered":
                for stack in STACKS:
                    file = root / f"Pulumi.{stack}.yaml"
                    data = yaml.safe_load(file.read_text())
                    services = data["config"]["slipway:services"]
                    data["config"]["slipway:services"] = dict(reversed(services.items()))
                    file.write_text(yaml.safe_dump(data, sort_keys=False))
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


def verdicts(result: Report) -> list[tuple[Action, str, tuple[str, ...]]]:
    return [(change.action, change.label, change.stacks) for change in result.diff.changes]


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


def test_an_instance_type_updates_the_template_and_rolls_the_hosts(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "size")
    assert verdicts(result) == [
        (Action.UPDATE, "api-hosts (Group)", ("stage",)),
        (Action.UPDATE, "api-hosts (LaunchTemplate)", ("stage",)),
    ]
    assert [p.path for p in result.diff.changes[0].properties] == ["launchTemplate.version"]
    # The disk follows the size of the host.
    disk, size = (p.path for p in result.diff.changes[1].properties)
    assert disk.startswith("blockDeviceMappings")
    assert size == "instanceType"
    assert [risk.kind for risk in result.diff.risks] == ["hosts"]


def test_a_version_is_a_new_task_definition_and_restarts_tasks(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "version")
    assert verdicts(result) == [
        (Action.REPLACE, "orders-task (TaskDefinition)", ("stage",)),
        (Action.UPDATE, "orders-on-api (Service)", ("stage",)),
    ]
    task, service = result.diff.changes
    assert {p.path for p in task.properties if p.path.endswith(".image")} == {"containerDefinitions[orders].image"}
    (reference,) = service.properties
    assert (reference.path, reference.effect) == ("taskDefinition", Effect.UPDATES)
    (risk,) = result.diff.risks
    assert (risk.kind, risk.subject) == ("restart", "orders-on-api (Service)")
    assert "orders:3.8.1" in risk.text
    assert "orders:3.8.2" in risk.text


def test_a_removed_service_is_deleted_with_its_alerts_and_logs(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "removed")
    resources = [change for change in result.diff.changes if change.owner != "exports"]
    assert {(change.action, change.owner) for change in resources} == {(Action.DELETE, "service orders")}
    kinds = {risk.kind for risk in result.diff.risks}
    assert kinds == {"state", "alerts"}
    (state,) = [risk for risk in result.diff.risks if risk.kind == "state"]
    assert (state.subject, state.stacks) == ("orders-logs (LogGroup)", STACKS)


def test_another_order_of_the_yaml_is_no_change(planned: Mapping[str, Planned]) -> None:
    result = report(planned, "reordered")
    assert verdicts(result) == []
    assert result.headline == "No changes"


def test_a_base_that_cannot_be_planned_is_told_and_fails_nothing(planned: Mapping[str, Planned]) -> None:
    result = build(planned["broken"], planned["base"])
    assert (result.diff.stacks, result.exit_code) == ((), 0)
    assert {failure.stack for failure in result.base_failures} == set(STACKS)
    assert all("services/orders.yaml: no_such_key" in failure.message for failure in result.base_failures)
    assert set(result.resources or {}) == set(STACKS)
    assert build(planned["base"], planned["broken"]).exit_code == 1


def test_plans_are_remembered_by_their_files(
    repository: Path, planned: Mapping[str, Planned], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AssertionError("a known revision was evaluated again")

    monkeypatch.setattr("slipway.revisions.evaluate", refuse)
    there = Repository(repository)
    (again, clean) = there.plan([there.revision("HEAD"), there.working_tree()], STACKS)
    assert again.plans == clean.plans == planned["base"].plans


def test_a_changed_file_makes_the_working_tree_its_own_revision(repository: Path) -> None:
    there = Repository(repository)
    assert there.working_tree().tree == there.revision("base").tree
    file = repository / "services/new.yaml"
    file.write_text("kind: web\n")
    try:
        assert there.working_tree().tree is None
    finally:
        file.unlink()


# Bad input -----------------------------------------------------------------------------------------------------------


def slipway(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["diff", *arguments])


@pytest.mark.parametrize("name", ["no-such-branch", "--help-me", "HEAD:platform"])
def test_a_revision_that_does_not_exist(repository: Path, name: str) -> None:
    with pytest.raises(RevisionError, match="is not a revision of this repository"):
        Repository(repository).revision(name)


def test_a_shallow_clone_says_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=drain", repository.parent.as_uri(), "clone")
    result = slipway("HEAD~1", "--root", str(tmp_path / "clone/platform"))
    assert result.exit_code == 1
    assert result.stderr == (
        "'HEAD~1' is not in this clone, which is shallow. Fetch the whole history:"
        " `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout.\n"
    )


def test_outside_of_a_repository(repository: Path, tmp_path: Path) -> None:
    shutil.copy(repository / "Pulumi.yaml", tmp_path)
    result = slipway("main", "--root", str(tmp_path))
    assert result.exit_code == 1
    assert "is not in a git repository" in result.stderr
