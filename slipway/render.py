"""A plan for a person: first what one wants to know, then the tree and the counts; or every resource with its inputs.

Plain words and ASCII layout everywhere; a terminal adds colour and its own width, a pipe gets lines that are never cut.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.text import Text

from plan import architecture
from plan.model import STACK_TYPE, Plan, Resource
from plan.parity import Parity

if TYPE_CHECKING:
    from policies.rule import Finding
    from slipway.check import Check

_PIPE_WIDTH = 10_000  # nothing wraps, so every line can be searched for
_INDENT = 2
_GAP = 2
_LAST_COLUMN = 24  # a last column narrower than this is not worth wrapping into
_HEAD = "bold"
_FAINT = "dim"
_NAME = "cyan"
_WARN = "yellow"

_Row = tuple[str, ...]


def console(file: IO[str]) -> Console:
    """Colour and width of the terminal; wide and plain anywhere else."""
    width = None if file.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def overview(plan: Plan, out: Console) -> None:
    """Services, clusters, alerts, what is protected; then the component tree and the counts by type."""
    resources = [resource for resource in plan.resources if resource.custom]
    components = [resource for resource in plan.resources if not resource.custom and resource.type != STACK_TYPE]
    title = Text.assemble(("Stack ", _HEAD), (plan.stack, "bold cyan"))
    title.append(f"  {_count(len(resources), 'resource')} in {_count(len(components), 'component')}", _FAINT)
    out.print(title)

    services, clusters = architecture.services(plan), architecture.clusters(plan)
    if services or clusters:
        _services(services, out)
        _clusters(clusters, services, out)
        _alerts(plan, out)
    else:
        _component_outputs(components, plan.root, out)
    _protected(resources, out)
    _tree(plan, out)
    _types(resources, out)
    if plan.exports:
        _heading("Exports", len(plan.exports), out)
        _table(("NAME", "VALUE"), list(_flat(plan.exports)), out)


def details(plan: Plan, out: Console) -> None:
    """Every resource with every input and option, in tree order."""
    depth: dict[str | None, int] = {None: -1}
    names = {resource.urn: f"{resource.name} ({resource.short_type})" for resource in plan.resources}
    for resource in plan.resources:
        level = depth[resource.urn] = depth.get(resource.parent, -1) + 1
        line = Text(" " * _INDENT * level)
        line.append(resource.name, f"bold {_NAME}")
        line.append(f"  {resource.type}", _FAINT)
        if resource.protect:
            line.append("  protected", _WARN)
        out.print(line, soft_wrap=True)
        sections = {"inputs": readable(resource.inputs), "outputs": readable(resource.outputs)}
        sections["options"] = options(resource, names)
        for title, section in sections.items():
            if section:
                _block(title, section, level + 1, out)


def findings(found: Sequence[tuple[Finding, Sequence[str]]], stacks: Sequence[str], out: Console) -> None:
    """What breaks a rule, by rule, with its reason and remedy; then what is excepted, each with its own reason."""
    broken = [(finding, where) for finding, where in found if finding.exception is None]
    excepted = [(finding, where) for finding, where in found if finding.exception is not None]
    title = Text.assemble(("Policies ", _HEAD), (", ".join(stacks), "bold cyan"))
    out.print(title.append(f"  {len(broken)} broken, {len(excepted)} excepted", _WARN if broken else _FAINT))
    for rule in dict.fromkeys(finding.rule for finding, _ in broken):
        out.print(Text(f"\n{rule.name}", _WARN).append(f"  {rule.reason}", _FAINT), soft_wrap=True)
        for finding, where in broken:
            if finding.rule is rule:
                out.print(f"  {finding.resource.label} ({', '.join(where)}): {finding.message}", soft_wrap=True)
        out.print(f"  remedy: {rule.remedy}", soft_wrap=True)
    if excepted:
        out.print(Text("\nExcepted", _HEAD))
    for finding, where in excepted:
        line = f"{finding.rule.name}  {finding.resource.label} ({', '.join(where)}): {finding.message}"
        out.print(f"  {line}", soft_wrap=True)
        out.print(Text(f"    {finding.exception}", _FAINT), soft_wrap=True)


def check(checked: Check, out: Console) -> None:
    """A line for each thing judged; then what is wrong, each with its remedy."""
    width = max(len(answer.subject) for answer in checked.answers)
    styles = {"ok": "green", "wrong": "bold red", "not judged": _FAINT}
    for answer in checked.answers:
        state = Text(answer.state.ljust(len("not judged")), styles[answer.state])
        margin = width + len("not judged") + 2 * _GAP
        first, *rest = _wrapped(answer.said, out.width - margin)
        out.print(Text.assemble((answer.subject.ljust(width + _GAP), _HEAD), state, " " * _GAP + first), soft_wrap=True)
        for more in rest:
            out.print(Text(" " * margin + more), soft_wrap=True)
    for wrong in (each for answer in checked.answers for each in answer.wrong):
        out.print(Text(f"\n{wrong.where}", _WARN), soft_wrap=True)
        label = max(map(len, wrong.about)) + 1
        for name, text in wrong.about.items():
            margin = _INDENT + label + 1
            lines = [line for part in text.splitlines() for line in _wrapped(part, out.width - margin)]
            out.print(Text(f"{' ' * _INDENT}{name + ':':<{label}} {lines[0]}"), soft_wrap=True)
            for more in lines[1:]:
                out.print(Text(" " * margin + more), soft_wrap=True)


# The first screen ----------------------------------------------------------------------------------------------------


def _services(services: Sequence[architecture.Service], out: Console) -> None:
    rows = [
        (
            service.name,
            service.kind or "-",
            service.cluster or "-",
            service.version or "-",
            service.tasks or "-",
            service.address or "-",
            architecture.spoken(service.alerts) or "none",
            service.owner or "-",
        )
        for service in services
    ]
    _heading("Services", len(rows), out)
    _table(("NAME", "KIND", "CLUSTER", "VERSION", "TASKS", "ADDRESS", "ALERTS", "OWNER"), rows, out)


def _clusters(clusters: Sequence[architecture.Cluster], services: Sequence[architecture.Service], out: Console) -> None:
    members = Counter(service.cluster for service in services)
    rows = [
        (cluster.name, cluster.instance_type or "-", cluster.instances or "-", str(members[cluster.name]))
        for cluster in clusters
    ]
    _heading("Clusters", len(rows), out)
    _table(("NAME", "INSTANCE TYPE", "INSTANCES", "SERVICES"), rows, out)


def _alerts(plan: Plan, out: Console) -> None:
    monitors = [monitor for group in architecture.monitors(plan).values() for monitor in group]
    _heading("Alerts", len(monitors), out)
    if monitors:
        line = f"{architecture.spoken(architecture.priorities(monitors))}; priority 1 is the most urgent"
        out.print(Text(" " * _INDENT + line))


def _component_outputs(components: Sequence[Resource], stack: Resource | None, out: Console) -> None:
    """For a stack without services: what its outermost components say of themselves, a table for each kind."""
    by_type: dict[str, list[Resource]] = {}
    for component in components:
        if component.outputs and stack and component.parent == stack.urn:
            by_type.setdefault(component.short_type, []).append(component)
    for short_type in sorted(by_type):
        rows = [
            (component.name, key, cell) for component in by_type[short_type] for key, cell in _flat(component.outputs)
        ]
        _heading(short_type, len(by_type[short_type]), out)
        _table(("NAME", "OUTPUT", "VALUE"), _without_repeats(rows), out)


def _flat(outputs: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """`("account_ids.dev", "222222222222")`."""
    for key in sorted(outputs):
        value = outputs[key]
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", _cell(value)


def _protected(resources: Sequence[Resource], out: Console) -> None:
    names: dict[str, list[str]] = {}
    for resource in resources:
        if resource.protect:
            names.setdefault(resource.short_type, []).append(resource.name)
    _heading("Protected", sum(map(len, names.values())), out)
    rows = [(short_type, ", ".join(names[short_type])) for short_type in sorted(names)]
    _table(("TYPE", "NAMES"), rows, out)


def _tree(plan: Plan, out: Console) -> None:
    """The components, each with the number of resources below it; a component's own resources are not listed."""
    children = plan.children()
    rows: list[_Row] = []

    def resources_below(urn: str) -> int:
        return sum(child.custom + resources_below(child.urn) for child in children.get(urn, ()))

    def visit(urn: str, level: int) -> None:
        for child in children.get(urn, ()):
            if not child.custom:
                name = " " * _INDENT * level + child.name
                rows.append((name, child.short_type, str(resources_below(child.urn))))
                visit(child.urn, level + 1)
        loose = sum(child.custom for child in children.get(urn, ())) if level == 0 else 0
        if loose:
            rows.append(("(no component)", "", str(loose)))

    if plan.root:
        visit(plan.root.urn, 0)
    _heading("Components", None, out)
    _table(("NAME", "TYPE", "RESOURCES"), rows, out)


