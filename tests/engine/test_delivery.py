"""What the deploy workflow relies on: two previews of one change are the same, and only the planned is applied."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.projects import ROOT, complete_project

from .workspace import Run, Workspace

pytestmark = pytest.mark.engine

STACK = "stage"
SERVICE = "ledger"


@pytest.fixture(scope="module")
def summing_up() -> Any:
    """.github/scripts/preview.py, which is a file of no package."""
    spec = importlib.util.spec_from_file_location("preview_script", ROOT / ".github/scripts/preview.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A stack as CI has deployed it, and then a merged release."""
    workspace = Workspace(complete_project(), tmp_path_factory.mktemp("delivery"))
    try:
        workspace.shrink([SERVICE])
        workspace.init(STACK)
        workspace.up(STACK, "--config", "slipway:access_role=deploy").ok()
        yield workspace
    finally:
        workspace.close()


def release(workspace: Workspace, version: str) -> None:
    with workspace.edit(f"Pulumi.{STACK}.yaml") as stack:
        stack["config"]["slipway:services"][SERVICE]["version"] = version


def preview(workspace: Workspace, role: str, *options: str) -> Run:
    return workspace.preview(STACK, "--config", f"slipway:access_role={role}", *options)


def summed_up(summing_up: Any, workspace: Workspace) -> Any:
    return summing_up.read((workspace.folder / "events.jsonl").read_text())


def test_both_roles_see_the_same_and_the_plan_holds_the_update(
    workspace: Workspace, summing_up: Any, tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan.json")
    preview(workspace, "preview").ok()
    assert summed_up(summing_up, workspace).changes == ()

    release(workspace, "1.99.0")
    preview(workspace, "preview").ok()
    approved = summed_up(summing_up, workspace)
    assert [(change.op, change.name, change.properties) for change in approved.changes] == [
        ("replace", f"{SERVICE}-task", ("containerDefinitions",)),
        ("update", f"{SERVICE}-on-api", ("taskDefinition",)),
    ]
    text = summing_up.markdown(STACK, approved)
    assert text.startswith(f"### `pulumi preview` of {STACK}: 1 replaced, 1 updated\n")
    preview(workspace, "deploy", "--save-plan", plan).ok()
    assert summed_up(summing_up, workspace).digest == approved.digest

    # Somebody changes something else between the approval and the update.
    with workspace.edit(f"Pulumi.{STACK}.yaml") as stack:
        stack["config"]["slipway:services"][SERVICE]["tasks"] = 2
    preview(workspace, "deploy").ok()
    assert summed_up(summing_up, workspace).digest != approved.digest
    refused = workspace.up(STACK, "--config", "slipway:access_role=deploy", "--plan", plan).refused()
    assert "violates plan" in refused.output

    with workspace.edit(f"Pulumi.{STACK}.yaml") as stack:
        stack["config"]["slipway:services"][SERVICE]["tasks"] = 1
    done = workspace.up(STACK, "--config", "slipway:access_role=deploy", "--plan", plan).ok()
    assert {step.name for step in done.changes} == {f"{SERVICE}-task", f"{SERVICE}-on-api"}


def test_what_changed_in_the_cloud_alone_is_drift(workspace: Workspace, summing_up: Any) -> None:
    preview(workspace, "preview", "--refresh").ok()
    assert summed_up(summing_up, workspace).changes == ()
    (record,) = (record for record in workspace.cloud.records.values() if record.urn.endswith(f"::{SERVICE}-logs"))
    record.inputs["retentionInDays"] = 1
    preview(workspace, "preview", "--refresh").ok()
    (change,) = summed_up(summing_up, workspace).changes
    assert (change.op, change.name, change.properties) == ("update", f"{SERVICE}-logs", ("retentionInDays",))
