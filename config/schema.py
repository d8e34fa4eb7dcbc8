"""The JSON Schemas of the files that people write, and the tables of their keys in docs/.

`python -m config.schema` writes both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from config import reference
from config.estate import ACCESS_ROLE, NAMESPACE
from config.fields import RoleName
from config.platform import Platform
from config.service import service_schema
from config.stack import EnvironmentStack, OpsStack

FOLDER = Path(__file__).parent / "schemas"


def schemas() -> dict[str, str]:
    """File name to text."""
    documents = {
        "service.schema.json": _titled(service_schema(), "A service of Slipway: services/NAME.yaml"),
        "environment-stack.schema.json": _stack_file(
            EnvironmentStack.model_json_schema(),
            "An environment's stack: Pulumi.ENVIRONMENT.yaml",
        ),
        "ops-stack.schema.json": _stack_file(OpsStack.model_json_schema(), "The ops stack: Pulumi.ops.yaml"),
        "platform.schema.json": _titled(Platform.model_json_schema(), "slipway:platform in Pulumi.yaml"),
    }
    return {
        name: json.dumps(_closed(document), indent=2, sort_keys=True) + "\n" for name, document in documents.items()
    }


def _closed(schema: Any) -> Any:
    """The schema, where a mapping whose names have a pattern takes no other names."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "patternProperties" in schema else {}
    return closed | {name: _closed(part) for name, part in schema.items()}


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}


def _stack_file(model: dict[str, Any], title: str) -> dict[str, Any]:
    """A stack file holds the model's keys below `config:`, each with the namespace before it."""
    properties = {f"{NAMESPACE}:{name}": value for name, value in model["properties"].items()}
    config = {
        "type": "object",
        "properties": properties | {f"{NAMESPACE}:{ACCESS_ROLE}": TypeAdapter(RoleName).json_schema()},
        "required": [f"{NAMESPACE}:{name}" for name in model["required"]],
        "additionalProperties": False,
    }
    document = {
        "type": "object",
        "properties": {
            "config": config,
            "secretsprovider": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "encryptionsalt": {"type": "string"},
            "environment": {"type": ["array", "object"]},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model.get("$defs", {}),
    }
    return _titled(document, title)


def main() -> None:
    """Write every schema and every table."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for path in reference.DOCUMENTS:
        path.write_text(reference.current(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
