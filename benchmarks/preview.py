"""The real preview: the engine runs the program on a stack that is up, and nothing has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.workspace import Workspace
from tests.projects import complete_project


@contextmanager
def unchanged(stack: str, folder: Path) -> Iterator[list[str]]:
    """Brings the stack up in the new `folder`, on the tests' cloud; gives the command that previews it."""
    folder.mkdir()
    workspace = Workspace(complete_project(), folder)
    try:
        workspace.init(stack)
        workspace.up(stack).ok()
        environment = [f"{name}={value}" for name, value in workspace.env.items()]
        yield ["env", "-C", str(workspace.project), *environment, *workspace.command("preview", "--stack", stack)]
    finally:
        workspace.close()
