"""The exceptions to the rules, which stand in the open: policies/exceptions.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.errors import problems_of
from plan.model import Resource
from policies.rules import RULES

FILE = Path(__file__).parent / "exceptions.yaml"


class Exemption(BaseModel):
    """One rule that does not hold for one resource."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str = Field(min_length=1)
    """The resource's logical name."""
    stack: Literal["ops", "dev", "stage", "prod"] | None = None
    """Every stack if none is named."""
    reason: str = Field(min_length=20)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.rule not in {rule.name for rule in RULES}:
            raise ValueError(f"there is no rule {self.rule}")
        return self

    def covers(self, rule: str, stack: str, resource: Resource) -> bool:
        """Whether this is the exception to a finding."""
        return (self.rule, self.resource) == (rule, resource.name) and self.stack in (None, stack)


def load(path: Path = FILE) -> tuple[Exemption, ...]:
    """Reads the file; raises ValueError, which names what is wrong in it."""
    file = f"policies/{path.name}"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except OSError as error:
        raise ValueError(f"{file}: cannot be read: {error.strerror}. Restore it from git.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: {error}. Correct the YAML.") from None
    if not isinstance(entries, list):
        raise ValueError(f"{file}: must be a list of exceptions, each with rule, resource and reason.")
    found, problems = [], []
    for number, entry in enumerate(entries):
        try:
            found.append(Exemption.model_validate(entry))
        except ValidationError as error:
            problems += problems_of(error, model=Exemption, file=file, key=f"[{number}]")
    if problems:
        raise ValueError("\n\n".join(map(str, problems)))
    return tuple(found)


def reason_for(exemptions: Sequence[Exemption], rule: str, stack: str, resource: Resource) -> str | None:
    """Why the rule does not hold here, if it does not."""
    return next((each.reason for each in exemptions if each.covers(rule, stack, resource)), None)
