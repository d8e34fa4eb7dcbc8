"""Creation of every resource type fails once: denied, throttled, or timed out half done. `up` again is all it takes."""

from __future__ import annotations

import pytest

from .conftest import STACKS, Results
from .faults import Faulted
from .life import Life

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("stack", STACKS)]

Faults = Results[Faulted]


def test_every_type_of_the_stack_failed_once(faulted: Faults, lives: Results[Life], stack: str) -> None:
    result = faulted(stack)
    assert result.types == lives(stack).types
    assert [fault for fault in result.faults if fault.times != 0] == []


def test_the_next_up_completes(faulted: Faults, stack: str) -> None:
    *failed, last = faulted(stack).runs
    last.ok()
    assert len(failed) > 1
    for run in failed:
        assert run.failed != [], f"an `up` failed without a failed resource:\n{run.output}"


def test_nothing_is_created_twice_and_nothing_is_lost(faulted: Faults, stack: str) -> None:
    result = faulted(stack)
    assert set(result.created.values()) == {1}
    assert result.in_cloud == len(result.created)


def test_the_error_of_the_cloud_is_shown(faulted: Faults, stack: str) -> None:
    result = faulted(stack)
    said = "\n".join(run.output for run in result.runs)
    for message in {fault.message for fault in result.faults}:
        assert message in said
