"""A copy of the project in a temporary folder, and the real `pulumi` run in it: its own backend, home and cloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from .aws_api import AwsApi, every_deploy_succeeds
from .provider.cloud import Cloud
from .provider.server import Provider

PACKAGES = ("aws", "datadog")
PASSPHRASE = "a passphrase for tests"
# What no output, log or state may show.
API_KEY_CANARY = "canary-datadog-api-key-0f1e2d3c4b5a"
APP_KEY_CANARY = "canary-datadog-app-key-5a4b3c2d1e0f"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing the engine did, or would do: `create`, `update`, `replace`, `delete`, `same`, ..."""

    op: str
    urn: str
    diffs: tuple[str, ...]  # the paths that differ

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[1]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of the CLI did and said."""

    args: tuple[str, ...]
    code: int
    output: str  # standard output and error
    seconds: float
    events: list[dict[str, Any]] = field(repr=False)

    @cached_property
    def steps(self) -> list[Step]:
        """What the engine set out to do, `same` included."""
        return [_step(event["resourcePreEvent"]["metadata"]) for event in self.events if "resourcePreEvent" in event]

    @cached_property
    def failed(self) -> list[Step]:
        """What failed."""
        return [_step(event["resOpFailedEvent"]["metadata"]) for event in self.events if "resOpFailedEvent" in event]

    @property
    def changes(self) -> list[Step]:
        """What was not left as it is."""
        return [step for step in self.steps if step.op not in ("same", "read", "refresh")]

    @property
    def replaced(self) -> list[Step]:
        return [step for step in self.steps if step.op == "replace"]

    def ok(self) -> Run:
        assert self.code == 0, f"pulumi {' '.join(self.args)} ended with {self.code}:\n{self.output}"
        return self

    def refused(self) -> Run:
        assert self.code != 0, f"pulumi {' '.join(self.args)} succeeded:\n{self.output}"
        return self


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What the engine did in one workspace, or in all of a stack."""

    stack: str
    resources: int = 0  # created
    steps: int = 0
    runs: int = 0
    struck: Counter[str] = field(default_factory=Counter)  # faults, by kind
    survived: int = 0  # faults after which an `up` succeeded

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            stack=self.stack,
            resources=self.resources + other.resources,
            steps=self.steps + other.steps,
            runs=self.runs + other.runs,
            struck=self.struck + other.struck,
            survived=self.survived + other.survived,
        )

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.struck.items()))
        return (
            f"{self.stack:5}  {self.resources:,} resources created, {self.steps:,} steps in {self.runs} runs, "
            f"{self.struck.total()} faults injected, {self.survived} survived{f' ({kinds})' if kinds else ''}"
        )


