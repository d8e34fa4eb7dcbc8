"""Loading: Pulumi's own configuration and the service files in, the settings of one stack out, or every problem at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar, cast

import pulumi
from pydantic import BaseModel, ValidationError
from pulumi.runtime.config import CONFIG

from config import checks
from config.errors import ConfigError, Problem, did_you_mean, problems_of
from config.fields import STACKS, Environment, Model, ServiceName
from config.files import read_mapping
from config.platform import Platform
from config.service import SERVICE_KINDS, Service
from config.settings import (
    Cluster,
    DeployedService,
    EnvironmentSettings,
    OpsSettings,
    in_environment,
    placeholders,
)
from config.stack import EnvironmentStack, OpsStack, Range

NAMESPACE = "slipway"
"""The namespace of every key; it stays when a fork gives the Pulumi project another name."""

PLATFORM_KEYS = ("platform", "access_role")
"""The keys of Pulumi.yaml; a stack file may set access_role too."""

M = TypeVar("M", bound=Model)


class _ServiceFileName(BaseModel):
    name: ServiceName


def load(root: Path, *, stack: str) -> OpsSettings | EnvironmentSettings:
    """The settings of `stack` for the project in `root`. Raises ConfigError with everything that is wrong."""
    if stack not in STACKS:
        raise ConfigError(
            [
                Problem(
                    file=f"Pulumi.{stack}.yaml",
                    key="",
                    given=stack,
                    allowed=f"the stacks {', '.join(STACKS)}",
                    remedy=did_you_mean(stack, STACKS, "select one of them: pulumi stack select stage"),
                )
            ]
        )
    loading = _Loading(root, stack)
    settings = loading.ops() if stack == "ops" else loading.environment(cast(Environment, stack))
    if loading.problems or settings is None:
        raise ConfigError(loading.problems)
    return settings


class _Loading:
    """One run: reads, and gathers what is wrong on the way."""

    def __init__(self, root: Path, stack: str) -> None:
        self.root = root
        self.stack = stack
        self.file = f"Pulumi.{stack}.yaml"
        self.config = pulumi.Config(NAMESPACE)
        self.problems: list[Problem] = []
        self.broken_services: set[str] = set()

    def ops(self) -> OpsSettings | None:
        platform = self._platform()
        stack = self._stack_model(OpsStack)
        if not platform or not stack:
            return None
        self.problems += checks.across_stacks(self.root)
        return OpsSettings(
            stack="ops", platform=platform, access_role=self._access_role(), people=stack.people
        )

    def environment(self, environment: Environment) -> EnvironmentSettings | None:
        platform = self._platform()
        stack = self._stack_model(EnvironmentStack)
        catalogue = self._catalogue()
        self.problems += checks.across_stacks(self.root)
        if platform:
            self.problems += checks.catalogue(catalogue, platform)
        if not platform or not stack:
            return None
        self.problems += checks.stack(stack, platform, set(catalogue) | self.broken_services, file=self.file)
        clusters = {
            name: Cluster(name=name, definition=platform.clusters[name], size=size)
            for name, size in sorted(stack.clusters.items())
            if name in platform.clusters
        }
        services: dict[str, DeployedService] = {}
        for name, release in sorted(stack.services.items()):
            spec = catalogue.get(name)
            if spec is None or spec.owner not in platform.teams:
                continue
            self.problems += checks.release(name, spec, release, file=self.file)
            services[name] = DeployedService(
                name=name,
                spec=in_environment(spec, placeholders(platform, environment)),
                version=release.version,
                tasks=release.tasks or Range(min=1, max=1),
                owner=platform.teams[spec.owner],
                runbook=spec.runbook or f"{platform.datadog.runbooks}/{name}",
            )
        settings = EnvironmentSettings(
            stack=environment,
            platform=platform,
            access_role=self._access_role(),
            environment=environment,
            identity=stack.environment,
            clusters=clusters,
            services=services,
        )
        self.problems += checks.capacity(settings, file=self.file)
        self.problems += checks.quotas(settings, file=self.file)
        return settings

    def _platform(self) -> Platform | None:
        value = self._value(
            "platform", file="Pulumi.yaml", example="slipway:platform: {value: {company: acme, ...}}"
        )
        return (
            None
            if value is None
            else self._valid(Platform, value, file="Pulumi.yaml", key=f"{NAMESPACE}:platform")
        )

    def _stack_model(self, model: type[M]) -> M | None:
        known = (*PLATFORM_KEYS, *model.model_fields)
        for name in sorted(CONFIG.get()):
            namespace, _, key = name.partition(":")
            if namespace == NAMESPACE and key not in known:
                self.problems.append(
                    Problem(
                        file=self.file,
                        key=name,
                        allowed=f"these keys: {', '.join(f'{NAMESPACE}:{k}' for k in known)}",
                        remedy=did_you_mean(
                            key, known, f"remove it: pulumi config rm {name} --stack {self.stack}"
                        ),
                    )
                )
        if not (self.root / self.file).is_file() and not any(
            self.config.get(key) for key in model.model_fields
        ):
            self.problems.append(
                Problem(
                    file=self.file,
                    key="",
                    given="no such file",
                    allowed=f"a file with {', '.join(f'{NAMESPACE}:{key}' for key in model.model_fields)}",
                    remedy="restore it from git, or write it after the pattern of another stack's",
                )
            )
            return None
        values = {
            key: self._value(key, file=self.file, example=f"{NAMESPACE}:{key}: ...")
            for key in model.model_fields
        }
        if any(value is None for value in values.values()):
            return None
        return self._valid(model, values, file=self.file, key=f"{NAMESPACE}:")

    def _catalogue(self) -> dict[str, Service]:
        folder = self.root / "services"
        catalogue: dict[str, Service] = {}
        seen: dict[str, str] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            file = f"services/{path.name}"
            if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
                continue
            name = path.stem
            if name in seen:
                self.problems.append(
                    Problem(
                        file=file,
                        key="",
                        given=f"a second service named {name}",
                        allowed=f"one file a service; {seen[name]} is there",
                        remedy="rename or remove one of the two files",
                    )
                )
                continue
            seen[name] = file
            service = self._service(path, name, file)
            if service is None:
                self.broken_services.add(name)
            else:
                catalogue[name] = service
        return catalogue

    def _service(self, path: Path, name: str, file: str) -> Service | None:
        if path.suffix != ".yaml":
            self.problems.append(
                Problem(
                    file=file, key="", given=path.suffix, allowed=".yaml", remedy=f"rename it to {name}.yaml"
                )
            )
            return None
        try:
            _ServiceFileName(name=name)
        except ValidationError as error:
            allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
            self.problems.append(
                Problem(file=file, key="", given=name, allowed=allowed, remedy="rename the file")
            )
            return None
        content = read_mapping(path, file=file)
        if isinstance(content, Problem):
            self.problems.append(content)
            return None
        kind = content.get("kind")
        if kind not in SERVICE_KINDS:
            self.problems.append(
                Problem(
                    file=file,
                    key="kind",
                    given=kind,
                    allowed=", ".join(SERVICE_KINDS),
                    remedy=did_you_mean(kind, SERVICE_KINDS, "say what kind of service it is"),
                )
            )
            return None
        return self._valid(SERVICE_KINDS[kind], content, file=file, key="")

    def _access_role(self) -> str:
        return self.config.get("access_role") or "deploy"

    def _value(self, key: str, *, file: str, example: str) -> Any:
        try:
            value = self.config.get_object(key)
        except pulumi.ConfigTypeError:
            given = self.config.get(key)
            self.problems.append(
                Problem(
                    file=file,
                    key=f"{NAMESPACE}:{key}",
                    given=given,
                    allowed="a mapping of keys",
                    remedy=f"write it as {example}, or set single values with --path",
                )
            )
            return None
        if value is None:
            self.problems.append(
                Problem(
                    file=file,
                    key=f"{NAMESPACE}:{key}",
                    allowed="a mapping of keys",
                    remedy=f"add it: {example}",
                )
            )
        return value

    def _valid(self, model: type[M], value: Any, *, file: str, key: str) -> M | None:
        try:
            # By way of JSON, where strictness still takes lists for tuples and text for networks.
            return model.model_validate_json(json.dumps(value, default=str))
        except ValidationError as error:
            self.problems += problems_of(error, model=model, file=file, key=key)
            return None
