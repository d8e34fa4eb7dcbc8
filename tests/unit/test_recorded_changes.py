"""`slipway diff` on recorded changes of the committed project: what each does is written in tests/recorded_changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan.diff import Action, Change, Risk
from plan.model import STACK_TYPE
from plan.revisions import Repository
from slipway.diff_report import Report, build
from tests.projects import ROOT, commit, copy_project, git, keep, own_copy

RECORDS: Mapping[str, Mapping[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text()) for file in sorted((ROOT / "tests/recorded_changes").glob("*.yaml"))
}
SERVICES = ("digest", "gateway", "ledger", "orders")
"""A worker, a job, and a web service of each exposure: fewer are evaluated faster."""

BASE = "base"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Report]:
    """A commit for each change, all of the same parent, compared with it."""
    root = copy_project(tmp_path_factory.mktemp("recorded"))
    keep(root, SERVICES)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root, BASE)
    for name, record in RECORDS.items():
        git(root, "checkout", "--quiet", BASE)
        _make(root, record)
        commit(root, name)
    there = Repository(root)
    (base,) = there.plan([there.revision(BASE)])
    found: dict[str, Report] = {}
    # What a change cannot reach is not evaluated; those that reach the same stacks are evaluated together.
    for stacks in {tuple(record["stacks"]) for record in RECORDS.values()}:
        names = [name for name, record in RECORDS.items() if tuple(record["stacks"]) == stacks]
        before = replace(base, plans={stack: base.plans[stack] for stack in stacks})
        heads = there.plan([there.revision(name) for name in names], stacks, parity=False)
        found |= {name: build(before, head) for name, head in zip(names, heads, strict=True)}
    return found


def _make(root: Path, record: Mapping[str, Any]) -> None:
    """Apply a record to the files."""
    for name, change in record.get("set", {}).items():
        file = root / name
        content = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump(_merged(content, change), sort_keys=False))
    for name, replacements in record.get("text", {}).items():
        file = root / name
        own_copy(root, Path(name).parts[0])
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert file.read_text().count(old) == 1, f"{old!r} in {name}"
            file.write_text(file.read_text().replace(old, new))
    if record.get("reorder"):
        for file in (*root.glob("*.yaml"), *root.glob("services/*.yaml")):
            file.write_text(yaml.safe_dump(_reversed(yaml.safe_load(file.read_text())), sort_keys=False))


def _merged(content: Any, change: Any) -> Any:
    """Mappings key by key; a null removes."""
    if not isinstance(content, dict) or not isinstance(change, dict):
        return change
    merged = content | {key: _merged(content.get(key), value) for key, value in change.items()}
    return {key: value for key, value in merged.items() if value is not None}


def _reversed(content: Any) -> Any:
    """Mappings alone: an order of lists may mean something."""
    if isinstance(content, dict):
        return {key: _reversed(content[key]) for key in reversed(content)}
    return content


def test_there_are_twenty_and_two_that_change_nothing() -> None:
    assert len(RECORDS) == 22
    assert {name for name, record in RECORDS.items() if not record.get("expected")} >= {"nothing", "reordered"}


@pytest.mark.parametrize("name", RECORDS)
def test_the_verdict_is_exactly_what_was_recorded(reports: Mapping[str, Report], name: str) -> None:
    report, record = reports[name], RECORDS[name]
    assert list(report.diff.stacks) == record["stacks"], [failure.message for failure in report.head_failures]
    assert [*map(_said, _resources(report))] == record.get("expected", [])
    assert [*map(_risk_said, report.diff.risks)] == record.get("risks", [])


@pytest.mark.parametrize("name", ["nothing", "reordered"])
def test_a_change_of_nothing_is_an_empty_diff(reports: Mapping[str, Report], name: str) -> None:
    assert (reports[name].diff.changes, reports[name].diff.risks) == ((), ())


def _resources(report: Report) -> Iterator[Change]:
    """Without exports, which are no resources."""
    return (change for change in report.diff.changes if change.type != STACK_TYPE)


def _said(change: Change) -> str:
    """`update orders-tg (TargetGroup) [dev, stage]: deregistrationDelay`; what comes or goes is all its properties."""
    text = f"{change.action} {change.label} [{', '.join(change.stacks)}]"
    if change.action in (Action.CREATE, Action.DELETE):
        return text
    # A dashboard is hundreds of leaves, and one property.
    paths = dict.fromkeys(re.sub(r"^dashboard\..*|\[]$", "", each.path) or "dashboard" for each in change.properties)
    return f"{text}: {', '.join(paths)}"


def _risk_said(risk: Risk) -> str:
    return f"{risk.kind}: {risk.subject} [{', '.join(risk.stacks)}]{f': {risk.text}' if risk.text else ''}"
