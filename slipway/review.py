"""What a reviewer asks of a revision whatever it changes: policies, parity of mirrors, room for every task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from plan.model import Plan
from plan.parity import Parity
from plan.revisions import Planned
from policies.exceptions import PolicyException
from policies.plan import check_all, once
from policies.rule import Finding


@dataclass(frozen=True, kw_only=True)
class Found:
    """What breaks a rule, or is excepted from it; `new` where the base has no such finding."""

    finding: Finding
    new: bool

    def to_json(self) -> dict[str, Any]:
        return {**self.finding.to_json(), "new": self.new}


@dataclass(frozen=True, kw_only=True)
class Room:
    """The proof of capacity of one cluster: hosts that its tasks need, and hosts that a lost zone leaves."""

    FIGURES: ClassVar = frozenset({"tasks_at_most", "hosts_needed", "hosts_without_a_zone", "hosts_at_most"})

    stack: str
    cluster: str
    tasks_at_most: int
    hosts_needed: int
    hosts_without_a_zone: int
    hosts_at_most: int

    def __str__(self) -> str:
        return (
            f"{self.tasks_at_most} tasks need {self.hosts_needed} hosts;"
            f" {self.hosts_at_most} at most, {self.hosts_without_a_zone} with a zone lost"
        )


@dataclass(frozen=True, kw_only=True)
class Review:
    """The answers. `None`: not asked, because what they are about could not be planned."""

    findings: tuple[Found, ...] | None = None  # violations first, new ones first of all
    parities: tuple[Parity, ...] = ()
    room: tuple[tuple[Room | None, Room], ...] = ()  # before and after

    def to_json(self) -> dict[str, Any]:
        return {
            "policies": None if self.findings is None else [each.to_json() for each in self.findings],
            "parity": [each.to_json() for each in self.parities],
            "capacity": [{"before": before and asdict(before), "after": asdict(after)} for before, after in self.room],
        }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question's: a line that says it, what a reviewer has to see, and what one may want to look up."""

    title: str
    alarming: bool = False
    lines: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


def of(base: Planned | None, head: Planned, exceptions: Sequence[PolicyException]) -> Review:
    """The review of the head. Nothing is new where the base could not be planned."""
    if not head.plans:
        return Review()
    plans = base.plans if base else {}
    known = {_key(finding) for finding in check_all(plans.values(), exceptions)}
    findings = check_all(head.plans.values(), exceptions)
    # Of what could not be planned nobody knows what it broke.
    comparable = {stack for stack in head.plans if base and not {stack, ""} & base.failures.keys()}
    found = [Found(finding=each, new=each.stack in comparable and _key(each) not in known) for each in findings]
    before = {(room.stack, room.cluster): room for room in _rooms(plans)}
    return Review(
        findings=tuple(sorted(found, key=lambda each: (each.finding.exception is not None, not each.new))),
        parities=head.parities,
        room=tuple((before.get((room.stack, room.cluster)), room) for room in _rooms(head.plans)),
    )


def _key(finding: Finding) -> tuple[str, ...]:
    return finding.rule.name, finding.stack, finding.resource.urn, finding.message


def _rooms(plans: Mapping[str, Plan]) -> Iterator[Room]:
    """What each stack exports as `capacity`; a revision that exports none, or another, has nothing to show."""
    for stack, plan in sorted(plans.items()):
        for cluster, proof in plan.exports.get("capacity", {}).items():
            if isinstance(proof, Mapping) and proof.keys() == Room.FIGURES:
                yield Room(stack=stack, cluster=cluster, **proof)


# For a reader --------------------------------------------------------------------------------------------------------


def answers(review: Review, code: Callable[[str], str] = str) -> Iterator[Answer]:
    """`code` marks what is a name or a value."""
    if review.findings is not None:
        yield _policies(review.findings, code)
    for parity in review.parities:
        yield _parity(parity, code)
    if review.room:
        yield _capacity(review.room)


def _policies(findings: tuple[Found, ...], code: Callable[[str], str]) -> Answer:
    excepted = once(each.finding for each in findings if each.finding.exception is not None)
    exceptions = f"{len(excepted)} excepted" if excepted else "no exceptions"
    broken = [each for each in findings if each.finding.exception is None]
    groups = [(new, once(each.finding for each in broken if each.new is new)) for new in (True, False)]
    if not broken:
        return Answer(title=f"Policies: kept ({exceptions})")
    return Answer(
        title=f"Policies: {sum(len(group) for _, group in groups)} broken,"
        f" {len(groups[0][1])} of them by this change ({exceptions})",
        alarming=True,
        lines=tuple(
            f"{code(finding.rule.name)} by {code(finding.resource.label)} ({', '.join(stacks)})"
            f"{': new' if new else ''}: {code(finding.message)}. {finding.rule.remedy}"
            for new, group in groups
            for finding, stacks in group
        ),
    )


def _parity(parity: Parity, code: Callable[[str], str]) -> Answer:
    wrong = parity.differences
    more = f"{len(wrong)} more than" if wrong else "nothing but"
    return Answer(
        title=f"Parity: {parity.mirror} and {parity.mirrored} differ in {more} sizes, counts and versions",
        alarming=bool(wrong),
        lines=tuple(
            f"{code(each.resource.label)} of {each.owner}: {code(each.path or 'as a whole')}" for each in wrong
        ),
        more=tuple(map(str, parity.sizes)),
    )


def _capacity(rooms: tuple[tuple[Room | None, Room], ...]) -> Answer:
    changed = [(before, after) for before, after in rooms if before is not None and before != after]
    return Answer(
        title="Capacity: a rollout at the maximum of tasks fits with a zone lost",
        lines=tuple(f"{after.stack} {after.cluster}: {after}; before: {before}" for before, after in changed),
        more=tuple(
            f"{after.stack} {after.cluster}: {after}" for before, after in rooms if before is None or before == after
        ),
    )
