"""The JSON Schemas of the files that people write: `python -m config.schema` writes them for editors and CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.load import NAMESPACE
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
            "An environment's stack: Pulumi.dev.yaml, Pulumi.stage.yaml, Pulumi.prod.yaml",
        ),
        "ops-stack.schema.json": _stack_file(OpsStack.model_json_schema(), "The ops stack: Pulumi.ops.yaml"),
        "platform.schema.json": _titled(Platform.model_json_schema(), "slipway:platform in Pulumi.yaml"),
    }
    return {
        name: json.dumps(document, indent=2, sort_keys=True) + "\n" for name, document in documents.items()
    }


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": title}


def _stack_file(model: dict[str, Any], title: str) -> dict[str, Any]:
    """A stack file holds the model's keys below `config:`, each with the namespace before it, among Pulumi's own."""
    properties = {f"{NAMESPACE}:{name}": value for name, value in model["properties"].items()}
    config = {
        "type": "object",
        "properties": properties | {f"{NAMESPACE}:access_role": {"type": "string"}},
        "required": [f"{NAMESPACE}:{name}" for name in model["required"]],
        "patternProperties": {f"^(?!{NAMESPACE}:)": {}},
        "additionalProperties": False,
    }
    document = {
        "type": "object",
        "properties": {
            "config": config,
            "secretsprovider": {"type": "string"},
            "encryptedkey": {"type": "string"},
        },
        "required": ["config"],
        "$defs": model.get("$defs", {}),
    }
    return _titled(document, title)


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
