"""A service's file, and its lines in the stack files: written for a new service, and moved to another name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import TypeAdapter

from config.checks import RESERVED_NAMES, free_priority
from config.estate import objection, stack_file
from config.fields import Exposure, ServiceName
from config.quotas import RULES_PER_BALANCER
from config.service import SERVICE_KINDS, Service, WebService
from config.stack import Range
from plan.model import Plan, Resource
from plan.project import Project
from slipway.configuration import (
    Change,
    ChangeError,
    catalogue,
    environment,
    environments,
    platform,
    service_file,
    stacks,
)
from slipway.releases import KEY, entry, unknown
from slipway.yaml_edit import YamlFile

_SCHEMA = "# yaml-language-server: $schema=../config/schemas/service.schema.json\n"
_OF_A_SERVICE = ("slipway:datadog:Service", "slipway:ecs:EcsService")
_NAME: TypeAdapter[str] = TypeAdapter(ServiceName)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a new service's file says. Without an image it is COMPANY/NAME, without a port 8080."""

    kind: str
    description: str
    owner: str
    cluster: str
    schedule: str | None = None
    image: str | None = None
    public: bool = False
    port: int | None = None
    cpu: int = 256
    memory_mib: int = 512


@dataclass(frozen=True, kw_only=True)
class First:
    """Where a new service runs first, which version, and how many tasks: 2 unless said."""

    stacks: Sequence[str] = ()
    version: str | None = None
    tasks: Range | None = None


def answers(project: Project, said: Mapping[str, str | None], ask: Callable[[str], str] | None) -> dict[str, Any]:
    """What has to be said of every service, asked for where it is not; raises ChangeError where nobody can be asked."""
    known = {question: answer for question, answer in said.items() if answer is not None}
    missing = [question for question in said if question not in known]
    if ask is None:
        unsaid = [f"--{question}" for question in missing if question != "schedule" or known.get("kind") == "job"]
        if unsaid:
            raise ChangeError(f"Not said: {', '.join(unsaid)}. In a terminal, what is not given is asked for.")
        return known
    shared = platform(project)
    choices = {"kind": list(SERVICE_KINDS), "owner": sorted(shared.teams), "cluster": sorted(shared.clusters)}
    for question in missing:
        if question != "schedule" or known["kind"] == "job":
            known[question] = _asked(question.capitalize(), choices.get(question, ()), ask)
    return known


def _asked(question: str, choices: Sequence[str], ask: Callable[[str], str]) -> str:
    """An answer, and where there are choices one of them."""
    while True:
        answer = ask(f"{question} ({', '.join(choices)})" if choices else question)
        if not choices or answer in choices:
            return answer


def new(project: Project, name: str, answers: Answers, first: First) -> list[str]:
    """Write a service's file, and its line in each stack file of `first`. Says what was done."""
    services = catalogue(project)
    _refuse_name(name, services)
    job = answers.kind == "job"
    _refuse_what_does_not_fit(answers, first, job=job)
    change = Change(project)
    change.create(service_file(name), _SCHEMA + _text(_content(project, name, answers, services)))
    for stack in dict.fromkeys(first.stacks):
        environment(project, stack)  # raises where there is none
        tasks = None if job else first.tasks or Range(min=2, max=2)
        change.file(stack_file(stack)).add(["config", KEY], name, entry(str(first.version), tasks))
    said = [f"Wrote {', '.join(change.apply())}."]
    if not first.stacks:
        tasks_too = "" if job else " --tasks 2"
        said.append(f"It runs nowhere yet: slipway release {name} VERSION --stack {stacks(project)[0]}{tasks_too}")
    return said


def _refuse_what_does_not_fit(answers: Answers, first: First, *, job: bool) -> None:
    """Options that would be passed over."""
    if bool(first.stacks) != bool(first.version):
        raise ChangeError("--stack says where the service runs first, and --version what: give both, or neither.")
    if first.tasks and (job or not first.stacks):
        raise ChangeError(f"--tasks goes with --stack{', and not with a job, which has a schedule' if job else ''}.")
    if answers.schedule and not job:
        raise ChangeError(f"--schedule is for jobs; this is a {answers.kind}.")
    if answers.kind != "web" and (answers.public or answers.port is not None):
        raise ChangeError(f"--public and --port are for web services; this is a {answers.kind}.")


def _content(project: Project, name: str, answers: Answers, services: Mapping[str, Service]) -> dict[str, Any]:
    """The file's keys, in the order that all files have."""
    shared = platform(project)
    content: dict[str, Any] = {
        "kind": answers.kind,
        "description": answers.description,
        "owner": answers.owner,
        "cluster": answers.cluster,
        "image": answers.image or f"{shared.company}/{name}",
    }
    if answers.kind == "web":
        exposure: Exposure = "public" if answers.public else "internal"
        definition = shared.clusters.get(answers.cluster)
        place = _place(services, answers.cluster, exposure, definition.balancers(exposure) if definition else 1)
        content |= (
            ({"exposure": "public"} if answers.public else {})
            | {"port": 8080 if answers.port is None else answers.port}
            | place
        )
    elif answers.kind == "job":
        content["schedule"] = answers.schedule
    return content | {"cpu": answers.cpu, "memory_mib": answers.memory_mib}


