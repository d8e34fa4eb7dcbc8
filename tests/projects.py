"""Copies of the committed project that a test may change, and the plans of their stacks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from slipway.evaluate import Job, evaluate, jobs_for
from slipway.plan import Failure, Plan, Resource
from slipway.project import Project

ROOT = Path(__file__).parent.parent
PROGRAM = ("__main__.py", "lazy_sdk.py", "components", "config", "functions", "stacks")


def copy_project(into: Path) -> Path:
    """The committed project with configuration to change; the program itself is linked, not copied."""
    into.mkdir(parents=True, exist_ok=True)
    for name in PROGRAM:
        (into / name).symlink_to(ROOT / name)
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, into)
    shutil.copytree(ROOT / "services", into / "services")
    return into


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Replace the one match of a pattern in a file."""
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    assert count == 1, f"{count} matches of {pattern} in {file.name}"
    file.write_text(text)


def jobs(root: Path, stacks: Sequence[str]) -> list[Job]:
    """Evaluations to run together, so that the imports are paid once."""
    return jobs_for(Project.load(root), stacks)


def plans(of: Sequence[Job]) -> list[Plan]:
    """Their plans, in the same order; a failure raises."""
    results: list[Plan] = []
    for result in evaluate(of):
        assert not isinstance(result, Failure), f"{result.message}\n{result.traceback}"
        results.append(result)
    return results


def by_urn(plan: Plan) -> dict[str, Resource]:
    """The resources without the stack itself, whose outputs are the exports."""
    return {resource.urn: resource for resource in plan.resources if resource.type != "pulumi:pulumi:Stack"}


def changed(before: Plan, after: Plan) -> tuple[list[Resource], list[Resource], list[tuple[Resource, Resource]]]:
    """What `after` adds, what it lacks, and what differs."""
    old, new = by_urn(before), by_urn(after)
    return (
        [new[urn] for urn in sorted(new.keys() - old.keys())],
        [old[urn] for urn in sorted(old.keys() - new.keys())],
        [(old[urn], new[urn]) for urn in sorted(old.keys() & new.keys()) if old[urn] != new[urn]],
    )