def _types(resources: Sequence[Resource], out: Console) -> None:
    counts = Counter(resource.type for resource in resources)
    rows = [(type_, str(count)) for type_, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))]
    _heading("Types", len(rows), out)
    _table(("TYPE", "COUNT"), rows, out)


# Details -------------------------------------------------------------------------------------------------------------


def options(resource: Resource, names: Mapping[str, str]) -> dict[str, Any]:
    """The options that are set, URNs as names."""
    found = resource.to_json()
    for key in ("urn", "type", "name", "custom", "parent", "inputs", "outputs", "additionalSecretOutputs"):
        del found[key]
    for key in ("provider", "deletedWith"):
        found[key] = names.get(found[key], found[key])
    for key in ("dependencies", "replaceWith"):
        found[key] = [names.get(urn, urn) for urn in found[key]]
    return {key: value for key, value in found.items() if value not in (None, False, [], {})} | (
        {"deleteBeforeReplace": False} if found["deleteBeforeReplace"] is False else {}
    )


def readable(value: Any) -> Any:
    """A JSON document inside a string, a policy for example, as the document it is."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, member in value.items():
            document = _document(member)
            found[key if document is None else f"{key} (JSON)"] = readable(member if document is None else document)
        return found
    if isinstance(value, list):
        return [readable(element) for element in value]
    return value


def _document(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(("{", "[")) or value == "[secret]":
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


class _Dumper(yaml.SafeDumper):
    """YAML without anchors: a list that occurs twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(title: str, section: Mapping[str, Any], level: int, out: Console) -> None:
    text = yaml.dump(section, Dumper=_Dumper, sort_keys=True, width=10**6, allow_unicode=True)
    margin = " " * _INDENT * level
    out.print(Text(f"{margin}{title}:", _FAINT), soft_wrap=True)
    for line in text.splitlines():
        out.print(Text(f"{margin}{' ' * _INDENT}{line}"), soft_wrap=True)


