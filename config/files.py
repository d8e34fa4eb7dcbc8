"""Reading YAML files so that every mistake in them is a problem and none a traceback."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config.errors import Problem, Words

_DEEPEST = 50
_ALLOWED = "valid YAML"
_CORRECT_LINE = "correct that line"


class _Loader(yaml.CSafeLoader):
    """What JSON can say, as YAML 1.2 reads it: `yes`, `12:30` and `2026-01-31` are text; so is every key.

    YAML lets a mapping name a key twice and keeps the last; here that is a mistake.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str" or not isinstance(key, yaml.ScalarNode):
                raise _mistake(key, f"the key {getattr(key, 'value', '')!r} is not text; put it in quotes")
            if key.value in seen:
                raise _mistake(key, f"the key {key.value!r} stands here a second time")
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        construct = self.construct_yaml_int if node.tag.endswith(":int") else self.construct_yaml_float
        try:
            number: int | float = construct(node)
            if math.isfinite(number):
                return number
        except (ValueError, OverflowError):
            pass
        shown = node.value if len(node.value) <= 20 else f"{node.value[:17]}..."
        raise _mistake(node, f"{shown} is no number that can be used", allowed="a number that a computer can count to")

    def refuse(self, node: yaml.Node) -> Any:
        raise _mistake(node, f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} is not allowed")


class _Mistake(yaml.MarkedYAMLError):
    """What is right YAML, and yet not allowed."""

    def __init__(self, at: yaml.Node | yaml.Event, problem: str, allowed: str, remedy: str) -> None:
        mark: Any = at.start_mark  # of the C parser or of Python's: they look alike
        super().__init__(problem=problem, problem_mark=mark)
        self.allowed = allowed
        self.remedy = remedy


def _mistake(
    at: yaml.Node | yaml.Event, problem: str, *, allowed: str = _ALLOWED, remedy: str = _CORRECT_LINE
) -> _Mistake:
    return _Mistake(at, problem, allowed, remedy)


class _PulumiLoader(_Loader):
    """Refuses what go-yaml v3, by which Pulumi reads its files, takes for a number or a date, and _Loader for text."""

    def refuse_number(self, node: yaml.ScalarNode) -> Any:
        shown = node.value if len(node.value) <= 20 else f"{node.value[:17]}..."
        raise _mistake(
            node,
            f"{shown} is a number or a date to Pulumi",
            allowed="text in quotes, or a number of decimal digits",
            remedy="put it in quotes",
        )


def _refuse_deep_nesting(text: str) -> None:
    """The loader recurses on the C stack, so that a file nested some ten thousand times would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _mistake(event, f"nested more than {_DEEPEST} times")


_constructors: Any = {
    tag: yaml.SafeLoader.yaml_constructors[tag]
    for tag in (f"tag:yaml.org,2002:{name}" for name in ("bool", "map", "null", "seq", "str"))
}
_numbers = {f"tag:yaml.org,2002:{name}": _Loader.construct_number for name in ("float", "int")}
_Loader.yaml_constructors = _constructors | _numbers | {None: _Loader.refuse}  # None: every other tag
_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (  # https://yaml.org/spec/1.2.2/#1032-tag-resolution
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first)
_PulumiLoader.add_implicit_resolver(  # https://github.com/go-yaml/yaml/blob/v3/resolve.go, after what both read alike
    "!pulumi",
    re.compile(
        r"""(?x)^(?:
        [-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+)
        |[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?
        |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
        |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\ ].*)?
        )$"""
    ),
    list("-+.0123456789"),
)
_PulumiLoader.add_constructor("!pulumi", _PulumiLoader.refuse_number)


class Folder:
    """A project's files, some of which stand in memory: a text for a name, or None for one that is not there."""

    def __init__(self, root: Path, texts: Mapping[str, str | None]) -> None:
        self._root = root
        self._texts = texts

    def has(self, name: str) -> bool:
        return self._texts[name] is not None if name in self._texts else (self._root / name).exists()

    def mapping(self, name: str, *, of_pulumi: bool = False) -> dict[str, Any] | Problem:
        """As `read_mapping`."""
        text = self._texts.get(name)
        return read_mapping(self._root / name if text is None else text, file=name, of_pulumi=of_pulumi)

    def files(self, folder: str) -> list[str]:
        """The names of a folder's entries, sorted; raises OSError."""
        own = {name.partition("/")[2]: text for name, text in self._texts.items() if name.startswith(f"{folder}/")}
        try:
            there = {path.name for path in (self._root / folder).iterdir()}
        except FileNotFoundError:
            if not own:
                raise
            there = set()
        return sorted((there | own.keys()) - {name for name, text in own.items() if text is None})

    def stacks(self) -> list[str]:
        """The stacks that have a file, sorted."""
        names = (path.name.removeprefix("Pulumi.") for path in self._root.glob("Pulumi.*.yaml") if path.is_file())
        return sorted(name.removesuffix(".yaml") for name in names)


def read_mapping(source: Path | str, *, file: str, of_pulumi: bool = False) -> dict[str, Any] | Problem:
    """The mapping in a YAML file; or what is wrong with the file."""
    content = read(source, file=file, of_pulumi=of_pulumi)
    if isinstance(content, (dict, Problem)):
        return content
    return Problem(
        file=file,
        key="",
        given=content,
        allowed="a mapping of keys",
        remedy="write KEY: VALUE lines" if content is not None else "write the file; it is empty",
    )


def read(source: Path | str, *, file: str, of_pulumi: bool = False) -> Any:
    """What a YAML file, or its text, says, of nothing but what JSON can say; or the Problem with the file.

    A file that is `of_pulumi` says what Pulumi reads in it as well.
    """
    try:
        text = source if isinstance(source, str) else source.read_text(encoding="utf-8-sig")
        _refuse_deep_nesting(text)
        content: Any = yaml.load(text, Loader=_PulumiLoader if of_pulumi else _Loader)  # safe loaders
        # What holds itself and half a character are no JSON.
        json.dumps(content, ensure_ascii=False).encode()
    except OSError as error:
        return Problem(
            file=file,
            key="",
            given=Words(error.strerror),
            allowed="a readable file",
            remedy="check its path and rights",
        )
    except UnicodeDecodeError as error:
        return Problem(
            file=file,
            key="",
            given=Words(f"byte {error.start}: {error.reason}"),
            allowed="UTF-8 text",
            remedy="save it as UTF-8",
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return Problem(
            file=file,
            key="",
            given=Words(f"{line}{error.problem}"),
            allowed=error.allowed if isinstance(error, _Mistake) else _ALLOWED,
            remedy=error.remedy if isinstance(error, _Mistake) else _CORRECT_LINE,
        )
    except (yaml.YAMLError, ValueError, LookupError, RecursionError) as error:
        return Problem(file=file, key="", given=Words(error), allowed=_ALLOWED, remedy="correct the file")
    return content
