"""What a rule is: a name, a reason, a remedy, and a check of plain data.

A check sees the engine's own view of a program (`plan.model.Resource`): type tokens, logical names, camelCase inputs.
A value that is not known yet reads as a reference, `${...}`, and breaks no rule.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from plan.model import Resource

UNKNOWN = "${unknown}"
"""What stands for a value that the engine does not know yet; a plan names where it comes from."""

ResourceCheck: TypeAlias = Callable[[Resource], Iterator[str]]
"""Yields what is wrong with one resource. Never the value of a variable: it might be a secret."""

StackCheck: TypeAlias = Callable[[Sequence[Resource]], Iterator[tuple[Resource, str]]]
"""Yields what is wrong with resources, seen together with the others of their stack."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Holds in every stack. Exactly one of the two checks is given."""

    name: str
    reason: str
    remedy: str
    types: frozenset[str] = frozenset()
    """The types that `of_resource` is asked about; all if empty."""
    exceptions: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The platform's own, each with its reason, by the end of the resource's URN: types of its ancestors, and name."""
    of_resource: ResourceCheck | None = None
    of_stack: StackCheck | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule broken by a resource."""

    rule: Rule
    stack: str
    resource: Resource
    message: str
    exception: str | None = None
    """Why this is right, as the rule or policies/exceptions.yaml says; a finding without it is a violation."""

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule.name,
            "reason": self.rule.reason,
            "remedy": self.rule.remedy,
            "stack": self.stack,
            "urn": self.resource.urn,
            "message": self.message,
            "exception": self.exception,
        }


def resource_rule(
    *types: str, remedy: str, exceptions: Mapping[str, str] | None = None
) -> Callable[[ResourceCheck], Rule]:
    """Makes a rule of a check of single resources. Its name is the function's, its reason the docstring."""

    def make(check: ResourceCheck) -> Rule:
        return Rule(
            name=_name(check),
            reason=_reason(check),
            remedy=remedy,
            types=frozenset(types),
            exceptions=exceptions or {},
            of_resource=check,
        )

    return make


def stack_rule(*, remedy: str) -> Callable[[StackCheck], Rule]:
    """The same for a check that needs the whole stack."""

    def make(check: StackCheck) -> Rule:
        return Rule(name=_name(check), reason=_reason(check), remedy=remedy, of_stack=check)

    return make


def _name(check: Callable[..., object]) -> str:
    return check.__name__.replace("_", "-")


def _reason(check: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(check) or "").split())


def within(resource: Resource, component: str) -> bool:
    """Whether a component of this type is among the resource's ancestors. URNs say so, without the ancestors."""
    return component in resource.urn.split("::")[2].split("$")[:-1]


def is_reference(value: object) -> bool:
    """Whether only the cloud knows the value."""
    return isinstance(value, str) and value.startswith("${")


def is_true(value: object) -> bool:
    """The provider has some booleans as strings. A reference may be true."""
    return value is True or value == "true" or is_reference(value)


def document(value: object) -> Any:
    """The content of a JSON document; None where it is not known yet or is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def as_list(value: object) -> list[Any]:
    """IAM's documents say one thing without a list. An unknown list is empty."""
    if value is None or is_reference(value):
        return []
    return value if isinstance(value, list) else [value]
