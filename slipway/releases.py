"""Which version of a service runs where: set in a stack file, taken from one environment to the next, and looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import semver
from rich.console import Console
from rich.table import Table

from config.errors import did_you_mean
from config.estate import stack_file
from config.service import JobService
from config.settings import EnvironmentSettings
from config.stack import Range
from plan.project import Project
from slipway.configuration import (
    Change,
    ChangeError,
    catalogue,
    environment,
    environments,
    service_file,
)
from slipway.yaml_edit import Quoted, Value

KEY = "slipway:services"
"""Where a stack file has its services."""

_TASKS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


def tasks_of(text: str | None) -> Range | None:
    """Of `3`, or `2-8`; raises ChangeError."""
    return None if text is None else _tasks_of(text)


def _tasks_of(text: str) -> Range:
    found = _TASKS.fullmatch(text)
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= low <= high:
        raise ChangeError(f"--tasks {text}: a number from 1, such as 3, or a range, such as 2-8.")
    # What else may be wrong with it is judged with the rest of the configuration.
    return Range.model_construct(min=low, max=high)


def span(tasks: Range) -> str:
    return str(tasks.min) if tasks.fixed else f"{tasks.min}-{tasks.max}"


def release(project: Project, service: str, version: str, stack: str, tasks: Range | None = None) -> list[str]:
    """Have a stack run a version, and with `tasks` a service that it does not run yet. Says what was done."""
    present = environment(project, stack).services.get(service)
    change = Change(project)
    if present is None:
        change.file(stack_file(stack)).add(["config", KEY], service, _entry(project, service, version, stack, tasks))
        done = f"{service} in {stack}: {version}, and not there before"
    elif tasks is not None and isinstance(present.spec, JobService):
        raise ChangeError(f"{service} is a job: it has a schedule and no number of tasks. Leave --tasks out.")
    elif tasks is not None:
        raise ChangeError(
            f"{stack} runs {service} already, tasks: {span(present.tasks)}. --tasks is for a service that is new there."
            f" To change the number: slipway scale {service} --tasks {span(tasks)} --stack {stack}"
        )
    elif present.version == version:
        raise ChangeError(f"{stack} is to run {service} {version} already; there is nothing to change.")
    else:
        change.file(stack_file(stack)).set(["config", KEY, service, "version"], version)
        older = " (older)" if _compared(version, present.version) == "older" else ""
        done = f"{service} in {stack}: {present.version} -> {version}{older}"
    return _applied(change, done, stack)


def promote(project: Project, service: str, source: str, target: str, tasks: Range | None = None) -> list[str]:
    """Have one environment run the version that another runs. Says what was done."""
    if source == target:
        raise ChangeError(f"--from and --to are both {source}: name two environments.")
    settings = environment(project, source)
    present = settings.services.get(service)
    if present is None:
        raise absent(project, service, settings)
    return release(project, service, present.version, target, tasks)


def scale(project: Project, service: str, count: str, stack: str) -> list[str]:
    """Have a stack run another number of tasks, `3` or `2-8`. Says what was done."""
    tasks = _tasks_of(count)
    settings = environment(project, stack)
    present = settings.services.get(service)
    if present is None:
        raise absent(project, service, settings)
    if present.spec.kind == "job":
        raise ChangeError(
            f"{service} is a job: it runs once each time its schedule says so. To run it now: slipway run {service}"
            f" --stack {stack}. To run it more often: schedule in {service_file(service)}."
        )
    if (present.tasks.min, present.tasks.max) == (tasks.min, tasks.max):
        raise ChangeError(f"{stack} has tasks: {span(tasks)} for {service} already; there is nothing to change.")
    change = Change(project)
    file, path = change.file(stack_file(stack)), ["config", KEY, service, "tasks"]
    # Where comments may stand beside min and max, the two stay.
    file.set(path, _range(tasks) if file.spread(path) else _written(tasks))
    return _applied(change, f"{service} in {stack}: {span(present.tasks)} -> {span(tasks)} tasks", stack)


def _entry(project: Project, service: str, version: str, stack: str, tasks: Range | None) -> Value:
    """The line of a service that a stack does not run yet."""
    spec = catalogue(project).get(service)
    if spec is None:
        raise unknown(project, service)
    if spec.kind != "job" and tasks is None:
        raise ChangeError(f"{stack} does not run {service} yet. To have it do so, say how many tasks: --tasks 2")
    if spec.kind == "job" and tasks is not None:
        raise ChangeError(f"{service} is a job, which has no number of tasks: leave out --tasks.")
    return entry(version, tasks)


def entry(version: str, tasks: Range | None) -> dict[str, Any]:
    """A service's line in a stack file."""
    return {"version": Quoted(version)} | ({"tasks": _written(tasks)} if tasks else {})


