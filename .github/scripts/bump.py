"""Sets a pinned release in Pulumi.yaml or a stack file, so that a pull request can be made of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a version looks like: whatever else was found there does not get into a file, a branch or a title."""


def bump(text: str, key: str, value: str) -> str:
    """The file with the new value; raises ValueError where that is not one plain line."""
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"{value!r} is no version")
    changed, count = re.subn(rf"^( +{re.escape(key)}: )\S+$", rf"\g<1>{value}", text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{count} lines of Pulumi.yaml are {key}: VALUE, not one")
    return changed


if __name__ == "__main__":
    file = Path("Pulumi.yaml")
    before = file.read_text()
    after = bump(before, *sys.argv[1:])
    file.write_text(after)
    print(f"changed={str(after != before).lower()}")
