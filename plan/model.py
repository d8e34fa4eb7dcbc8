"""What a stack's program declares: its resources, their inputs and options, and the stack's exports.

A plan holds plain data only (strings, numbers, booleans, lists, mappings), so it is JSON as it stands: `to_json` and
`from_json` are inverse, and two plans of the same program are equal to the byte. A value that only the cloud knows
reads as a reference, `${orders-tg:TargetGroup.arn}`: logical name, type, property. A secret reads as `[secret]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

SECRET = "[secret]"
"""What stands in a plan where a secret value would."""

STACK_TYPE = "pulumi:pulumi:Stack"

REFERENCE = re.compile(r"\$\{([^{}]+?):([\w$]+)\.([^{}]+)\}")
"""Name, type (with those above it where two have one name) and property."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration as the engine would receive it; URNs are the engine's own."""

    urn: str
    type: str
    name: str
    custom: bool  # False for a component and for the stack itself
    parent: str | None = None  # URN
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)  # what a component registered
    provider: str | None = None  # URN of the explicit provider
    dependencies: tuple[str, ...] = ()  # URNs, sorted
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None  # None: the provider decides
    retain_on_delete: bool = False
    deleted_with: str | None = None  # URN
    replace_with: tuple[str, ...] = ()  # URNs, sorted
    import_id: str | None = None
    read_id: str | None = None  # set where the program reads a resource that something else manages
    aliases: tuple[Any, ...] = ()  # a URN, or the parts of one that differ
    custom_timeouts: Mapping[str, str] = field(default_factory=dict)
    additional_secret_outputs: tuple[str, ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # event -> names

    @property
    def short_type(self) -> str:
        """`TargetGroup` of `aws:lb/targetGroup:TargetGroup`."""
        return self.type.rpartition(":")[2]

    @property
    def label(self) -> str:
        """`orders-tg (TargetGroup)`: what people call it."""
        return f"{self.name} ({self.short_type})"

    def to_json(self) -> dict[str, Any]:
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "custom": self.custom,
            "parent": self.parent,
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs),
            "provider": self.provider,
            "dependencies": list(self.dependencies),
            "protect": self.protect,
            "ignoreChanges": list(self.ignore_changes),
            "replaceOnChanges": list(self.replace_on_changes),
            "deleteBeforeReplace": self.delete_before_replace,
            "retainOnDelete": self.retain_on_delete,
            "deletedWith": self.deleted_with,
            "replaceWith": list(self.replace_with),
            "importId": self.import_id,
            "readId": self.read_id,
            "aliases": list(self.aliases),
            "customTimeouts": dict(self.custom_timeouts),
            "additionalSecretOutputs": list(self.additional_secret_outputs),
            "hooks": {event: list(names) for event, names in self.hooks.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Resource:
        return cls(
            urn=data["urn"],
            type=data["type"],
            name=data["name"],
            custom=data["custom"],
            parent=data["parent"],
            inputs=data["inputs"],
            outputs=data["outputs"],
            provider=data["provider"],
            dependencies=tuple(data["dependencies"]),
            protect=data["protect"],
            ignore_changes=tuple(data["ignoreChanges"]),
            replace_on_changes=tuple(data["replaceOnChanges"]),
            delete_before_replace=data["deleteBeforeReplace"],
            retain_on_delete=data["retainOnDelete"],
            deleted_with=data["deletedWith"],
            replace_with=tuple(data["replaceWith"]),
            import_id=data["importId"],
            read_id=data["readId"],
            aliases=tuple(data["aliases"]),
            custom_timeouts=data["customTimeouts"],
            additional_secret_outputs=tuple(data["additionalSecretOutputs"]),
            hooks={event: tuple(names) for event, names in data["hooks"].items()},
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One stack. `resources` are in tree order: a parent before its children, siblings by name, then by type."""

    stack: str
    resources: tuple[Resource, ...]
    exports: Mapping[str, Any]

    @property
    def root(self) -> Resource | None:
        """The stack itself."""
        return next((resource for resource in self.resources if resource.type == STACK_TYPE), None)

    def target(self, value: Any) -> Resource | None:
        """The resource that a value refers to, if it is a reference."""
        match = REFERENCE.match(value) if isinstance(value, str) else None
        return self._by_reference.get((match[1], match[2].rpartition("$")[2])) if match else None

    @cached_property
    def _by_reference(self) -> dict[tuple[str, str], Resource]:
        return {(resource.name, resource.short_type): resource for resource in self.resources if resource.custom}

    def children(self) -> dict[str, list[Resource]]:
        """URN of a parent -> its direct children, in the plan's order."""
        children: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.parent is not None:
                children.setdefault(resource.parent, []).append(resource)
        return children

    def to_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "exports": dict(self.exports),
            "resources": [resource.to_json() for resource in self.resources],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        return cls(
            stack=data["stack"],
            exports=data["exports"],
            resources=tuple(Resource.from_json(resource) for resource in data["resources"]),
        )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A program that gave no plan. `message` is complete in itself."""

    stack: str
    message: str
    exit_code: int  # 1: the configuration is wrong; 2: the program is
    traceback: str = ""


def in_tree_order(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Sorts by the path of (name, type) from the stack down, whatever order the program registered them in."""
    by_urn = {resource.urn: resource for resource in resources}
    paths: dict[str, tuple[tuple[str, str], ...]] = {}

    def path(resource: Resource) -> tuple[tuple[str, str], ...]:
        known = paths.get(resource.urn)
        if known is None:
            parent = by_urn.get(resource.parent) if resource.parent else None
            above = path(parent) if parent else ()
            known = paths[resource.urn] = (*above, (resource.name, resource.type))
        return known

    return tuple(sorted(by_urn.values(), key=path))
