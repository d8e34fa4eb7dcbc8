"""The everyday changes: what somebody edits, and what docs/changes.md says that it does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.projects import ROOT, edit

STACK = "stage"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
STAGE, SHARED = f"Pulumi.{STACK}.yaml", "Pulumi.yaml"

NEW_SERVICE = """\
kind: web
description: Says hello
owner: platform
cluster: api
image: acme/hello
port: 8080
priority: 500
cpu: 128
memory_mib: 256
"""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What somebody edits, and whose resources may change by it."""

    of: str  # the service or cluster
    file: str
    pattern: str
    replacement: str

    def apply(self, project: Path) -> None:
        edit(project / self.file, self.pattern, self.replacement)


def _service(name: str, pattern: str, replacement: str) -> Change:
    return Change(of=name, file=f"services/{name}.yaml", pattern=pattern, replacement=replacement)


def _stage(name: str, pattern: str, replacement: str) -> Change:
    return Change(of=name, file=STAGE, pattern=rf"^(    {name}: .*?){pattern}", replacement=rf"\g<1>{replacement}")


# The first column of the table in docs/changes.md, and the change itself. No two are of one service, so that one plan
# shows them all; what is nobody's shows as well.
AT_ONCE: Mapping[str, Change] = {
    "Drain timeout": _service("admin", r"\Z", "drain_seconds: 60\n"),
    "Number of tasks": _stage("billing", "tasks: 2", "tasks: 3"),
    "Range of tasks": _stage("gateway", "max: 6", "max: 7"),
    "Version": _stage("search", 'version: "[^"]*"', 'version: "1.99.0"'),
    "CPU or memory": _service("dashboard", r"^memory_mib: .*", "memory_mib: 1280"),
    "Environment variable": _service("website", r"\Z", "environment:\n  LOG_LEVEL: debug\n"),
    "Version of a secret": _stage("purge", " }$", ', secret_versions: { CDN_TOKEN: "2" } }'),
    "Health-check path": _service("orders", r"path: /health$", "path: /ready"),
    "Alert threshold": _service("images", "critical: 5", "critical: 6"),
    "Instance type of a cluster": _stage("cdn", "c7i.large", "c7i.xlarge"),
    "Adding a service": Change(
        of="hello", file=STAGE, pattern=r"\Z", replacement='    hello: { version: "1.0.0", tasks: 2 }\n'
    ),
    "Removing a service": Change(of="assets", file=STAGE, pattern=r"^    assets: .*\n", replacement=""),
    "Moving a service to another cluster": _service("accounts", "^cluster: api", "cluster: app"),
}
# Of all clusters, so that it has a plan of its own.
AMI_RELEASE = "AMI release"
AMI = Change(of="", file=SHARED, pattern=r"(ami_release: ).*", replacement=r"\g<1>2023.0.20261120-kernel-6.1")
CHANGES = (*AT_ONCE, AMI_RELEASE)
MOVE = "Moving a service to another cluster"
_FEW = 3


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What happens to one resource, and which of its properties make it happen."""

    type: str
    name: str
    kind: str  # adds, removes, updates, replaces
    properties: tuple[str, ...] = ()

    def said(self, of: str) -> str:
        """For people, of any service or cluster."""
        name = re.sub(rf"^{of}\b", "NAME", self.name) if of else self.name
        if self.kind == "updates":
            name = re.sub(r"-on-[a-z]+$", "-on-CLUSTER", name)
        type_ = self.type.rpartition(":")[2]
        return f"{self.kind} {type_} `{name}`" + (f" ({', '.join(self.properties)})" if self.properties else "")

    def is_of(self, name: str) -> bool:
        return self.name == name or self.name.startswith(f"{name}-")


def apply_at_once(project: Path) -> None:
    """All changes but the AMI release."""
    for change in AT_ONCE.values():
        change.apply(project)
    (project / "services/hello.yaml").write_text(NEW_SERVICE)


def by_change(at_once: Sequence[Effect], ami: Sequence[Effect]) -> dict[str, list[Effect]]:
    """What each change does, of the effects of all."""
    return {name: [e for e in at_once if e.is_of(change.of)] for name, change in AT_ONCE.items()} | {
        AMI_RELEASE: list(ami)
    }


def strays(at_once: Sequence[Effect]) -> list[str]:
    """What changes without being of exactly one service or cluster that was edited."""
    names = [change.of for change in AT_ONCE.values()]
    return [e.said("") for e in at_once if sum(e.is_of(name) for name in names) != 1]


def table() -> dict[str, str]:
    """Of docs/changes.md: the change to what the document says that it does."""
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \| ([^|]+?) \|", (ROOT / "docs/changes.md").read_text(), re.MULTILINE)
    return dict(rows[1:])


def said(effects: Sequence[Effect], change: str) -> str:
    """For people: a service that comes or goes is one thing, not the two dozen that it is made of."""
    of = AT_ONCE[change].of if change in AT_ONCE else ""
    effects = sorted(effects, key=lambda effect: (effect.kind, effect.name, effect.type))
    kinds = {effect.kind for effect in effects}
    if kinds in ({"adds"}, {"removes"}):
        return f"{kinds.pop()} its own resources, and touches no other"
    # A dozen monitors that follow their service say one thing.
    watching = [e for e in effects if e.kind == "updates" and e.type.startswith("datadog:")]
    if len(watching) > _FEW:
        effects = [effect for effect in effects if effect not in watching]
        return "; ".join([*(effect.said(of) for effect in effects), "updates what watches it in Datadog"])
    return "; ".join(effect.said(of) for effect in effects)
