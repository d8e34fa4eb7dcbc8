"""A diff for a reader: in a terminal, as the Markdown of a pull request's comment, and as JSON."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from config.fields import OPS
from plan import risks
from plan.diff import Action, Change, Diff, Effect, PropertyChange, Risk, compare_stack, merge
from plan.identity import Identity
from plan.model import Failure, Plan
from plan.revisions import Planned
from policies.exceptions import PolicyException
from slipway import access, review

LIMIT = 60_000  # characters; GitHub takes 65,536

_VALUE = 200  # characters of a value before it is cut in the middle of what it shares
_SHOWN = 10  # lines of one kind of risk, where its list is cut
_DONE = {
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.MAY_REPLACE: "may be replaced",
    Action.UPDATE: "to update",
    Action.CREATE: "to create",
    Action.IMPORT: "to import",
    Action.FORGET: "to forget",
    Action.OPTIONS: "with other options",
}
_COLOURS = {
    Action.REPLACE: "bold red",
    Action.DELETE: "red",
    Action.MAY_REPLACE: "magenta",
    Action.UPDATE: "yellow",
    Action.CREATE: "green",
    Action.IMPORT: "green",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A diff, and what could not be compared."""

    base: str
    head: str
    diff: Diff
    base_failures: tuple[Failure, ...] = ()
    head_failures: tuple[Failure, ...] = ()
    resources: Mapping[str, int] | None = None  # stack -> resources at the head, as a fallback for a diff
    review: review.Review = field(default_factory=review.Review)

    @property
    def exit_code(self) -> int:
        """Of what is proposed alone: a base that cannot be planned is nothing that a change could be blamed for."""
        return max((failure.exit_code for failure in self.head_failures), default=0)

    @property
    def headline(self) -> str:
        if not self.diff.stacks:
            return "Nothing could be compared"
        counts = self.diff.counts()
        parts = [f"{counts[action]} {words}" for action, words in _DONE.items() if counts[action]]
        if parts:
            return ", ".join(parts)
        some = f" in {', '.join(self.diff.stacks)}" if self.base_failures or self.head_failures else ""
        return ("Only exports change" if self.diff.changes else "No changes") + some

    def to_json(self) -> dict[str, Any]:
        return {
            "base": self.base,
            "head": self.head,
            "stacks": list(self.diff.stacks),
            "counts": {stack: dict(sorted(self.diff.counts(stack).items())) for stack in self.diff.stacks},
            "risks": [asdict(risk) for risk in self.diff.risks],
            "changes": [asdict(change) for change in self.diff.changes],
            "base_failures": [asdict(failure) for failure in self.base_failures],
            "head_failures": [asdict(failure) for failure in self.head_failures],
            "resources": dict(self.resources or {}),
            "review": self.review.to_json(),
        }


def build(base: Planned, head: Planned, exceptions: Sequence[PolicyException] = ()) -> Report:
    """Compares every stack that neither revision fails for. A stack that one of them lacks is all new, or all gone."""
    diffs = []
    found: dict[str, list[Risk]] = {}
    broken = base.failures.keys() | head.failures.keys()
    for stack in sorted(base.plans.keys() | head.plans.keys()):
        if stack in broken or "" in broken:
            continue
        nothing = Plan(stack=stack, resources=(), exports={})
        diff = compare_stack(base.plans.get(stack, nothing), head.plans.get(stack, nothing))
        diffs.append(diff)
        found[stack] = risks.of(diff) + (_access(base, head, diff.before, diff.after) if stack == OPS else [])
    merged = merge(diffs, found, {diff.after.stack: Identity.of(diff.before, diff.after).neutral for diff in diffs})
    order = {kind: number for number, kind in enumerate(risks.KINDS)}
    return Report(
        base=base.revision.name,
        head=head.revision.name,
        diff=replace(merged, risks=tuple(sorted(merged.risks, key=lambda risk: order[risk.kind]))),
        base_failures=tuple(base.failures.values()),
        head_failures=tuple(head.failures.values()),
        resources={stack: sum(r.custom for r in plan.resources) for stack, plan in head.plans.items()},
        review=review.of(base, head, exceptions),
    )


def _access(base: Planned, head: Planned, before: Plan, after: Plan) -> list[Risk]:
    """Who gains and who loses which role."""
    platforms = (base.platform or head.platform, head.platform or base.platform)
    old, new = (
        {(r.person, r.environment, r.role) for r in access.matrix(plan, platform.account_ids)} if platform else set()
        for plan, platform in zip((before, after), platforms, strict=True)
    )
    return [
        Risk(kind="access", owner="people", subject=person, text=f"{word} {role} in {environment}", stacks=(OPS,))
        for word, rows in (("gains", new - old), ("loses", old - new))
        for person, environment, role in sorted(rows)
    ]


