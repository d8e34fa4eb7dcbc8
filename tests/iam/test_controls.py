"""docs/controls.md names resources; the stacks declare them."""

from __future__ import annotations

import re

import pytest

from tests.iam.planned import STACKS, stacks
from tests.projects import ROOT

PAGE = (ROOT / "docs/controls.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d", line)]
# https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html
CONTROLS = (
    *(f"1.{index}" for index in range(1, 22)),
    *("2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.3.1"),
    *(f"3.{index}" for index in range(1, 10)),
    *(f"4.{index}" for index in range(1, 17)),
    *("5.1.1", "5.1.2", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7"),
)


def named(module: str, name: str) -> str:
    return f"aws.{module.partition('/')[0]}.{name}"


def declared(stack: str) -> set[str]:
    types = {resource.type for resource in stacks()[stack].resources if resource.type.startswith("aws:")}
    return {named(*type_.split(":")[1:]) for type_ in types}


def test_every_named_resource_is_declared() -> None:
    assert set(re.findall(r"`(aws\.\w+\.\w+)`", PAGE)) - set().union(*map(declared, STACKS)) == set()


def test_no_control_is_left_out_and_none_told_twice() -> None:
    assert [number for row in ROWS for number in row[0].split(", ")] == list(CONTROLS)


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] == "yes" and "every account" in row[3].lower()])
def test_what_is_said_of_every_account_is_declared_in_every_stack(row: list[str]) -> None:
    for stack in STACKS:
        assert set(re.findall(r"`(aws\.\w+\.\w+)`", row[4])) <= declared(stack)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_control_is_met_by_a_resource_or_has_a_reason(row: list[str]) -> None:
    _, _, met, reason, resource = row
    assert met in ("yes", "no", "in part", "by hand", "")
    assert reason or (met == "yes" and resource)
