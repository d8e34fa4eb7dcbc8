"""The judge of what Datadog would accept: the models of its official client, fed with a resource's inputs."""

from __future__ import annotations

import re
from typing import Any

from datadog_api_client.configuration import Configuration
from datadog_api_client.model_utils import (
    ModelComposed,
    ModelNormal,
    OpenApiModel,
    validate_and_convert_types,
)
from datadog_api_client.v1.model.monitor import Monitor


def accepted(body: dict[str, Any], model: type[OpenApiModel]) -> Any:
    """`body` as the API's own model. The client keeps what it does not know; here that is a failure."""
    result = validate_and_convert_types(body, (model,), [model.__name__], True, True, Configuration())
    assert not result._unparsed, f"{model.__name__} has a value outside an enumeration: {body}"
    _assert_known(result, model.__name__)
    return result


def monitor(inputs: dict[str, Any]) -> Any:
    """The monitor that a `datadog.Monitor` with these inputs would be created as."""
    top = {"message", "name", "query", "tags", "type"}
    body: dict[str, Any] = {"options": {}}
    for key, value in inputs.items():
        name = _snake(key)
        if name in top:
            body[name] = value
        elif name == "priority":
            body[name] = int(value)
        elif name == "monitor_thresholds":
            body["options"]["thresholds"] = {_snake(level): float(number) for level, number in value.items()}
        elif name == "scheduling_options":
            # The API has a list of exactly one recurrence.
            recurrence = value["customSchedule"]["recurrence"]
            body["options"][name] = {"custom_schedule": {"recurrences": [recurrence]}}
        else:
            # The engine's protocol has one kind of number.
            whole = isinstance(value, float) and value.is_integer()
            body["options"][name] = int(value) if whole else value
    return accepted(body, Monitor)


def snake_case(value: Any) -> Any:
    """Inputs with the API's spelling of their names."""
    if isinstance(value, dict):
        return {_snake(key): snake_case(part) for key, part in value.items()}
    if isinstance(value, list):
        return [snake_case(part) for part in value]
    return value


def _assert_known(value: Any, path: str) -> None:
    if isinstance(value, ModelComposed):
        for part in value._composed_instances:
            _assert_known(part, path)
    elif isinstance(value, ModelNormal):
        unknown = set(value._data_store) - set(value.openapi_types)
        assert not unknown, f"{path} has no {', '.join(sorted(unknown))}"
        for name, part in value._data_store.items():
            _assert_known(part, f"{path}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _assert_known(part, f"{path}[{index}]")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
