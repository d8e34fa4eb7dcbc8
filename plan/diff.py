"""What a change does to the cloud: two plans of each stack, compared resource by resource.

Plain data in, plain data out; nothing is evaluated or printed here. A verdict follows Pulumi's engine: what
`ignoreChanges` names does not count, a replaced resource gives its references new values, and those may replace others
in turn. Which property replaces which type is in `force_new`; where that table does not know, the verdict says "may".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from plan.architecture import CLUSTER, SERVICE
from plan.force_new import ALWAYS, FORCE_NEW, ONLY_WHERE, SOMETIMES
from plan.model import REFERENCE, STACK_TYPE, Plan, Resource

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"

EXPORTS = "exports"
"""The owner of a stack's own change: its exports."""


class Action(StrEnum):
    """What happens to one resource, in the order of a report."""

    REPLACE = "replace"
    DELETE = "delete"
    MAY_REPLACE = "may replace"
    UPDATE = "update"
    CREATE = "create"
    IMPORT = "import"
    FORGET = "forget"  # leaves Pulumi's state and stays in the cloud
    OPTIONS = "options"  # Pulumi's own options alone: nothing in the cloud changes


class Effect(StrEnum):
    """What the change of one property means for its resource."""

    UPDATES = "updates"
    REPLACES = "replaces"
    MAY_REPLACE = "may replace"


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One leaf. `None` before: it is new; `None` after: it is gone. The path goes into JSON documents."""

    path: str
    before: Any
    after: Any
    effect: Effect = Effect.UPDATES
    because: str = ""  # the condition of a "may", or whose replacement gives a reference its new value


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource, in each of `stacks`."""

    action: Action
    type: str
    name: str
    owner: str  # `service orders`, `cluster api`, or the component's name
    protected: bool = False  # before: Pulumi refuses to replace or delete it
    properties: tuple[PropertyChange, ...] = ()
    stacks: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.name} ({self.type.rpartition(':')[2]})"


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Something a reviewer should see first. `kind` is a key of `risks.KINDS`."""

    kind: str
    owner: str
    subject: str  # the resource or person it is about
    text: str = ""
    stacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All stacks that could be compared. Equal changes of several stacks are one."""

    stacks: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    risks: tuple[Risk, ...] = ()

    def counts(self, stack: str | None = None) -> Counter[Action]:
        """Resources by action, in one stack or in all together; a stack's exports are none."""
        counts: Counter[Action] = Counter()
        for change in self.changes:
            if change.type != STACK_TYPE and (stack is None or stack in change.stacks):
                counts[change.action] += len(change.stacks) if stack is None else 1
        return counts


# One stack -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A resource before and after; one of them can be missing."""

    before: Resource | None
    after: Resource | None
    properties: tuple[PropertyChange, ...] = ()
    action: Action

    @property
    def resource(self) -> Resource:
        resource = self.after or self.before
        assert resource is not None
        return resource


@dataclass(frozen=True, kw_only=True)
class StackDiff:
    """Two plans of one stack, and every custom resource that differs between them."""

    before: Plan
    after: Plan
    pairs: tuple[Pair, ...] = field(default=())

    @cached_property
    def _owners(self) -> dict[str, str]:
        return owners(self.before, self.after)

    def change(self, pair: Pair) -> Change:
        return Change(
            action=pair.action,
            type=pair.resource.type,
            name=pair.resource.name,
            owner=self._owners[pair.resource.urn],
            protected=pair.before is not None and pair.before.protect,
            properties=pair.properties,
            stacks=(self.after.stack,),
        )


