"""Runs one stack's program, unchanged, in this process, which is the program's own and ends with it.

It does what Pulumi's language host does (`pulumi-language-python-exec`): sets configuration and settings, runs the
project folder's `__main__.py` inside a stack, and waits for every registration; only that the monitor is `Recorder`.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import importlib
import os
import re
import runpy
import selectors
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation, run_in_stack, set_all_config, settings
from pulumi.runtime.sync_await import _sync_await

from plan import lazy_sdk, shortcuts
from plan.model import Failure, Plan
from plan.project import Project, StackConfig
from plan.recording import Callbacks, Recorder, Refused, resolve

# Most of a plan's time would be the import of classes that no program names.
for _package in ("pulumi_aws", "pulumi_datadog"):
    lazy_sdk.install(_package)
for _module in ("pulumi_aws", "pulumi_datadog", "pydantic.main", "pydantic.types"):
    importlib.import_module(_module)

# What a shell may hold and the SDKs read where the program sets nothing: credentials, regions, stray configuration.
# A plan is the same on every machine, so none of it reaches the program.
_AMBIENT = ("AWS_", "DATADOG_", "DD_", "PULUMI_")

_SETTINGS: Any = settings.SETTINGS  # its attributes are context variables, which type checkers take for methods

# How a program names a class of an SDK, and the folders of its code that does.
_NAMED = re.compile(r"\b(aws|datadog)\.((?:[a-z]\w*\.)?[A-Z]\w*)")
_DECLARING = ("components", "stacks")

_HOME = Path(__file__).resolve().parents[1]
"""The project that this command is part of."""


def import_named(root: Path) -> None:
    """Imports the classes of the SDKs that a project's code names; what is missed here loads where it is used.

    Several stacks save half a second each when they have them before they fork. Nothing is an error here: a name may
    be a word in a text, and what the program does need fails there, and says where.
    """
    named: set[tuple[str, str]] = set()
    for file in (file for folder in _DECLARING for file in (root / folder).glob("**/*.py")):
        with suppress(OSError):
            named.update(_NAMED.findall(file.read_text(encoding="utf-8", errors="replace")))
    for package, name in sorted(named):
        for class_name in (name, f"{name}Args"):
            with suppress(Exception):
                resolve(attrgetter(class_name)(sys.modules[f"pulumi_{package}"]))


def run(project: Project, stack: str, config: StackConfig) -> Plan | Failure:
    """Evaluates the program. Changes this process for good: folder, environment, modules, standard output."""
    try:
        return contextvars.Context().run(_run, project, stack, config)
    except pulumi.RunError as error:  # a program's own way to say what is wrong: the message is complete
        return Failure(stack=stack, message=str(error), exit_code=1, traceback=traceback.format_exc())
    except BaseException as error:  # also SystemExit: the parent reports whatever ended the program
        place = _place(error, project.root)
        message = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}".rstrip(": ")
        return Failure(
            stack=stack,
            message=f"stack {stack}: the program failed{f' at {place}' if place else ''}: {message}",
            exit_code=2,
            traceback=traceback.format_exc(),
        )


def _run(project: Project, stack: str, config: StackConfig) -> Plan:
    for name in [name for name in os.environ if name.startswith(_AMBIENT)]:
        del os.environ[name]
    # An Output inside an f-string is a mistake that would otherwise become a sentence in some property.
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    sys.stdout = sys.stderr  # what a program prints is not part of its plan
    sys.argv = [str(project.root)]
    os.chdir(project.root)
    _forget_modules_of(project.root)
    recorder = Recorder(project.name, stack, config.values)
    set_all_config(dict(config.values), list(config.secret_keys))
    settings.configure(
        settings.Settings(
            project=project.name,
            stack=stack,
            organization="organization",
            root_directory=str(project.root),
            monitor=recorder,
            dry_run=False,  # every output has a value here, if only a reference, so every `apply` runs
        )
    )
    _SETTINGS.callbacks = Callbacks()
    shortcuts.take()
    loop = _Loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run_in_stack(lambda: _main(project.root)))
    return recorder.plan()


async def _main(root: Path) -> None:
    register_stack_transformation(_RegisterInBetween())
    runpy.run_path(str(root), run_name="__main__")


class _RegisterInBetween:
    """Keeps the memory of a large program in bounds: lets what it declared so far be registered now and then.

    A registration waits until the program yields, usually at its end, and holds some 80 KiB until then, a tenth of it
    afterwards. To the program it is as if it looked something up. The collector, which costs a small plan a third of
    its time, is off but for these moments.
    """

    every = 1000  # resources
    turns = 256  # of the event loop: more than any chain of outputs needs

    def __init__(self) -> None:
        gc.disable()
        self._declared = 0
        self._body = asyncio.current_task()

    def __call__(self, args: pulumi.ResourceTransformationArgs) -> None:
        self._declared += 1
        if self._declared % self.every == 0 and asyncio.current_task() is self._body:
            _sync_await(self._turn())
            gc.collect(0)

    async def _turn(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)


class _Selector(selectors.DefaultSelector):
    """Ends a program that waits for ever: nothing here comes from outside, so nothing to do means a circle."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None and len(self.get_map()) == 1 and threading.active_count() == 1:
            raise Refused(
                "it waits for an output that nothing will ever resolve: look for resources, or outputs inside"
                " `apply`, that need each other."
            )
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    """Calls the monitor in place instead of from a pool of threads: it never blocks, and order stays the program's."""

    def __init__(self) -> None:
        super().__init__(_Selector())

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # raised where the call is awaited
            future.set_exception(error)
        return future


def _forget_modules_of(root: Path) -> None:
    """Lets the program import its own modules even where this process has others of the same names.

    What it lacks is missing then, and not found in the project that this command is part of.
    """
    own = {entry.stem for folder in (root, _HOME) for entry in folder.iterdir() if _is_module(entry)} - {"__main__"}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]
    sys.path[:] = [str(root), *(entry for entry in sys.path if Path(entry).resolve() != _HOME)]


def _is_module(entry: Path) -> bool:
    return entry.is_dir() or entry.suffix == ".py"


def _place(error: BaseException | None, root: Path) -> str:
    """`components/network/network.py:42`: the innermost line of the program itself that the error came through."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # the SDK raises errors that are their own cause
        seen.add(id(error))
        if isinstance(error, Refused) and error.file and error.file.is_relative_to(root):
            return f"{error.file.relative_to(root)}:{error.line}"
        if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(root):
            return f"{Path(error.filename).relative_to(root)}:{error.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            file = Path(frame.filename)
            if file.is_relative_to(root):
                inside = file.relative_to(root)
                if not any(part.startswith(".") or part == "site-packages" for part in inside.parts):
                    return f"{inside}:{frame.lineno}"
        error = error.__cause__ or error.__context__
    return ""
