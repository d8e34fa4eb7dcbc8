"""Evaluates stacks, each in a process of its own that is forked after the SDKs are imported.

The imports are half of the time of a plan, so they are paid once for all stacks. The project's own modules are
imported in the children only: one run can evaluate several versions of a program.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from plan.model import Failure, Plan
from plan.project import Project, StackConfig


@dataclass(frozen=True, kw_only=True)
class Job:
    """One evaluation: a stack of a project."""

    project: Project
    stack: str
    config: StackConfig


def evaluate(jobs: Sequence[Job]) -> list[Plan | Failure]:
    """Runs all jobs, some at once, and returns their results in the same order."""
    _import_sdks(())
    results: list[Plan | Failure | None] = [None] * len(jobs)
    waiting = iter(enumerate(jobs))
    at_once = 2 * _processors()  # in turns: three of equal length on two processors would leave one of these idle
    running: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(running) < at_once and (entry := next(waiting, None)):
                    if entry[0] == 1:  # the first has a processor; this one prepares the others meanwhile
                        _import_sdks(jobs[1:])
                    child = running[entry[0]] = _Child(entry[1])
                    selector.register(child.reader, selectors.EVENT_READ, entry[0])
                if not running:
                    return [result for result in results if result is not None]
                for key, _ in selector.select():
                    index: int = key.data
                    if running[index].receive():
                        selector.unregister(key.fileobj)
                        results[index] = running.pop(index).result()
        finally:
            for child in running.values():
                child.kill()


def _import_sdks(jobs: Sequence[Job]) -> None:
    """Imports the SDKs, and of them what the code of these jobs names; there is no garbage in an import."""
    collecting = gc.isenabled()
    gc.disable()
    from plan import program

    for root in {job.project.root for job in jobs}:
        program.import_named(root)
    if collecting:
        gc.enable()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Child:
    """A forked process and the pipe on which its result arrives."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._received = bytearray()
        self.reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self.reader)
            _work(job, writer)
        os.close(writer)

    def receive(self) -> bool:
        """Takes what has arrived; True once the child is done, however it ended."""
        received = os.read(self.reader, 1 << 20)
        self._received += received
        return not received

    def result(self) -> Plan | Failure:
        os.close(self.reader)
        _, status = os.waitpid(self._pid, 0)
        if not self._received:
            code = os.waitstatus_to_exitcode(status)
            how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            message = f"stack {self._job.stack}: the program {how} before its plan was complete."
            return Failure(stack=self._job.stack, message=message, exit_code=2)
        kind, data = json.loads(self._received)
        return Plan.from_json(data) if kind == "plan" else Failure(**data)

    def kill(self) -> None:
        os.close(self.reader)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _work(job: Job, writer: int) -> None:
    """The child's whole life. It never returns, so nothing of the parent's (tests, exit handlers) runs twice."""
    from plan import program

    try:
        result = program.run(job.project, job.stack, job.config)
        message = ("plan", result.to_json()) if isinstance(result, Plan) else ("failure", asdict(result))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(json.dumps(message).encode())
        sys.stderr.flush()
        os._exit(0)
    finally:
        os._exit(70)  # only when the result could not be sent; the parent says so


def jobs_for(project: Project, stacks: Iterable[str]) -> list[Job]:
    """The jobs of the named stacks; raises ProjectError."""
    return [Job(project=project, stack=stack, config=project.stack_config(stack)) for stack in stacks]