def compare_stack(before: Plan, after: Plan) -> StackDiff:
    """The verdict on every resource of one stack."""
    old = {resource.urn: resource for resource in before.resources}
    found: list[tuple[Resource | None, Resource]] = []
    moved: dict[str, Resource] = {}  # URN -> what it was called before
    for resource in after.resources:
        match = old.pop(resource.urn, None)
        if match is None and (alias := next((urn for urn in _former_urns(resource, moved) if urn in old), None)):
            match = moved[resource.urn] = old.pop(alias)
        found.append((match, resource))
    if moved:
        rename = _Renaming(moved, after)
        found = [(match and rename(match), resource) for match, resource in found]

    properties: dict[str, list[PropertyChange]] = {}
    for match, resource in found:
        if match is not None and (match != resource):
            properties[resource.urn] = _properties(match, resource)
    _cascade(found, properties)

    pairs = [
        Pair(before=match, after=resource, properties=tuple(properties.get(resource.urn, ())), action=action)
        for match, resource in found
        if (action := _action(match, resource, properties.get(resource.urn, ())))
    ]
    pairs += [
        Pair(before=resource, after=None, action=Action.FORGET if resource.retain_on_delete else Action.DELETE)
        for resource in old.values()
        if resource.custom and resource.read_id is None
    ]
    return StackDiff(before=before, after=after, pairs=tuple(pairs))


def _action(before: Resource | None, after: Resource, properties: Sequence[PropertyChange]) -> Action | None:
    if after.type == STACK_TYPE:
        return Action.UPDATE if properties else None
    if not after.custom or after.read_id is not None:
        return None
    if before is None:
        return Action.IMPORT if after.import_id else Action.CREATE
    if not properties:
        return None
    effects = {change.effect for change in properties}
    if Effect.REPLACES in effects:
        return Action.REPLACE
    if Effect.MAY_REPLACE in effects:
        return Action.MAY_REPLACE
    return Action.OPTIONS if all(change.path.startswith("options.") for change in properties) else Action.UPDATE


def _former_urns(resource: Resource, moved: Mapping[str, Resource]) -> Iterator[str]:
    """The URNs that a resource may have had before: those of its aliases, and its own below a parent that has moved.

    As Pulumi's engine has it (step_generator.go, generateAliases).
    """
    own = [*_alias_urns(resource)]
    yield from own
    parent = moved.get(resource.parent or "")
    if parent is None:
        return
    parent_name = (resource.parent or "").rpartition("::")[2]
    for urn in (resource.urn, *own):
        head, project, qualified, name = urn.split("::", 3)
        if name.startswith(parent_name):
            name = parent.name + name.removeprefix(parent_name)
        above = parent.urn.split("::")[2]
        yield f"{head}::{project}::{above}${qualified.rpartition('$')[2]}::{name}"


def _alias_urns(resource: Resource) -> Iterator[str]:
    """The URNs of a resource's aliases; a part that an alias does not give is today's."""
    head, project, qualified, name = resource.urn.split("::", 3)
    for alias in resource.aliases:
        if isinstance(alias, str):
            yield alias
            continue
        above = "" if alias.get("noParent") else qualified.rpartition("$")[0]
        if parent := alias.get("parentUrn"):
            above = parent.split("::")[2]
        above = "" if above == STACK_TYPE else above
        token = alias.get("type", resource.type)
        yield "::".join(
            (
                f"urn:pulumi:{alias['stack']}" if "stack" in alias else head,
                alias.get("project", project),
                f"{above}${token}" if above else token,
                alias.get("name", name),
            )
        )


class _Renaming:
    """Lets a plan call by today's names what has moved: a reference under another name has the same value."""

    def __init__(self, moved: Mapping[str, Resource], after: Plan) -> None:
        now = {resource.urn: resource for resource in after.resources}
        self._urns = {old.urn: urn for urn, old in moved.items()}
        self._names = {(old.name, old.short_type): now[urn] for urn, old in moved.items()}

    def __call__(self, resource: Resource) -> Resource:
        provider = resource.provider and self._urns.get(resource.provider, resource.provider)
        return replace(resource, inputs=self._renamed(resource.inputs), provider=provider)

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, str):
            return REFERENCE.sub(self._reference, value) if "${" in value else value
        if isinstance(value, Mapping):
            return {self._renamed(key): self._renamed(member) for key, member in value.items()}
        return [self._renamed(element) for element in value] if isinstance(value, list) else value

    def _reference(self, found: re.Match[str]) -> str:
        above, dollar, short_type = found[2].rpartition("$")
        now = self._names.get((found[1], short_type))
        return f"${{{now.name}:{above}{dollar}{now.short_type}.{found[3]}}}" if now else found[0]


