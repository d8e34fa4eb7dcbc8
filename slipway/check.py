"""Judges a company's own files: what `slipway check` says, and what a pull request needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import config
from config import schema
from config.errors import Problem
from plan.parity import Parity
from plan.project import Project, ProjectError
from plan.revisions import Planned, plan_files
from policies import exceptions
from policies.plan import check_all, once
from policies.rules import RULES

_SCHEMAS = "config/schemas"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One thing that is wrong: the place, and what there is to say of it, the remedy last."""

    where: str
    about: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One thing judged. What it needs may be wrong itself: then it is not judged, and says why."""

    subject: str
    said: str
    wrong: tuple[Wrong, ...] = ()
    judged: bool = True

    @property
    def state(self) -> str:
        return "wrong" if self.wrong else "ok" if self.judged else "not judged"


@dataclass(frozen=True, kw_only=True)
class Check:
    answers: tuple[Answer, ...]
    exit_code: int

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": not self.exit_code,
            "judged": [
                {
                    "subject": answer.subject,
                    "state": answer.state,
                    "said": answer.said,
                    "wrong": [{"where": each.where, **each.about} for each in answer.wrong],
                }
                for answer in self.answers
            ],
        }


def check(root: Path) -> Check:
    """All answers; the stacks are evaluated together, and only if the configuration is valid."""
    configuration = _configuration(root)
    if configuration.wrong:
        said = "the configuration has to be valid first"
        unjudged = [Answer(subject=each, said=said, judged=False) for each in ("Plans", "Parity", "Policies")]
        return Check(answers=(configuration, *unjudged, _schemas(root)), exit_code=1)
    planned = plan_files(Project.load(root))
    answers = (configuration, _plans(planned), _parity(planned), _policies(planned, root), _schemas(root))
    failed = max((failure.exit_code for failure in planned.failures.values()), default=0)
    return Check(answers=answers, exit_code=failed or int(any(answer.wrong for answer in answers)))


def _configuration(root: Path) -> Answer:
    """Every file, and what follows from it: references, quotas of AWS, room for every task, known refusals."""
    wrong = _wrong(config.read(root).problems)
    stacks: Sequence[str] = ()
    try:
        project = Project.load(root)
        stacks = project.stacks()
        for stack in stacks:
            project.stack_config(stack)
    except ProjectError as error:
        if not wrong:  # else it is most likely the same
            wrong.append(Wrong(where="Pulumi's files", about={"failed": str(error)}))
    said = f"{_count(len(stacks), 'stack')}: valid, within AWS's quotas, with room for every task"
    return Answer(subject="Configuration", said=_told(wrong) or said, wrong=tuple(wrong))


def _wrong(problems: Sequence[Problem]) -> list[Wrong]:
    ordered = sorted(problems, key=lambda problem: (problem.file, problem.key))
    return [Wrong(where=problem.where, about=problem.about) for problem in ordered]


def _plans(planned: Planned) -> Answer:
    # What is wrong in a shared file is wrong in every stack: it is said once.
    stacks: dict[str, list[str]] = {}
    for stack, failure in planned.failures.items():
        stacks.setdefault(failure.message, []).append(stack)
    wrong = tuple(Wrong(where=", ".join(where), about={"failed": message}) for message, where in stacks.items())
    count = sum(resource.custom for plan in planned.plans.values() for resource in plan.resources)
    said = f"{_count(count, 'resource')} in {_count(len(planned.plans), 'stack')}"
    return Answer(subject="Plans", said=_told(wrong) or said, wrong=wrong)


def _parity(planned: Planned) -> Answer:
    wrong = tuple(each for parity in planned.parities for each in _differing(parity))
    missing = len(planned.parities) < len(planned.mirrors)
    pairs = [f"{mirror} with the sizes of {mirrored} is {mirrored}" for mirror, mirrored in planned.mirrors.items()]
    said = "a stack that it needs has no plan" if missing else "; ".join(pairs) or "no environment mirrors another"
    return Answer(subject="Parity", said=_told(wrong) or said, wrong=wrong, judged=not missing)


def _differing(parity: Parity) -> list[Wrong]:
    return [
        Wrong(
            where=f"{parity.mirror} as {parity.mirrored}: {each.owner}: {each.resource.label} {each.path}".rstrip(),
            about={
                parity.mirror: json.dumps(each.ours),
                parity.mirrored: json.dumps(each.theirs),
                "remedy": "declare it for every environment alike; a stack file cannot say it",
            },
        )
        for each in parity.differences
    ]


def _policies(planned: Planned, root: Path) -> Answer:
    try:
        excepted = exceptions.load(root)
    except config.ConfigError as error:
        unread = _wrong(error.problems)
        return Answer(subject="Policies", said=_told(unread), wrong=tuple(unread))
    findings = check_all(planned.plans.values(), excepted)
    wrong = [
        Wrong(
            where=f"{finding.resource.label} in {', '.join(stacks)}",
            about={"rule": finding.rule.name, "found": finding.message, "remedy": finding.rule.remedy},
        )
        for finding, stacks in once(each for each in findings if each.exception is None)
    ]
    if not planned.failures:
        wrong += [
            Wrong(
                where=f"{exceptions.FILE}: [{number}]",
                about={
                    "given": f"{exception.rule} for {exception.resource}",
                    "found": "nothing that the rule finds there",
                    "remedy": "remove the exception",
                },
            )
            for number, exception in enumerate(excepted)
            if not any(exception.covers(each.rule.name, each.stack, each.resource) for each in findings)
        ]
    count = len(once(each for each in findings if each.exception is not None))
    said = f"{len(RULES)} rules hold, with {_count(count, 'exception')}"
    return Answer(subject="Policies", said=_told(wrong) or said, wrong=tuple(wrong), judged=bool(planned.plans))


def _schemas(root: Path) -> Answer:
    """An upgrade that was merged by halves shows here: editors would refuse what the program takes."""
    wrong = tuple(
        Wrong(
            where=f"{_SCHEMAS}/{name}",
            about={"found": "not what this version of the platform writes", "remedy": "make schemas"},
        )
        for name, text in schema.schemas().items()
        if not (file := root / _SCHEMAS / name).is_file() or file.read_text(encoding="utf-8") != text
    )
    return Answer(subject="Schemas", said=_told(wrong) or "editors check by what this version takes", wrong=wrong)


def _told(wrong: Sequence[Wrong]) -> str:
    return _count(len(wrong), "problem") if wrong else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
