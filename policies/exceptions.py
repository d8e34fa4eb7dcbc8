"""The company's exceptions to the rules, which stand in the open: policies/exceptions.yaml of the project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import ConfigError, Problem, did_you_mean, problems_of
from config.files import read
from plan.model import Resource
from policies.rule import Rule
from policies.rules import RULES

FILE = "policies/exceptions.yaml"


class PolicyException(BaseModel):
    """One rule that does not hold for one resource."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str = Field(min_length=1)
    """The resource's logical name."""
    stack: str | None = None
    """Every stack if none is named."""
    reason: str = Field(min_length=20)

    def covers(self, rule: str, stack: str, resource: Resource) -> bool:
        return (self.rule, self.resource) == (rule, resource.name) and self.stack in (None, stack)


def load(root: Path) -> tuple[PolicyException, ...]:
    """Those of the project in `root`, which need not have the file; raises ConfigError."""
    if not (root / FILE).exists():
        return ()
    entries = read(root / FILE, file=FILE)
    if isinstance(entries, Problem):
        raise ConfigError([entries])
    if entries is not None and not isinstance(entries, list):
        allowed = "a list of exceptions, each with rule, resource and reason"
        raise ConfigError([Problem(file=FILE, key="", given=entries, allowed=allowed, remedy="write it as a list")])
    stacks = [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in root.glob("Pulumi.*.yaml")]
    known = {"rule": [rule.name for rule in RULES], "stack": sorted(stacks)}
    found: list[PolicyException] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries or ()):
        try:
            each = PolicyException.model_validate(entry)
        except ValidationError as error:
            problems += problems_of(error, model=PolicyException, file=FILE, key=f"[{number}]")
            continue
        found.append(each)
        for key, names in known.items():
            if (given := getattr(each, key)) is not None and given not in names:
                remedy = did_you_mean(given, names, "correct it, or remove the exception")
                key, allowed = f"[{number}].{key}", f"one of {', '.join(names)}"
                problems.append(Problem(file=FILE, key=key, given=given, allowed=allowed, remedy=remedy))
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def reason_for(exceptions: Sequence[PolicyException], rule: Rule, stack: str, resource: Resource) -> str | None:
    """Why the rule does not hold here, if it does not: as the rule says itself, or the company."""
    own = rule.exceptions.get(resource.urn.split("::", 2)[2])
    return own or next((each.reason for each in exceptions if each.covers(rule.name, stack, resource)), None)
