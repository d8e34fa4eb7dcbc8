"""How two environments differ once their identity is taken away: sizes, counts and versions, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from plan.diff import SERVICE, TASK_DEFINITION, differences, opened, owners
from plan.model import STACK_TYPE, Plan, Resource

_COUNTS = {"capacityUnits", "desiredCount", "maxCapacity", "maxSize", "minCapacity", "minSize"}
_OUTPUTS = {"version": "version", "instance_type": "instance type"}
# What an environment has of its own without being named in it: type and property.
_OWN = {
    ("aws:budgets/budget:Budget", "inputs.limitAmount"),
    ("aws:ec2/keyPair:KeyPair", "inputs.publicKey"),
    ("aws:ssm/parameter:Parameter", "inputs.insecureValue"),  # who may enter the bastion
}
_SECRET_VERSION = re.compile(r"inputs\.containerDefinitions\[[^]]*\]\.dockerLabels\.slipway\.secret\.\w+")
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\d.]*\d)")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What names one stack and no other: its name, account and network. `neutral` takes it from a text."""

    stack: str
    accounts: tuple[str, ...] = ()
    networks: tuple[IPv4Network, ...] = ()

    @classmethod
    def of(cls, *plans: Plan) -> Identity:
        """Of one stack, by what any of its plans says."""
        resources = [resource for plan in plans for resource in plan.resources]
        return cls(
            stack=plans[0].stack,
            accounts=tuple(
                account
                for resource in resources
                if (resource.type, resource.name) == ("pulumi:providers:aws", "aws")
                for account in json.loads(resource.inputs.get("allowedAccountIds", "[]"))
            ),
            networks=tuple(
                IPv4Network(resource.inputs["cidrBlock"])
                for resource in resources
                if resource.type == "aws:ec2/vpc:Vpc" and "cidrBlock" in resource.inputs
            ),
        )

    def neutral(self, text: str) -> str:
        words = "|".join(dict.fromkeys((self.stack, *self.accounts)))
        text = re.sub(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", "<own>", text)
        return _ADDRESS.sub(self._address, text) if self.networks else text

    def _address(self, found: re.Match[str]) -> str:
        """The same part of each network reads the same, however large the networks are."""
        try:
            address = IPv4Interface(found[0])
        except ValueError:
            return found[0]
        for own in self.networks:
            if address.ip in own and address.network.prefixlen >= own.prefixlen:
                length = address.network.prefixlen
                offset = (int(address.ip) - int(own.network_address)) >> (32 - length)
                return f"<network>[{offset}]" + (f"/+{length - own.prefixlen}" if "/" in found[0] else "")
        return found[0]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One leaf that differs. An empty `kind` means that environments must not differ in it."""

    owner: str
    resource: Resource
    path: str  # empty where only one environment has the resource
    ours: Any
    theirs: Any
    kind: str = ""  # `version`, `instance type`, `count`, `scaling`, `identity`

    @property
    def summary(self) -> bool:
        """Whether a component says it of itself, so that a table needs no other line of this kind for it."""
        return self.path.startswith("outputs.")

    @property
    def said(self) -> str:
        """`tasks min` of `outputs.tasks.min`."""
        return self.path.removeprefix("outputs.").replace(".", " ")

    def to_json(self) -> dict[str, Any]:
        return {
            "owner": self.owner,
            "type": self.resource.type,
            "name": self.resource.name,
            "path": self.path,
            "ours": self.ours,
            "theirs": self.theirs,
            "kind": self.kind,
        }


def compare(ours: Plan, theirs: Plan) -> list[Difference]:
    """Every difference, in the order of URNs. Resources that only one has are differences of their whole."""
    # Most texts stand in many resources.
    of_ours, of_theirs = cache(Identity.of(ours).neutral), cache(Identity.of(theirs).neutral)
    left, right = _by_urn(ours, of_ours), _by_urn(theirs, of_theirs)
    owner_of = owners(ours, theirs)
    # A number of tasks in one environment and a range in the other: the range has its autoscaling.
    scaled = {r.name for r in left.values() if _is_scaled(r)} ^ {r.name for r in right.values() if _is_scaled(r)}

    found: list[Difference] = []
    for urn in sorted(left.keys() | right.keys()):
        one, other = left.get(urn), right.get(urn)
        resource = one or other
        assert resource is not None
        owner = owner_of[resource.urn]
        is_scaled = owner.removeprefix("service ") in scaled
        if one is None or other is None:
            leaves = [("", one and "present", other and "present")]
            of_scaling = resource.type.startswith("aws:appautoscaling/") or resource.name.endswith("-at-maximum")
            kinds = ["scaling" if is_scaled and of_scaling else ""]
        else:
            mine, yours = _comparable(one), _comparable(other)
            leaves = list(differences(_neutral(mine, yours, of_ours), _neutral(yours, mine, of_theirs)))
            versions = _version(one, ours), _version(other, theirs)
            kinds = [_kind(one, path, was, is_, versions, is_scaled) for path, was, is_ in leaves]
        found += [
            Difference(owner=owner, resource=other or resource, path=path, ours=was, theirs=is_, kind=kind)
            for (path, was, is_), kind in zip(leaves, kinds, strict=True)
        ]
    return found


def _by_urn(plan: Plan, neutral: Callable[[str], str]) -> dict[str, Resource]:
    """By the URN that both have; without the stack itself, whose outputs are the exports."""
    return {neutral(r.urn): r for r in plan.resources if r.type != STACK_TYPE}


def _is_scaled(resource: Resource) -> bool:
    if resource.type != SERVICE:
        return False
    tasks = resource.outputs["tasks"]
    return bool(tasks["min"] < tasks["max"])


def _comparable(resource: Resource) -> dict[str, Any]:
    return {**resource.to_json(), "inputs": opened(resource.inputs)}


def _neutral(document: Any, other: Any, neutral: Callable[[str], str]) -> Any:
    """The document without identity. A text that both have word for word is no difference, whatever it names."""
    shared = set(_texts(other))

    def of(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in shared else neutral(value)
        if isinstance(value, Mapping):
            return {neutral(key): of(member) for key, member in value.items()}
        return [of(element) for element in value] if isinstance(value, list) else value

    return of(document)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for member in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(member)


def _version(resource: Resource, plan: Plan) -> str:
    """The version of the service that a task definition is of; nothing for what has none."""
    if resource.type != TASK_DEFINITION:
        return ""
    parent = next((each for each in plan.resources if each.urn == resource.parent), None)
    return str(parent.outputs.get("version", "")) if parent else ""


def _kind(resource: Resource, path: str, ours: Any, theirs: Any, versions: tuple[str, str], is_scaled: bool) -> str:
    last = re.split(r"[.\[]", path)[-1]
    if (resource.type, path) in _OWN:
        return "identity"
    if path.startswith("outputs."):  # the components' own summaries
        if re.fullmatch(r"outputs\.(tasks|instances)\.(min|max)", path):
            return "count"
        if path == "outputs.monitor_ids.at_maximum":
            return "scaling"
        return _OUTPUTS.get(path.removeprefix("outputs."), "")
    if last in _COUNTS and all(isinstance(value, int) or value is None for value in (ours, theirs)):
        return "count"
    # The disk follows the size of the host.
    if path in ("inputs.instanceType", "inputs.blockDeviceMappings[0].ebs.volumeSize"):
        return "instance type"
    # The maximum of tasks stands in the query of the monitor that watches it.
    if resource.name.endswith("-at-maximum") and path == "inputs.query":
        same = re.sub(r"/ \d+ ", "/ N ", ours) == re.sub(r"/ \d+ ", "/ N ", theirs)
        return "count" if same else ""
    # A version stands in the image, for Datadog and in the labels; that of a secret in a label of its own.
    if _SECRET_VERSION.fullmatch(path):
        return "version"
    if all(versions) and isinstance(ours, str) and isinstance(theirs, str):
        same = ours.replace(versions[0], "<version>") == theirs.replace(versions[1], "<version>")
        return "version" if same else ""
    if path.startswith("ignoreChanges") and is_scaled:
        return "scaling"
    return ""


def wrong(found: Sequence[Difference]) -> list[Difference]:
    """What environments must not differ in."""
    return [each for each in found if not each.kind]


def allowed(found: Sequence[Difference]) -> list[tuple[str, str, str, str]]:
    """Owner, what, ours and theirs of what may differ: a line for each owner and kind."""
    return [
        (each.owner, _LABELS.get(each.said, each.said), str(each.ours), str(each.theirs))
        for each in sorted(found, key=lambda each: (each.owner, each.path))
        if each.summary and each.kind and each.kind != "scaling"
    ]


def table(found: Sequence[Difference], one: str, other: str, out: Console) -> None:
    """What may differ, then everything that must not."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("What", "", one, other):
        rows.add_column(column)
    for row in allowed(found):
        rows.add_row(*row)
    if rows.row_count:
        out.print(rows)
    differing = wrong(found)
    if not differing:
        out.print(f"{one} and {other} differ in nothing but identity, sizes, counts and versions.")
        return
    out.print(Text(f"\n{one} and {other} must not differ in this:", "bold red"))
    for each in differing:
        out.print(f"  {each.owner}: {each.resource.label} {each.path}".rstrip())
        out.print(f"      {one}: {json.dumps(each.ours)}", soft_wrap=True)
        out.print(f"      {other}: {json.dumps(each.theirs)}", soft_wrap=True)


_LABELS = {"instance_type": "instance type"}
