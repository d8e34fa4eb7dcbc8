"""What an everyday change does: docs/changes.md says it, the plans show it, the provider's own rules judge it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from plan.force_new import ALWAYS, FORCE_NEW
from plan.model import Plan, Resource
from tests.engine.provider.values import COUNTED_BY_UPDATES
from tests.everyday_changes import (
    AMI,
    CHANGES,
    MOVE,
    STACK,
    TASK,
    Effect,
    apply_at_once,
    by_change,
    said,
    strays,
    table,
)
from tests.projects import by_urn, changed, copy_project, jobs, plans


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> list[Plan]:
    """Before, with all changes but one at once, and with another AMI release."""
    before, at_once, ami = (copy_project(tmp_path_factory.mktemp(name)) for name in ("before", "at-once", "ami"))
    apply_at_once(at_once)
    AMI.apply(ami)
    return plans([*jobs(before, [STACK]), *jobs(at_once, [STACK]), *jobs(ami, [STACK])])


@pytest.fixture(scope="module")
def at_once(evaluated: list[Plan]) -> list[Effect]:
    return _effects(evaluated[0], evaluated[1])


@pytest.fixture(scope="module")
def effects(evaluated: list[Plan], at_once: list[Effect]) -> dict[str, list[Effect]]:
    return by_change(at_once, _effects(evaluated[0], evaluated[2]))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_what_the_table_says(effects: dict[str, list[Effect]], change: str) -> None:
    assert said(effects[change], change) == table()[change]


def test_nothing_changes_that_is_not_of_a_service_or_cluster_that_was_edited(at_once: list[Effect]) -> None:
    assert strays(at_once) == []


def test_the_table_has_a_row_for_each_change_and_no_other() -> None:
    assert list(table()) == list(CHANGES)


@pytest.mark.parametrize("change", [change for change in CHANGES if change != MOVE])
def test_nothing_is_replaced_but_the_revision_of_a_task_definition(
    effects: dict[str, list[Effect]], change: str
) -> None:
    assert {effect.type for effect in effects[change] if effect.kind == "replaces"} <= {TASK}


def test_a_service_that_moves_serves_there_before_it_leaves_here(
    evaluated: list[Plan], effects: dict[str, list[Effect]]
) -> None:
    """What exists anew is made before anything is deleted: tests/engine/test_move.py sees the engine do it."""
    kinds = {effect.name: effect.kind for effect in effects[MOVE]}
    assert (kinds["accounts-on-app"], kinds["accounts-on-api"]) == ("adds", "removes")
    assert {kinds["accounts-tg"], kinds["accounts-rule"]} == {"replaces"}
    # The name moves in place, and not before the new service is steady.
    assert kinds["accounts-internal-name"] == "updates"
    resources = {resource.name: resource for resource in evaluated[1].resources if resource.custom}
    there = resources["accounts-on-app"]
    assert there.urn in resources["accounts-internal-name"].dependencies
    assert there.inputs["waitForSteadyState"] is True


# Judging two plans ---------------------------------------------------------------------------------------------------


def _effects(old: Plan, new: Plan) -> list[Effect]:
    added, removed, differing = changed(old, new)
    found = [Effect(type=r.type, name=r.name, kind="adds") for r in added if r.custom]
    found += [Effect(type=r.type, name=r.name, kind="removes") for r in removed if r.custom]
    touched = {
        after.urn: set(_paths(_read(before.inputs), _read(after.inputs)))
        for before, after in differing
        if after.custom and before.inputs != after.inputs
    }
    # What is replaced has other outputs, some of them change with each update: what refers to those changes too.
    resources = {urn: resource for urn, resource in by_urn(new).items() if urn in by_urn(old)}
    waiting = list(touched)
    while waiting:
        source = resources[waiting.pop()]
        moved = ("",) if _replaced(source, touched[source.urn]) else COUNTED_BY_UPDATES.get(source.type, ())
        references = [f"${{{source.name}:{source.type.rpartition(':')[2]}.{output}" for output in moved]
        for resource in resources.values():
            paths = {
                path
                for path, value in _leaves(resource.inputs)
                if any(reference in str(value) for reference in references)
            }
            if resource.custom and paths:
                known = touched.setdefault(resource.urn, set())
                if not paths <= known:
                    known |= paths
                    waiting.append(resource.urn)
    for urn, paths in touched.items():
        changing = resources[urn]
        kind = "replaces" if _replaced(changing, paths) else "updates"
        properties = tuple(sorted({re.split(r"[.\[]", path)[0] for path in paths}))
        found.append(Effect(type=changing.type, name=changing.name, kind=kind, properties=properties))
    return found


def _replaced(resource: Resource, paths: set[str]) -> bool:
    _, properties = FORCE_NEW[resource.type]
    forcing = {*properties, *ALWAYS, *resource.replace_on_changes}
    return any(
        re.sub(r"\[\d+\]", "", path) == property_ or re.sub(r"\[\d+\]", "", path).startswith(f"{property_}.")
        for path in paths
        for property_ in forcing
    )


def _read(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Documents within inputs stay text: it is as a whole that the provider compares them."""
    return json.loads(json.dumps(inputs))


def _paths(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from _paths(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _paths(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield path


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{path}[{index}]")
    else:
        yield path, value
