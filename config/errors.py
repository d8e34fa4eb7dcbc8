"""Configuration errors: all of a run at once, each with file, key path, what was given and the remedy."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pulumi
from pydantic import BaseModel, ValidationError

NOTHING = object()
"""Stands for "no value was given" where None would be a value."""

NO_SECRETS = "remove it: a service names its secrets in services/NAME.yaml, their values stay in AWS"

_ALLOWED = {  # pydantic's kinds of errors in the words of someone who writes YAML
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number",
    "greater_than_equal": "a number of at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing_size": "a number that a computer can count to",
    "int_type": "a whole number",
    "json_invalid": "text of whole characters",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le}",
    "model_attributes_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "string_too_long": "{max_length} or fewer characters",
    "string_too_short": "{min_length} or more characters",
    "string_type": "text",
    "too_long": "{max_length} or fewer entries",
    "too_short": "{min_length} or more entries",
    "tuple_type": "a list",
}


class Words(str):
    """What was found, in words: not a value of the configuration."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with the configuration, in the words of the person who can mend it."""

    file: str
    key: str
    given: object = NOTHING
    allowed: str
    remedy: str

    @property
    def where(self) -> str:
        return f"{self.file}: {self.key}" if self.key else self.file

    @property
    def about(self) -> dict[str, str]:
        """What there is to say of it, the remedy last."""
        given = {} if self.given is NOTHING else {"given": _shown(self.given)}
        return {**given, "allowed": self.allowed, "remedy": self.remedy}

    def __str__(self) -> str:
        lines = [f"  {name + ':':<8} {_indented(text)}" for name, text in self.about.items()]
        return "\n".join([self.where, *lines])


class ConfigError(pulumi.RunError):
    """The configuration is not valid. Pulumi prints a RunError without a traceback."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.key)))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        listed = "\n\n".join(str(problem) for problem in self.problems)
        text = f"{count} in the configuration; nothing was registered\n\n{listed}"
        super().__init__(text.encode(errors="backslashreplace").decode())  # whatever was given, it can be printed


def problems_of(error: ValidationError, *, model: type[BaseModel], file: str, key: str = "") -> list[Problem]:
    """What pydantic found in `file` below `key`, as problems."""
    details = error.errors(include_url=False)
    # A list whose entries are wrong counts as one that is too short as well.
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    return [
        _problem(detail, model=model, file=file, prefix=key)
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in inside
    ]


def did_you_mean(given: object, allowed: Iterable[str], otherwise: str) -> str:
    """A remedy that names the nearest allowed word, where there is one."""
    near = difflib.get_close_matches(given[:100], list(allowed), n=1, cutoff=0.55) if isinstance(given, str) else []
    return f"did you mean {near[0]}?" if near else otherwise


def _problem(detail: Any, *, model: type[BaseModel], file: str, prefix: str) -> Problem:
    location = [part for part in detail["loc"] if part != "[key]"]
    key = _joined(prefix, location)
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        parent = _model_at(model, location[:-1])
        keys = sorted(parent.model_fields) if parent else []
        return Problem(
            file=file,
            key=key,
            given=given,
            allowed=f"these keys: {', '.join(keys)}",
            remedy=did_you_mean(location[-1], keys, "remove the key"),
        )
    name, meaning = _described(model, location)
    if kind == "missing":
        return Problem(file=file, key=key, allowed=meaning or "a value", remedy="add the key")
    if isinstance(given, dict) and given.keys() == {"secure"}:
        return Problem(file=file, key=key, allowed="a plain value", remedy=NO_SECRETS)
    words = _ALLOWED.get(kind)
    allowed = words.format(**context) if words else detail["msg"].removeprefix("Value error, ")
    remedy = f"correct {name}, {meaning}" if meaning else "correct it"
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "")
        remedy = did_you_mean(given, re.findall(r"[^\s,]+", allowed), remedy)
    elif kind in ("dict_type", "model_attributes_type", "model_type") and key.startswith("slipway:"):
        remedy = f"write its keys below it, or set them one by one: pulumi config set --path {key}.KEY VALUE"
    elif "[key]" in detail["loc"]:
        remedy = "rename the key"
    elif kind == "string_type" and isinstance(given, int | float):
        # 4.10 has become 4.1 by now: only the author knows what was meant.
        remedy = "put it in quotes as you mean it; without them YAML reads " + (
            "true or false" if isinstance(given, bool) else "a number"
        )
    return Problem(file=file, key=key, given=given, allowed=allowed, remedy=remedy)


def _joined(prefix: str, location: Sequence[int | str]) -> str:
    key = prefix
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key and not key.endswith(":") else part
    return key


def _described(model: type[BaseModel], location: Sequence[int | str]) -> tuple[str, str]:
    """The innermost key on the way that a model describes, and its description."""
    for end in range(len(location), 0, -1):
        parent, name = _model_at(model, location[: end - 1]), str(location[end - 1])
        if parent and name in parent.model_fields:
            return name, parent.model_fields[name].description or ""
    return "", ""


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
    if isinstance(value, Words):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _indented(text: str) -> str:
    return text.replace("\n", "\n           ")
