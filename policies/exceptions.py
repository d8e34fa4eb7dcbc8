"""The exceptions, which stand in the open: policies/exceptions.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from policies.rule import Rule
from policies.rules import RULES
from slipway.plan import Resource

FILE = Path(__file__).parent / "exceptions.yaml"
_NAMES = tuple(rule.name for rule in RULES)


class Exception_(BaseModel):  # noqa: N801
    """One rule does not hold for one resource."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rule: str
    resource: str = Field(min_length=1)
    """The resource's logical name."""
    type: str = Field(min_length=1)
    stack: Literal["ops", "dev", "stage", "prod"] | None = None
    """Every stack if none is named."""
    reason: str = Field(min_length=20)
