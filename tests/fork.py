"""What a fork has: this repository with another company's files in the place of its own, and `make test` in it.

Ends with the code of `make test` there, or with 1 if the tests are not as many as here.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.projects import OTHER_COMPANY, ROOT, copy_repository, git


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="slipway-fork-") as folder:
        fork = Path(folder).resolve() / "fork"
        copy_repository(fork, OTHER_COMPANY)
        git(fork, "init", "--quiet")  # what checks workflows looks for the repository's folder
        _share_packages(fork / ".venv")
        there, here = _tests(fork), _tests(ROOT)
        code = subprocess.run(
            ["make", "--no-print-directory", "test", f"ARGS={shlex.join(sys.argv[1:])}"], cwd=fork
        ).returncode
    print(f"{there} tests in a fork of another company, {here} here; make test there ended with {code}")
    return code or int(there != here)


def _share_packages(own: Path) -> None:
    """A virtual environment that has what is installed in this one, but the fork in the place of this repository."""
    shared = Path(sys.prefix)
    venv.create(own, symlinks=True)
    (packages,) = own.glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text(f"{own.parent}\n{shared / packages.relative_to(own)}\n")
    for tool in (shared / "bin").iterdir():
        target = own / "bin" / tool.name
        if target.exists():
            continue
        if tool.read_bytes().startswith(b"#!"):
            target.write_bytes(tool.read_bytes().replace(bytes(shared), bytes(own)))
            target.chmod(0o755)
        else:
            target.symlink_to(tool)
    (own / ".ready").touch()


def _tests(root: Path) -> int:
    command = [root / ".venv/bin/pytest", "--collect-only", "-q"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    found = re.search(r"^(\d+) tests collected", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return int(found[1])


if __name__ == "__main__":
    sys.exit(main())
