"""What people get wrong: the message says what is wrong and what to do, and nothing is created."""

from __future__ import annotations

import subprocess

import pytest

from .provider.faults import Fault
from .workspace import Run, Workspace

pytestmark = pytest.mark.engine

STACK = "dev"


@pytest.fixture
def stack(workspace: Workspace) -> Workspace:
    workspace.shrink(["reports"])
    workspace.init(STACK)
    return workspace


def test_wrong_passphrase(stack: Workspace) -> None:
    run = stack.run(
        "up", "--stack", STACK, "--yes", "--skip-preview", env={"PULUMI_CONFIG_PASSPHRASE": "not the passphrase"}
    )
    _says(stack, run, "incorrect passphrase")


def test_no_passphrase(stack: Workspace) -> None:
    del stack.env["PULUMI_CONFIG_PASSPHRASE"]
    _says(stack, stack.up(STACK), "PULUMI_CONFIG_PASSPHRASE")


def test_missing_secret(stack: Workspace) -> None:
    stack.begin_with('pulumi.Config("slipway-test").require_secret("token")\n')
    _says(
        stack,
        stack.up(STACK),
        "Missing required configuration variable 'slipway-test:token'",
        "pulumi config set --secret slipway-test:token",
    )


def test_stack_that_is_not_initialised(workspace: Workspace) -> None:
    _says(workspace, workspace.up("stage"), "no stack named 'stage' found")
    command = ["make", "--old-file=.venv/.ready", "up", "STACK=stage"]
    made = subprocess.run(
        command, cwd=workspace.project, env=workspace.env, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert "no stack named 'stage' found" in made.stderr
    assert "If stage is new here: pulumi stack init stage; from the very start: docs/first-hour.md" in made.stderr


def test_expired_credential(stack: Workspace) -> None:
    stack.cloud.inject(Fault(error="expired", method="Configure", token="pulumi:providers:aws", times=9))
    _says(stack, stack.up(STACK), "ExpiredToken: The security token included in the request is expired")
    stack.cloud.faults.clear()

    # And half way.
    stack.cloud.inject(Fault(error="expired", token="aws:ec2/subnet:Subnet", times=99))
    assert "ExpiredToken" in stack.up(STACK).refused().output
    stack.assert_state_matches_cloud(STACK)
    stack.cloud.faults.clear()
    stack.up(STACK).ok()
    stack.assert_state_matches_cloud(STACK)


def test_configuration_that_is_wrong(stack: Workspace) -> None:
    with stack.edit(f"Pulumi.{STACK}.yaml") as content:
        content["config"]["slipway:environment"]["cidr"] = "10.10.0.0/33"
    run = stack.up(STACK)
    _says(stack, run, f"Pulumi.{STACK}.yaml", "cidr", "10.10.0.0/33")
    assert "Traceback" not in run.output


def _says(stack: Workspace, run: Run, *parts: str) -> None:
    output = run.refused().output
    for part in parts:
        assert part in output, output
    assert len(stack.cloud.records) == 0
