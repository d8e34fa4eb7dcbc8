"""The commands of docs/first-hour.md, in their order, on the real engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .workspace import Run, Workspace

pytestmark = pytest.mark.engine

ORGANIZATION = ("--target", "**slipway:organization:Organization::**", "--target", "**aws:organizations/**")


def names(run: Run, type_: str) -> set[str]:
    return {step.name for step in run.changes if step.type == type_}


def test_from_no_organization_to_ops_and_its_state_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    workspace.init("ops")
    workspace.run("config", "set", "slipway:access_role", "OrganizationAccountAccessRole", "--stack", "ops").ok()

    first = workspace.up("ops", *ORGANIZATION).ok()
    accounts = {"organization-dev", "organization-stage", "organization-prod"}
    assert names(first, "aws:organizations/account:Account") == accounts
    assert {step.type.split(":")[0] for step in first.changes if not step.type.startswith("pulumi:")} == {
        "aws",
        "slipway",
    }
    assert not names(first, "aws:costexplorer/costAllocationTag:CostAllocationTag")
    ids = json.loads(workspace.run("stack", "output", "account_ids", "--stack", "ops").ok().output)
    assert sorted(ids) == ["dev", "prod", "stage"]

    workspace.up("ops", "--exclude", "**CostAllocationTag**").ok()
    later = workspace.up("ops").ok()
    assert {step.type for step in later.changes} == {"aws:costexplorer/costAllocationTag:CostAllocationTag"}

    workspace.run("config", "rm", "slipway:access_role", "--stack", "ops").ok()
    without = workspace.up("ops").ok()
    assert [(step.name, step.diffs) for step in without.changes] == [("aws", ("assumeRoles",))]

    exported = tmp_path / "ops.json"
    workspace.run("stack", "export", "--show-secrets", "--stack", "ops", "--file", str(exported)).ok()
    (tmp_path / "elsewhere").mkdir()
    workspace.env["PULUMI_BACKEND_URL"] = f"file://{tmp_path / 'elsewhere'}"
    workspace.init("ops")
    workspace.run("stack", "import", "--stack", "ops", "--file", str(exported)).ok()
    workspace.preview("ops", "--expect-no-changes").ok()


def test_an_existing_account_is_taken_over_as_it_is_and_then_moves_to_its_unit(workspace: Workspace) -> None:
    workspace.init("ops")
    workspace.up("ops", *ORGANIZATION).ok()
    (account,) = (r for r in workspace.state("ops") if r["urn"].endswith("::organization-dev"))
    workspace.run("state", "delete", account["urn"], "--force", "--yes", "--stack", "ops").ok()
    # Made by somebody else: at the root, under another name; and AWS does not tell what a destroy would do with it.
    (record,) = (record for record in workspace.cloud.records.values() if record.urn == account["urn"])
    told = {"name": "Development", "email": record.inputs["email"], "parentId": "r-0001"}
    record.inputs, record.outputs = told, {**record.outputs, **told}
    del record.outputs["closeOnDeletion"]

    file = workspace.project / "Pulumi.yaml"
    adopted = rf'\1 adopt: true, id: "{account["id"]}",'
    text, count = re.subn(r'(dev:\n +account: \{) id: "\d{12}",', adopted, file.read_text())
    assert count == 1
    file.write_text(text)
    taken = workspace.up("ops", *ORGANIZATION).ok()
    assert [(step.op, step.name) for step in taken.changes] == [("import", "organization-dev")]

    file.write_text(text.replace(" adopt: true,", ""))
    moved = workspace.up("ops", *ORGANIZATION).ok()
    assert [(step.op, step.name, step.diffs) for step in moved.changes] == [
        ("update", "organization-dev", ("parentId",))
    ]
    assert record.inputs["name"] == "Development"
