"""An `up` that is cut off, and two at once. What to do is in docs/recovery.md; the commands are the ones run here."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from .faults import SERVICES
from .provider.faults import Fault
from .workspace import Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
ROLE = "aws:iam/role:Role"


@pytest.fixture
def stack(workspace: Workspace) -> Workspace:
    workspace.shrink(SERVICES)
    workspace.keep_checkpoints()
    workspace.init(STACK)
    return workspace


def test_killed_before_the_cloud_made_the_thing(stack: Workspace) -> None:
    """Recovery: `pulumi cancel --yes`, `pulumi refresh --clear-pending-creates --yes`, `pulumi up`."""
    stack.cloud.inject(Fault(error="timed out", token=ROLE, delay=20))
    _kill_up_when(stack, lambda: stack.cloud.survived["timed out"] == 1 and len(stack.cloud.records) > 20)
    in_cloud = len(stack.cloud.records)

    assert "locked" in stack.up(STACK).refused().output
    stack.run("cancel", "--yes", "--stack", STACK).ok()
    assert any(ROLE in urn for urn in _pending_creates(stack))
    stack.refresh(STACK, "--clear-pending-creates").ok()
    assert _pending_creates(stack) == []
    stack.up(STACK).ok()

    assert stack.assert_state_matches_cloud(STACK) > in_cloud
    assert stack.preview(STACK, "--expect-no-changes").ok().changes == []


def test_killed_after_the_cloud_made_the_thing(stack: Workspace) -> None:
    """Recovery: `pulumi cancel --yes`, `pulumi refresh --import-pending-creates URN=ID`, `pulumi up`: no orphan."""
    stack.cloud.inject(Fault(error=None, token=ROLE, delay=20, after=True))
    _kill_up_when(stack, lambda: len(stack.cloud.of(ROLE)) >= 1 and len(stack.cloud.records) > 20)
    made = {record.urn: record.id for record in stack.cloud.records.values()}

    stack.run("cancel", "--yes", "--stack", STACK).ok()
    imports: list[str] = []
    for urn in _pending_creates(stack):
        assert urn in made, f"{urn} is pending and does not exist"
        imports += ["--import-pending-creates", urn, "--import-pending-creates", made[urn]]
    assert any(ROLE in part for part in imports)
    stack.refresh(STACK, *imports).ok()
    stack.up(STACK).ok()

    stack.assert_state_matches_cloud(STACK)
    assert [urn for urn in made if stack.cloud.created(urn) != 1] == []
    assert stack.preview(STACK, "--expect-no-changes").ok().changes == []


def test_of_two_ups_at_once_one_works_and_one_says_who_holds_the_lock(stack: Workspace) -> None:
    stack.cloud.inject(Fault(error=None, token=ROLE, delay=8))
    first = stack.start("up", "--stack", STACK, "--skip-preview", "--yes")
    _wait(lambda: len(stack.cloud.records) > 0)
    second = stack.up(STACK).refused()
    assert first.wait(timeout=300) == 0
    assert "the stack is currently locked by 1 lock(s)" in second.output
    assert "pulumi cancel" in second.output
    stack.assert_state_matches_cloud(STACK)
    assert {stack.cloud.created(record.urn) for record in stack.cloud.records.values()} == {1}


def _kill_up_when(stack: Workspace, reached: Callable[[], bool]) -> None:
    """Starts an `up` and kills the CLI and its program, with a signal that nobody can catch."""
    up = stack.start("up", "--stack", STACK, "--skip-preview", "--yes")
    _wait(reached)
    os.killpg(up.pid, signal.SIGKILL)
    up.wait()


def _wait(reached: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def _pending_creates(stack: Workspace) -> list[str]:
    """The URNs whose creation was begun and never ended, as `pulumi stack export` shows them."""
    exported = json.loads(stack.run("stack", "export", "--stack", STACK).ok().output)
    pending = exported["deployment"].get("pending_operations") or []
    return [operation["resource"]["urn"] for operation in pending if operation["type"] == "creating"]
