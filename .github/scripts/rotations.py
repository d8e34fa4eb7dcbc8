"""Writes the current versions of secrets into a stack file, so that a pull request can be made of it.

    rotations.py STACK

A secret whose version does not stand in the file is left alone: whoever writes one there asks for deploys.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import yaml

Where = tuple[str, str]
"""A service, and the variable that ECS fills from the secret."""


def written(text: str) -> Iterator[tuple[Where, yaml.ScalarNode]]:
    """Every secret version in a stack file, with its place in the text."""
    services = _at(_at(yaml.compose(text, yaml.SafeLoader), "config"), "slipway:services")
    for service, release in services.value if services else ():
        versions = _at(release, "secret_versions")
        for variable, version in versions.value if versions else ():
            yield (service.value, variable.value), version


def rotated(text: str, current: Callable[[Where], str]) -> str:
    """The file with the current versions; all else in it stays as it is."""
    for where, node in sorted(written(text), key=lambda found: found[1].start_mark.index, reverse=True):
        version = current(where)
        if version != node.value:
            text = f'{text[: node.start_mark.index]}"{version}"{text[node.end_mark.index :]}'
    return text


def current_version(secret: str, aws: Any) -> str:
    """Which version of a secret tasks get that start now, by name as in a service's file. Its value is not read."""
    if secret.startswith("/"):
        equals = [{"Key": "Name", "Option": "Equals", "Values": [secret]}]
        found = aws.client("ssm").describe_parameters(ParameterFilters=equals)["Parameters"]
        if not found:
            raise LookupError(f"there is no parameter {secret}")
        return str(found[0]["Version"])
    stages = aws.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    return str(next(version for version, names in stages.items() if "AWSCURRENT" in names))


def main(stack: str, root: Path) -> None:
    aws = boto3.Session()
    file = root / f"Pulumi.{stack}.yaml"

    def current(where: Where) -> str:
        service, variable = where
        spec = yaml.safe_load((root / "services" / f"{service}.yaml").read_text())
        return current_version(spec["secrets"][variable], aws)

    file.write_text(rotated(file.read_text(), current))


def _at(node: yaml.Node | None, key: str) -> yaml.MappingNode | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = next((value for name, value in pairs if name.value == key), None)
    return found if isinstance(found, yaml.MappingNode) else None


if __name__ == "__main__":
    main(sys.argv[1], Path.cwd())
