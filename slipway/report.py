"""One HTML file of all stacks: as they are, or what a change does to them.

It is for those who do not run a command: a reviewer with a phone, an auditor, somebody new. So it has in one place what
`plan`, `diff`, `parity`, `access` and the policies say, and draws what the plans build.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.fields import OPS
from plan import architecture, risks
from plan.diff import TASK_DEFINITION, Action, Change, owners
from plan.model import STACK_TYPE, Plan, Resource
from plan.revisions import Planned
from policies.exceptions import PolicyException
from policies.rules import RULES
from slipway import access, diff_report, drawing, pages, render, review

# Action -> its class on the page; the order is that of marks on a drawing: what is worst is shown.
_CLASSES = {
    Action.REPLACE: "replace",
    Action.DELETE: "delete",
    Action.MAY_REPLACE: "may-replace",
    Action.FORGET: "delete",
    Action.CREATE: "create",
    Action.IMPORT: "create",
    Action.UPDATE: "update",
    Action.OPTIONS: "update",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A service or a cluster in every environment that has it."""

    name: str
    first: Any  # what does not differ is read from here
    by_stack: Mapping[str, Any]


def page(head: Planned, base: Planned | None = None, exceptions: Sequence[PolicyException] = ()) -> str:
    """The file. With a base it is about what lies between the two."""
    report = diff_report.build(base, head, exceptions) if base else None
    reviewed = report.review if report else review.of(None, head, exceptions)
    platform, reaches = head.platform, _access(head)

    def in_order(stacks: Iterable[str]) -> list[str]:
        """Where people log in comes first, then what a version goes through first; what is no stack's name is last."""
        known = platform.stacks if platform else (OPS,)
        return sorted(stacks, key=lambda stack: (known.index(stack) if stack in known else len(known), stack))

    plans = {stack: head.plans[stack] for stack in in_order(head.plans)}
    people = {stack: len({reach.person for reach in reaches if reach.environment == stack}) for stack in plans}
    accounts = [architecture.account(plan, people[stack]) for stack, plan in plans.items()]
    environments = [account for account in accounts if account.cidr]
    marks = {stack: _marks(stack, report.diff.changes if report else ()) for stack in plans}
    sheets = (drawing.WIDE, drawing.NARROW)
    body = pages.fill(
        "report.html.j2",
        company=platform.company if platform else "",
        report=report,
        failures=tuple(head.failures.values()),
        accounts=accounts,
        environments=environments,
        organization=[drawing.organization(accounts, marks, sheet) for sheet in sheets],
        drawings={
            account.stack: [drawing.environment(account, marks[account.stack], sheet) for sheet in sheets]
            for account in environments
        },
        resources=_resources(plans, base.plans if base else {}, report),
        services=_rows((account.stack, account.services) for account in environments),
        clusters=_rows((account.stack, account.clusters) for account in environments),
        descriptions=architecture.descriptions(plans.values()),
        parities=reviewed.parities,
        roles=_roles(reaches),
        findings=reviewed.findings or (),
        rules=RULES,
        classes=_CLASSES,
        changes=_by_owner(report.diff.changes if report else ()),
        risks=diff_report.by_kind(report.diff.risks) if report else {},
        risk_titles=risks.KINDS,
        anchor=drawing.anchor,
        in_order=in_order,
        search=drawing.search,
        messages=diff_report.messages,
        reason=diff_report.reason,
        sides=diff_report.sides,
        tally=_tally,
    )
    subject = f"{report.base} \u2192 {report.head}" if report else "all stacks"
    return pages.page(
        f"{platform.company}: {subject}" if platform else subject,
        body,
        style=pages.text("report.css"),
        script=pages.text("report.js"),
    )


def _marks(stack: str, changes: Iterable[Change]) -> drawing.Marks:
    """The worst that happens to something of each owner and of the whole stack, and how much does."""
    order = {action: number for number, action in enumerate(_CLASSES)}
    found: dict[str, list[Action]] = {}
    for change in changes:
        if stack in change.stacks and change.type != STACK_TYPE:
            # Every revision of a task definition is a new one; nothing is lost with it.
            action = Action.UPDATE if change.type == TASK_DEFINITION else change.action
            for owner in (change.owner, ""):
                found.setdefault(owner, []).append(action)
    return {
        owner: (
            _CLASSES[min(actions, key=order.__getitem__)],
            f"{len(actions)} {actions[0] if len({*actions}) == 1 else 'changes'}",
        )
        for owner, actions in found.items()
    }


def _by_owner(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """What is worst comes first, among owners and in each."""
    order = {action: number for number, action in enumerate(Action)}
    found: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: (order[change.action], change.owner, change.name)):
        found.setdefault(change.owner, []).append(change)
    return found


def _tally(changes: Iterable[Change]) -> list[tuple[Action, int]]:
    """How often each thing happens, in the order of a report."""
    counts = Counter(change.action for change in changes)
    return [(action, counts[action]) for action in Action if counts[action]]


def _rows(by_stack: Iterable[tuple[str, Sequence[Any]]]) -> list[Row]:
    """What is in any environment, by name."""
    found: dict[str, dict[str, Any]] = {}
    for stack, items in by_stack:
        for item in items:
            found.setdefault(item.name, {})[stack] = item
    return [Row(name=name, first=next(iter(own.values())), by_stack=own) for name, own in sorted(found.items())]


def _access(head: Planned) -> list[access.Reach]:
    """Nobody, where no stack holds people or the project has no accounts."""
    ops = head.plans.get(OPS)
    return access.matrix(ops, head.platform.account_ids) if ops and head.platform else []


def _roles(reaches: Iterable[access.Reach]) -> dict[str, dict[str, list[access.Reach]]]:
    """Person -> environment -> roles."""
    found: dict[str, dict[str, list[access.Reach]]] = {}
    for reach in reaches:
        found.setdefault(reach.person, {}).setdefault(reach.environment, []).append(reach)
    return found


def _resources(plans: Mapping[str, Plan], before: Mapping[str, Plan], report: diff_report.Report | None) -> str:
    """Every resource, and those that are deleted, as compressed JSON in base64: some megabytes of text otherwise.

    An element is stack, name, type, what it is part of, team, what happens to it, whether it is protected, and its
    inputs and options; report.js reads them in this order.
    """
    actions = {
        (stack, change.type, change.name): change.action
        for change in (report.diff.changes if report else ())
        for stack in change.stacks
    }
    entries: list[list[Any]] = []
    for stack, plan in plans.items():
        gone = [
            resource
            for resource in (before[stack].resources if stack in before else ())
            if actions.get((stack, resource.type, resource.name)) in (Action.DELETE, Action.FORGET)
        ]
        part_of = owners(plan, *([before[stack]] if gone else []))
        teams = {f"service {service.name}": service.owner for service in architecture.services(plan)}
        names = {resource.urn: f"{resource.name} ({resource.short_type})" for resource in plan.resources}
        for resource in (*plan.resources, *gone):
            if resource.custom:
                part = part_of[resource.urn]
                entries.append(
                    [
                        stack,
                        resource.name,
                        resource.type,
                        part,
                        teams.get(part) or _team(resource),
                        str(actions.get((stack, resource.type, resource.name), "")),
                        resource.protect,
                        render.readable(resource.inputs),
                        render.options(resource, names),
                    ]
                )
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _team(resource: Resource) -> str:
    tags = resource.inputs.get("tags")
    return str(tags.get("owner", "")) if isinstance(tags, Mapping) else ""
