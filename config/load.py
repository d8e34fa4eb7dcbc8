"""Loading: Pulumi's configuration and service files in, the settings of one stack or every problem out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import TypeAdapter, ValidationError

from config import checks, quotas
from config.errors import NO_SECRETS, NOTHING, ConfigError, Problem, Words, did_you_mean, problems_of
from config.fields import OPS, Model, RoleName, ServiceName
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
    runbook,
)
from config.stack import EnvironmentStack, OpsStack, Range

PROJECT_FILE = "Pulumi.yaml"

NAMESPACE = "slipway"
"""The namespace of every key; it stays when a fork gives the Pulumi project another name."""

PLATFORM = "platform"
ACCESS_ROLE = "access_role"
"""The keys that Pulumi.yaml may hold, and of which a stack file may set the second."""

STACK_FILE_KEYS = ("config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt")
"""The keys of a stack file that Pulumi knows."""

M = TypeVar("M", bound=Model)


_SERVICE_NAME: TypeAdapter[str] = TypeAdapter(ServiceName)
_ROLE_NAME: TypeAdapter[str] = TypeAdapter(RoleName)


def load(root: Path, *, stack: str) -> OpsSettings | EnvironmentSettings:
    """The settings of `stack` for the project in `root`. Raises ConfigError with everything that is wrong."""
    loading = _Loading(root, stack)
    settings = loading.ops() if stack == OPS else loading.environment(stack)
    if loading.problems or settings is None:
        raise ConfigError(loading.problems)
    return settings


def read_platform(root: Path) -> Platform | None:
    """What all stacks share, where Pulumi.yaml says it rightly."""
    content = read_mapping(root / PROJECT_FILE, file=PROJECT_FILE)
    try:
        return Platform.model_validate_json(json.dumps(content["config"][f"{NAMESPACE}:{PLATFORM}"]["value"]))  # type: ignore[index]
    except (KeyError, TypeError, ValidationError):
        return None


class _Loading:
    """One run: reads, and gathers what is wrong on the way."""

    def __init__(self, root: Path, stack: str) -> None:
        self.root = root
        self.stack = stack
        self.file = f"Pulumi.{stack}.yaml"
        self.config = pulumi.Config(NAMESPACE)
        self.problems: list[Problem] = []
        self.broken_services: set[str] = set()
        self.broken_files: set[str] = set()
        project = self._content(PROJECT_FILE)
        own = self._content(self.file)
        self.project = str(project.get("name", NAMESPACE) if project else NAMESPACE)
        self.shared = project
        self.shared_keys = self._keys(project)
        self.own_keys = self._keys(own)
        self.has_file = own is not None
        self._refuse_outdented_keys(own or {})

    def ops(self) -> OpsSettings | None:
        access_role = self._access_role()
        platform = self._platform()
        stack = self._stack_model(OpsStack)
        catalogue = self._catalogue(needed=False)
        if platform:
            self.problems += checks.across_stacks(self.root, platform)
        if platform and catalogue is not None:
            self.problems += checks.catalogue(catalogue, platform)
        if stack:
            self.problems += checks.people(stack.people, file=self.file)
        if stack and platform:
            self.problems += checks.roles(stack.people, platform, file=self.file)
        if not platform or not stack or catalogue is None:
            return None
        settings = OpsSettings(
            stack=OPS,
            platform=platform,
            access_role=access_role,
            people=stack.people,
            catalogue=catalogue,
            shifted=checks.shifted(self.root, platform),
        )
        self.problems += quotas.ops(settings)
        return settings

    def environment(self, environment: str) -> EnvironmentSettings | None:
        access_role = self._access_role()
        platform = self._platform()
        if platform and environment not in platform.environments:
            self.problems = [
                Problem(
                    file=self.file,
                    key="",
                    given=environment,
                    allowed=f"the stacks {', '.join(platform.stacks)}",
                    remedy=did_you_mean(
                        environment,
                        platform.stacks,
                        "select one of them: pulumi stack select STACK, or add it to Pulumi.yaml",
                    ),
                )
            ]
            return None
        stack = self._stack_model(EnvironmentStack)
        catalogue = self._catalogue(needed=bool(stack and stack.services))
        if platform:
            self.problems += checks.across_stacks(self.root, platform)
        if platform and catalogue is not None:
            self.problems += checks.catalogue(catalogue, platform)
        if not platform or not stack or catalogue is None:
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
                secret_versions=release.secret_versions,
                owner=platform.teams[spec.owner],
                runbook=runbook(platform, name, spec),
            )
        settings = EnvironmentSettings(
            stack=environment,
            platform=platform,
            access_role=access_role,
            environment=environment,
            identity=stack.environment,
            clusters=clusters,
            services=services,
            migration=stack.migration,
            ssh_keys=self._ssh_keys(environment, platform),
        )
        unread = stack.services.keys() - services.keys()  # what is wrong with them has been said
        self.problems += checks.clusters(settings, file=self.file)
        self.problems += checks.migration(settings, unread, self.root, file=self.file)
        self.problems += checks.capacity(settings, file=self.file)
        self.problems += quotas.environment(settings, file=self.file)
        return settings

    def _ssh_keys(self, environment: str, platform: Platform) -> dict[str, str]:
        """Of people who operate the environment: with the role to read only there is nothing to do on its hosts."""
        file = "Pulumi.ops.yaml"
        content = read_mapping(self.root / file, file=file)
        if isinstance(content, Problem):
            self.problems.append(content)
            return {}
        config = content.get("config")
        value = config.get(f"{NAMESPACE}:people") if isinstance(config, dict) else None
        ops = self._valid(OpsStack, {} if value is None else {"people": value}, file=file, key=f"{NAMESPACE}:")
        people = ops.people if ops else {}
        keys = {
            user: person.ssh_public_key
            for user, person in people.items()
            if person.ssh_public_key and person.roles.get(environment, "read_only") != "read_only"
        }
        self.problems += checks.roles(people, platform, file=file)
        self.problems += checks.ssh_keys(keys, environment, file=file)
        return keys

    def _platform(self) -> Platform | None:
        key = f"{NAMESPACE}:{PLATFORM}"
        if PROJECT_FILE in self.broken_files or key in self.own_keys:
            return None
        if self._encrypted((PLATFORM,), file=PROJECT_FILE):
            return None
        value = self._value(PLATFORM)
        declared = (self.shared or {}).get("config", {}).get(self.shared_keys.get(key, ""), {})
        if isinstance(value, dict) and isinstance(declared, dict):
            value = declared.get("value", value)  # as it is written: Pulumi sorts keys, and environments have an order
        if value is None:
            remedy = "write it below config: as slipway:platform: {value: {company: ...}}"
            self.problems.append(Problem(file=PROJECT_FILE, key=key, allowed="a mapping of keys", remedy=remedy))
            return None
        platform = self._valid(Platform, value, file=PROJECT_FILE, key=key)
        if platform:
            self.problems += checks.platform(platform)
        return platform

    def _stack_model(self, model: type[M]) -> M | None:
        self._refuse_unknown_keys((*model.model_fields, ACCESS_ROLE))
        if self.file in self.broken_files or self._encrypted(model.model_fields, file=self.file):
            return None
        misplaced = self.shared_keys.keys() - self.own_keys.keys()
        values = {key: self._value(key) for key in model.model_fields if f"{NAMESPACE}:{key}" not in misplaced}
        if not self.has_file and not any(values.values()):
            required = [name for name, field in model.model_fields.items() if field.is_required()]
            self.problems.append(
                Problem(
                    file=self.file,
                    key="",
                    given=Words("no such file"),
                    allowed=f"a file with {', '.join(f'{NAMESPACE}:{key}' for key in required)}",
                    remedy="restore it from git, or write it after the pattern of another stack's",
                )
            )
            return None
        given = {key: value for key, value in values.items() if value is not None}
        return self._valid(model, given, file=self.file, key=f"{NAMESPACE}:")

    def _content(self, file: str) -> dict[str, Any] | None:
        """What a file of Pulumi's says; None without it, for configuration can come from elsewhere."""
        if not (self.root / file).exists():
            return None
        content = read_mapping(self.root / file, file=file)
        if isinstance(content, Problem):
            self.problems.append(content)
            self.broken_files.add(file)
            return {}
        return content

    def _keys(self, content: dict[str, Any] | None) -> dict[str, str]:
        """The keys of a file's `config:`, with their namespaces as Pulumi reads them, and as they are written."""
        config = content.get("config") if content else None
        written = config if isinstance(config, dict) else {}
        return {key if ":" in key else f"{self.project}:{key}": key for key in sorted(written)}

    def _refuse_outdented_keys(self, content: dict[str, Any]) -> None:
        """Pulumi ignores a key beside `config:`, and what is said there would be missed below it."""
        for key in sorted(content.keys() - set(STACK_FILE_KEYS)):
            self.broken_files.add(self.file)
            remedy = "indent it below config:" if ":" in key else did_you_mean(key, STACK_FILE_KEYS, "remove it")
            allowed = f"these keys: {', '.join(STACK_FILE_KEYS)}"
            self.problems.append(Problem(file=self.file, key=key, allowed=allowed, remedy=remedy))

    def _refuse_unknown_keys(self, allowed: Sequence[str]) -> None:
        """A stack file says what `allowed` has and nothing else; Pulumi.yaml nothing that nobody reads."""
        names = {f"{NAMESPACE}:{name}" for name in allowed}
        for key, written in self.own_keys.items():
            if key == f"{NAMESPACE}:{PLATFORM}":
                remedy = "remove it; what all stacks share is changed in Pulumi.yaml alone"
                self._unknown(written, allowed, file=self.file, remedy=remedy)
            elif key not in names:
                remedy = f"remove it: pulumi config rm {written} --stack {self.stack}"
                self._unknown(written, allowed, file=self.file, remedy=remedy)
        shared = (PLATFORM, ACCESS_ROLE)
        for key, written in self.shared_keys.items():
            if key.startswith(f"{NAMESPACE}:") and key.removeprefix(f"{NAMESPACE}:") not in shared:
                remedy = "remove it; what a stack has of its own stands in Pulumi.STACK.yaml"
                self._unknown(written, shared, file=PROJECT_FILE, remedy=remedy)
        if self.broken_files:
            return
        elsewhere = CONFIG.get().keys() - self.own_keys.keys() - self.shared_keys.keys()
        for key in sorted(elsewhere - names - {f"{NAMESPACE}:{PLATFORM}"}):
            if key.startswith(f"{NAMESPACE}:"):
                self._unknown(key, allowed, file=self.file, remedy="remove it")

    def _unknown(self, key: str, allowed: Sequence[str], *, file: str, remedy: str) -> None:
        self.problems.append(
            Problem(
                file=file,
                key=key,
                allowed=f"these keys: {', '.join(f'{NAMESPACE}:{name}' for name in allowed)}",
                remedy=did_you_mean(key.removeprefix(f"{NAMESPACE}:"), allowed, remedy),
            )
        )

    def _catalogue(self, *, needed: bool) -> dict[str, Service] | None:
        """Every service whose file is right; None where the folder cannot be read.

        It may be missing where the stack runs no service: git keeps no empty folder.
        """
        try:
            paths = sorted((self.root / "services").iterdir())
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not needed:
                return {}
            self.problems.append(
                Problem(
                    file="services/",
                    key="",
                    given=Words(error.strerror),
                    allowed="a readable folder with one file a service, NAME.yaml",
                    remedy="restore it from git, or check its rights",
                )
            )
            return None
        catalogue: dict[str, Service] = {}
        seen: dict[str, str] = {}
        for path in paths:
            file = f"services/{path.name}"
            if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
                continue
            name = path.stem
            if name in seen:
                self.problems.append(
                    Problem(
                        file=file,
                        key="",
                        given=Words(f"a second service named {name}"),
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
                Problem(file=file, key="", given=path.suffix, allowed=".yaml", remedy=f"rename it to {name}.yaml")
            )
            return None
        allowed = objection(_SERVICE_NAME, name)
        if allowed:
            self.problems.append(Problem(file=file, key="", given=name, allowed=allowed, remedy="rename the file"))
            return None
        content = read_mapping(path, file=file)
        if isinstance(content, Problem):
            self.problems.append(content)
            return None
        kind = content.get("kind")
        if not isinstance(kind, str) or kind not in SERVICE_KINDS:
            self.problems.append(
                Problem(
                    file=file,
                    key="kind",
                    given=kind if "kind" in content else NOTHING,
                    allowed=", ".join(SERVICE_KINDS),
                    remedy=did_you_mean(kind, SERVICE_KINDS, "say what kind of service it is"),
                )
            )
            return None
        return self._valid(SERVICE_KINDS[kind], content, file=file, key="")

    def _access_role(self) -> str:
        role = self.config.get(ACCESS_ROLE) or "deploy"
        allowed = objection(_ROLE_NAME, role)
        if allowed:
            key = f"{NAMESPACE}:{ACCESS_ROLE}"
            file, remedy = self.file, f"pulumi config set {key} deploy --stack {self.stack}"
            if key in self.shared_keys.keys() - self.own_keys.keys():
                file, remedy = PROJECT_FILE, "write the name of a role, or remove the key: it is deploy then"
            self.problems.append(Problem(file=file, key=key, given=role, allowed=allowed, remedy=remedy))
        return role

    def _encrypted(self, keys: Iterable[str], *, file: str) -> bool:
        """Whether a key holds an encrypted value, which is shown to nobody and belongs nowhere here."""
        encrypted = [f"{NAMESPACE}:{key}" for key in keys if is_config_secret(f"{NAMESPACE}:{key}")]
        for key in encrypted:
            allowed = "plain values; there is an encrypted one (`secure:`)"
            self.problems.append(Problem(file=file, key=key, allowed=allowed, remedy=NO_SECRETS))
        return bool(encrypted)

    def _value(self, key: str) -> Any:
        """The value of a key: an object, or the bare text that stands where one should; None without it."""
        try:
            return self.config.get_object(key)
        except pulumi.ConfigTypeError:
            return self.config.get(key)

    def _valid(self, model: type[M], value: Any, *, file: str, key: str) -> M | None:
        try:
            # By way of JSON, where strictness still takes lists for tuples and text for networks.
            return model.model_validate_json(json.dumps(value))
        except ValidationError as error:
            self.problems += problems_of(error, model=model, file=file, key=key)
            return None


def objection(adapter: TypeAdapter[str], value: str) -> str | None:
    """What would be allowed in place of a value; None where the value is."""
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None