def _place(services: Mapping[str, Service], cluster: str, exposure: Exposure, balancers: int) -> dict[str, int]:
    """The first balancer that has room for another rule, and a priority that nobody has there."""
    taken = {number: _priorities(services, (cluster, exposure, number)) for number in range(1, balancers + 1)}
    number = next((n for n, priorities in taken.items() if len(priorities) < RULES_PER_BALANCER), 1)
    return {"priority": free_priority(taken[number])} | ({"balancer": number} if number > 1 else {})


def _text(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=10**6)


def _refuse_name(name: str, services: Mapping[str, Service]) -> None:
    allowed = objection(_NAME, name)
    if allowed:
        raise ChangeError(f"{name!r} cannot be a service's name: {allowed}.")
    if name in RESERVED_NAMES:
        raise ChangeError(f"{name!r} is a name that the platform uses: any name but {', '.join(RESERVED_NAMES)}.")
    if name in services:
        raise ChangeError(f"there is a service {name} already: {service_file(name)}.")


# Another name --------------------------------------------------------------------------------------------------------


def rename(project: Project, old: str, name: str, *, keep: bool = False) -> tuple[list[str], list[str]]:
    """Give a service another name, or with `keep` run it under both. What was done, and in which environments."""
    services = catalogue(project)
    spec = services.get(old)
    if spec is None:
        raise unknown(project, old)
    _refuse_name(name, services)
    if keep and not isinstance(spec, WebService):
        raise ChangeError(
            f"{old} is a {spec.kind}, which nobody calls by its name, and two of them would do the same work:"
            " leave out --keep."
        )
    if not keep and (calling := _callers(services, old)):
        raise ChangeError(
            f"{', '.join(calling)} would call {old} by a name that is gone. Run it under both names first:"
            f" slipway service rename {old} {name} --keep. docs/releases.md goes on from there."
        )
    change = Change(project)
    file = change.create(service_file(name), change.file(service_file(old)).text)
    if isinstance(spec, WebService):
        # While both have a rule, each needs a priority of its own: AWS refuses one that is in use.
        file.set(["priority"], free_priority(_priorities(services, _balancer(spec))))
    if not keep:
        change.remove(service_file(old))
    stacks = [stack for stack, settings in environments(project).items() if old in settings.services]
    for stack in stacks:
        lines = change.file(stack_file(stack))
        if keep:
            lines.add(["config", KEY], name, lines.value(["config", KEY, old]))
        else:
            lines.rename(["config", KEY, old], name)
            _follow(lines, old, name)
    return [f"Changed: {', '.join(change.apply())}."], stacks


def consequences(plan: Plan, old: str, name: str, *, keep: bool) -> str:
    """What a rename does to the cloud, by a plan with the new name."""
    made = Counter(resource.short_type for resource in _belongings(plan, name))
    listed = ", ".join(f"{count} {type_}" for type_, count in sorted(made.items()))
    then = (
        f"{old} goes on beside it. When nobody calls {old} any more, delete services/{old}.yaml and its lines."
        if keep
        else f"When {name} is steady, all that was {old} is deleted, its names and its logs (/ecs/{old}) included; what"
        f" Datadog measured stays under service:{old}. Callers outside of services/ find nobody from then on."
    )
    return (
        f"Nothing in AWS or Datadog is renamed: each environment makes {name} anew, as {plan.stack} does:\n"
        f"  {listed}\n{then}\ndocs/releases.md says how no request is lost."
    )


def _balancer(service: WebService) -> tuple[str, str, int]:
    return service.cluster, service.exposure, service.balancer


def _priorities(services: Mapping[str, Service], balancer: tuple[str, str, int]) -> list[int]:
    """The priorities that are taken on a load balancer."""
    return [s.priority for s in services.values() if isinstance(s, WebService) and _balancer(s) == balancer]


def _follow(lines: YamlFile, old: str, name: str) -> None:
    """Names that move to this platform lead to the service under its new name."""
    path = ["config", "slipway:migration", "shifts"]
    for shift, said in (lines.value(path) or {}).items():
        if said["service"] == old:
            lines.set([*path, shift, "service"], name)


def _callers(services: Mapping[str, Service], name: str) -> list[str]:
    """The services whose variables have this one's address."""
    addresses = [f"//{name}.${{{zone}}}" for zone in ("domain", "internal_domain")]
    return [
        caller
        for caller, spec in sorted(services.items())
        if any(address in value for value in spec.environment.values() for address in addresses)
    ]


def _belongings(plan: Plan, name: str) -> Iterator[Resource]:
    """What is in the components of a service; a parent stands before its children."""
    below: set[str | None] = set()
    for resource in plan.resources:
        own = resource.name == name and resource.type.startswith(_OF_A_SERVICE)
        if own or resource.parent in below:
            below.add(resource.urn)
            if resource.custom:
                yield resource
