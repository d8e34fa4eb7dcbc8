"""Copies of the committed project that a test may change, and the plans of their stacks."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import company
from plan.evaluate import Job, evaluate, jobs_for
from plan.model import Failure, Plan, Resource
from plan.project import Project
from plan.revisions import Planned, plan_files

ROOT = Path(__file__).parent.parent
"""The repository: the platform, and a company's files that no test reads."""
COMPANY = ROOT / "tests/company"
OTHER_COMPANY = ROOT / "tests/other_company"
PROGRAM = ("__main__.py", "components", "config", "functions", "stacks")


def _copy_company(of: Path, into: Path) -> None:
    for file in company.files(of):
        (into / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(of / file, into / file)


def _temporary_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="slipway-tests-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def copy_project(into: Path, of: Path = COMPANY) -> Path:
    """A project whose configuration a test may change: a company's files are copied, the program is linked."""
    into.mkdir(parents=True, exist_ok=True)
    for name in PROGRAM:
        (into / name).symlink_to(ROOT / name)
    _copy_company(of, into)
    return into


@cache
def project(of: Path = COMPANY) -> Project:
    """A company's project that no test changes, made once."""
    return Project.load(copy_project(_temporary_folder(), of))


@cache
def planned(of: Path = COMPANY) -> Mapping[str, Plan]:
    """The plans of all stacks of a company, made once."""
    stacks = project(of).stacks()
    return dict(zip(stacks, plans(jobs_for(project(of), stacks)), strict=True))


@cache
def revision(of: Path = COMPANY) -> Planned:
    """A company's project as a reviewer sees it, with the twins of its mirrors; made once."""
    return plan_files(project(of))


COMPANIES = (COMPANY, OTHER_COMPANY)
_STACKS = [(of, stack) for of in COMPANIES for stack in project(of).stacks()]
_ENVIRONMENTS = [(of, stack) for of, stack in _STACKS if stack != "ops"]


def _of_each(names: str, values: Sequence[tuple[Path, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(names.split(), values, ids=[f"{of.name}-{stack}" for of, stack in values])


# What holds for any configuration is judged on each company.
each_company = pytest.mark.parametrize("of", COMPANIES, ids=[of.name for of in COMPANIES])
each_stack = _of_each("of stack", _STACKS)
each_environment = _of_each("of stack", _ENVIRONMENTS)


def platform(of: Path = COMPANY) -> Mapping[str, Any]:
    """`slipway:platform` as a company's Pulumi.yaml has it."""
    value: Mapping[str, Any] = content(of / "Pulumi.yaml")["config"]["slipway:platform"]["value"]
    return value


def stack_config(of: Path, stack: str) -> Mapping[str, Any]:
    """`config` as a company's stack file has it."""
    value: Mapping[str, Any] = content(of / f"Pulumi.{stack}.yaml")["config"]
    return value


def services(of: Path = COMPANY) -> Mapping[str, Mapping[str, Any]]:
    """A company's service files, by name."""
    return {file.stem: content(file) for file in sorted((of / "services").glob("*.yaml"))}


def content(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def copy_repository(into: Path, of: Path, *, leave_out: Sequence[str] = ()) -> None:
    """The repository as a company has it, its own files in the place of those that are there; all of it is copied."""
    unkept = shutil.ignore_patterns(
        ".git", ".venv", ".*_cache", ".hypothesis", "*.egg-info", "node_modules", *leave_out
    )

    def ignored(folder: str, names: list[str]) -> set[str]:
        paths = {name: (Path(folder) / name).relative_to(ROOT).as_posix() for name in names}
        own = {name for name, path in paths.items() if company.is_companys(path) or company.is_companys(f"{path}/")}
        return unkept(folder, names) | own

    shutil.copytree(ROOT, into, ignore=ignored, dirs_exist_ok=True)
    _copy_company(of, into)


@cache
def complete_project(of: Path = COMPANY) -> Path:
    """A company's project with a program of its own, the policies and the command, made once; nobody changes it."""
    folder = _temporary_folder()
    copy_repository(folder, of, leave_out=("tests", "benchmarks", "docs"))
    return folder


def own_copy(root: Path, part: str) -> None:
    """Give a copy of the project its own copy of a part of the program, to be changed."""
    if (root / part).is_symlink():
        (root / part).unlink()
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))


def keep(root: Path, services: Sequence[str]) -> None:
    """Leave only these services of the catalogue, and their clusters: fewer resources of the same types."""
    for file in (root / "services").glob("*.yaml"):
        if file.stem not in services:
            file.unlink()
    clusters = {yaml.safe_load((root / f"services/{name}.yaml").read_text())["cluster"] for name in services}
    for file in root.glob("Pulumi*.yaml"):
        content = yaml.safe_load(file.read_text())
        config = content["config"]
        holders = [(config, "slipway:clusters", clusters), (config, "slipway:services", services)]
        if platform := config.get("slipway:platform"):
            holders.append((platform["value"], "clusters", clusters))
        for holder, key, names in holders:
            if key in holder:
                holder[key] = {name: value for name, value in holder[key].items() if name in names}
        file.write_text(yaml.safe_dump(content, sort_keys=False))


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Replace the one match of a pattern in a file."""
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    assert count == 1, f"{count} matches of {pattern} in {file.name}"
    file.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody who exists nowhere else."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def commit(folder: Path, name: str) -> None:
    """Commit everything and call it `name`."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", name)
    git(folder, "tag", name)


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
