"""Copies of the repository, in which mutants are tried: the repository itself never changes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Without the site module, so that the editable install does not put the repository itself on the path.
_PYTHON = (sys.executable, "-S", "-m")
_LIMITED = ("sh", "-c", 'ulimit -t "$0" && exec "$@"')
_PYTEST = ("pytest", "--quiet", "--no-header", "--tb=line", "-p", "no:cacheprovider", "--hypothesis-seed=1")


def snapshot(into: Path) -> None:
    """The repository's files as they are now: what is done to these later does not matter."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file():
            _copy(ROOT / name, into / name)


class WorkCopy:
    """A copy to change; several may be used at the same time."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.folder = folder
        self._files = [(file, folder / file.relative_to(original)) for file in original.rglob("*") if file.is_file()]
        self.restore()

    def restore(self) -> None:
        """Copies every file again that is not as in the original, whoever changed it."""
        for source, copy in self._files:
            if _state(source) != _state(copy):
                _copy(source, copy)

    def pytest(self, *args: str, below: Sequence[str] = (), cpu_seconds: int = 3600) -> tuple[int, str]:
        """The exit code, and what pytest said; `below` are modules that run it.

        No process of it may take longer than that; one that only waits is given ten times as long.
        """
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [*_LIMITED, str(cpu_seconds), *_PYTHON, *below, *_PYTEST, *args],
                cwd=self.folder,
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10 * cpu_seconds)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started ends with it
            output.seek(0)
            return process.wait(), output.read()

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder), sysconfig.get_path("purelib")])
        without = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
        return {name: value for name, value in os.environ.items() if name not in without} | {"PYTHONPATH": path}


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, to)


def _state(file: Path) -> tuple[int, float] | None:
    with contextlib.suppress(FileNotFoundError):
        stat = file.stat()
        return stat.st_size, stat.st_mtime
    return None
