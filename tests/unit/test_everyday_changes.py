"""What an everyday change does: docs/changes.md says it, the plans show it, the provider's own rules judge it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.force_new import ALWAYS, FORCE_NEW
from slipway.plan import Plan, Resource
from tests.engine.provider.values import COUNTED_BY_UPDATES
from tests.projects import ROOT, by_urn, changed, copy_project, edit, jobs, plans

STACK = "stage"
TASK = "aws:ecs/taskDefinition:TaskDefinition"

STAGE, SHARED = f"Pulumi.{STACK}.yaml", "Pulumi.yaml"

NEW_SERVICE = """\
kind: web
description: Says hello
owner: platform
cluster: api
image: acme/hello
port: 8080
priority: 500
cpu: 128
memory_mib: 256
"""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody edits, and whose resources may change by it."""

    of: str  # the service or cluster
    file: str
    pattern: str
    replacement: str

    def apply(self, project: Path) -> None:
        edit(project / self.file, self.pattern, self.replacement)


def _service(name: str, pattern: str, replacement: str) -> Change:
    return Change(of=name, file=f"services/{name}.yaml", pattern=pattern, replacement=replacement)


def _stage(name: str, pattern: str, replacement: str) -> Change:
    return Change(of=name, file=STAGE, pattern=rf"^(    {name}: .*?){pattern}", replacement=rf"\g<1>{replacement}")


