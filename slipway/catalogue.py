"""The catalogue: every service with its owner, names, versions, tasks, alerts and runbook, from the stacks' plans.

It is written when somebody asks, and not kept in the repository: with it, every release would change a second file.
Equal plans make an equal page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plan import architecture
from plan.model import Plan, Resource


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One monitor."""

    name: str
    warning: str
    critical: str
    priority: str


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service in one environment."""

    version: str
    tasks: str
    """`2`, or `3-9`; empty for a job."""
    urls: Sequence[str]
    alerts: Sequence[Alert]


@dataclass(frozen=True, kw_only=True)
class Service:
    """What the catalogue says of a service."""

    name: str
    kind: str
    description: str
    owner: str
    contact: str
    cluster: str
    runbook: str
    definition: str
    environments: Mapping[str, Running]


def catalogue(plans: Mapping[str, Plan]) -> list[Service]:
    """Every service, by name. `plans` are by stack, in the order in which the page shows environments."""
    running: dict[str, dict[str, Running]] = {}
    clusters: dict[str, str] = {}
    for stack, plan in plans.items():
        monitors = architecture.monitors(plan)
        hosts = _hosts(plan)
        for service in architecture.services(plan):
            clusters[service.name] = service.cluster
            urls = [f"https://{host}" for host in hosts.get(service.name, ())]
            running.setdefault(service.name, {})[stack] = Running(
                version=service.version,
                tasks="" if service.kind == "job" else service.tasks,
                urls=sorted(urls, key=lambda url: url != service.address),  # its main one first
                alerts=_alerts(monitors.get(service.name, ())),
            )
    return [
        _service(name, entry, clusters.get(name, ""), running.get(name, {}))
        for name, entry in sorted(architecture.entries(plans.values()).items())
    ]


def _hosts(plan: Plan) -> dict[str, list[str]]:
    """The names of each service, which may have an address of each kind."""
    services = {resource.urn: resource.name for resource in plan.resources if resource.type == architecture.SERVICE}
    hosts: dict[str, dict[str, None]] = {}
    for record in plan.resources:
        if record.type == architecture.RECORD and record.parent in services:
            hosts.setdefault(services[record.parent], {})[str(record.inputs["name"])] = None
    return {service: list(names) for service, names in hosts.items()}


def _alerts(monitors: Iterable[Resource]) -> list[Alert]:
    found = []
    for monitor in monitors:
        thresholds = monitor.inputs["monitorThresholds"]
        (name,) = (tag.partition(":")[2] for tag in monitor.inputs["tags"] if tag.startswith("alert:"))
        found.append(
            Alert(
                name=name,
                warning=thresholds.get("warning", ""),
                critical=thresholds.get("critical", ""),
                priority=f"P{monitor.inputs['priority']}",
            )
        )
    return sorted(found, key=lambda alert: alert.name)


def _service(name: str, entry: Mapping[str, Any], cluster: str, environments: Mapping[str, Running]) -> Service:
    about = entry["metadata"]
    links = {link["type"]: link["url"] for link in about["links"]}
    return Service(
        name=name,
        kind=entry["spec"]["type"],
        description=about["description"],
        owner=about["owner"],
        contact=about["contacts"][0]["contact"],
        cluster=cluster,
        runbook=links["runbook"],
        definition=links["repo"],
        environments=environments,
    )


def to_json(services: Sequence[Service]) -> list[dict[str, Any]]:
    return [asdict(service) for service in services]


# The page ------------------------------------------------------------------------------------------------------------


def markdown(services: Sequence[Service]) -> str:
    """All services in a table, then each for itself."""
    stacks = list(dict.fromkeys(stack for service in services for stack in service.environments))
    head = ("Service", "Owner", "Kind", "Cluster", *stacks)
    rows = [
        (
            f"[{service.name}](#{service.name})",
            service.owner,
            service.kind,
            service.cluster,
            *(_version(service.environments.get(stack)) for stack in stacks),
        )
        for service in services
    ]
    parts = ["# Services", "Written by `slipway catalogue` from the plans of all stacks.", _table(head, rows)]
    parts += [part for service in services for part in _section(service)]
    return "\n\n".join(parts) + "\n"


def _section(service: Service) -> Iterable[str]:
    yield f"## {service.name}"
    yield _plain(service.description)
    yield "\n".join(
        (
            f"- Owner: {service.owner}, <{service.contact}>",
            f"- Kind: {service.kind}, on the cluster {service.cluster or 'of no environment yet'}",
            f"- Runbook: <{service.runbook}>",
            f"- Definition: <{service.definition}>",
        )
    )
    if service.environments:
        yield _table(
            ("Environment", "Version", "Tasks", "URL"),
            [
                (
                    stack,
                    running.version,
                    running.tasks or "on schedule",
                    " ".join(f"<{url}>" for url in running.urls) or "-",
                )
                for stack, running in service.environments.items()
            ],
        )
    alerts: dict[Alert, list[str]] = {}
    for stack, running in service.environments.items():
        for alert in running.alerts:
            alerts.setdefault(alert, []).append(stack)
    if alerts:
        yield _table(
            ("Alert", "Warning", "Critical", "Priority", "In"),
            [
                (f"`{a.name}`", a.warning or "-", a.critical or "-", a.priority, ", ".join(stacks))
                for a, stacks in sorted(alerts.items(), key=lambda entry: entry[0].name)
            ],
        )


def _version(running: Running | None) -> str:
    return "-" if running is None else running.version + (f" x {running.tasks}" if running.tasks else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that is no markup."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)
