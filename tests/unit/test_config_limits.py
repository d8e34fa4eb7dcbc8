"""One beyond any limit of any number in the configuration is a mistake, whose answer says the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from config.platform import Platform
from config.service import JobService, WebService, WorkerService
from config.stack import ClusterSize
from tests.config_project import ConfigProject


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A number's place, what is one beyond its limit, and what the answer says."""

    path: tuple[str, ...]
    beyond: float
    allowed: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}={self.beyond:g}"


def limits(model: type[BaseModel]) -> list[Limit]:
    schema = model.model_json_schema()
    return list(_inside(schema, schema.get("$defs", {}), ()))


def _inside(schema: Mapping[str, Any], definitions: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Limit]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    options = schema.get("anyOf", ())
    for option in options if {"type": "null"} in options else ():  # a number or a range is judged elsewhere
        yield from _inside(option, definitions, path)
    for name, part in schema.get("properties", {}).items():
        yield from _inside(part, definitions, (*path, name))
    if schema.get("type") not in ("integer", "number"):
        return
    limits = (("minimum", -1, "at least"), ("maximum", 1, "at most"), ("exclusiveMaximum", 0, "below"))
    for keyword, beyond, words in limits:
        if keyword in schema:
            yield Limit(path=path, beyond=schema[keyword] + beyond, allowed=f"{words} {schema[keyword]:g}")


# file, where the model stands in it, the key of that place, and what a mapping needs besides.
PLACES: dict[type[BaseModel], tuple[str, tuple[str, ...], str]] = {
    WebService: ("services/gateway.yaml", (), ""),
    WorkerService: ("services/ledger.yaml", (), ""),
    JobService: ("services/digest.yaml", (), ""),
    ClusterSize: ("Pulumi.stage.yaml", ("slipway:clusters", "app"), "slipway:clusters.app."),
    Platform: ("Pulumi.yaml", (), "slipway:platform."),
}
BESIDES = {"strategy": {"kind": "canary"}, "repository_ids": {"owner": 1, "repository": 1}}
CASES = [pytest.param(model, limit, id=f"{model.__name__}: {limit}") for model in PLACES for limit in limits(model)]


@pytest.mark.parametrize(("model", "limit"), CASES)
def test_one_beyond_a_limit_is_answered_with_the_limit(tmp_path: Path, model: type[BaseModel], limit: Limit) -> None:
    project = ConfigProject(tmp_path)
    file, place, key = PLACES[model]
    for depth in range(1, len(limit.path)):
        parent = limit.path[:depth]
        if not isinstance(project.get(file, *place, *parent), dict):
            project.set(file, *place, *parent, to=dict(BESIDES.get(parent[-1], {})))
    project.set(file, *place, *limit.path, to=limit.beyond)
    answers = {problem.key: problem.allowed for problem in project.problems("stage")}
    assert limit.allowed in answers[key + ".".join(limit.path)]


def test_there_are_many() -> None:
    assert len(CASES) > 60