# What differs --------------------------------------------------------------------------------------------------------

_OPTIONS: tuple[tuple[str, Callable[[Resource], Any]], ...] = (
    ("protect", lambda resource: resource.protect),
    ("retainOnDelete", lambda resource: resource.retain_on_delete),
    ("ignoreChanges", lambda resource: list(resource.ignore_changes)),
)


def _properties(before: Resource, after: Resource) -> list[PropertyChange]:
    if after.type == STACK_TYPE:
        return [PropertyChange(path=p, before=o, after=n) for p, o, n in differences(before.outputs, after.outputs)]
    if not after.custom:
        return []
    found = [
        PropertyChange(path=path, before=old, after=new, **_effect(after, path, old, new))
        for path, old, new in differences(opened(before.inputs), opened(after.inputs))
        if not _matches(after.ignore_changes, path)
    ]
    if _provider(before) != _provider(after):
        # Pulumi's engine replaces what moves to another explicit provider (step_generator.go, providerChanged).
        found.append(
            PropertyChange(
                path="options.provider", before=_provider(before), after=_provider(after), effect=Effect.REPLACES
            )
        )
    for name, read in _OPTIONS:
        if read(before) != read(after):
            found.append(PropertyChange(path=f"options.{name}", before=read(before), after=read(after)))
    return found


def _provider(resource: Resource) -> str | None:
    return resource.provider and resource.provider.rpartition("::")[2]


def _effect(resource: Resource, path: str, *values: Any) -> dict[str, Any]:
    """`effect` and `because` of a changed input; `values` are what came or went."""
    plain = _without_indexes(path)
    plains = [plain, *(inner for value in values for inner in _inner_paths(value, plain))]
    token = resource.type
    if _matches(resource.replace_on_changes, path):
        return {"effect": Effect.REPLACES, "because": "replaceOnChanges"}
    if token.startswith("pulumi:providers:"):
        return {}
    if token.startswith("aws:") and plain in ALWAYS:
        return {"effect": Effect.REPLACES}
    if token not in FORCE_NEW:
        return {"effect": Effect.MAY_REPLACE, "because": "it is not known what replaces this type"}
    if any(_below(each, name) for name in FORCE_NEW[token][1] for each in plains):
        return {"effect": Effect.REPLACES}
    for name, condition in SOMETIMES.get(token, {}).items():
        if any(_below(each, name) for each in plains) and _may_hold(resource, name):
            return {"effect": Effect.MAY_REPLACE, "because": condition}
    return {}


def _may_hold(resource: Resource, name: str) -> bool:
    """Whether a condition that asks for a value of another input is met by it; an unknown value may be any."""
    if (resource.type, name) not in ONLY_WHERE:
        return True
    other, value = ONLY_WHERE[resource.type, name]
    return str(resource.inputs.get(other)).startswith(("${", value))


def _inner_paths(value: Any, path: str) -> Iterator[str]:
    """The plain paths of what a list or an object contains."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield f"{path}.{key}"
            yield from _inner_paths(member, f"{path}.{key}")
    elif isinstance(value, list):
        for element in value:
            yield from _inner_paths(element, path)


def _below(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _without_indexes(path: str) -> str:
    return re.sub(r"\[[^]]*\]", "", path)


def _matches(patterns: Iterable[str], path: str) -> bool:
    return any(pattern == "*" or _below(_without_indexes(path), _without_indexes(pattern)) for pattern in patterns)


def opened(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the JSON documents among them read."""
    return {name: _opened(value) for name, value in inputs.items()}


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(value)
        except ValueError:  # text that only looks like JSON, such as a reference
            return value
        return _opened(document) if isinstance(document, (dict, list)) else value
    if isinstance(value, Mapping):
        content = {name: _opened(member) for name, member in value.items()}
        return _policy(content) if "Statement" in content else content
    return [_opened(element) for element in value] if isinstance(value, list) else value


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    """An IAM policy as IAM compares it: one or several, in any order, are the same."""
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return {**document, "Statement": [_statement(statement) for statement in statements]}


