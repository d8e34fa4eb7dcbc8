"""Whose file is whose: a company's, which say who it is and what it runs, and the platform's, which is all else.

Only the standard library: CI asks it before anything is set up, by `python3 -I config/company.py < CHANGED_PATHS`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

COMPANY = ("Pulumi.yaml", "Pulumi.*.yaml", "services/*", "extensions/*", "policies/exceptions.yaml")
"""The company's files, from the project's root; `*` is anything, a folder's whole content included."""


def is_companys(path: str) -> bool:
    """Whether a path, from the project's root and with `/`, is of a file of the company's."""
    return any(fnmatchcase(path, pattern) for pattern in COMPANY)


def files(root: Path) -> list[str]:
    """The paths of the company's files that are there, sorted."""
    there = {path for pattern in COMPANY for path in root.glob(pattern.replace("/*", "/**/*")) if path.is_file()}
    return sorted(path.relative_to(root).as_posix() for path in there)


def platforms(paths: Iterable[str]) -> list[str]:
    """Of some paths those of the platform's files."""
    return [path for path in paths if not is_companys(path)]


if __name__ == "__main__":
    # The output of a step; a job's log says why. A pull request gives its files their names.
    changed = platforms(sys.stdin.read().splitlines())
    print(*changed, sep="\n", file=sys.stderr)
    print(f"platform={str(bool(changed)).lower()}")