# Terminal ------------------------------------------------------------------------------------------------------------


def terminal(report: Report, out: Console) -> None:
    """Risks, then every change, by owner."""
    out.print(Text.assemble((f"{report.base} -> {report.head}: ", "dim"), (report.headline, "bold")))
    for which, failures in (("base", report.base_failures), ("head", report.head_failures)):
        for message in messages(failures):
            out.print(Text(f"\nThe {which} could not be planned: ", "bold yellow").append(message, "none"))
    for kind, entries in by_kind(report.diff.risks).items():
        out.print(Text(f"\n{risks.KINDS[kind]}", "bold red" if kind == "state" else "bold yellow"))
        for entry in entries:
            out.print(f"  {_risk_line(entry)}", soft_wrap=True)
    for answer in review.answers(report.review):
        out.print(Text(f"\n{answer.title}", "bold yellow" if answer.alarming else "bold"))
        for line in answer.lines:
            out.print(f"  {line}", soft_wrap=True)
    for (owner, stacks), changes in _by_owner(report.diff.changes).items():
        out.print(Text.assemble("\n", (owner, "bold cyan"), (f"  {', '.join(stacks)}", "dim")))
        for change in changes:
            out.print(Text.assemble("  ", (f"{change.action:<11}", _COLOURS.get(change.action, "dim")), change.label))
            for line in _property_lines(change):
                out.print(f"      {line}", soft_wrap=True)


# Markdown ------------------------------------------------------------------------------------------------------------


def markdown(report: Report, limit: int = LIMIT) -> str:
    """The comment, in at most `limit` characters: the summary whole, then as many details as fit.

    What cuts first is details, then the lists of lesser risks; what is replaced or deleted with its state is named to
    the last.
    """
    where = "the artifact `diff` of this run, or `slipway diff` on your machine, has all of it"
    full = _summary(report, None)
    summary = full if len(full) <= limit * 3 // 4 else _summary(report, _SHOWN)
    if len(summary) > limit:  # thousands of stateful resources: their names alone
        summary = _summary(report, _SHOWN, names_only=True)
    parts = [summary]
    length = len(summary)
    blocks = [_block(owner, stacks, changes) for (owner, stacks), changes in _by_owner(report.diff.changes).items()]
    note = "\n_{} of {} groups of details are left out here: {}._\n"
    reserve = len(note.format(len(blocks), len(blocks), where))
    for number, block in enumerate(blocks):
        if length + len(block) + (reserve if number < len(blocks) - 1 else 0) > limit:
            parts.append(note.format(len(blocks) - number, len(blocks), where))
            break
        parts.append(block)
        length += len(block)
    text = "".join(parts)
    if len(text) <= limit:
        return text
    return text[: max(0, limit - len(where) - 12)].rpartition("\n")[0] + f"\n\n_Cut: {where}._\n"


def _summary(report: Report, shown: int | None, names_only: bool = False) -> str:
    lines = [f"### {report.headline}", "", f"{_code(report.base)} → {_code(report.head)}", ""]
    for which, failures in (("base", report.base_failures), ("head", report.head_failures)):
        for message in messages(failures):
            lines += [f"**The {which} could not be planned.**", "", *_fence(message[:4000], ""), ""]
    if report.base_failures or report.head_failures:
        totals = ", ".join(f"{stack} {count}" for stack, count in sorted((report.resources or {}).items()))
        lines += [f"Resources that the head declares: {totals or 'not known'}.", ""]
    used = [action for action in _DONE if any(report.diff.counts(stack)[action] for stack in report.diff.stacks)]
    if used:
        lines += ["| Stack | " + " | ".join(str(action) for action in used) + " |", "|---|" + "--:|" * len(used)]
        for stack in report.diff.stacks:
            counts = report.diff.counts(stack)
            lines.append(f"| {stack} | " + " | ".join(str(counts[action] or "") for action in used) + " |")
        lines.append("")
    for kind, entries in by_kind(report.diff.risks).items():
        lines.append(f"**{risks.KINDS[kind]}** ({len(entries)})")
        if kind == "state" and names_only:
            lines += [" ".join(_code(name) for name in dict.fromkeys(entry.subject for entry in entries)), ""]
            continue
        cut = entries if shown is None or kind == "state" else entries[:shown]
        lines += [f"- {_risk_line(entry, _code)}" for entry in cut]
        if len(cut) < len(entries):
            lines.append(f"- and {len(entries) - len(cut)} more")
        lines.append("")
    for answer in review.answers(report.review, _code):
        lines += _answer(answer, shown)
    return "\n".join(lines) + "\n"


