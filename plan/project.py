"""The Pulumi project on disk, and the configuration that the Pulumi CLI would hand to its program.

The rules are Pulumi's own, read from its sources (v3.272): `pkg/workspace/config.go` (project values under stack
values, missing keys, type checks), `sdk/go/common/resource/config/{value,object,plaintext}.go` (a scalar becomes its
text, an object or list becomes JSON with sorted keys, a top-level null an empty string) and
`sdk/go/common/workspace/{project,loaders}.go` (short forms, namespaces). The files are read as the program reads them;
what Pulumi would read otherwise is refused.

Nothing is decrypted: a `secure:` value reads as `[secret]` and its key is a secret key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.errors import Problem
from config.files import read_mapping
from plan.model import SECRET

PROJECT_FILE = "Pulumi.yaml"


class ProjectError(Exception):
    """The project's files cannot be used. The message is complete: the file, the place, and what to do."""


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """What `pulumi.runtime.set_all_config` takes: every value as text, and the keys that hold secrets."""

    values: Mapping[str, str]
    secret_keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with a Pulumi.yaml. Build it with `load`."""

    root: Path
    name: str
    declarations: Mapping[str, Mapping[str, Any]]  # full key -> type, items, default, value, secret

    @classmethod
    def load(cls, root: Path) -> Project:
        """Reads Pulumi.yaml in `root`; raises ProjectError."""
        file = root / PROJECT_FILE
        data = _read_mapping(file)
        name = data.get("name")
        if not isinstance(name, str) or not name:
            raise ProjectError(f"{file}: the project has no `name`. Add `name: slipway` at the top.")
        if "stackConfigDir" in data:
            raise ProjectError(
                f"{file}: stackConfigDir: is not followed here. Put the stack files beside it, and remove the key."
            )
        config = data.get("config") or {}
        if not isinstance(config, dict):
            raise ProjectError(f"{file}: config: must be a mapping of keys to values. Write the keys below it.")
        return cls(
            root=root,
            name=name,
            declarations={
                _full_key(file, name, key): _declaration(file, name, key, value) for key, value in config.items()
            },
        )

    @staticmethod
    def find(start: Path) -> Path:
        """The folder of the nearest project upwards of `start`; raises ProjectError."""
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / PROJECT_FILE).is_file():
                return folder
        raise ProjectError(
            f"{start}: there is no {PROJECT_FILE} here or in a folder above."
            " Run the command inside the project, or name its folder with --root."
        )

    def stacks(self) -> tuple[str, ...]:
        """The stacks that have a file, sorted."""
        names = (file.name.removeprefix("Pulumi.") for file in self.root.glob("Pulumi.*.yaml") if file.is_file())
        return tuple(sorted(name.removesuffix(".yaml") for name in names))

    def stack_config(self, stack: str) -> StackConfig:
        """The configuration of one stack; raises ProjectError."""
        file = self.root / f"Pulumi.{stack}.yaml"
        if not file.is_file():
            known = ", ".join(self.stacks()) or "none"
            raise ProjectError(
                f"stack {stack!r} has no file Pulumi.{stack}.yaml in {self.root}. The stacks there are: {known}."
                " Name one of them, or restore the file from git."
            )
        data = _read_mapping(file)
        if data.get("environment"):
            raise ProjectError(
                f"{file}: environment: is resolved by Pulumi Cloud, so it cannot be evaluated offline."
                " Write the values under config: instead."
            )
        config = data.get("config") or {}
        if not isinstance(config, dict):
            raise ProjectError(f"{file}: config: must be a mapping of keys to values. Write the keys below it.")

        raw: dict[str, Any] = {_full_key(file, self.name, key): value for key, value in config.items()}
        own = set(raw)
        missing: list[str] = []
        for key, declared in self.declarations.items():
            given = declared.get("default", declared.get("value"))
            if key in raw:
                continue
            if given is not None:
                raw[key] = given
            elif key.startswith(f"{self.name}:"):
                missing.append(key)
        if missing:
            keys = ", ".join(missing)
            raise ProjectError(
                f"{file}: stack {stack!r} is missing configuration that {PROJECT_FILE} asks for: {keys}."
                f" Set it under config: of {file.name}, or give it a default in {PROJECT_FILE}."
            )

        values: dict[str, str] = {}
        secret_keys: list[str] = []
        for key in sorted(raw):
            source = file if key in own else self.root / PROJECT_FILE
            values[key], secure = _encode(raw[key])
            if secure:
                secret_keys.append(key)
            self._check_type(source, key, raw[key], secure)
        return StackConfig(values=values, secret_keys=tuple(secret_keys))

    def _check_type(self, file: Path, key: str, value: Any, secure: bool) -> None:
        """Pulumi's check of a value against the type that Pulumi.yaml declares for it."""
        declared = self.declarations.get(key, {})
        if "type" not in declared:
            return
        if declared.get("secret") and not secure:
            raise ProjectError(
                f"{file}: {key} is declared secret in {PROJECT_FILE}, so it must be encrypted:"
                f" run `pulumi config set --secret {key}`."
            )
        if _is_secret(value):
            return  # only its cipher text is known here
        # As Pulumi does it: a scalar has become text by now, and only what is inside an object keeps its type.
        content = value if isinstance(value, (dict, list)) else _scalar_text(value)
        if not _has_type(declared["type"], declared.get("items"), content):
            expected = _type_name(declared["type"], declared.get("items"))
            raise ProjectError(f"{file}: {key} must be of type {expected}, as {PROJECT_FILE} declares.")


