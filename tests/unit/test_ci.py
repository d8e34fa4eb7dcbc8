"""`slipway ci`: what the workflows ask of the program: stacks, accounts, versions, rotated secrets, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
from moto import mock_aws
from typer.testing import CliRunner, Result

from plan.project import Project, ProjectError
from slipway import ci
from slipway.ci import event
from slipway.cli import app
from tests.datadog_models import accepted
from tests.intake import Intake
from tests.projects import ROOT, copy_project, edit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


def slipway(root: Path, *arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(app, ["ci", *arguments, "--root", str(root)], **more)


# Stacks and accounts -------------------------------------------------------------------------------------------------


def test_the_stacks_of_a_matrix_are_in_the_order_of_deploys(root: Path) -> None:
    assert json.loads(slipway(root, "stacks").stdout) == ["ops", "dev", "stage", "prod"]
    assert json.loads(slipway(root, "stacks", "--environments").stdout) == ["dev", "stage", "prod"]
    (root / "Pulumi.stage.yaml").unlink()  # declared, and not there yet
    assert json.loads(slipway(root, "stacks").stdout) == ["ops", "dev", "prod"]


def test_what_a_job_has_to_know_of_an_account_is_printed_as_outputs_of_a_step(root: Path) -> None:
    assert slipway(root, "facts", "prod", "preview").stdout.splitlines() == [
        "account-id=444444444444",
        "role-arn=arn:aws:iam::444444444444:role/preview",
        "role-seconds=3600",
        "region=us-east-1",
        "backend=s3://acme-state-111111111111?region=us-east-1",
    ]
    assert slipway(root, "facts", "dev", "deploy").stdout.splitlines()[:2] == [
        "account-id=222222222222",
        "role-arn=arn:aws:iam::222222222222:role/deploy",
    ]


def test_an_account_or_a_role_that_there_is_not_is_answered(root: Path) -> None:
    result = slipway(root, "facts", "prud", "preview")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "prud preview: not one of ops, dev, stage, prod and deploy, preview.\n"


# Versions of what all stacks run -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "version"), [("ami_release", "2023.0.20261201-kernel-6.1"), ("datadog.agent_version", "7.99.0")]
)
def test_a_bump_changes_one_line(root: Path, key: str, version: str) -> None:
    before = (root / "Pulumi.yaml").read_text()
    assert slipway(root, "bump", key, version).stdout == "Pulumi.yaml\n"
    after = (root / "Pulumi.yaml").read_text()
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    ((old, new),) = [(one, other) for one, other in pairs if one != other]
    assert new == f"{old.partition(':')[0]}: {version}"
    assert slipway(root, "bump", key, version).stdout == ""
    assert (root / "Pulumi.yaml").read_text() == after


@pytest.mark.parametrize(
    ("key", "version", "message"),
    [
        ("ami_release", "2; rm -rf /", "is no version"),
        ("ami_release", "", "is no version"),
        ("ami_release", "1\n  b: 2", "is no version"),
        ("ami_releaze", "2", "Pulumi.yaml: slipway:platform.ami_releaze holds no version"),
        ("datadog", "2", "Pulumi.yaml: slipway:platform.datadog holds no version"),
        ("datadog.agent_version", "latest", "Nothing was written"),
    ],
)
def test_a_bump_that_is_none_is_refused(root: Path, key: str, version: str, message: str) -> None:
    before = (root / "Pulumi.yaml").read_text()
    with pytest.raises(ProjectError, match=message):
        ci.bump(Project.load(root), key, version)
    assert (root / "Pulumi.yaml").read_text() == before


# Rotated secrets -----------------------------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("REGION", "us-east-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y")):
        monkeypatch.setenv(f"AWS_{'DEFAULT_REGION' if name == 'REGION' else name}", value)
    with mock_aws():
        yield boto3.Session()


@pytest.fixture
def project(root: Path, aws: Any) -> Path:
    """A stack whose secrets are as the file says: one within braces, one in a block, others not said."""
    secret = aws.client("secretsmanager").create_secret(Name="gateway/signing-key", SecretString="first")
    aws.client("ssm").put_parameter(Name="/purge/cdn-token", Value="first", Type="SecureString")
    file = root / "Pulumi.prod.yaml"
    edit(file, "SIGNING_KEY: [^ ]+", f"SIGNING_KEY: {secret['VersionId']}")
    edit(
        file,
        "^    purge: .*",
        '    purge:\n      version: "0.9.0"\n      tasks: 1\n      secret_versions:\n        CDN_TOKEN: "1"  # block',
    )
    return root


def look(project: Path) -> tuple[str, str]:
    """The file before and after."""
    file = project / "Pulumi.prod.yaml"
    before = file.read_text()
    ci.rotate(Project.load(project), "prod", boto3.Session())
    return before, file.read_text()


def test_what_nobody_rotated_changes_nothing(project: Path) -> None:
    before, after = look(project)
    assert after == before


def test_a_rotated_secret_changes_its_version_and_not_a_character_besides(project: Path, aws: Any) -> None:
    rotated = aws.client("secretsmanager").put_secret_value(SecretId="gateway/signing-key", SecretString="second")
    aws.client("ssm").put_parameter(Name="/purge/cdn-token", Value="second", Type="SecureString", Overwrite=True)
    before, after = look(project)
    old = yaml.safe_load(before)["config"]["slipway:services"]["gateway"]["secret_versions"]["SIGNING_KEY"]
    assert after == before.replace(old, f'"{rotated["VersionId"]}"').replace('CDN_TOKEN: "1"', 'CDN_TOKEN: "2"')
    assert look(project) == (after, after)


def test_a_version_that_is_only_staged_is_not_current(project: Path, aws: Any) -> None:
    aws.client("secretsmanager").put_secret_value(
        SecretId="gateway/signing-key", SecretString="pending", VersionStages=["AWSPENDING"]
    )
    before, after = look(project)
    assert after == before


def test_a_parameter_that_is_not_there_is_an_error(project: Path, aws: Any) -> None:
    aws.client("ssm").delete_parameter(Name="/purge/cdn-token")
    before = (project / "Pulumi.prod.yaml").read_text()
    result = slipway(project, "rotate", "prod")
    assert (result.exit_code, result.stderr) == (1, "There is no parameter /purge/cdn-token.\n")
    assert (project / "Pulumi.prod.yaml").read_text() == before


def test_a_companys_versions_are_found(root: Path) -> None:
    assert [*ci.versions(Project.load(root), "prod")] == [
        (("config", "slipway:services", "gateway", "secret_versions", "SIGNING_KEY"), "gateway/signing-key")
    ]


# Events --------------------------------------------------------------------------------------------------------------


def an_update(**changes: Any) -> dict[str, Any]:
    """An entry as `pulumi stack history --json` prints it."""
    given = {
        "kind": "update",
        "startTime": "2026-11-23T12:30:00.000Z",
        "endTime": "2026-11-23T12:31:14.000Z",
        "message": "gateway 4.13.0",
        "environment": {"git.author": "ada", "git.head": "0123456789abcdef0123456789abcdef01234567"},
        "result": "succeeded",
        "resourceChanges": {"create": 1, "same": 410, "update": 2, "replace": 1},
    }
    return given | changes


def test_an_update_in_full() -> None:
    body = event("stage", an_update())
    assert body == {
        "title": "Pulumi update of stage: succeeded",
        "text": "1 create, 2 update, 1 replace\nBy: ada\nCommit: 0123456789ab gateway 4.13.0",
        "alert_type": "success",
        "date_happened": 1795437074,
        "aggregation_key": "pulumi:stage",
        "tags": ["env:stage", "event:stack_update", "outcome:succeeded", "source:slipway", "who:ada"],
    }
    accepted(body, EventCreateRequest)


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"result": "failed"}, "alert_type", "error"),
        ({"resourceChanges": {"same": 4}}, "text", "nothing changed\nBy: ada\nCommit: 0123456789ab gateway 4.13.0"),
        ({"environment": {}}, "text", "1 create, 2 update, 1 replace\nBy: unknown\nCommit: unknown gateway 4.13.0"),
        ({"kind": "destroy"}, "title", "Pulumi destroy of stage: succeeded"),
    ],
    ids=["failed", "unchanged", "by nobody known", "destroyed"],
)
def test_what_differs(changes: dict[str, Any], key: str, expected: str) -> None:
    body = event("stage", an_update(**changes))
    assert body[key] == expected
    accepted(body, EventCreateRequest)


def test_datadog_receives_what_pulumi_says_of_its_newest_update(
    root: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DD_API_KEY", "the-key")
    history = json.dumps([an_update(), an_update(result="failed")])
    result = slipway(root, "event", "stage", input=history)
    assert result.stdout == "Pulumi update of stage: succeeded\n"
    assert intake.received == [("/api/v1/events", "the-key", event("stage", an_update()))]


def test_the_companys_own_site_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(root / "Pulumi.yaml", "site: datadoghq.com", "site: datadoghq.eu")
    sites: list[str] = []

    def post(_: object, site: str) -> None:
        sites.append(site)

    monkeypatch.setattr(ci, "post", post)
    assert slipway(root, "event", "stage", input=json.dumps([an_update()])).exit_code == 0
    assert sites == ["datadoghq.eu"]


def test_the_apply_workflow_tells_of_every_update_that_ran() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/apply.yml").read_text())
    steps = workflow["jobs"]["apply"]["steps"]
    (at,) = (number for number, step in enumerate(steps) if "slipway ci event" in step.get("run", ""))
    assert steps[at - 1]["id"] == "up"
    assert steps[at]["if"] == """always() && contains(fromJSON('["success", "failure"]'), steps.up.outcome)"""
