"""Reading YAML files so that every mistake in them is a problem and none a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config.errors import Problem


class _UniqueKeyLoader(yaml.CSafeLoader):
    """YAML lets a mapping name a key twice and keeps the last; here that is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here a second time", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path, *, file: str) -> dict[str, Any] | Problem:
    """The mapping in a YAML file, or what is wrong with the file."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 (a safe loader)
    except OSError as error:
        return Problem(
            file=file, key="", allowed="a readable file", given=error.strerror, remedy="check path and rights"
        )
    except UnicodeDecodeError as error:
        return Problem(
            file=file, key="", allowed="UTF-8 text", given=error.reason, remedy="save the file as UTF-8"
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return Problem(
            file=file, key="", given=f"{line}{error.problem}", allowed="valid YAML", remedy="correct the line"
        )
    except (yaml.YAMLError, ValueError) as error:
        return Problem(file=file, key="", given=str(error), allowed="valid YAML", remedy="correct the file")
    if not isinstance(content, dict):
        return Problem(
            file=file, key="", given=content, allowed="a mapping of keys", remedy="write KEY: VALUE lines"
        )
    return content
