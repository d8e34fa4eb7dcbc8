"""docs/controls.md names resources; the stacks declare them."""

from __future__ import annotations

import re

import pytest

from tests.iam.planned import STACKS, stacks
from tests.projects import ROOT

PAGE = (ROOT / "docs/controls.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d", line)]
# https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html
SECTIONS = {"1": 21, "3": 9, "4": 16}


def named(module: str, name: str) -> str:
    return f"aws.{module.partition('/')[0]}.{name}"


def test_every_named_resource_is_declared() -> None:
    declared = {
        named(*resource.type.split(":")[1:])
        for stack in STACKS
        for resource in stacks()[stack].resources
        if resource.type.startswith("aws:")
    }
    assert set(re.findall(r"`(aws\.\w+\.\w+)`", PAGE)) - declared == set()


@pytest.mark.parametrize(("section", "count"), SECTIONS.items())
def test_no_control_is_left_out(section: str, count: int) -> None:
    numbers = {number for row in ROWS for number in row[0].split(", ") if number.startswith(f"{section}.")}
    assert numbers == {f"{section}.{index}" for index in range(1, count + 1)}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_control_is_met_by_a_resource_or_has_a_reason(row: list[str]) -> None:
    _, _, met, reason, resource = row
    assert met in ("yes", "no", "in part", "by hand", "")
    assert reason or (met == "yes" and resource)
