"""Parity by construction: an environment with the sizes of the one that it mirrors is that one.

The mirror's twin is planned: its own identity (name, account, network), and everything else as the mirrored
environment's file says it. But for identity that plan has to be the mirrored one's, whatever the two differ in today:
a program that knows environments by name shows here, and nothing has to be guessed to be a size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from plan import architecture
from plan.diff import differences, opened, owners
from plan.evaluate import Job
from plan.identity import Identity
from plan.model import STACK_TYPE, Plan, Resource
from plan.project import Project

_IDENTITY = "slipway:environment"
"""The key of a stack file that stays the mirror's own."""

# What an environment has of its own beside its name, account and network: type and property.
_OWN = {
    ("aws:budgets/budget:Budget", "inputs.limitAmount"),
    ("aws:ec2/keyPair:KeyPair", "inputs.publicKey"),
    ("aws:ssm/parameter:Parameter", "inputs.insecureValue"),  # who may enter the bastion
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One leaf in which a twin differs from what it mirrors. The path is empty where only one has the resource."""

    owner: str
    resource: Resource
    path: str
    ours: Any
    theirs: Any

    def to_json(self) -> dict[str, Any]:
        return {
            "owner": self.owner,
            "type": self.resource.type,
            "name": self.resource.name,
            "path": self.path,
            "ours": self.ours,
            "theirs": self.theirs,
        }


@dataclass(frozen=True, kw_only=True)
class Size:
    """What the two files say differently, as they may. Without values where only one of them has it."""

    owner: str
    what: str
    ours: str = ""
    theirs: str = ""

    def __str__(self) -> str:
        return f"{self.owner} {self.what}" + (f": {self.ours} / {self.theirs}" if self.ours else "")


@dataclass(frozen=True, kw_only=True)
class Parity:
    """A mirror and what it mirrors: what must not differ, and what does as it may."""

    mirror: str
    mirrored: str
    differences: tuple[Difference, ...]
    sizes: tuple[Size, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "mirror": self.mirror,
            "mirrored": self.mirrored,
            "differences": [each.to_json() for each in self.differences],
            "sizes": [vars(each) for each in self.sizes],
        }


def of(plans: Mapping[str, Plan], twins: Mapping[str, Plan], mirrors: Mapping[str, str]) -> tuple[Parity, ...]:
    """Every pair whose plans are there."""
    return tuple(
        parity(plans[mirror], twins[mirror], plans[mirrored])
        for mirror, mirrored in mirrors.items()
        if mirror in plans and mirror in twins and mirrored in plans
    )


def twin(project: Project, mirror: str, mirrored: str, into: Path) -> Job:
    """The evaluation of a mirror's twin: the project as it is, but for the mirror's file. Raises ProjectError.

    `into` is the twin's folder, which is made here and has to be there until the evaluation is done.
    """
    own, theirs = (project.stack_config(stack).values for stack in (mirror, mirrored))
    said = {key: theirs[key] for key in theirs.keys() - project.declarations.keys()}
    if _IDENTITY in own:
        said[_IDENTITY] = own[_IDENTITY]
    into.mkdir()
    file = f"Pulumi.{mirror}.yaml"
    for entry in project.root.iterdir():
        if entry.name != file and not entry.name.startswith("."):
            (into / entry.name).symlink_to(entry)
    # JSON is YAML; what is an object is JSON already.
    values = ", ".join(f"{json.dumps(key)}: {_written(value)}" for key, value in sorted(said.items()))
    (into / file).write_text(f"config: {{ {values} }}\n", encoding="utf-8")
    twins = Project.load(into)
    return Job(project=twins, stack=mirror, config=twins.stack_config(mirror))


def _written(value: str) -> str:
    return value if value.startswith(("{", "[")) else json.dumps(value)


def parity(ours: Plan, twin: Plan, theirs: Plan) -> Parity:
    """Of a mirror's plan, its twin's, and that of what it mirrors."""
    return Parity(
        mirror=ours.stack,
        mirrored=theirs.stack,
        differences=tuple(_differences(twin, theirs)),
        sizes=tuple(_sizes(ours, theirs)),
    )


def _differences(twin: Plan, theirs: Plan) -> Iterator[Difference]:
    """In the order of URNs. A resource that only one has is a difference as a whole."""
    # Most texts stand in many resources.
    of_twin, of_theirs = cache(Identity.of(twin).neutral), cache(Identity.of(theirs).neutral)
    left, right = _by_urn(twin, of_twin), _by_urn(theirs, of_theirs)
    owner_of = owners(twin, theirs)
    for urn in sorted(left.keys() | right.keys()):
        one, other = left.get(urn), right.get(urn)
        resource = one or other
        assert resource is not None
        if one is None or other is None:
            leaves = [("", one and "present", other and "present")]
        else:
            mine, yours = _comparable(one.to_json()), _comparable(other.to_json())
            # Again without names, which order the lists of a policy.
            mine, yours = (
                _comparable(_neutral(mine, yours, of_twin)),
                _comparable(_neutral(yours, mine, of_theirs)),
            )
            found = differences(mine, yours)
            leaves = [leaf for leaf in found if (resource.type, leaf[0]) not in _OWN]
        for path, was, is_ in leaves:
            yield Difference(owner=owner_of[resource.urn], resource=other or resource, path=path, ours=was, theirs=is_)


def _by_urn(plan: Plan, neutral: Callable[[str], str]) -> dict[str, Resource]:
    """By the URN that both have; without the stack itself, whose outputs are the exports."""
    return {neutral(r.urn): r for r in plan.resources if r.type != STACK_TYPE}


def _comparable(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {**resource, "inputs": opened(resource["inputs"])}


def _neutral(document: Any, other: Any, neutral: Callable[[str], str]) -> Any:
    """The document without identity. A text that both have word for word is no difference, whatever it names."""
    shared = set(_texts(other))

    def of(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in shared else neutral(value)
        if isinstance(value, Mapping):
            return {neutral(key): of(member) for key, member in value.items()}
        return [of(element) for element in value] if isinstance(value, list) else value

    return of(document)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(member)


def _sizes(ours: Plan, theirs: Plan) -> Iterator[Size]:
    """What differs of the clusters and services of two plans."""
    left, right = _sized(ours), _sized(theirs)
    for owner in sorted(left.keys() | right.keys()):
        if owner not in right:
            yield Size(owner=owner, what=f"only in {ours.stack} yet")
        elif owner not in left:
            yield Size(owner=owner, what=f"only in {theirs.stack}")
        else:
            for what, size in left[owner].items():
                if size != right[owner][what]:
                    yield Size(owner=owner, what=what, ours=size, theirs=right[owner][what])


def _sized(plan: Plan) -> dict[str, dict[str, str]]:
    """Owner to its sizes, by what people call them."""
    clusters = {
        f"cluster {each.name}": {"instance type": each.instance_type, "instances": each.instances}
        for each in architecture.clusters(plan)
    }
    services = {
        f"service {each.name}": {"version": each.version, "tasks": each.tasks} for each in architecture.services(plan)
    }
    return clusters | services
