"""Judges inputs before anything is created: by the SDK's own classes, then by botocore's model of the operation.

What is checked where a property is a member of the operation's input: required members, lengths, patterns, enums,
number ranges, list sizes, also inside nested inputs. Values that are not known yet are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator
from pulumi.runtime.rpc import UNKNOWN

from .operations import JSON_INPUTS, OPERATIONS, Operation
from .sdk import Property, nested_inputs, resource_type


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One thing that is wrong: the property (a path) and the rule it breaks."""

    property: str
    reason: str


def failures(token: str, inputs: dict[str, Any]) -> list[Failure]:
    """All that is wrong with the inputs of a resource."""
    given = {name: value for name, value in inputs.items() if value is not None and name != "__defaults"}
    found = list(_against_sdk(token, given))
    if (operation := OPERATIONS.get(token)) is not None:
        found += _against_aws(token, operation, given)
    return found


def _against_sdk(token: str, given: dict[str, Any]) -> Iterator[Failure]:
    known = resource_type(token).inputs
    for name, prop in known.items():
        if not prop.optional and name not in given:
            yield Failure(property=name, reason="is required (pulumi SDK)")
    yield from _misspelt(token, known, given, "")


def _misspelt(token: str, known: dict[str, Property], given: dict[str, Any], path: str) -> Iterator[Failure]:
    """Names that no Args class has, such as the snake case of a dict where an Args class was due."""
    for name, value in given.items():
        if name not in known:
            yield Failure(property=f"{path}{name}", reason="is no property of this resource (pulumi SDK)")
            continue
        args = known[name].args
        nested = nested_inputs(token, args) if args else {}
        if not nested:
            continue
        for index, element in enumerate(value if isinstance(value, list) else [value]):
            place = f"{path}{name}[{index}]." if isinstance(value, list) else f"{path}{name}."
            if isinstance(element, dict):
                yield from _misspelt(token, nested, element, place)


def _against_aws(token: str, operation: Operation, given: dict[str, Any]) -> Iterator[Failure]:
    model = _model(operation.service, operation.name)
    shape = _root(model.input_shape, operation.root)
    kind = token.split(":")[-1]
    members = {name: _member(shape, name, kind, operation.members) for name in resource_type(token).inputs}
    rule = f"{operation.service} {operation.name}"
    for name, value in given.items():
        member = members.get(name)
        if member is None:
            continue
        if (token, name) in JSON_INPUTS:
            yield from _json(name, value, shape.members[member], rule)
        else:
            yield from _check(name, value, shape.members[member], f"{rule}.{member}")
    for path, member in operation.nested.items():
        value = _at(given, path)
        if value is not None:
            yield from _check(path, value, shape.members[member], f"{rule}.{member}")
    provided = {member for name, member in members.items() if name in given}
    for member in shape.required_members:
        if member in provided or member in operation.made:
            continue
        name = next((name for name, other in members.items() if other == member), None)
        if name is not None:
            yield Failure(property=name, reason=f"is required ({rule}.{member})")


def _at(given: Any, path: str) -> Any:
    for name in path.split("."):
        given = given.get(name) if isinstance(given, dict) else None
    return given


def _check(path: str, value: Any, shape: Shape, rule: str) -> Iterator[Failure]:
    if value == UNKNOWN:
        return
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, inner in value.items():
            member = _member(shape, name, "", {})
            if member is not None:
                yield from _check(f"{path}.{name}", inner, shape.members[member], f"{rule}.{member}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        yield from _range(path, len(value), shape, "items", rule)
        for index, inner in enumerate(value):
            yield from _check(f"{path}[{index}]", inner, shape.member, rule)
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _range(path, len(value), shape, "characters", rule)
        if shape.enum and value not in shape.enum:
            yield Failure(property=path, reason=f"is {value!r}, allowed are {', '.join(shape.enum)} ({rule})")
        pattern = _pattern(str(shape.metadata.get("pattern", "")))
        if pattern is not None and not pattern.fullmatch(value):
            yield Failure(property=path, reason=f"is {value!r} and does not match {pattern.pattern} ({rule})")
    elif shape.type_name in ("integer", "long") and isinstance(value, int) and not isinstance(value, bool):
        yield from _range(path, value, shape, "", rule)


def _range(path: str, size: int, shape: Shape, unit: str, rule: str) -> Iterator[Failure]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Failure(property=path, reason=f"is {size} {unit}, at least {least} ({rule})".replace("  ", " "))
    if most is not None and size > most:
        yield Failure(property=path, reason=f"is {size} {unit}, at most {most} ({rule})".replace("  ", " "))


def _json(path: str, text: str, shape: Shape, rule: str) -> Iterator[Failure]:
    if UNKNOWN in text:
        return
    try:
        value = json.loads(text)
    except ValueError as error:
        yield Failure(property=path, reason=f"is not JSON: {error}")
        return
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        yield Failure(property=path, reason=f"{report.generate_report()} ({rule})")


def _member(shape: StructureShape, name: str, kind: str, members: dict[str, str | None]) -> str | None:
    """The member of a structure that a property belongs to."""
    if name in members:
        return members[name]
    by_name = {member.lower(): member for member in shape.members}
    plain = name.lower()
    singular = f"{plain.removesuffix('ies')}y" if plain.endswith("ies") else plain.removesuffix("s")
    for candidate in (plain, singular, f"{plain}s", f"{kind.lower()}{plain}"):
        if candidate in by_name:
            return by_name[candidate]
    return None


def _root(shape: Any, path: str) -> StructureShape:
    for name in filter(None, path.split(".")):
        structure = cast("StructureShape", shape.member if isinstance(shape, ListShape) else shape)
        shape = structure.members[name]
    return cast("StructureShape", shape)


@cache
def _model(service: str, operation: str) -> OperationModel:
    return _service(service).operation_model(operation)


@cache
def _service(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    """AWS writes patterns for Java; the few that Python cannot read are not checked."""
    translated = pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s").replace(r"\p{L}", r"^\W\d_")
    try:
        return re.compile(translated) if pattern and r"\p" not in translated else None
    except re.error:
        return None