# The first column of the table in docs/changes.md, and the change itself. No two are of one service, so that one plan
# shows them all; what is nobody's shows as well.
AT_ONCE: Mapping[str, Change] = {
    "Drain timeout": _service("admin", r"\Z", "drain_seconds: 60\n"),
    "Number of tasks": _stage("billing", "tasks: 2", "tasks: 3"),
    "Range of tasks": _stage("gateway", "max: 6", "max: 7"),
    "Version": _stage("search", 'version: "[^"]*"', 'version: "1.99.0"'),
    "CPU or memory": _service("dashboard", r"^memory_mib: .*", "memory_mib: 1280"),
    "Environment variable": _service("website", r"\Z", "environment:\n  LOG_LEVEL: debug\n"),
    "Version of a secret": _stage("purge", " }$", ', secret_versions: { CDN_TOKEN: "2" } }'),
    "Health-check path": _service("orders", r"path: /health$", "path: /ready"),
    "Alert threshold": _service("images", "critical: 5", "critical: 6"),
    "Instance type of a cluster": _stage("cdn", "c7i.large", "c7i.xlarge"),
    "Adding a service": Change(
        of="hello", file=STAGE, pattern=r"\Z", replacement='    hello: { version: "1.0.0", tasks: 2 }\n'
    ),
    "Removing a service": Change(of="assets", file=STAGE, pattern=r"^    assets: .*\n", replacement=""),
    "Moving a service to another cluster": _service("accounts", "^cluster: api", "cluster: app"),
}
# Of all clusters, so that it has a plan of its own.
AMI_RELEASE = "AMI release"
AMI = Change(of="", file=SHARED, pattern=r"(ami_release: ).*", replacement=r"\g<1>2023.0.20261120-kernel-6.1")
CHANGES = (*AT_ONCE, AMI_RELEASE)
_FEW = 3
MOVE = "Moving a service to another cluster"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What happens to one resource, and which of its properties make it happen."""

    resource: Resource
    kind: str  # adds, removes, updates, replaces
    properties: tuple[str, ...] = ()

    def said(self, of: str) -> str:
        """For people, of any service or cluster."""
        name = re.sub(rf"^{of}\b", "NAME", self.resource.name) if of else self.resource.name
        if self.kind == "updates":
            name = re.sub(r"-on-[a-z]+$", "-on-CLUSTER", name)
        type_ = self.resource.type.rpartition(":")[2]
        return f"{self.kind} {type_} `{name}`" + (f" ({', '.join(self.properties)})" if self.properties else "")


@pytest.fixture(scope="module")
def all_effects(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Effect], list[Effect]]:
    """Of the changes at once, and of another AMI release."""
    before, at_once, ami = (copy_project(tmp_path_factory.mktemp(name)) for name in ("before", "at-once", "ami"))
    for change in AT_ONCE.values():
        change.apply(at_once)
    (at_once / "services/hello.yaml").write_text(NEW_SERVICE)
    AMI.apply(ami)
    old, *new = plans([*jobs(before, [STACK]), *jobs(at_once, [STACK]), *jobs(ami, [STACK])])
    return _effects(old, new[0]), _effects(old, new[1])


@pytest.fixture(scope="module")
def effects(all_effects: tuple[list[Effect], list[Effect]]) -> dict[str, list[Effect]]:
    at_once, ami = all_effects
    return {name: [e for e in at_once if _is_of(e, change.of)] for name, change in AT_ONCE.items()} | {AMI_RELEASE: ami}


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    """Of docs/changes.md: the change to what the document says that it does."""
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \| ([^|]+?) \|", (ROOT / "docs/changes.md").read_text(), re.MULTILINE)
    return dict(rows[1:])


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_what_the_table_says(
    effects: dict[str, list[Effect]], table: dict[str, str], change: str
) -> None:
    of = AT_ONCE[change].of if change in AT_ONCE else ""
    assert _said(effects[change], of) == table[change]


def test_nothing_changes_that_is_not_of_a_service_or_cluster_that_was_edited(
    all_effects: tuple[list[Effect], list[Effect]],
) -> None:
    at_once, _ = all_effects
    names = [change.of for change in AT_ONCE.values()]
    assert [e.said("") for e in at_once if sum(_is_of(e, name) for name in names) != 1] == []


def test_the_table_has_a_row_for_each_change_and_no_other(table: dict[str, str]) -> None:
    assert list(table) == list(CHANGES)


@pytest.mark.parametrize("change", [change for change in CHANGES if change != MOVE])
def test_nothing_is_replaced_but_the_revision_of_a_task_definition(
    effects: dict[str, list[Effect]], change: str
) -> None:
    assert {effect.resource.type for effect in effects[change] if effect.kind == "replaces"} <= {TASK}


def test_a_service_that_moves_serves_there_before_it_leaves_here(effects: dict[str, list[Effect]]) -> None:
    """What exists anew is made before anything is deleted: tests/engine/test_move.py sees the engine do it."""
    after = {effect.resource.name: effect for effect in effects[MOVE]}
    there, name = after["accounts-on-app"], after["accounts-internal-name"]
    assert (there.kind, after["accounts-on-api"].kind) == ("adds", "removes")
    assert {after["accounts-tg"].kind, after["accounts-rule"].kind} == {"replaces"}
    # The name moves in place, and not before the new service is steady.
    assert name.kind == "updates"
    assert there.resource.urn in name.resource.dependencies
    assert there.resource.inputs["waitForSteadyState"] is True


# Judging two plans ---------------------------------------------------------------------------------------------------


def _effects(old: Plan, new: Plan) -> list[Effect]:
    added, removed, differing = changed(old, new)
    found = [Effect(resource=r, kind="adds") for r in added if r.custom]
    found += [Effect(resource=r, kind="removes") for r in removed if r.custom]
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
        kind = "replaces" if _replaced(resources[urn], paths) else "updates"
        properties = tuple(sorted({re.split(r"[.\[]", path)[0] for path in paths}))
        found.append(Effect(resource=resources[urn], kind=kind, properties=properties))
    return sorted(found, key=lambda effect: (effect.kind, effect.resource.name, effect.resource.type))


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


def _is_of(effect: Effect, name: str) -> bool:
    return effect.resource.name == name or effect.resource.name.startswith(f"{name}-")


def _said(effects: list[Effect], of: str) -> str:
    """For people: a service that comes or goes is one thing, not the two dozen that it is made of."""
    kinds = {effect.kind for effect in effects}
    if kinds in ({"adds"}, {"removes"}):
        return f"{kinds.pop()} its own resources, and touches no other"
    # A dozen monitors that follow their service say one thing.
    watching = [e for e in effects if e.kind == "updates" and e.resource.type.startswith("datadog:")]
    if len(watching) > _FEW:
        effects = [effect for effect in effects if effect not in watching]
        return "; ".join([*(effect.said(of) for effect in effects), "updates what watches it in Datadog"])
    return "; ".join(effect.said(of) for effect in effects)
