"""Each of the four stacks on the real engine: made, repeated, compared, refreshed, destroyed."""

from __future__ import annotations

import pytest

from .conftest import STACKS, Results
from .life import Life

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("stack", STACKS)]

Lives = Results[Life]

# What nobody can delete in an environment: see components/account/guardrails.py.
GUARDED = {
    "Account",
    "Analyzer",
    "DeliveryChannel",
    "EncryptionByDefault",
    "ImageBlockPublicAccess",
    "InstanceMetadataDefaults",
    "Recorder",
    "RecorderStatus",
    "ServiceLinkedRole",
    "SnapshotBlockPublicAccess",
    "StandardsSubscription",
}


def test_first_preview_only_creates_and_calls_nothing(lives: Lives, stack: str) -> None:
    life = lives(stack)
    assert {step.op for step in life.first_preview.steps} == {"create"}
    assert life.in_cloud_after_preview == 0


def test_up_makes_what_the_preview_said(lives: Lives, stack: str) -> None:
    life = lives(stack)
    assert {step.urn for step in life.up.changes} == {step.urn for step in life.first_preview.changes}
    assert life.up.failed == []


def test_up_creates_everything_once(lives: Lives, stack: str) -> None:
    life = lives(stack)
    assert set(life.created.values()) == {1}
    assert life.in_cloud == len(life.created) > 100


def test_second_up_and_preview_change_nothing(lives: Lives, stack: str) -> None:
    life = lives(stack)
    assert life.second_up.changes == []
    assert life.preview_again.ok().changes == []
    assert life.writes_by_repeating == 0


def test_refresh_finds_nothing_changed(lives: Lives, stack: str) -> None:
    assert "unchanged" in lives(stack).refresh.ok().output


def test_destroy_is_refused_by_what_is_protected_and_deletes_nothing(lives: Lives, stack: str) -> None:
    life = lives(stack)
    refusal = life.refused_destroy.refused().output
    assert "cannot be deleted\n    because it is protected" in refusal
    assert any(urn in refusal for urn in life.protected)
    assert life.in_cloud_after_refusal == life.in_cloud_before_refusal


def test_destroy_without_the_program_is_refused_and_says_what_is_missing(lives: Lives, stack: str) -> None:
    """Where there are services: a hook of the program runs before one leaves."""
    refusal = lives(stack).destroy_without_program.refused().output
    assert ("You must run with the `--run-program` flag" in refusal) is (stack != "ops")


def test_destroy_leaves_images_and_what_the_guardrails_keep_once_protection_is_lifted(lives: Lives, stack: str) -> None:
    life = lives(stack)
    life.destroy_unprotected.ok()
    life.destroy.ok()
    assert (life.in_cloud_at_the_end, life.in_state_at_the_end) == (life.retained, 0)
    images = {"LifecyclePolicy", "Repository", "RepositoryPolicy"}
    assert {urn.rsplit("::", 2)[1].rpartition(":")[2] for urn in life.retained} == GUARDED | (
        images if stack == "ops" else set()
    )
