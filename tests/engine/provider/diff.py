"""How two sets of inputs differ, property by property, and which differences replace the resource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from plan.force_new import ALWAYS, FORCE_NEW

_PLAIN_KEY = re.compile(r"^[A-Za-z_]\w*$")
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One differing leaf: its path as Pulumi writes it, `add`, `delete` or `update`, and whether it replaces."""

    path: str
    kind: str
    replaces: bool

    @property
    def top(self) -> str:
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def changes(token: str, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every difference between the inputs before and after. A value that is not known yet differs from any other."""
    return [
        Change(path=path, kind=kind, replaces=_forces_new(token, path))
        for path, kind in _compare("", _given(old), _given(new))
    ]


def _given(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if value is not None and name != "__defaults"}


def _compare(path: str, old: Any, new: Any) -> list[tuple[str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[tuple[str, str]] = []
        for key in sorted({*old, *new}):
            step = _step(path, key)
            if key not in old:
                found.append((step, "add"))
            elif key not in new:
                found.append((step, "delete"))
            else:
                found.extend(_compare(step, old[key], new[key]))
        return found
    if isinstance(old, list) and isinstance(new, list):
        found = []
        for index in range(max(len(old), len(new))):
            step = f"{path}[{index}]"
            if index >= len(old):
                found.append((step, "add"))
            elif index >= len(new):
                found.append((step, "delete"))
            else:
                found.extend(_compare(step, old[index], new[index]))
        return found
    return [(path, "update")] if old != new or new == UNKNOWN else []


def _step(path: str, key: str) -> str:
    if not _PLAIN_KEY.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _forces_new(token: str, path: str) -> bool:
    plain = _INDEX.sub("", path)
    _, properties = FORCE_NEW.get(token, ("", ()))
    always = ALWAYS if token.startswith("aws:") else ()
    return any(plain == name or plain.startswith(f"{name}.") for name in (*always, *properties))