def _statement(statement: Any) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    return {
        key: value if key in ("Sid", "Effect") else _sorted_leaves(value) for key, value in sorted(statement.items())
    }


def _sorted_leaves(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted_leaves(member) for key, member in sorted(value.items())}
    return sorted(value, key=_text) if isinstance(value, list) else [value]


# A list of objects with one of these in each is compared by it, whatever the order.
_IDENTITIES = ("Sid", "name", "Name", "key", "id")


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, value before and value after of each leaf that differs; `None` where there is none."""
    if before == after and type(before) is type(after):
        return
    # Something whole that appears or goes is all its leaves: a table of properties names them one by one.
    if (isinstance(before, Mapping) and (after is None or isinstance(after, Mapping))) or (
        before is None and isinstance(after, Mapping)
    ):
        old, new = before or {}, after or {}
        if not old and not new:
            yield path, before, after
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_differences(before, after, path)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield path, before, after


def _list_differences(before: list[Any], after: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    identity = _identity(before, after)
    if identity and not _all_renamed(before, after, identity):
        old, new = ({element[identity]: element for element in elements} for elements in (before, after))
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differences(old.get(name), new.get(name), f"{path}[{name}]")
    elif len(before) == len(after) and all(isinstance(element, (dict, list)) for element in (*before, *after)):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    else:
        old_texts, new_texts = Counter(map(_text, before)), Counter(map(_text, after))
        gone, added = old_texts - new_texts, new_texts - old_texts
        if not gone and not added:
            yield path, before, after  # the order alone
        for text in gone.elements():
            yield f"{path}[]", json.loads(text), None
        for text in added.elements():
            yield f"{path}[]", None, json.loads(text)


def _all_renamed(before: list[Any], after: list[Any], identity: str) -> bool:
    """Whether each element reads best as the one in its place under another name."""
    old, new = ({element[identity] for element in elements} for elements in (before, after))
    return len(before) == len(after) and not old & new


def _identity(before: list[Any], after: list[Any]) -> str | None:
    for key in _IDENTITIES:
        if all(
            elements
            and all(isinstance(element, Mapping) and isinstance(element.get(key), str) for element in elements)
            and len({element[key] for element in elements}) == len(elements)
            for elements in (before, after)
        ):
            return key
    return None


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


# What follows --------------------------------------------------------------------------------------------------------

# Outputs that are new after an update in place. terraform-provider-aws, ec2.resourceLaunchTemplate, CustomizeDiff.
_NEW_WITH_UPDATE = {"aws:ec2/launchTemplate:LaunchTemplate": "latestVersion"}


def _cascade(found: Sequence[tuple[Resource | None, Resource]], properties: dict[str, list[PropertyChange]]) -> None:
    """Adds what follows from references to a replaced resource: its outputs have new values."""
    users: dict[str, list[tuple[Resource, str, Any, str]]] | None = None
    settled: set[tuple[str, str]] = set()
    pending = [resource for before, resource in found if before is not None and resource.urn in properties]
    existing = {resource.urn: before for before, resource in found if before is not None}
    while pending:
        resource = pending.pop()
        changes = properties[resource.urn]
        if not resource.custom or not changes:
            continue
        replaced = any(change.effect is Effect.REPLACES for change in changes)
        only = None if replaced else _NEW_WITH_UPDATE.get(resource.type)
        if (not replaced and only is None) or (resource.urn, str(only)) in settled:
            continue
        settled.add((resource.urn, str(only)))
        users = _users(found) if users is None else users
        for user, path, value, output in users.get(f"{resource.name}:{resource.short_type}", ()):
            if user.urn not in existing or (only and output != only) or _matches(user.ignore_changes, path):
                continue
            own = properties.setdefault(user.urn, [])
            if any(change.path == path for change in own):
                continue  # it differs in itself already
            word = "replaced" if replaced else "updated"
            effect = _effect(user, path)
            effect["because"] = f"{resource.name} ({resource.short_type}) is {word}"
            own.append(PropertyChange(path=path, before=value, after=value, **effect))
            own.sort(key=lambda change: change.path)
            pending.append(user)


def _users(
    found: Iterable[tuple[Resource | None, Resource]],
) -> dict[str, list[tuple[Resource, str, Any, str]]]:
    """`NAME:Type` -> resource, path and value of each leaf that refers to it, and the output it reads."""
    users: dict[str, list[tuple[Resource, str, Any, str]]] = {}
    for _, resource in found:
        if resource.custom and "${" in str(resource.inputs):
            for path, value in _leaves(opened(resource.inputs), ""):
                for name, types, output in REFERENCE.findall(value):
                    key = f"{name}:{types.rpartition('$')[2]}"
                    users.setdefault(key, []).append((resource, path, value, output))
    return users


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if "${" in str(key):
                yield path, str(key)
            yield from _leaves(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        identity = _identity(value, value)
        for index, element in enumerate(value):
            yield from _leaves(element, f"{path}[{element[identity] if identity else index}]")
    elif isinstance(value, str):
        yield path, value


# Owners --------------------------------------------------------------------------------------------------------------


def _owners(plan: Plan) -> dict[str, str]:
    """URN -> the component directly below the stack that it belongs to; a service's components count as one."""
    by_urn = {resource.urn: resource for resource in plan.resources}
    kinds = {r.name: "cluster" for r in plan.resources if r.type == CLUSTER}
    kinds |= {r.name: "service" for r in plan.resources if r.type == SERVICE}
    found: dict[str, str] = {}
    for resource in plan.resources:  # parents first
        parent = by_urn.get(resource.parent or "")
        if resource.type == STACK_TYPE:
            found[resource.urn] = EXPORTS
        elif parent is not None and parent.type != STACK_TYPE:
            found[resource.urn] = found[parent.urn]
        elif not resource.custom and resource.name in kinds:
            found[resource.urn] = f"{kinds[resource.name]} {resource.name}"
        else:
            found[resource.urn] = resource.name
    return found


