"""Plans of git revisions. A revision's plans are kept by the hash of its files, so each is evaluated once.

Nothing of the repository is touched: a revision's files are written to a temporary folder, and the only thing left
behind is `slipway-cache` inside the git folder.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from config import read
from config.platform import Platform
from plan import parity
from plan.evaluate import Job, evaluate
from plan.model import Failure, Plan
from plan.project import PROJECT_FILE, Project, ProjectError

_KEPT = 100  # plans; some 100 KB each
_TOOLS = ("pulumi", "pulumi-aws", "pulumi-datadog", "pydantic")
_OWN = ("evaluate", "model", "program", "project", "recording", "revisions", "shortcuts")


class RevisionError(Exception):
    """A revision cannot be read. The message is complete."""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A state of the project: a commit, or the files as they are."""

    name: str  # as it was asked for
    project_folder: str  # inside the repository; empty at its top
    tree: str | None  # hash of the project's files; None where they differ from every commit


@dataclass(kw_only=True)
class Planned:
    """One revision evaluated. `plans` and `failures` are by stack; an empty stack fails for all.

    `twins` are by mirror: what it is with the sizes of the environment that it mirrors.
    """

    revision: Revision
    plans: dict[str, Plan] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    twins: dict[str, Plan] = field(default_factory=dict)
    platform: Platform | None = None  # where Pulumi.yaml says it as today's program reads it

    @property
    def mirrors(self) -> Mapping[str, str]:
        """Environment to the one that it mirrors."""
        return self.platform.mirrors if self.platform else {}

    @property
    def parities(self) -> tuple[parity.Parity, ...]:
        return parity.of(self.plans, self.twins, self.mirrors)


def plan_files(project: Project, stacks: Sequence[str] = ()) -> Planned:
    """A project's files as they are, which need not be in git."""
    planned = Planned(revision=Revision(name="the working tree", project_folder="", tree=None))
    batch = _Batch()
    with tempfile.TemporaryDirectory(prefix="slipway-") as temporary:
        batch.add(planned, project, stacks, Path(temporary).resolve() / "twins")
        batch.evaluate()
    return planned


class _Batch:
    """Evaluations of several revisions, which run together; what the repository remembers is not evaluated."""

    def __init__(self, repository: Repository | None = None) -> None:
        self._repository = repository
        self._jobs: list[tuple[str, Job, str | None, dict[str, Plan], dict[str, Failure]]] = []

    def add(self, planned: Planned, project: Project, stacks: Sequence[str], twins: Path | None) -> None:
        """Every stack of a project; and the twins of its mirrors, which get folders below `twins`."""
        wanted = [stack for stack in project.stacks() if not stacks or stack in stacks]
        for stack in wanted:
            try:
                config = project.stack_config(stack)
            except ProjectError as error:
                message = _without(str(error), project.root)
                planned.failures[stack] = Failure(stack=stack, message=message, exit_code=1)
                continue
            self._add(planned, stack, Job(project=project, stack=stack, config=config), planned.plans)
        planned.platform = read(project.root).platform
        if twins:
            twins.mkdir()
            for mirror, mirrored in planned.mirrors.items():
                if {mirror, mirrored} <= {*wanted} - planned.failures.keys():
                    job = parity.twin(project, mirror, mirrored, twins / mirror)
                    self._add(planned, f"{mirror} as {mirrored}", job, planned.twins)

    def _add(self, planned: Planned, name: str, job: Job, plans: dict[str, Plan]) -> None:
        tree, repository = planned.revision.tree, self._repository
        key = repository.key(tree, name) if repository and tree else None
        if repository and key and (plan := repository.remembered(key)):
            plans[job.stack] = plan
        else:
            self._jobs.append((name, job, key, plans, planned.failures))

    def evaluate(self) -> None:
        """Puts each plan, or failure, where it belongs."""
        results = evaluate([job for _, job, *_ in self._jobs]) if self._jobs else []
        for (name, job, key, plans, failures), result in zip(self._jobs, results, strict=True):
            if isinstance(result, Failure):
                failures[name] = replace(result, message=_without(result.message, job.project.root))
                continue
            plans[job.stack] = _with_contents(result, job.project.root)
            if self._repository and key:
                self._repository.remember(key, plans[job.stack])


