"""The tables of docs/configuration.md and docs/services.md: every key, read off the models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.alerts import ALERTS
from config.platform import Platform
from config.service import JobService, ServiceBase, WebService, WorkerService
from config.stack import EnvironmentStack, OpsStack

_FOLDER = Path(__file__).parents[1] / "docs"
DOCUMENTS = (_FOLDER / "configuration.md", _FOLDER / "services.md")

_UNITS = {
    "cpu": "CPU units",
    "days": "days",
    "gib": "GiB",
    "mib": "MiB",
    "minutes": "minutes",
    "percent": "percent",
    "seconds": "seconds",
    "usd": "US dollars",
}


def current(document: str) -> str:
    """The document with everything between `<!-- table: NAME -->` and `<!-- end of table -->` anew."""
    return re.sub(
        r"(?s)(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)",
        lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}",
        document,
    )


@dataclass(frozen=True, kw_only=True)
class _Key:
    path: str
    type: str
    default: str
    allowed: str
    meaning: str


def _keys(model: type[BaseModel], prefix: str = "", only: Callable[[str], bool] = bool) -> Iterator[_Key]:
    schema = model.model_json_schema()
    top = {name: part for name, part in schema["properties"].items() if only(name)}
    yield from _described(top, schema.get("required", ()), schema.get("$defs", {}), prefix)


def _described(
    properties: Mapping[str, Any], required: Any, definitions: Mapping[str, Any], prefix: str
) -> Iterator[_Key]:
    for name, part in properties.items():
        schema = _resolved(part, definitions)
        yield _Key(
            path=f"{prefix}{name}",
            type=_type(schema, definitions, name),
            default="required" if name in required else _default(schema.get("default")),
            allowed=_allowed(schema, definitions),
            meaning=schema.get("description", ""),
        )
        yield from _inside(schema, definitions, f"{prefix}{name}")


def _inside(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Iterator[_Key]:
    """The keys below a key."""
    if schema.get("type") == "array":
        yield from _inside(_resolved(schema["items"], definitions), definitions, f"{path}[]")
    elif value := _value_schema(schema):
        yield from _inside(_resolved(value, definitions), definitions, f"{path}.NAME")
    elif "properties" in schema:
        parts = list(schema["properties"].values())
        if len({part.get("$ref") for part in parts}) == 1 and len(parts) > 1 and "$ref" in parts[0]:
            for name, part in schema["properties"].items():
                yield next(_described({name: part}, schema.get("required", ()), definitions, f"{path}."))
            yield from _inside(_resolved(parts[0], definitions), definitions, f"{path}.*")
            return
        yield from _described(schema["properties"], schema.get("required", ()), definitions, f"{path}.")


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its reference replaced, and without the null that stands for a missing key."""
    result = dict(schema)
    if "$ref" in result:
        result = definitions[result.pop("$ref").rsplit("/", 1)[-1]] | result
    options = [option for option in result.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        del result["anyOf"]
        result = _resolved(options[0], definitions) | result
    return result


def _value_schema(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a mapping from names holds."""
    values = [*schema.get("patternProperties", {}).values()]
    if isinstance(schema.get("additionalProperties"), dict):
        values.append(schema["additionalProperties"])
    return values[0] if values else None


def _type(schema: Mapping[str, Any], definitions: Mapping[str, Any], name: str) -> str:
    if "anyOf" in schema:  # the one choice in the models: NumberOrRange
        return "whole number, or {min: 2, max: 10}"
    if schema.get("type") == "array":
        return f"list of {_type(_resolved(schema['items'], definitions), definitions, '')}"
    if value := _value_schema(schema):
        return f"mapping of names to {_type(_resolved(value, definitions), definitions, '')}"
    kind = schema.get("type") or ("integer" if isinstance(schema["enum"][0], int) else "string")
    words = {
        "boolean": "true or false",
        "integer": "whole number",
        "number": "number",
        "object": "mapping",
        "string": "text",
    }
    unit = _UNITS.get(name.rsplit("_", 1)[-1])
    return f"{words[kind]}, {unit}" if unit and kind in ("integer", "number") else words[kind]


def _allowed(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return f"1 to {schema['anyOf'][0]['maximum']:,}"
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return _allowed(_resolved(schema["items"], definitions), definitions)
    if value := _value_schema(schema):
        return _allowed(_resolved(value, definitions), definitions)
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']:,} to {schema['maximum']:,}"
    if "minimum" in schema and "exclusiveMaximum" in schema:
        return f"{schema['minimum']:,} or more, below {schema['exclusiveMaximum']:,}"
    if "minimum" in schema:
        return f"{schema['minimum']:,} or more"
    if "maxLength" in schema:
        return f"{schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if "minLength" in schema:
        return f"{schema['minLength']} or more characters"
    return str(schema.get("patternErrorMessage", ""))


def _default(value: Any) -> str:
    return "optional" if value in (None, []) or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _rows(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _table(keys: Iterator[_Key]) -> str:
    header = ("Key", "Type", "Default", "Allowed", "Meaning")
    return _rows(header, ((f"`{k.path}`", k.type, k.default, k.allowed, k.meaning) for k in keys))


def _alerts() -> str:
    header = ("Monitor", "Kinds", "Unit", "Fires", "Warning", "Critical", "Allowed")
    return _rows(
        header,
        (
            (
                f"`{name}`",
                ", ".join(alert.kinds),
                alert.unit,
                alert.fires,
                f"{alert.warning:g}",
                f"{alert.critical:g}",
                f"{alert.lowest:,} to {alert.highest:,}",
            )
            for name, alert in ALERTS.items()
        ),
    )


def _common(name: str) -> bool:
    return name in ServiceBase.model_fields


def _own(name: str) -> bool:
    return name not in ServiceBase.model_fields


TABLES: dict[str, Callable[[], str]] = {
    "platform": lambda: _table(_keys(Platform)),
    "environment": lambda: _table(_keys(EnvironmentStack, "slipway:")),
    "ops": lambda: _table(_keys(OpsStack, "slipway:")),
    "service": lambda: _table(_keys(ServiceBase, only=_common)),
    "web": lambda: _table(_keys(WebService, only=_own)),
    "worker": lambda: _table(_keys(WorkerService, only=_own)),
    "job": lambda: _table(_keys(JobService, only=_own)),
    "alerts": _alerts,
}
