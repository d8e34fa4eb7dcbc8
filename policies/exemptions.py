"""The exceptions to the rules, which stand in the open: policies/exceptions.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from policies.rules import RULES
from slipway.plan import Resource

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
    try:
        return TypeAdapter(tuple[Exemption, ...]).validate_python(yaml.safe_load(path.read_text()) or ())
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"policies/{path.name}: {error}") from error


def reason_for(exemptions: Sequence[Exemption], rule: str, stack: str, resource: Resource) -> str | None:
    """Why the rule does not hold here, if it does not."""
    return next((each.reason for each in exemptions if each.covers(rule, stack, resource)), None)
