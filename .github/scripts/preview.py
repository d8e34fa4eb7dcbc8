"""Sums up a preview from the engine's event log: preview.py STACK EVENTS MARKDOWN.

Writes the Markdown that people read (which resources, which of their properties, no values) and prints step outputs:
`changes`, their number, and `digest`, which is the same for two previews that would do the same.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# In the order in which a reviewer wants to know of them. The engine's other steps belong to one of these, or are none.
_DONE = {"delete": "deleted", "replace": "replaced", "update": "updated", "import": "imported", "create": "created"}
_MOST = 50_000
"""Characters. GitHub takes 65,536 in a comment or an issue; what the poster adds needs little."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What would be done to one resource. `inputs`: as they would be sent, secrets masked by the engine."""

    op: str
    urn: str
    properties: tuple[str, ...]
    inputs: Mapping[str, Any]

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3]

    def line(self) -> str:
        """`orders-task` TaskDefinition: containerDefinitions"""
        changed = ", ".join(f"`{_code(each)}`" for each in self.properties)
        return f"- `{_code(self.name)}` {self.type.rpartition(':')[2]}{f': {changed}' if changed else ''}"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview as a whole; `errors` are why it failed, `violations` the policies it broke."""

    changes: tuple[Change, ...]
    errors: tuple[str, ...]
    violations: tuple[str, ...]
    finished: bool

    @property
    def digest(self) -> str:
        steps = sorted(
            json.dumps([each.op, each.urn, each.properties, each.inputs], sort_keys=True) for each in self.changes
        )
        return hashlib.sha256("\n".join(steps).encode()).hexdigest()


def read(log: str) -> Preview:
    """Reads what `pulumi preview --event-log` wrote: one event a line."""
    changes: list[Change] = []
    errors: list[str] = []
    violations: list[str] = []
    finished = False
    for event in map(json.loads, log.splitlines()):
        if metadata := event.get("resourcePreEvent", {}).get("metadata"):
            if change := _change(metadata):
                changes.append(change)
        elif diagnostic := event.get("diagnosticEvent"):
            if diagnostic["severity"] == "error":
                errors.append(diagnostic["message"].strip())
        elif policy := event.get("policyEvent"):
            name = policy.get("resourceUrn", "").rpartition("::")[2]
            violations.append(f"{policy['policyName']}: {name}\n{policy['message'].strip()}")
        elif summary := event.get("summaryEvent"):
            finished = summary.get("result", "succeeded") == "succeeded"
    order = [*_DONE]
    changes.sort(key=lambda each: (order.index(each.op), each.name, each.type))
    return Preview(changes=tuple(changes), errors=tuple(errors), violations=tuple(violations), finished=finished)


def _change(metadata: Mapping[str, Any]) -> Change | None:
    if metadata["op"] not in _DONE:
        return None
    changed = sorted({*(metadata.get("detailedDiff") or {}), *(metadata.get("diffs") or [])})
    # `preview` and `deploy` enter the account by different roles, which the provider has among its inputs.
    if metadata["type"].startswith("pulumi:providers:") and metadata["op"] == "update" and changed == ["assumeRoles"]:
        return None
    inputs = dict((metadata.get("new") or {}).get("inputs") or {})
    # Names that the provider makes up are others in each preview.
    made_up = inputs.pop("__defaults", [])
    inputs = {name: value for name, value in inputs.items() if name not in made_up}
    return Change(op=metadata["op"], urn=metadata["urn"], properties=tuple(changed), inputs=inputs)


def markdown(stack: str, preview: Preview) -> str:
    """What a reviewer reads. The first line says it all, and nothing that is deleted or replaced is cut."""
    counts = [
        f"{sum(change.op == op for change in preview.changes)} {done}"
        for op, done in _DONE.items()
        if any(change.op == op for change in preview.changes)
    ]
    said = ", ".join(counts) or "no changes"
    if not preview.finished:
        said = "failed"
    parts = [f"### `pulumi preview` of {stack}: {said}"]
    if preview.violations:
        parts.append(f"**{len(preview.violations)} violations of policies**\n\n" + _block(preview.violations))
    if not preview.finished:
        parts.append(_block(preview.errors or ["It ended before the engine said how; the job's log has the reason."]))
    for op, done in _DONE.items():
        lines = [change.line() for change in preview.changes if change.op == op]
        if lines:
            shown = " open" if op in ("delete", "replace") else ""
            parts.append(
                f"<details{shown}><summary>{len(lines)} {done}</summary>\n\n{_cut(lines, parts)}\n\n</details>"
            )
    return "\n\n".join(parts) + "\n"


def _block(texts: Iterable[str]) -> str:
    text = "\n\n".join(texts)[: _MOST // 4]
    fence = "`" * max(3, *(len(run) + 1 for run in _backticks(text)))
    return f"{fence}\n{text}\n{fence}"


def _backticks(text: str) -> list[str]:
    return ["", *"".join(each if each == "`" else " " for each in text).split()]


def _cut(lines: list[str], before: list[str]) -> str:
    room = _MOST - sum(map(len, before))
    kept: list[str] = []
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, f"- and {len(lines) - number} more, which the job's log lists"])
        kept.append(line)
    return "\n".join(kept)


def _code(text: str) -> str:
    return text.replace("`", "'").replace("\n", " ")


def main() -> None:
    stack, events, target = sys.argv[1:]
    log = Path(events)
    preview = read(log.read_text() if log.exists() else "")
    Path(target).write_text(markdown(stack, preview))
    print(f"changes={len(preview.changes)}")
    print(f"digest={preview.digest}")


if __name__ == "__main__":
    main()
