"""The table of docs/changes.md once more, and this time the engine says what happens."""

from __future__ import annotations

import re

import pytest

from tests.everyday_changes import CHANGES, MOVE, STACK, TASK, Effect, by_change, said, strays, table

from .conftest import Results
from .life import EverydayChanges, Life
from .workspace import Run

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("stack", [STACK])]

Lives = Results[Life]

_KINDS = {"create": "adds", "delete": "removes", "update": "updates", "replace": "replaces"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_what_the_table_says(lives: Lives, stack: str, change: str) -> None:
    assert said(_effects(lives(stack))[change], change) == table()[change]


@pytest.mark.parametrize("change", [change for change in CHANGES if change != MOVE])
def test_nothing_is_replaced_but_the_revision_of_a_task_definition(lives: Lives, stack: str, change: str) -> None:
    assert {effect.type for effect in _effects(lives(stack))[change] if effect.kind == "replaces"} <= {TASK}


def test_nothing_changes_that_is_not_of_a_service_or_cluster_that_was_edited(lives: Lives, stack: str) -> None:
    assert strays(_done(_changes(lives(stack)).at_once)) == []


def _changes(life: Life) -> EverydayChanges:
    changes = life.changes
    assert changes is not None
    return changes


def _effects(life: Life) -> dict[str, list[Effect]]:
    changes = _changes(life)
    return by_change(_done(changes.at_once), _done(changes.ami_release))


def _done(run: Run) -> list[Effect]:
    """What the steps of a run come to, for the resources of a cloud."""
    return [
        Effect(
            type=step.type,
            name=step.name,
            kind=_KINDS[step.op],
            properties=tuple(sorted({re.split(r"[.\[]", path)[0] for path in step.diffs})),
        )
        for step in run.changes
        if step.op in _KINDS and step.type.startswith(("aws:", "datadog:"))
    ]
