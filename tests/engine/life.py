"""A stack from its first preview to its destruction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests import everyday_changes

from .workspace import Run, Workspace


@dataclass(frozen=True, kw_only=True)
class EverydayChanges:
    """What the engine makes of the table in docs/changes.md."""

    ami_release: Run  # a preview
    at_once: Run


@dataclass(frozen=True, kw_only=True)
class Life:
    """What each run did, and what the cloud held after it."""

    first_preview: Run
    in_cloud_after_preview: int
    up: Run
    created: Counter[str]  # how often each URN was created
    in_cloud: int
    types: frozenset[str]
    second_up: Run
    preview_again: Run
    writes_by_repeating: int  # calls that create, change or delete, made by the second `up` and the previews
    refresh: Run
    changes: EverydayChanges | None
    protected: frozenset[str]
    retained: frozenset[str]  # what is to outlive its entry
    destroy_without_program: Run
    refused_destroy: Run
    in_cloud_before_refusal: int
    in_cloud_after_refusal: int
    destroy_unprotected: Run
    destroy: Run
    in_cloud_at_the_end: frozenset[str]
    in_state_at_the_end: int


def live(workspace: Workspace, stack: str) -> Life:
    """Runs it all. Only what the next run needs is asserted here; the tests judge the rest."""
    cloud = workspace.cloud
    workspace.init(stack)
    first_preview = workspace.preview(stack, "--policy-pack", "policies").ok()
    in_cloud_after_preview = len(cloud.records)

    up = workspace.up(stack).ok()
    in_cloud = workspace.assert_state_matches_cloud(stack)
    types = frozenset(record.token for record in cloud.records.values())
    protected = frozenset(resource["urn"] for resource in workspace.state(stack) if resource.get("protect"))
    kept = {resource["urn"] for resource in workspace.state(stack) if resource.get("retainOnDelete")}
    # What is deleted with something is not deleted itself, and stays where that stays.
    retained = frozenset(kept | {each["urn"] for each in workspace.state(stack) if each.get("deletedWith") in kept})
    created = Counter(call.urn for call in cloud.calls if call.method == "Create" and call.error is None)

    writes = _writes(workspace)
    second_up = workspace.up(stack).ok()
    preview_again = workspace.preview(stack, "--expect-no-changes")
    writes_by_repeating = _writes(workspace) - writes
    refresh = workspace.refresh(stack, "--expect-no-changes")
    changes = _change_everything(workspace) if stack == everyday_changes.STACK else None

    # With its preview, as people run it: what is protected refuses before anything is deleted.
    in_cloud_before_refusal = len(cloud.records)
    without_program = workspace.run("destroy", "--stack", stack, "--yes")
    refused = workspace.run("destroy", "--run-program", "--stack", stack, "--yes")
    in_cloud_after_refusal = workspace.assert_state_matches_cloud(stack)

    # As docs/recovery.md has it.
    cloud.lift_deletion_protection()
    destroy_unprotected = workspace.destroy(stack, "--run-program", "--exclude-protected")
    workspace.run("state", "unprotect", "--all", "--yes", "--stack", stack).ok()
    destroy = workspace.destroy(stack)
    return Life(
        first_preview=first_preview,
        in_cloud_after_preview=in_cloud_after_preview,
        up=up,
        created=created,
        in_cloud=in_cloud,
        types=types,
        second_up=second_up,
        preview_again=preview_again,
        writes_by_repeating=writes_by_repeating,
        refresh=refresh,
        changes=changes,
        protected=protected,
        retained=retained,
        destroy_without_program=without_program,
        refused_destroy=refused,
        in_cloud_before_refusal=in_cloud_before_refusal,
        in_cloud_after_refusal=in_cloud_after_refusal,
        destroy_unprotected=destroy_unprotected,
        destroy=destroy,
        in_cloud_at_the_end=frozenset(record.urn for record in cloud.records.values()),
        in_state_at_the_end=len(workspace.state(stack)),
    )


def _change_everything(workspace: Workspace) -> EverydayChanges:
    with workspace.edited(everyday_changes.AMI.file):
        everyday_changes.AMI.apply(workspace.project)
        ami_release = workspace.preview(everyday_changes.STACK).ok()
    everyday_changes.apply_at_once(workspace.project)
    return EverydayChanges(ami_release=ami_release, at_once=workspace.up(everyday_changes.STACK).ok())


def _writes(workspace: Workspace) -> int:
    return sum(call.method in ("Create", "Update", "Delete") for call in workspace.cloud.calls)