def _written(tasks: Range) -> Value:
    return tasks.min if tasks.fixed else _range(tasks)


def _range(tasks: Range) -> dict[str, str | int]:
    return {"min": tasks.min, "max": tasks.max}


def unknown(project: Project, service: str) -> ChangeError:
    """That there is no such service."""
    names = sorted(catalogue(project))
    there = f"the services are: {', '.join(names) or 'none yet'}."
    return ChangeError(f"there is no service {service!r}; {did_you_mean(service, names, there)}")


def absent(project: Project, service: str, settings: EnvironmentSettings) -> ChangeError:
    """That a stack does not run a service, if there is one."""
    if service not in catalogue(project):
        return unknown(project, service)
    runs = ", ".join(settings.services) or "none"
    return ChangeError(f"{settings.stack} does not run {service}. The services that it runs: {runs}.")


def _applied(change: Change, done: str, stack: str) -> list[str]:
    files = change.apply()
    return [done, f"Changed: {', '.join(files)}. What that does: slipway diff HEAD --stack {stack}"]


# What runs where -----------------------------------------------------------------------------------------------------

Order = Literal["newer", "older", "different", "missing", "not before"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Two environments, one after the other on a version's way, that do not run the same."""

    source: str
    target: str
    order: Order
    """What the first has, seen from the second; or which of the two has nothing."""

    def __str__(self) -> str:
        return {
            "newer": f"{self.source} is ahead of {self.target}",
            "older": f"{self.target} is ahead of {self.source}",
            "different": f"{self.source} and {self.target} differ",
            "missing": f"not in {self.target}",
            "not before": f"in {self.target}, not in {self.source}",
        }[self.order]


@dataclass(frozen=True, kw_only=True)
class Status:
    """One service in all environments."""

    service: str
    owner: str
    kind: str
    versions: Mapping[str, str]
    tasks: Mapping[str, Mapping[str, int]]
    ahead: Sequence[Step]


def status(project: Project) -> tuple[list[str], list[Status]]:
    """The environments in order, and every service."""
    running = environments(project)
    services = []
    for name, spec in sorted(catalogue(project).items()):
        there = {stack: settings.services[name] for stack, settings in running.items() if name in settings.services}
        versions = {stack: service.version for stack, service in there.items()}
        counted = {} if spec.kind == "job" else there  # a job has no number of tasks
        services.append(
            Status(
                service=name,
                owner=spec.owner,
                kind=spec.kind,
                versions=versions,
                tasks={stack: {"min": each.tasks.min, "max": each.tasks.max} for stack, each in counted.items()},
                ahead=list(_steps(list(running), versions)),
            )
        )
    return list(running), services


def _steps(stacks: Sequence[str], versions: Mapping[str, str]) -> Iterator[Step]:
    for source, target in pairwise(stacks):
        order = _order(versions.get(source), versions.get(target))
        if order:
            yield Step(source=source, target=target, order=order)


def _order(source: str | None, target: str | None) -> Order | None:
    if source == target:
        return None
    if source is None:
        return "not before"
    return "missing" if target is None else _compared(source, target)


def _compared(one: str, other: str) -> Literal["newer", "older", "different"]:
    """By semantic versioning; other versions, such as commits, have no order."""
    try:
        left, right = (semver.Version.parse(v.removeprefix("v"), optional_minor_and_patch=True) for v in (one, other))
    except ValueError:
        return "different"
    return "newer" if left > right else "older" if left < right else "different"


def to_json(stacks: Sequence[str], services: Sequence[Status]) -> dict[str, Any]:
    return {"environments": list(stacks), "services": [asdict(service) for service in services]}


def table(stacks: Sequence[str], services: Sequence[Status], out: Console) -> None:
    """A service a line: its version in each environment, and which environment is ahead of which."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Service", "Owner", *stacks, "Ahead"):
        rows.add_column(column)
    for service in services:
        versions = (service.versions.get(stack, "-") for stack in stacks)
        rows.add_row(service.service, service.owner, *versions, ", ".join(map(str, service.ahead)))
    out.print(rows)
