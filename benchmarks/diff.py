"""A repository with a change of one service, and the command that compares it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.projects import complete_project


def changed_service(folder: Path) -> list[str]:
    """Makes the new `folder` a repository of a company's project in which one service differs from HEAD in every stack.

    Returns the command that compares the two. The plans of HEAD are kept from its first run on; those of the files,
    which are no commit's, never are.
    """
    shutil.copytree(complete_project(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@acme.example"]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "base"]):
        subprocess.run([*git, *arguments], check=True)
    service = folder / "services/orders.yaml"
    service.write_text(f"{service.read_text(encoding='utf-8')}drain_seconds: 77\n", encoding="utf-8")
    return [sys.executable, "-m", "slipway", "diff", "HEAD", "--format", "markdown", "--root", str(folder)]


def forget_plans(folder: Path) -> None:
    """As in a fresh clone."""
    shutil.rmtree(folder / ".git/slipway-cache", ignore_errors=True)