class Workspace:
    """Runs the CLI on a copy of a project. `cloud` is what the program finds behind aws and datadog, and is what an
    ECS that never fails runs."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.project = folder / "project"
        self.folder = folder
        self.cloud = Cloud()
        self.runs: list[Run] = []
        self.stack = ""
        self.survived = 0
        shutil.copytree(project, self.project)
        # The CLI runs the program with the interpreter that runs the tests, and installs nothing.
        (self.project / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        for name in ("home", "state"):
            (folder / name).mkdir()
        self._hurry()
        self._providers = [Provider(package, self.cloud) for package in PACKAGES]
        self._api = AwsApi(every_deploy_succeeds(self.cloud))
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DEBUG_COMMANDS": "true",  # for --event-log
            # One write of the state a run, not two for each resource, which takes a fifth of the time.
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{p.package}:{p.port}" for p in self._providers),
            "DATADOG_API_KEY": API_KEY_CANARY,
            "DATADOG_APP_KEY": APP_KEY_CANARY,
            "DD_API_KEY": API_KEY_CANARY,
            "DD_APP_KEY": APP_KEY_CANARY,
            **self._api.env,
        }

    def _hurry(self) -> None:
        """No resolver here remembers the name of a service that leaves, so that nobody need wait."""
        file = self.project / "components/compute/deploy_check.py"
        text, count = re.subn(r"^NAME_SECONDS = .*", "NAME_SECONDS = 1.0", file.read_text(), flags=re.MULTILINE)
        assert count == 1
        file.write_text(text)

    def close(self) -> None:
        self._api.stop()
        for provider in self._providers:
            provider.stop()

    def command(self, *args: str, log: Path | None = None) -> list[str]:
        operates = args[0] in ("preview", "up", "refresh", "destroy")
        options = ["--skip-plugin-pre-install", "--suppress-progress"] if operates else []
        options += ["--event-log", str(log)] if operates and log else []
        return ["pulumi", *args, *options, "--non-interactive", "--color", "never"]

    def run(self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 300) -> Run:
        """Run `pulumi ARGS`; events are recorded for the operations on a stack."""
        log = self.folder / "events.jsonl"
        log.unlink(missing_ok=True)
        started = time.monotonic()
        done = subprocess.run(
            self.command(*args, log=log),
            cwd=self.project,
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        run = Run(
            args=args, code=done.returncode, output=done.stdout, seconds=time.monotonic() - started, events=events
        )
        self.runs.append(run)
        if args[0] == "up" and run.code == 0:
            self.survived = self.cloud.struck.total()
        return run

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Start `pulumi ARGS`, to be cut off: in a process group of its own, and writing the state at every step."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.project,
            env={name: value for name, value in self.env.items() if name != "PULUMI_SKIP_CHECKPOINTS"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def init(self, stack: str) -> Run:
        self.stack = stack
        file = self.project / f"Pulumi.{stack}.yaml"
        text = file.read_text() if file.exists() else ""
        committed = re.sub(r"^encryptionsalt: .*\n", "", text, flags=re.MULTILINE)
        run = self.run("stack", "init", stack).ok()
        # The CLI writes the file in its own way; nothing but the salt is new.
        file.write_text(f"encryptionsalt: {yaml.safe_load(file.read_text())['encryptionsalt']}\n{committed}")
        return run

    def preview(self, stack: str, *args: str) -> Run:
        return self.run("preview", "--stack", stack, *args)

    def up(self, stack: str, *args: str) -> Run:
        """Apply without a preview: the program is evaluated once."""
        return self.run("up", "--stack", stack, "--skip-preview", "--yes", *args)

    def refresh(self, stack: str, *args: str) -> Run:
        return self.run("refresh", "--stack", stack, "--skip-preview", "--yes", *args)

    def destroy(self, stack: str, *args: str) -> Run:
        return self.run("destroy", "--stack", stack, "--skip-preview", "--yes", *args)

    def state(self, stack: str) -> list[dict[str, Any]]:
        """The resources in the stack's state, secrets encrypted."""
        exported = json.loads(self.run("stack", "export", "--stack", stack).ok().output)
        resources: list[dict[str, Any]] = exported["deployment"].get("resources") or []
        return resources

    def state_text(self) -> str:
        """All that the backend holds, as text."""
        files = [path for path in (self.folder / "state").rglob("*") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def tally(self) -> Tally:
        """What this workspace went through."""
        return Tally(
            stack=self.stack,
            resources=self.cloud.count("Create"),
            steps=sum(len(run.changes) for run in self.runs),
            runs=len(self.runs),
            struck=Counter(self.cloud.struck),
            survived=self.survived,
        )

    def assert_state_matches_cloud(self, stack: str) -> int:
        """Nothing is lost and nothing is orphaned: the state and the cloud hold the same things. Says how many."""
        state = {(resource["urn"], resource["id"]) for resource in self.state(stack) if _is_real(resource)}
        cloud = {(record.urn, record.id) for record in self.cloud.records.values()}
        assert state - cloud == set(), f"in the state and not in the cloud: {sorted(state - cloud)}"
        assert cloud - state == set(), f"in the cloud and not in the state: {sorted(cloud - state)}"
        return len(cloud)

    @contextmanager
    def edit(self, file: str) -> Iterator[Any]:
        """The content of a YAML file of the project, to be altered in place and written back."""
        path = self.project / file
        content = yaml.safe_load(path.read_text())
        yield content
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    @contextmanager
    def edited(self, file: str) -> Iterator[None]:
        """What is done to a file is undone at the end."""
        path = self.project / file
        text = path.read_text()
        yield
        path.write_text(text)

    def begin_with(self, code: str) -> None:
        """Let the program do something else first: a variant for one test."""
        main = self.project / "__main__.py"
        main.write_text(f"import pulumi\n\n{code}\n{main.read_text()}")

    def shrink(self, services: Sequence[str]) -> None:
        """Leave only these services of the catalogue, and their clusters: fewer resources of the same types."""
        kept = [self.project / "services" / f"{name}.yaml" for name in services]
        for path in (self.project / "services").glob("*.yaml"):
            if path not in kept:
                path.unlink()
        clusters = {yaml.safe_load(path.read_text())["cluster"] for path in kept}
        with self.edit("Pulumi.yaml") as project:
            platform = project["config"]["slipway:platform"]["value"]
            platform["clusters"] = {
                name: platform["clusters"][name] for name in platform["clusters"] if name in clusters
            }
        for path in self.project.glob("Pulumi.*.yaml"):
            with self.edit(path.name) as stack:
                for key, names in (("slipway:clusters", clusters), ("slipway:services", services)):
                    if key in stack["config"]:
                        stack["config"][key] = {n: v for n, v in stack["config"][key].items() if n in names}


def _is_real(resource: dict[str, Any]) -> bool:
    """Whether a resource of the state is one of a cloud's, and not a component, a provider or an import of one."""
    return resource.get("custom", False) and not resource["type"].startswith("pulumi:") and not resource.get("external")


def _step(metadata: dict[str, Any]) -> Step:
    detailed = metadata.get("detailedDiff") or {}
    return Step(op=metadata["op"], urn=metadata["urn"], diffs=tuple(sorted(detailed or metadata.get("diffs") or [])))