def _answer(answer: review.Answer, shown: int | None) -> list[str]:
    """A line, what has to be seen below it, and the rest folded, where there is room for it."""
    lines = [f"**{answer.title}**", *(f"- {line}" for line in answer.lines[:shown])]
    if shown is not None and len(answer.lines) > shown:
        lines.append(f"- and {len(answer.lines) - shown} more")
    lines.append("")
    if answer.more and shown is None:
        listed = "\n".join(_fence("\n".join(answer.more), ""))
        lines += [f"<details><summary>{len(answer.more)} more</summary>\n\n{listed}\n\n</details>", ""]
    return lines


def _block(owner: str, stacks: Sequence[str], changes: Sequence[Change]) -> str:
    counts = ", ".join(
        f"{sum(change.action is action for change in changes)} {words}"
        for action, words in _DONE.items()
        if any(change.action is action for change in changes)
    )
    title = f"<b>{html.escape(owner)}</b> ({', '.join(stacks)}): {counts}"
    signs = {Action.CREATE: "+", Action.IMPORT: "+", Action.DELETE: "-", Action.FORGET: "-"}
    lines = []
    for change in changes:
        lines.append(f"{signs.get(change.action, ' ')} {change.action} {change.label}")
        lines += [f"  {line}" for line in _property_lines(change)]
    fenced = "\n".join(_fence("\n".join(lines), "diff"))
    return f"<details><summary>{title}</summary>\n\n{fenced}\n\n</details>\n"


def _fence(text: str, language: str) -> list[str]:
    """A code block that its content cannot end."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return [ticks + language, text, ticks]


def _code(text: str) -> str:
    """Text as code in one line: nothing in it is markup, a link or a mention."""
    text = " ".join(text.split())
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}" if text else ""


# Both ----------------------------------------------------------------------------------------------------------------


def _risk_line(risk: Risk, code: Callable[[str], str] = str) -> str:
    text = f"{code(risk.subject)} of {risk.owner} ({', '.join(risk.stacks)})"
    return f"{text}: {code(_cut(risk.text))}" if risk.text else text


def _property_lines(change: Change) -> list[str]:
    return [_property_line(each) for each in change.properties]


def _property_line(change: PropertyChange) -> str:
    before, after = sides(change)
    why = f" [{reason(change)}]" if reason(change) else ""
    if before is None:
        return f"{'+ ' * (change.before is None)}{change.path}: {after}{why}"
    if after is None:
        return f"- {change.path}: {before}{why}"
    return f"{change.path}: {before} -> {after}{why}"


def sides(change: PropertyChange) -> tuple[str | None, str | None]:
    """What was and what will be; None where there is none, or where only what a reference leads to is new."""
    if change.before is None or (change.before == change.after and change.because):
        return None, _shown(change.after)
    if change.after is None:
        return _shown(change.before), None
    return _apart(_json(change.before), _json(change.after))


def reason(change: PropertyChange) -> str:
    """What a changed property means beyond an update in place."""
    if change.effect is Effect.UPDATES:
        return change.because
    return f"{change.effect}: {change.because}" if change.because else str(change.effect)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _shown(value: Any) -> str:
    return _cut(_json(value))


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}... ({len(text)} characters)"


def _apart(before: str, after: str) -> tuple[str, str]:
    """Two long texts from shortly before they differ to shortly after."""
    if max(len(before), len(after)) <= _VALUE:
        return before, after
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    shorter = min(len(before), len(after)) - start
    end = next((i for i in range(shorter) if before[-1 - i] != after[-1 - i]), shorter)
    sides = []
    for text in (before, after):
        head, tail = max(0, start - 40), min(len(text), len(text) - end + 40)
        sides.append(_cut(("..." if head else "") + text[head:tail] + ("..." if tail < len(text) else "")))
    return sides[0], sides[1]


def messages(failures: Iterable[Failure]) -> list[str]:
    """What is wrong in a shared file is wrong in every stack: once is enough."""
    stacks: dict[str, list[str]] = {}
    for failure in failures:
        text = failure.message.removeprefix(f"stack {failure.stack}: ")
        stacks.setdefault(text, []).extend([failure.stack] if text != failure.message else [])
    return [f"{', '.join(names)}: {text}" if names else text for text, names in stacks.items()]


def by_kind(found: Iterable[Risk]) -> dict[str, list[Risk]]:
    kinds: dict[str, list[Risk]] = {}
    for risk in found:
        kinds.setdefault(risk.kind, []).append(risk)
    return kinds


def _by_owner(changes: Iterable[Change]) -> dict[tuple[str, tuple[str, ...]], list[Change]]:
    """Groups in which something is lost come first: details are cut from the end."""
    groups: dict[tuple[str, tuple[str, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.owner, change.stacks), []).append(change)
    order = {action: number for number, action in enumerate(Action)}
    return dict(sorted(groups.items(), key=lambda group: min(order[change.action] for change in group[1])))
