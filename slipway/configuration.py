"""The project's configuration, read as its program reads it, and changed: all of a change is written, or nothing."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import config
from config.errors import did_you_mean
from config.fields import OPS
from config.platform import Platform
from config.service import Service
from plan.project import Project, ProjectError
from slipway.yaml_edit import YamlFile

SERVICES = "services"


class ChangeError(ProjectError):
    """What is asked for cannot be done, or need not be. The message is complete."""


def environment(project: Project, stack: str) -> config.EnvironmentSettings:
    """What runs in one environment; raises ProjectError."""
    shared = config.read(project.root).platform
    if shared and stack not in shared.stacks:
        there = f"the stacks are: {', '.join(shared.stacks)}."
        raise ChangeError(f"there is no stack {stack!r}; {did_you_mean(stack, shared.stacks, there)}")
    settings = _settings(project, stack)
    if not isinstance(settings, config.EnvironmentSettings):
        raise ChangeError(f"stack {stack!r} runs no services. Those that do: {', '.join(stacks(project))}.")
    return settings


def catalogue(project: Project) -> Mapping[str, Service]:
    """Every service, wherever it runs; raises ProjectError."""
    return _ops(project).catalogue


def platform(project: Project) -> Platform:
    """What all stacks share; raises ProjectError."""
    return _ops(project).platform


def environments(project: Project) -> dict[str, config.EnvironmentSettings]:
    """What runs in each environment, in the order in which a version goes through them; raises ProjectError."""
    return {stack: environment(project, stack) for stack in stacks(project)}


def stacks(project: Project) -> list[str]:
    """The environments that have a stack file, in the platform's order; raises ProjectError."""
    there = project.stacks()
    return [stack for stack in platform(project).environments if stack in there]


def service_file(service: str) -> str:
    return f"{SERVICES}/{service}.yaml"


def _ops(project: Project) -> config.OpsSettings:
    settings = _settings(project, OPS)
    assert isinstance(settings, config.OpsSettings)
    return settings


def _settings(project: Project, stack: str) -> config.OpsSettings | config.EnvironmentSettings:
    try:
        return config.read(project.root).settings(stack)
    except config.ConfigError as error:
        raise ProjectError(str(error)) from None


class Change:
    """New texts of files, kept in memory until the configuration that they make is known to be valid."""

    def __init__(self, project: Project) -> None:
        self._root = project.root
        self._files: dict[str, YamlFile] = {}
        self._before: dict[str, str | None] = {}
        self._encodings: dict[str, str] = {}
        self._removed: list[str] = []

    def file(self, name: str) -> YamlFile:
        """A present file, to be looked at and changed."""
        if name not in self._files:
            try:
                content = (self._root / name).read_bytes()
                self._encodings[name] = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"
                text = content.decode(self._encodings[name])  # with the line ends that it has
            except OSError as error:
                raise ProjectError(f"{name}: cannot be read: {error.strerror}.") from None
            except UnicodeDecodeError as error:
                raise ProjectError(f"{name}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
            self._files[name], self._before[name] = YamlFile(name, text), text
        return self._files[name]

    def create(self, name: str, text: str) -> YamlFile:
        """A new file."""
        self._files[name], self._before[name] = YamlFile(name, text), None
        return self._files[name]

    def remove(self, name: str) -> None:
        self._removed.append(name)

    def apply(self) -> list[str]:
        """Write everything and say which files; raise ProjectError and write nothing where it would not be valid."""
        changed = {name: file.text for name, file in self._files.items() if file.text != self._before[name]}
        problems = config.read(self._root, {**changed, **dict.fromkeys(self._removed)}).problems
        if problems:
            listed = "\n\n".join(str(problem) for problem in problems)
            raise ProjectError(f"Nothing was written: the configuration would not be valid.\n\n{listed}")
        self._write(changed)
        return sorted({*changed, *self._removed})

    def _write(self, changed: Mapping[str, str]) -> None:
        """All files, or none: what was written before one failed is put back."""
        texts = {**changed, **dict.fromkeys(self._removed)}
        done: dict[str, bytes | None] = {}  # name -> what was there
        for name, text in texts.items():
            path = self._root / name
            try:
                done[name] = path.read_bytes() if path.exists() else None
                _put(path, None if text is None else text.encode(self._encodings.get(name, "utf-8")))
            except OSError as error:
                for written, before in done.items():
                    with suppress(OSError):  # the one that failed may refuse this too; then it is as it was
                        _put(self._root / written, before)
                raise ProjectError(
                    f"Nothing was written. {name}: cannot be written: {error.strerror}."
                    " Make its folder and file writable, with room on the disk, and say it again."
                ) from None


def _put(path: Path, content: bytes | None) -> None:
    """Have a file hold this, or not be there."""
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
