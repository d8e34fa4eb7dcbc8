"""A project of any number of services: the program as it is, with a catalogue made of the tests' company."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.projects import COMPANY, complete_project

SERVICES_PER_CLUSTER = 60  # a load balancer takes 100 rules

_NOT_THE_PROGRAM = shutil.ignore_patterns("__pycache__", "policies", "services", "slipway")


def generate(folder: Path, services: int) -> None:
    """Writes into the new `folder` a copy of the program with one environment, prod, that runs that many services."""
    shutil.copytree(complete_project(), folder, ignore=_NOT_THE_PROGRAM)
    for environment in ("dev", "stage"):
        (folder / f"Pulumi.{environment}.yaml").unlink()
    patterns = [_read(file) for file in sorted((COMPANY / "services").glob("*.yaml"))]
    clusters = [f"cluster-{number}" for number in range(-(-services // SERVICES_PER_CLUSTER))]

    project = _read(COMPANY / "Pulumi.yaml")
    platform = project["config"]["slipway:platform"]["value"]
    platform["clusters"] = {name: {"description": "Made for a benchmark"} for name in clusters}
    platform["quotas"] = {"iam_roles": 5000}
    _write(folder / "Pulumi.yaml", project)

    releases: dict[str, Any] = {}
    for number in range(services):
        service = dict(patterns[number % len(patterns)])
        service["cluster"] = clusters[number // SERVICES_PER_CLUSTER]
        if service["kind"] == "web":
            service["priority"] = 1 + number % SERVICES_PER_CLUSTER
        name = f"service-{number}"
        _write(folder / "services" / f"{name}.yaml", service)
        # Half of those that can are autoscaled, which adds resources.
        tasks = {} if service["kind"] == "job" else {"tasks": {"min": 1, "max": 1 + number % 2}}
        releases[name] = {"version": f"1.{number}.0", **tasks}

    size = {"instance_type": "m7i.16xlarge", "instances": {"min": 3, "max": 60}}
    config = _read(COMPANY / "Pulumi.prod.yaml")["config"]
    config["slipway:clusters"] = {name: size for name in clusters}
    config["slipway:services"] = releases
    _write(folder / "Pulumi.prod.yaml", {"config": config})


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")
