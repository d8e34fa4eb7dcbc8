"""What a resource type takes and gives: read from the source of the Pulumi SDK's own classes, without importing them.

Importing all of `pulumi_aws.ec2` to learn the properties of a subnet would take longer than a whole `pulumi up`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

_CLASS = re.compile(r"^class (\w+)\b.*:$", re.MULTILINE)
_GETTER = re.compile(r'^    @pulumi\.getter(?:\(name="(\w+)"\))?\n    def (\w+)\(self\) -> (.*):$', re.MULTILINE)
_TOKEN = re.compile(r"super\((\w+), __self__\)\.__init__\(\n\s+'([\w:/]+)',")
_ARGS = re.compile(r"'(?:_?\w+\.)?(\w+Args)'")
_WRAPPERS = re.compile(r"^(?:pulumi\.Output|pulumi\.Input|Optional)\[(.*)\]$")


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property: its Pulumi name, whether it may be missing, and the kind of its value."""

    name: str
    optional: bool
    kind: str  # str, int, float, bool, list, map, object or any
    args: str | None  # the Args class of a nested input, or of its elements

    @staticmethod
    def parse(name: str, annotation: str) -> Property:
        kind, optional = annotation, False
        while match := _WRAPPERS.match(kind):
            optional = optional or kind.startswith("Optional[")
            kind = match[1]
        nested = _ARGS.search(kind)
        return Property(name=name, optional=optional, kind=_kind(kind), args=nested[1] if nested else None)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type of an SDK: the properties its Args class takes and its resource class gives."""

    token: str
    inputs: dict[str, Property]
    outputs: dict[str, Property]


@cache
def resource_type(token: str) -> ResourceType:
    """Read one type, such as `aws:ecs/service:Service`. A token that the SDK does not have is a LookupError."""
    package, directory = _place(token)
    try:
        path, class_name = _tokens(package, directory)[token]
    except KeyError:
        raise LookupError(f"{token} is no resource type of pulumi_{package}") from None
    classes = _classes(path)
    arguments = classes.get(f"{class_name}Args") or classes.get(f"{class_name}InitArgs") or {}
    return ResourceType(token=token, inputs=arguments, outputs=classes[class_name])


def nested_inputs(token: str, args: str) -> dict[str, Property]:
    """What an Args class of nested inputs takes; nothing for one that is defined in another module."""
    package, directory = _place(token)
    path = _root(package) / directory / "_inputs.py"
    return _classes(path).get(args, {}) if path.exists() else {}


def _place(token: str) -> tuple[str, str]:
    """The package of a token, and the directory of the SDK that has its class."""
    package, module, _ = token.split(":")
    directory = module.split("/")[0]
    if directory == "index":
        return package, ""
    return package, f"{directory}_" if iskeyword(directory) else directory  # such as lambda_


@cache
def _tokens(package: str, directory: str) -> dict[str, tuple[Path, str]]:
    """Where each resource type of one SDK module is defined, and the name of its class."""
    found: dict[str, tuple[Path, str]] = {}
    for path in sorted((_root(package) / directory).glob("*.py")):
        for match in _TOKEN.finditer(path.read_text()):
            found[match[2]] = (path, match[1])
    return found


@cache
def _root(package: str) -> Path:
    spec = find_spec(f"pulumi_{package}")
    if spec is None or spec.origin is None:
        raise LookupError(f"pulumi_{package} is not installed")
    return Path(spec.origin).parent


@cache
def _classes(path: Path) -> dict[str, dict[str, Property]]:
    """Every class of a file with the properties it declares."""
    parts = _CLASS.split(path.read_text())
    return {
        name: {
            (match[1] or match[2]): Property.parse(match[1] or match[2], match[3]) for match in _GETTER.finditer(body)
        }
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _kind(annotation: str) -> str:
    plain = annotation.removeprefix("_builtins.")
    if plain in ("str", "int", "float", "bool"):
        return plain
    if plain.startswith("Sequence["):
        return "list"
    if plain.startswith("Mapping["):
        return "map"
    return "object" if plain.startswith("'") else "any"