class Repository:
    """The git repository that a project's folder is in."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        try:
            top = self._git("rev-parse", "--show-toplevel")
        except RevisionError as error:
            raise RevisionError(
                f"{root}: is not in a git repository, so there are no revisions to compare ({error})."
            ) from None
        self.top = Path(top)
        folder = self.root.relative_to(self.top.resolve()).as_posix()
        self.folder = "" if folder == "." else folder
        self.cache = Path(self._git("rev-parse", "--path-format=absolute", "--git-common-dir")) / "slipway-cache"

    def revision(self, name: str) -> Revision:
        """A commit by any name git knows; raises RevisionError."""
        commit = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if not commit:
            if self._git("rev-parse", "--is-shallow-repository") == "true":
                raise RevisionError(
                    f"{name!r} is not in this clone, which is shallow. Fetch the whole history:"
                    " `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout."
                )
            if not self._try("rev-parse", "--verify", "--quiet", "HEAD"):
                raise RevisionError(f"{self.top} has no commit yet, so there is nothing to compare with. Commit first.")
            raise RevisionError(
                f"{name!r} is not a revision of this repository. Name a branch, a tag or a commit; a remote's branch"
                f" reads origin/{name}."
            )
        tree = self._try("rev-parse", "--verify", "--quiet", f"{commit}:{self.folder}")
        if not tree:
            raise RevisionError(f"{name!r} has no folder {self.folder}, which is the project's today.")
        return Revision(name=name, project_folder=self.folder, tree=tree)

    def working_tree(self) -> Revision:
        """The files as they are; those of HEAD where nothing differs."""
        changed = self.uncommitted()
        tree = None if changed else self._try("rev-parse", "--verify", "--quiet", f"HEAD:{self.folder}")
        name = f"the working tree, {_files(len(changed))} of it not committed" if changed else "the working tree"
        return Revision(name=name, project_folder=self.folder, tree=tree or None)

    def uncommitted(self) -> list[str]:
        """The project's files that differ from HEAD, or are not in git."""
        changed = self._git(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", str(self.root)
        )
        return [entry[3:] for entry in changed.split("\0") if entry]

    def left_out(self, head: Revision) -> str:
        """What to say of files that are not committed and might be taken for part of `head`; empty without any."""
        changed = self.uncommitted()
        if not changed or head.tree != self.revision("HEAD").tree:
            return ""
        return (
            f"{_files(len(changed))} not committed, and not in this comparison: {', '.join(changed[:5])}"
            f"{', ...' if len(changed) > 5 else ''}. Leave out {head.name} to compare the files as they are."
        )

    def plan(self, revisions: Sequence[Revision], stacks: Sequence[str] = (), *, parity: bool = True) -> list[Planned]:
        """All of them, in one evaluation. `stacks` narrows; a stack that a revision lacks has no plan there.

        The first is what the others are compared with; for the parity of these their mirrors have twins.
        """
        batch, results = _Batch(self), [Planned(revision=revision) for revision in revisions]
        with tempfile.TemporaryDirectory(prefix="slipway-") as temporary:
            for index, planned in enumerate(results):
                into = Path(temporary).resolve() / str(index)
                twins = into.with_suffix(".twins") if index and parity else None
                try:
                    batch.add(planned, Project.load(self._files(planned.revision, into)), stacks, twins)
                except ProjectError as error:
                    planned.failures[""] = Failure(stack="", message=_without(str(error), into), exit_code=1)
            batch.evaluate()
        return results

    # Files ------------------------------------------------------------------------------------------------------------

    def _files(self, revision: Revision, into: Path) -> Path:
        """The folder with a revision's files."""
        if revision.tree is None:
            return self.root
        into.mkdir()
        index = into.with_suffix(".index")  # one of its own: the repository's keeps what is staged
        self._git("read-tree", revision.tree, index=index)
        self._git("checkout-index", "--all", "--quiet", f"--prefix={into}/", index=index)
        if not (into / PROJECT_FILE).is_file():
            raise ProjectError(f"{PROJECT_FILE} is missing: there was no project yet.")
        return into

    # Plans that are known already -------------------------------------------------------------------------------------

    def key(self, tree: str, stack: str) -> str:
        """A plan is the same as long as the project's files, the SDKs and the evaluation itself are."""
        digest = hashlib.sha256(f"{tree} {stack}".encode())
        for tool in _TOOLS:
            try:
                digest.update(f" {tool} {version(tool)}".encode())
            except PackageNotFoundError:  # the key says so by not having it
                continue
        for module in _OWN:
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
        return digest.hexdigest()

    def remembered(self, key: str) -> Plan | None:
        try:
            with gzip.open(self.cache / f"{key}.json.gz", "rt", encoding="utf-8") as file:
                return Plan.from_json(json.load(file))
        except (OSError, EOFError, ValueError, KeyError):  # not there, or not whole: then it is evaluated
            return None

    def remember(self, key: str, plan: Plan) -> None:
        try:
            self.cache.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.cache, prefix=".")
            with os.fdopen(handle, "wb") as file:
                file.write(gzip.compress(json.dumps(plan.to_json()).encode(), 1))
            os.replace(name, self.cache / f"{key}.json.gz")
            kept = sorted(self.cache.glob("*.json.gz"), key=lambda entry: entry.stat().st_mtime, reverse=True)
            for entry in kept[_KEPT:]:
                entry.unlink(missing_ok=True)
        except OSError:  # a cache that cannot be written is only slow
            return

    # Git --------------------------------------------------------------------------------------------------------------

    def _git(self, *arguments: str, index: Path | None = None) -> str:
        # A hook's own GIT_* variables would name another repository or index.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        if index is not None:
            environment["GIT_INDEX_FILE"] = str(index)
        try:
            done = subprocess.run(
                ["git", "-C", str(getattr(self, "top", self.root)), *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise RevisionError(f"git cannot be run: {error.strerror}") from None
        if done.returncode:
            raise RevisionError(done.stderr.strip() or f"git {arguments[0]} ended with code {done.returncode}")
        return done.stdout.rstrip("\n")

    def _try(self, *arguments: str) -> str:
        try:
            return self._git(*arguments)
        except RevisionError:
            return ""


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _without(message: str, folder: Path) -> str:
    """A message that names a revision's files as the repository does."""
    return message.replace(f"{folder}/", "").replace(str(folder), "the project")


def _with_contents(plan: Plan, root: Path) -> Plan:
    """Files that resources are made of, by the hash of what is in them: a path alone never changes."""
    resources = []
    for resource in plan.resources:
        if "'path': " in str(resource.inputs):
            resource = replace(resource, inputs=_hashed(resource.inputs, root))
        resources.append(resource)
    return replace(plan, resources=tuple(resources))


def _hashed(value: Any, root: Path) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"path"} and isinstance(value["path"], str) and (file := root / value["path"]).is_file():
            return {"path": value["path"], "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        return {key: _hashed(member, root) for key, member in value.items()}
    return [_hashed(element, root) for element in value] if isinstance(value, list) else value