# Pulumi.yaml ---------------------------------------------------------------------------------------------------------

_TYPES = ("string", "integer", "boolean", "array", "object")
_DECLARATION_KEYS = ("type", "items", "description", "secret", "default", "value")


def _declaration(file: Path, project: str, key: Any, value: Any) -> Mapping[str, Any]:
    where = f"{file}: config: {key}"
    own = ":" not in str(key) or str(key).startswith(f"{project}:")
    if isinstance(value, (str, bool, int, list)):  # the short form
        value = {"default" if own else "value": value}
    if not isinstance(value, dict):
        raise ProjectError(f"{where}: must be a string, an integer, a boolean, a list, or have a `value:`.")
    unknown = sorted(str(name) for name in value if name not in _DECLARATION_KEYS)
    if unknown:
        allowed = ", ".join(_DECLARATION_KEYS)
        raise ProjectError(
            f"{where}: {', '.join(unknown)} is not allowed here, only {allowed}. Put the object under `value:`."
        )
    value = {name: part for name, part in value.items() if part is not None}
    if "default" in value and "value" in value:
        raise ProjectError(f"{where}: cannot have both a `default` and a `value`.")
    if "type" in value and value["type"] not in _TYPES:
        raise ProjectError(f"{where}: type {value['type']!r} is not one of {', '.join(_TYPES)}.")
    if not own and ("type" in value or "default" in value or "value" not in value):
        raise ProjectError(f"{where}: a key outside the project's namespace has a `value:` and nothing else.")
    if value.get("type") == "array" and "items" not in value:
        raise ProjectError(f"{where}: an array needs `items:` with the type of its elements.")
    if "type" in value and "default" in value and not _has_type(value["type"], value.get("items"), value["default"]):
        expected = _type_name(value["type"], value.get("items"))
        raise ProjectError(f"{where}: the default is not of the declared type {expected}.")
    return value


def _full_key(file: Path, project: str, key: Any) -> str:
    """`vpc` -> `slipway:vpc`; `aws:config:region`, the old form, -> `aws:region`."""
    parts = str(key).split(":")
    match parts:
        case [name]:
            return f"{project}:{name}"
        case [namespace, name] | [namespace, "config", name]:
            return f"{namespace}:{name}"
        case _:
            raise ProjectError(f"{file}: config: {key}: a key has the form NAMESPACE:NAME.")


def _has_type(name: str, items: Any, value: Any) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "integer":
            whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
            return whole or (isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]+", value) is not None)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case _:
            if not isinstance(value, list) or not isinstance(items, dict):
                return False
            return all(_has_type(items["type"], items.get("items"), element) for element in value)


def _type_name(name: str, items: Any) -> str:
    return f"array<{_type_name(items['type'], items.get('items'))}>" if isinstance(items, dict) else name


# Values --------------------------------------------------------------------------------------------------------------


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secure"), str)


def _encode(value: Any) -> tuple[str, bool]:
    """The text of a value, and whether it holds a secret."""
    if _is_secret(value):
        return SECRET, True
    if isinstance(value, (dict, list)):
        secrets: list[Any] = []
        return _json(value, secrets), bool(secrets)
    return _scalar_text(value), False


def _json(value: Any, secrets: list[Any]) -> str:
    """JSON as Go writes it: sorted keys, no spaces, HTML escaped. Appends each secret to `secrets`."""
    if _is_secret(value):
        secrets.append(value)
        value = SECRET
    if isinstance(value, dict):
        members = [f"{_json_text(name)}:{_json(value[name], secrets)}" for name in sorted(value)]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(element, secrets) for element in value) + "]"
    if value is None:
        return "null"
    return _json_text(value) if isinstance(value, str) else _scalar_text(value)


def _json_text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted


def _scalar_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _go_float(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return _go_float(float(value))
    return "" if value is None else str(value)


def _go_float(value: float) -> str:
    """As Go's encoding/json writes it: no exponent between 1e-6 and 1e21, no trailing `.0`."""
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = f"{Decimal(repr(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-0')}"


def _read_mapping(file: Path) -> dict[str, Any]:
    data = read_mapping(file, file=str(file), of_pulumi=True)
    if not isinstance(data, Problem):
        return data
    if data.given is None:  # an empty file
        return {}
    if file.name == PROJECT_FILE and not file.exists():
        data = replace(data, remedy=f"a project's folder has a {PROJECT_FILE}; --root names it")
    raise ProjectError(str(data))
