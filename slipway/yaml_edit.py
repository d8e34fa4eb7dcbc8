"""A YAML file changed in places: what is not changed stays as it is to the byte, comments, order and quotes included.

Writing a document anew loses how it was written: the round trip of ruamel.yaml, the best of those that keep comments,
gives back none of the committed stack files, because it knows no blanks inside braces. So PyYAML's parser is asked
where a value stands, and only the text there is replaced. What comes out is read again, and compared with what was
meant: an alias, or whatever else makes one text stand in two places, is refused and never changed by accident.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from plan.project import ProjectError

Value = str | int | Mapping[str, Any]
"""What can be written: a scalar, or a mapping in braces on one line."""

# Text that YAML 1.1 and 1.2 alike read as itself, inside braces too.
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z][a-z0-9/_.-]*", re.IGNORECASE)
# Likewise, such as 7.72.1: but it looks like a number, so it is left without quotes only where it has none.
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+){2}[a-z0-9.-]*", re.IGNORECASE)


class EditError(ProjectError):
    """A change that cannot be made in place. The message is complete."""


class Quoted(str):
    """Text that is quoted although it need not be: of two versions one may read as a number."""


class YamlFile:
    """The text of one file. Paths are keys from the top down."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    def value(self, path: Sequence[str]) -> Any:
        """What the file says at a path; None where it says nothing."""
        found = self._data()
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def spread(self, path: Sequence[str]) -> bool:
        """Whether a value stands on more than one line, where comments may stand beside its parts."""
        _, value = self._entry(path)
        return bool("\n" in self.text[value.start_mark.index : self._end(value)].rstrip())

    def set(self, path: Sequence[str], value: Value) -> None:
        """Give a present key another value. A mapping of the same keys keeps the form that it has."""
        _, node = self._entry(path)
        known = self.value(path)
        if isinstance(value, Mapping) and isinstance(known, dict) and known.keys() == value.keys():
            for key, part in value.items():
                self.set((*path, key), part)
            return
        expected = self._data()
        _at(expected, path[:-1])[path[-1]] = _copied(value)
        style = node.style if isinstance(node, yaml.ScalarNode) else None
        as_it_is = isinstance(known, str) and not style and isinstance(value, str) and _DOTTED.fullmatch(value)
        text = str(value) if as_it_is and not isinstance(value, Quoted) else _written(value, style)
        self._replace(node.start_mark.index, node.end_mark.index, text, expected)

    def add(self, path: Sequence[str], key: str, value: Value) -> None:
        """Add a key to a mapping: at its place where the keys are sorted, else at the end."""
        expected = self._data()
        mapping = _at(expected, path)
        if not isinstance(mapping, dict) or key in mapping:
            raise self._refusal(path, f"is no mapping that {key} can be added to")
        # A mapping keeps its order, and a comparison does not look at it.
        mapping[key] = _copied(value)
        entry = f"{_written(key)}: {_written(value)}"
        above, node = self._entry(path)
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        newline = "\r\n" if "\r\n" in self.text else "\n"
        if not pairs:  # `{}`: the first entry makes it a block
            start = self.text.index(":", above.end_mark.index) + 1
            indent = " " * (above.start_mark.column + 2)
            self._replace(start, node.end_mark.index, f"{newline}{indent}{entry}", expected)
        elif node.flow_style:
            end = self._end(pairs[-1][1])
            self._replace(end, end, f", {entry}", expected)
        else:
            before = [pair for pair in pairs if pair[0].value < key]
            ordered = [pair[0].value for pair in pairs] == sorted(pair[0].value for pair in pairs)
            # Comments above an entry belong to it, so the new one goes behind the entry before.
            last, value_node = (before[-1] if before else (above, above)) if ordered else pairs[-1]
            line_end = self.text.find("\n", max(last.end_mark.index, self._end(value_node)))
            line = " " * pairs[0][0].start_mark.column + entry
            if line_end < 0:
                self._replace(len(self.text), len(self.text), f"{newline}{line}", expected)
            else:
                self._replace(line_end + 1, line_end + 1, f"{line}{newline}", expected)

    def rename(self, path: Sequence[str], key: str) -> None:
        """Give a key another name, at the place where it stands."""
        expected = self._data()
        mapping = _at(expected, path[:-1])
        if key in mapping:
            raise self._refusal(path[:-1], f"has {key} already")
        mapping[key] = mapping.pop(path[-1])
        node, _ = self._entry(path)
        self._replace(node.start_mark.index, node.end_mark.index, _written(key, node.style), expected)

    def _data(self) -> Any:
        return _copied(self._read(yaml.load))

    def _read(self, how: Callable[[str, Any], Any]) -> Any:
        try:
            return how(self.text, yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise EditError(f"{self.file}:{line}: {error.problem}. Correct the YAML on or above this line.") from None
        except yaml.YAMLError as error:
            raise EditError(f"{self.file}: {error}. Correct the YAML.") from None

    def _entry(self, path: Sequence[str]) -> tuple[yaml.ScalarNode, Any]:
        """The nodes of a key and its value, where they are written there and not elsewhere."""
        node = self._read(yaml.compose)
        found: tuple[Any, Any] | None = None
        for key in path:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next((pair for pair in pairs if pair[0].value == key), None)
            if found is None or found[1].start_mark.index < found[0].end_mark.index:
                raise self._refusal(path, "is not written out there: it comes from an alias or a merge key")
            node = found[1]
        if found is None:
            raise self._refusal(path, "is the whole file")
        return found

    def _end(self, node: Any) -> int:
        """Where the text of a node ends. A block's own mark stands behind the blanks and comments that follow it."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(self._end(part) for part in (last if isinstance(last, tuple) else (last,)))
        start = node.start_mark.index
        return int(start + len(self.text[start : node.end_mark.index].rstrip()))

    def _replace(self, start: int, end: int, text: str, expected: Any) -> None:
        changed = YamlFile(self.file, self.text[:start] + text + self.text[end:])
        try:
            right = changed._data() == expected
        except EditError:
            right = False
        if not right:
            line = self.text.count("\n", 0, start) + 1
            raise EditError(
                f"{self.file}:{line}: cannot be changed without changing something else; nothing was written."
                " Change it by hand, or write out what is an alias, a merge key or a block of text there."
            )
        self.text = changed.text

    def _refusal(self, path: Sequence[str], why: str) -> EditError:
        return EditError(f"{self.file}: {'.'.join(path)} {why}. Write it out, or change it by hand.")


def _at(data: Any, path: Sequence[str]) -> Any:
    for key in path:
        data = data[key]
    return data


def _copied(data: Any) -> Any:
    """Every alias as a copy of its own, so that changing one does not change what another should be."""
    if isinstance(data, Mapping):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list) else data


def _written(value: Value, style: str | None = None) -> str:
    """The text of a value; text in the style that the parser gave for what stood there."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_written(key)}: {_written(part)}" for key, part in value.items()) + " }"
    if isinstance(value, int):
        return str(value)
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if not style and not isinstance(value, Quoted) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
