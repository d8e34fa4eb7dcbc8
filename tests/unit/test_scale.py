"""What one service is does not depend on how many others there are."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cloud import Cloud, Registered
from tests.config_project import ConfigProject

MANY = 40


def test_many_more_services_change_nothing_of_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = Cloud(), Cloud()
    project = ConfigProject(tmp_path)
    project.set("Pulumi.stage.yaml", "slipway:clusters", "api", "instances", to=200)
    project.run("stage", few, monkeypatch)
    for number in range(MANY):
        like = ("gateway", "ledger", "digest")[number % 3]
        own = {"priority": 100 + number} if like == "gateway" else {}
        project.add_service(f"more-{number}", like, **own)
        release = {"version": "1.0.0"} if like == "digest" else {"version": "1.0.0", "tasks": {"min": 1, "max": 2}}
        project.set("Pulumi.stage.yaml", "slipway:services", f"more-{number}", to=release)
    project.run("stage", many, monkeypatch)
    after = {resource.urn: _comparable(resource) for resource in many.resources}
    assert len(many.resources) > len(few.resources) + 10 * MANY
    assert [resource.urn for resource in few.resources if _comparable(resource) != after[resource.urn]] == []


def _comparable(resource: Registered) -> Registered:
    """Without the source of a function, a file that is equal to itself alone."""
    return replace(resource, inputs={name: value for name, value in resource.inputs.items() if name != "code"})