# Layout --------------------------------------------------------------------------------------------------------------


def _heading(title: str, count: int | None, out: Console) -> None:
    out.print()
    out.print(Text(title if count is None else f"{title} ({count})", _HEAD))


def _table(columns: _Row, rows: Sequence[_Row], out: Console) -> None:
    """Aligned columns where they fit the width, the last one wrapped; else each row as lines of column and value."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    before_last = _INDENT + sum(widths[:-1]) + _GAP * (len(widths) - 1)
    left = out.width - before_last
    if left < min(widths[-1], _LAST_COLUMN):
        _blocks(columns, rows, out)
        return
    numeric = [all(row[i].isdigit() for row in rows) for i in range(len(columns))]
    for number, row in enumerate((columns, *rows)):
        *cells, last = [
            cell.rjust(width) if right else cell for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        start = "".join(cell.ljust(width + _GAP) for cell, width in zip(cells, widths, strict=False))
        first, *rest = _wrapped(last, left)
        line = Text(" " * _INDENT + start + first)
        line.stylize(_FAINT if number == 0 else "")
        if number:
            line.stylize(_NAME, _INDENT, _INDENT + widths[0])
        line.rstrip()
        out.print(line, soft_wrap=True)
        for more in rest:
            out.print(Text(" " * before_last + more), soft_wrap=True)


def _blocks(columns: _Row, rows: Sequence[_Row], out: Console) -> None:
    label = max(map(len, columns[1:]))
    for row in rows:
        out.print(Text(" " * _INDENT + row[0], _NAME), soft_wrap=True)
        for column, cell in zip(columns[1:], row[1:], strict=True):
            margin = 2 * _INDENT + label + _GAP
            first, *rest = _wrapped(cell, out.width - margin)
            head = f"{' ' * 2 * _INDENT}{column.lower():<{label}}{' ' * _GAP}"
            out.print(Text.assemble((head, _FAINT), first), soft_wrap=True)
            for more in rest:
                out.print(Text(" " * margin + more), soft_wrap=True)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, broken at spaces alone: a name or an address stays whole."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]


def _without_repeats(rows: Sequence[_Row]) -> list[_Row]:
    """Leaves the first cell out where it is the same as in the row above."""
    result: list[_Row] = []
    above = None
    for row in rows:
        result.append(("", *row[1:]) if row[0] == above else row)
        above = row[0]
    return result


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case str():
            return value
        case list() if not any(isinstance(element, (dict, list)) for element in value):
            return ", ".join(map(_cell, value)) or "-"
        case _:
            return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def parity(found: Parity, out: Console) -> None:
    """What may differ, then everything that must not."""
    if found.sizes:
        rows = [(each.owner, each.what, each.ours, each.theirs) for each in found.sizes]
        _table(("WHAT", "", found.mirror.upper(), found.mirrored.upper()), rows, out)
    if not found.differences:
        out.print(f"{found.mirror} and {found.mirrored} differ in nothing but identity, sizes, counts and versions.")
        return
    out.print(Text(f"\n{found.mirror} and {found.mirrored} must not differ in this:", "bold red"))
    for each in found.differences:
        out.print(f"  {each.owner}: {each.resource.label} {each.path}".rstrip())
        out.print(f"      {found.mirror}: {json.dumps(each.ours)}", soft_wrap=True)
        out.print(f"      {found.mirrored}: {json.dumps(each.theirs)}", soft_wrap=True)
