"""An `up` that is cut off, and two at once. What to do is in docs/recovery.md; the commands are the ones run here."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from .provider.faults import Fault
from .workspace import Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
ROLE = "aws:iam/role:Role"


@pytest.fixture
def stack(workspace: Workspace) -> Workspace:
    workspace.shrink(["orders"])
    workspace.init(STACK)
    return workspace


@pytest.mark.parametrize("made", [False, True], ids=["before", "after"])
def test_killed_while_one_thing_is_created(stack: Workspace, made: bool) -> None:
    """The CLI dies before or after AWS made a role, and cannot know which."""
    stack.cloud.inject(Fault(error=None if made else "timed out", token=ROLE, delay=30, after=made))
    _kill_up_when(stack, lambda: bool(stack.cloud.waiting), "--parallel", "1")
    (pending,) = _pending_creates(stack)
    assert pending["type"] == ROLE
    assert stack.cloud.created(pending["urn"]) == int(made)

    assert "the stack is currently locked by 1 lock(s)" in stack.up(STACK).refused().output
    _recover(stack)


def test_killed_in_the_middle_of_everything(stack: Workspace) -> None:
    """With calls under way, and the worst that can be left of a state on a disk: an empty file of attributes."""
    _kill_up_when(stack, lambda: len(stack.cloud.records) >= 60)
    (attributes,) = (stack.folder / "state").rglob(f"{STACK}.json.attrs")
    attributes.write_text("")
    assert "failed to load checkpoint: EOF" in stack.run("cancel", "--yes", "--stack", STACK).refused().output
    _recover(stack)


def test_of_two_ups_at_once_one_works_and_one_says_who_holds_the_lock(stack: Workspace) -> None:
    stack.cloud.inject(Fault(error=None, token=ROLE, delay=8))
    first = stack.start("up", "--stack", STACK, "--skip-preview", "--yes", "--parallel", "1")
    _wait(lambda: bool(stack.cloud.waiting))
    second = stack.up(STACK).refused()
    assert first.wait(timeout=300) == 0
    assert "the stack is currently locked by 1 lock(s)" in second.output
    assert "pulumi cancel" in second.output
    stack.assert_state_matches_cloud(STACK)
    assert {stack.cloud.created(record.urn) for record in stack.cloud.records.values()} == {1}


def _recover(stack: Workspace) -> None:
    """The commands of docs/recovery.md, and what they promise: nothing made twice, lost, or left behind."""
    for attributes in (stack.folder / "state").rglob("*.attrs"):
        if attributes.stat().st_size == 0:
            attributes.unlink()
    made = {record.urn: record.id for record in stack.cloud.records.values()}

    stack.run("cancel", "--yes", "--stack", STACK).ok()
    orphans = [resource for resource in _pending_creates(stack) if resource["urn"] in made]
    stack.refresh(STACK, "--clear-pending-creates").ok()
    assert _pending_creates(stack) == []
    if orphans:
        file = stack.folder / "pending.json"
        file.write_text(json.dumps(_import_file(orphans, made)))
        options = ("--generate-code=false", "--protect=false", "--skip-preview", "--yes")
        stack.run("import", "--file", str(file), *options, "--stack", STACK).ok()
    stack.assert_state_matches_cloud(STACK)
    stack.up(STACK).ok()

    assert stack.assert_state_matches_cloud(STACK) > len(made)
    assert {stack.cloud.created(record.urn) for record in stack.cloud.records.values()} == {1}


def _kill_up_when(stack: Workspace, reached: Callable[[], bool], *args: str) -> None:
    """Starts an `up` and kills the CLI and its program, with the signal that nobody can catch."""
    up = stack.start("up", "--stack", STACK, "--skip-preview", "--yes", *args)
    _wait(reached)
    os.killpg(up.pid, signal.SIGKILL)
    up.wait()
    stack.cloud.struck["killed"] += 1
    stack.cloud.faults.clear()


def _wait(reached: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def _pending_creates(stack: Workspace) -> list[dict[str, Any]]:
    """What was begun to be created and never ended, as `pulumi stack export` shows it."""
    exported = json.loads(stack.run("stack", "export", "--stack", STACK).ok().output)
    pending = exported["deployment"].get("pending_operations") or []
    return [operation["resource"] for operation in pending if operation["type"] == "creating"]


def _import_file(resources: list[dict[str, Any]], ids: dict[str, str]) -> dict[str, Any]:
    """The file that `pulumi import` takes: each resource below the parent and provider that it was to have."""
    table: dict[str, str] = {}
    entries = []
    for number, resource in enumerate(resources):
        table[f"parent-{number}"] = resource["parent"]
        table[f"provider-{number}"] = resource["provider"].rsplit("::", 1)[0]
        entries.append(
            {
                "type": resource["type"],
                "name": resource["urn"].rsplit("::", 1)[1],
                "id": ids[resource["urn"]],
                "parent": f"parent-{number}",
                "provider": f"provider-{number}",
            }
        )
    return {"nameTable": table, "resources": entries}