def owners(*plans: Plan) -> dict[str, str]:
    """URN -> owner in any of the plans."""
    return {urn: owner for plan in plans for urn, owner in _owners(plan).items()}


# Several stacks ------------------------------------------------------------------------------------------------------


_Item = TypeVar("_Item", Change, Risk)


def merge(
    diffs: Sequence[StackDiff],
    risks: Mapping[str, Sequence[Risk]],
    neutral: Mapping[str, Callable[[str], str]],
) -> Diff:
    """One Diff. `neutral` takes from a text what identifies its stack; `risks` are by stack."""
    changes = [diff.change(pair) for diff in diffs for pair in diff.pairs]
    order = {action: number for number, action in enumerate(Action)}
    merged = _once(changes, neutral)
    merged.sort(key=lambda change: (change.owner == EXPORTS, change.owner, order[change.action], change.name))
    return Diff(
        stacks=tuple(diff.after.stack for diff in diffs),
        changes=tuple(merged),
        risks=tuple(_once([risk for found in risks.values() for risk in found], neutral)),
    )


def _once(items: Sequence[_Item], neutral: Mapping[str, Callable[[str], str]]) -> list[_Item]:
    found: dict[str, _Item] = {}
    for item in items:
        (stack,) = item.stacks
        key = neutral.get(stack, str)(repr(replace(item, stacks=())))
        known = found.get(key)
        found[key] = item if known is None else replace(known, stacks=(*known.stacks, stack))
    return list(found.values())
