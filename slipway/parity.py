"""How two environments differ once their identity is taken away: sizes, counts and versions, and nothing else."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway.diff import SERVICE, differences, opened, owners
from slipway.plan import STACK_TYPE, Plan, Resource
from slipway.project import StackConfig

_COUNTS = {"desiredCount", "maxCapacity", "maxSize", "minCapacity", "minSize"}
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?$")
_OUTPUTS = {"version": "version", "instanceType": "instance type"}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What names one environment and no other: account, network, names, keys. `neutral` takes it from a text."""

    stack: str
    values: Mapping[str, str]  # text -> what stands for it

    @classmethod
    def of(cls, stack: str, config: StackConfig) -> Identity:
        values: dict[str, str] = {}
        platform = _object(config, "slipway:platform")
        account = platform.get("accounts", {}).get(stack, {})
        for key in ("id", "email"):
            if key in account:
                values[str(account[key])] = f"<{key}>"
        if "monthly_budget_usd" in account:  # a number only where a whole string is it
            values[f'"{account["monthly_budget_usd"]}"'] = '"<budget>"'
        environment = _object(config, "slipway:environment")
        if "bastion_public_key" in environment:
            values[environment["bastion_public_key"]] = "<bastion key>"
        if "cidr" in environment:
            network = ipaddress.ip_network(environment["cidr"])
            whole = network.prefixlen // 8
            values[".".join(str(network.network_address).split(".")[:whole]) + "."] = "<network>."
        return cls(stack=stack, values=values)

    def neutral(self, text: str) -> str:
        for value, placeholder in self.values.items():
            text = re.sub(rf"(?<![\d.]){re.escape(value)}", placeholder, text)
        return re.sub(rf"(?<![A-Za-z]){re.escape(self.stack)}(?![A-Za-z])", "<stack>", text)

    def neutral_plan(self, plan: Plan) -> Plan:
        return Plan.from_json(json.loads(self.neutral(json.dumps(plan.to_json()))))


def _object(config: StackConfig, key: str) -> dict[str, Any]:
    try:
        value = json.loads(config.values.get(key, "{}"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One leaf that differs. An empty `kind` means that environments must not differ in it."""

    owner: str
    name: str
    type: str
    path: str
    ours: Any
    theirs: Any
    kind: str = ""  # `version`, `instance type`, `count`, `scaling`

    @property
    def summary(self) -> bool:
        """Whether a component says it of itself, so that a table needs no other line of this kind for it."""
        return self.path.startswith("outputs.")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(ours: Plan, theirs: Plan, our_identity: Identity, their_identity: Identity) -> list[Difference]:
    """Every difference, in the order of URNs. Resources that only one has are differences of their whole."""
    plans = our_identity.neutral_plan(ours), their_identity.neutral_plan(theirs)
    left, right = map(_by_urn, plans)
    owner_of = owners(*plans)
    # A number of tasks in one environment and a range in the other: the range has its autoscaling.
    scaled = {r.name for r in left.values() if _is_scaled(r)} ^ {r.name for r in right.values() if _is_scaled(r)}

    found: list[Difference] = []
    for urn in sorted(left.keys() | right.keys()):
        one, other = left.get(urn), right.get(urn)
        resource = one or other
        assert resource is not None
        if one is None or other is None:
            owner = (resource.parent or "").rpartition("::")[2]
            scaling = owner in scaled and (
                resource.type.startswith("aws:appautoscaling/") or resource.name.endswith("-at-maximum")
            )
            leaves = [("", one and "present", other and "present")]
            kinds = ["scaling" if scaling else ""]
        else:
            leaves = list(differences(_comparable(one), _comparable(other)))
            kinds = [_kind(one, path, mine, yours, scaled) for path, mine, yours in leaves]
        found += [
            Difference(
                owner=owner_of[urn],
                name=resource.name,
                type=resource.type,
                path=path,
                ours=mine,
                theirs=yours,
                kind=kind,
            )
            for (path, mine, yours), kind in zip(leaves, kinds, strict=True)
        ]
    return found


def _by_urn(plan: Plan) -> dict[str, Resource]:
    """Without the stack itself, whose outputs are the exports."""
    return {resource.urn: resource for resource in plan.resources if resource.type != STACK_TYPE}


def _is_scaled(resource: Resource) -> bool:
    if resource.type != SERVICE:
        return False
    tasks = resource.outputs["tasks"]
    return bool(tasks["min"] < tasks["max"])


def _comparable(resource: Resource) -> dict[str, Any]:
    return {**resource.to_json(), "inputs": opened(resource.inputs)}


def _kind(resource: Resource, path: str, ours: Any, theirs: Any, scaled: set[str]) -> str:
    last = re.split(r"[.\[]", path)[-1]
    if path.startswith("outputs."):  # the components' own summaries
        if re.fullmatch(r"outputs\.(tasks|instances)\.(min|max)", path):
            return "count"
        if path == "outputs.monitorIds.at_maximum":
            return "scaling"
        return _OUTPUTS.get(path.removeprefix("outputs."), "")
    if last in _COUNTS and isinstance(ours, int) and isinstance(theirs, int):
        return "count"
    if path == "inputs.instanceType":
        return "instance type"
    # The maximum of tasks stands in the query of the monitor that watches it.
    if resource.name.endswith("-at-maximum") and path == "inputs.query":
        same = re.sub(r"/ \d+ ", "/ N ", ours) == re.sub(r"/ \d+ ", "/ N ", theirs)
        return "count" if same else ""
    # A version stands in the image, for Datadog and in the labels.
    if resource.type == "aws:ecs/taskDefinition:TaskDefinition" and isinstance(ours, str) and isinstance(theirs, str):
        return "version" if _VERSION.sub("", ours) == _VERSION.sub("", theirs) else ""
    if path.startswith("ignoreChanges") and resource.name.removesuffix("-service") in scaled:
        return "scaling"
    return ""


def table(found: Sequence[Difference], one: str, other: str, out: Console) -> None:
    """What may differ, a line for each owner and kind; then everything that must not."""
    summaries = [each for each in found if each.summary and each.kind]
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("What", "", one, other):
        rows.add_column(column)
    for each in sorted(summaries, key=lambda each: (each.owner, each.path)):
        if each.kind != "scaling":
            path = each.path.removeprefix("outputs.").replace(".", " ")
            rows.add_row(each.owner, _LABELS.get(path, path), str(each.ours), str(each.theirs))
    if rows.row_count:
        out.print(rows)
    wrong = [each for each in found if not each.kind]
    if not wrong:
        out.print(f"{one} and {other} differ in nothing but identity, instance types, counts and versions.")
        return
    out.print(Text(f"\n{one} and {other} must not differ in this:", "bold red"))
    for each in wrong:
        out.print(f"  {each.owner}: {each.name} ({each.type.rpartition(':')[2]}) {each.path}".rstrip())
        out.print(f"      {one}: {json.dumps(each.ours)}", soft_wrap=True)
        out.print(f"      {other}: {json.dumps(each.theirs)}", soft_wrap=True)


_LABELS = {"instanceType": "instance type"}
