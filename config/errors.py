"""Configuration errors: every problem of a run at once, each with its file, key path, what was given and the remedy."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

NOTHING = object()
"""Stands for "no value was given" where None would be a value."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with the configuration, in the words of the person who can mend it."""

    file: str
    key: str
    given: object = NOTHING
    allowed: str
    remedy: str

    def __str__(self) -> str:
        lines = [f"{self.file}: {self.key}" if self.key else self.file]
        if self.given is not NOTHING:
            lines.append(f"  given:   {_shown(self.given)}")
        lines.append(f"  allowed: {_indented(self.allowed)}")
        lines.append(f"  remedy:  {_indented(self.remedy)}")
        return "\n".join(lines)


class ConfigError(pulumi.RunError):
    """The configuration is not valid. Pulumi prints a RunError without a traceback."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.key)))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        listed = "\n\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{count} in the configuration; nothing was registered\n\n{listed}")


def problems_of(error: ValidationError, *, model: type[BaseModel], file: str, key: str = "") -> list[Problem]:
    """What pydantic found in `file` below `key`, as problems."""
    return [
        _problem(detail, model=model, file=file, prefix=key) for detail in error.errors(include_url=False)
    ]


def did_you_mean(given: object, allowed: Iterable[str], otherwise: str) -> str:
    """A remedy that names the nearest allowed word, where there is one."""
    near = difflib.get_close_matches(str(given), list(allowed), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else otherwise


def _problem(detail: Any, *, model: type[BaseModel], file: str, prefix: str) -> Problem:
    location = [part for part in detail["loc"] if part != "[key]"]
    key = _joined(prefix, location)
    given = detail["input"]
    if detail["type"] == "extra_forbidden":
        parent = _model_at(model, location[:-1])
        keys = sorted(parent.model_fields) if parent else []
        return Problem(
            file=file,
            key=key,
            given=given,
            allowed=f"these keys: {', '.join(keys)}",
            remedy=did_you_mean(location[-1], keys, "remove the key"),
        )
    field = _field_at(model, location)
    meaning = field.description if field and field.description else ""
    if detail["type"] == "missing":
        return Problem(file=file, key=key, allowed=meaning or "a value", remedy="add the key")
    allowed = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    remedy = f"give {meaning}" if meaning else "correct the value"
    if detail["type"] == "string_type" and isinstance(given, int | float):
        remedy = f'quote it, so that YAML reads text: "{given}"'
    return Problem(file=file, key=key, given=given, allowed=allowed, remedy=remedy)


def _joined(prefix: str, location: Sequence[int | str]) -> str:
    key = prefix
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key and not key.endswith(":") else part
    return key


def _field_at(model: type[BaseModel], location: Sequence[int | str]) -> FieldInfo | None:
    parent, name = None, None
    for end in range(len(location), 0, -1):
        parent, name = _model_at(model, location[: end - 1]), location[end - 1]
        if parent and name in parent.model_fields:
            return parent.model_fields[str(name)]
    return None


def _model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    here: Any = model
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            if field is None:
                return None
            here = _plain(field.annotation)
        elif get_origin(here) is dict:
            here = _plain(get_args(here)[1])
        elif get_origin(here) in (tuple, list):
            here = _plain(get_args(here)[0])
        else:
            return None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _plain(annotation: Any) -> Any:
    """The annotation without Annotated[...] and None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _plain(next(argument for argument in get_args(annotation) if argument is not type(None)))
    return annotation


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = json.dumps(text) if isinstance(value, str) else text
    return text if len(text) <= 120 else f"{text[:117]}..."


def _indented(text: str) -> str:
    return text.replace("\n", "\n           ")
