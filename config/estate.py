"""The estate: all of a company's files, read once, and the settings of each stack that they make."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from config import checks, quotas
from config.errors import NO_SECRETS, NOTHING, ConfigError, Problem, Words, did_you_mean, problems_of
from config.fields import OPS, Model, RoleName, ServiceName
from config.files import Folder
from config.migration import Migration
from config.platform import Platform
from config.service import SERVICE_KINDS, Service
from config.settings import (
    Cluster,
    DeployedService,
    EnvironmentSettings,
    OpsSettings,
    in_environment,
    in_root_zone,
    placeholders,
    runbook,
)
from config.stack import EnvironmentStack, Identity, OpsStack, Person, Range

PROJECT_FILE = "Pulumi.yaml"

NAMESPACE = "slipway"
"""The namespace of every key; it stays when a fork gives the Pulumi project another name."""

PLATFORM = "platform"
ACCESS_ROLE = "access_role"
"""The keys that Pulumi.yaml may hold, and of which a stack file may set the second."""

STACK_FILE_KEYS = ("config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt")
"""The keys of a stack file that Pulumi knows."""

Settings: TypeAlias = OpsSettings | EnvironmentSettings
M = TypeVar("M", bound=Model)

_SERVICE_NAME: TypeAdapter[str] = TypeAdapter(ServiceName)
_ROLE_NAME: TypeAdapter[str] = TypeAdapter(RoleName)


def read(root: Path, texts: Mapping[str, str | None] | None = None) -> Estate:
    """All files of the project in `root`. A text stands for the file of its name, None for one that is not there."""
    return Estate(Folder(root, texts or {}))


def stack_file(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


class Estate:
    """Read as a whole; the settings of a stack are made, and judged, when they are asked for."""

    platform: Platform | None
    """What all stacks share; None where Pulumi.yaml does not say it as it has to."""

    def __init__(self, folder: Folder) -> None:
        self._shared: list[Problem] = []
        self._folder = folder
        self._project = _File(folder, PROJECT_FILE, self._shared)
        self.platform = self._read_platform()
        known = self.platform.stacks if self.platform else ()
        # Those that have a file and are no stack's are mistakes to be told.
        self._stacks = {
            stack: _StackFile(folder, stack, self._project.namespace)
            for stack in dict.fromkeys((*known, *folder.stacks()))
        }
        self._catalogue = _Catalogue(folder, self._shared)
        self._people = self._read_people()
        if self.platform:
            self._shared += checks.platform(self.platform)
            self._shared += checks.networks(self._networks())
            self._shared += checks.catalogue(self._catalogue.services, self.platform)

    @property
    def problems(self) -> list[Problem]:
        """All that is wrong for any stack that has a file, each once."""
        found = list(self._shared)
        for stack in [stack for stack, file in self._stacks.items() if file.there]:
            found += [problem for problem in self._stack(stack)[1] if problem not in found]
        return found

    def settings(self, stack: str, *, access_role: str | None = None) -> Settings:
        """What one stack runs on, with another role than the files name if one is given. Raises ConfigError."""
        settings, problems = self._stack(stack, access_role)
        if problems or settings is None:
            raise ConfigError(problems)
        return settings

    def said(self, stack: str) -> dict[str, tuple[str, Any]]:
        """Each key of the namespace that Pulumi hands to the program -> the file that says it, and its value."""
        files = (self._project, self._stacks.get(stack))
        return {
            key: (file.name, value)
            for file in files
            if file
            for key, value in file.values.items()
            if key.startswith(f"{NAMESPACE}:")
        }

    # Shared files -----------------------------------------------------------------------------------------------------

    def _read_platform(self) -> Platform | None:
        key = f"{NAMESPACE}:{PLATFORM}"
        file = self._project
        if file.broken:
            return None
        for other, written in file.written.items():
            if other.startswith(f"{NAMESPACE}:") and other not in (key, f"{NAMESPACE}:{ACCESS_ROLE}"):
                remedy = "remove it; what a stack has of its own stands in Pulumi.STACK.yaml"
                self._shared.append(_unknown(written, (PLATFORM, ACCESS_ROLE), file=PROJECT_FILE, remedy=remedy))
        value = file.values.get(key)
        if value is None:
            remedy = "write it below config: as slipway:platform: {value: {company: ...}}"
            self._shared.append(Problem(file=PROJECT_FILE, key=key, allowed="a mapping of keys", remedy=remedy))
            return None
        if _refuse_encrypted({key: value}, PROJECT_FILE, self._shared):
            return None
        return _valid(Platform, value, file=PROJECT_FILE, key=key, problems=self._shared)

    def _read_people(self) -> Mapping[str, Person] | None:
        """Everybody: ops has them as people, an environment the SSH keys of those who operate it."""
        file = self._stacks.get(OPS) or _StackFile(self._folder, OPS, self._project.namespace)
        stack = file.model(OpsStack, self._shared)
        if stack and self.platform:
            self._shared += checks.people(stack.people, file=file.name)
            self._shared += checks.roles(stack.people, self.platform, file=file.name)
        return stack.people if stack else None

    def _networks(self) -> dict[str, IPv4Network]:
        """The network of each environment whose file says it; what is wrong in a file is that stack's problem."""
        found = {stack: file.part(Identity, "environment") for stack, file in self._environments()}
        return {stack: identity.cidr for stack, identity in found.items() if identity}

    def _shifted(self, platform: Platform) -> dict[str, tuple[str, ...]]:
        """The names in the root zone that each environment's file moves."""
        found = {stack: file.part(Migration, "migration") for stack, file in self._environments()}
        return {
            stack: tuple(
                sorted({shift.host for shift in migration.shifts.values() if in_root_zone(shift.host, platform)})
            )
            for stack, migration in found.items()
            if migration
        }

    def _environments(self) -> Iterator[tuple[str, _StackFile]]:
        for stack in self.platform.environments if self.platform else ():
            yield stack, self._stacks[stack]

    # Stacks -----------------------------------------------------------------------------------------------------------

    def _stack(self, stack: str, access_role: str | None = None) -> tuple[Settings | None, list[Problem]]:
        """The settings of a stack, where there is enough to make them of, and all that is wrong for it."""
        platform = self.platform
        if platform and stack not in platform.stacks:
            stacks = ", ".join(platform.stacks)
            otherwise = "select one of them: pulumi stack select STACK, or add it to Pulumi.yaml"
            remedy = did_you_mean(stack, platform.stacks, otherwise)
            allowed = f"the stacks {stacks}"
            return None, [Problem(file=stack_file(stack), key="", given=stack, allowed=allowed, remedy=remedy)]
        problems = list(self._shared)
        file = self._stacks.get(stack) or _StackFile(self._folder, stack, self._project.namespace)
        role = self._access_role(file, access_role, problems)
        if stack == OPS:
            file.refuse_unknown_keys(OpsStack, problems)
            return self._ops(role, problems), problems
        file.refuse_unknown_keys(EnvironmentStack, problems)
        return self._environment(stack, file, role, problems), problems

    def _access_role(self, file: _StackFile, given: str | None, problems: list[Problem]) -> str:
        key = f"{NAMESPACE}:{ACCESS_ROLE}"
        name, remedy = file.name, f"pulumi config set {key} deploy --stack {file.stack}"
        value = file.values.get(key, self._project.values.get(key, "deploy"))
        role = value if isinstance(value, str) else json.dumps(value)
        if given not in (None, role):
            role = str(given)
        elif key not in file.values:
            name, remedy = PROJECT_FILE, "write the name of a role, or remove the key: it is deploy then"
        allowed = objection(_ROLE_NAME, role)
        if allowed:
            problems.append(Problem(file=name, key=key, given=role, allowed=allowed, remedy=remedy))
        return role

    def _ops(self, access_role: str, problems: list[Problem]) -> OpsSettings | None:
        if not self.platform or self._people is None or not self._catalogue.read:
            return None
        settings = OpsSettings(
            stack=OPS,
            platform=self.platform,
            access_role=access_role,
            people=self._people,
            catalogue=self._catalogue.services,
            shifted=self._shifted(self.platform),
        )
        problems += quotas.ops(settings)
        return settings

    def _environment(
        self, name: str, file: _StackFile, access_role: str, problems: list[Problem]
    ) -> EnvironmentSettings | None:
        platform, catalogue = self.platform, self._catalogue
        stack = file.model(EnvironmentStack, problems)
        if stack and stack.services and catalogue.missing:
            problems.append(catalogue.missing)
            return None
        if not platform or not stack or not catalogue.read:
            return None
        problems += checks.stack(stack, platform, catalogue.names, file=file.name)
        clusters = {
            name: Cluster(name=name, definition=platform.clusters[name], size=size)
            for name, size in sorted(stack.clusters.items())
            if name in platform.clusters
        }
        services: dict[str, DeployedService] = {}
        for service, release in sorted(stack.services.items()):
            spec = catalogue.services.get(service)
            if spec is None or spec.owner not in platform.teams:
                continue
            problems += checks.release(service, spec, release, file=file.name)
            services[service] = DeployedService(
                name=service,
                spec=in_environment(spec, placeholders(platform, name)),
                version=release.version,
                tasks=release.tasks or Range(min=1, max=1),
                secret_versions=release.secret_versions,
                owner=platform.teams[spec.owner],
                runbook=runbook(platform, service, spec),
            )
        settings = EnvironmentSettings(
            stack=name,
            platform=platform,
            access_role=access_role,
            environment=name,
            identity=stack.environment,
            clusters=clusters,
            services=services,
            migration=stack.migration,
            ssh_keys=_ssh_keys(self._people or {}, name),
        )
        unread = stack.services.keys() - services.keys()  # what is wrong with them has been said
        problems += checks.ssh_keys(settings.ssh_keys, name, file=stack_file(OPS))
        problems += checks.clusters(settings, file=file.name)
        problems += checks.migration(settings, unread, self._networks(), file=file.name)
        problems += checks.capacity(settings, file=file.name)
        problems += quotas.environment(settings, file=file.name)
        return settings


def _ssh_keys(people: Mapping[str, Person], environment: str) -> dict[str, str]:
    """Of people who operate the environment: with the role to read only there is nothing to do on its hosts."""
    return {
        user: person.ssh_public_key
        for user, person in people.items()
        if person.ssh_public_key and person.roles.get(environment, "read_only") != "read_only"
    }


# Files ----------------------------------------------------------------------------------------------------------------


class _File:
    """Pulumi.yaml or a stack file: the keys below its `config:`, with their namespaces as Pulumi reads them."""

    def __init__(self, folder: Folder, name: str, problems: list[Problem], namespace: str | None = None) -> None:
        self.name = name
        content = folder.mapping(name, of_pulumi=True) if folder.has(name) else {}
        self.there = folder.has(name)
        self.broken = isinstance(content, Problem)
        if isinstance(content, Problem):
            problems.append(content)
        self.content: dict[str, Any] = {} if isinstance(content, Problem) else content
        self.namespace = namespace or str(self.content.get("name", NAMESPACE))
        config = self.content.get("config")
        entries = config if isinstance(config, dict) else {}
        if config is not None and not isinstance(config, dict):
            self.broken = True
            remedy = "write the keys below it"
            problems.append(Problem(file=name, key="config", given=config, allowed="a mapping of keys", remedy=remedy))
        self.written = {key if ":" in key else f"{self.namespace}:{key}": key for key in sorted(entries)}
        self.values = {key: self._value(entries[written]) for key, written in self.written.items()}

    def _value(self, entry: Any) -> Any:
        """Pulumi.yaml says beside a value what it is."""
        if self.name == PROJECT_FILE and isinstance(entry, dict):
            return entry.get("value", entry.get("default"))
        return entry


class _StackFile(_File):
    """What one stack has of its own. Its problems are gathered where they are asked for."""

    def __init__(self, folder: Folder, stack: str, namespace: str) -> None:
        self.stack = stack
        self._unreadable: list[Problem] = []
        super().__init__(folder, stack_file(stack), self._unreadable, namespace)
        # Pulumi ignores a key beside `config:`, and what is said there would be missed below it.
        for key in sorted(self.content.keys() - set(STACK_FILE_KEYS)):
            self.broken = True
            remedy = "indent it below config:" if ":" in key else did_you_mean(key, STACK_FILE_KEYS, "remove it")
            allowed = f"these keys: {', '.join(STACK_FILE_KEYS)}"
            self._unreadable.append(Problem(file=self.name, key=key, allowed=allowed, remedy=remedy))

    def refuse_unknown_keys(self, model: type[Model], problems: list[Problem]) -> None:
        allowed = (*model.model_fields, ACCESS_ROLE)
        for key, written in self.written.items():
            if key.partition(":")[0] == NAMESPACE and key.partition(":")[2] in allowed:
                continue
            remedy = f"remove it: pulumi config rm {written} --stack {self.stack}"
            if key == f"{NAMESPACE}:{PLATFORM}":
                remedy = "remove it; what all stacks share is changed in Pulumi.yaml alone"
            problems.append(_unknown(written, allowed, file=self.name, remedy=remedy))

    def model(self, model: type[M], problems: list[Problem]) -> M | None:
        """What the file says, or None and its problems."""
        if self.broken:
            problems += self._unreadable
            return None
        if not self.there:
            required = [name for name, field in model.model_fields.items() if field.is_required()]
            problems.append(
                Problem(
                    file=self.name,
                    key="",
                    given=Words("no such file"),
                    allowed=f"a file with {', '.join(f'{NAMESPACE}:{key}' for key in required)}",
                    remedy="restore it from git, or write it after the pattern of another stack's",
                )
            )
            return None
        given = {key: self.values.get(f"{NAMESPACE}:{key}") for key in model.model_fields}
        said = {key: value for key, value in given.items() if value is not None}
        if _refuse_encrypted({f"{NAMESPACE}:{key}": value for key, value in said.items()}, self.name, problems):
            return None
        return _valid(model, said, file=self.name, key=f"{NAMESPACE}:", problems=problems)

    def part(self, model: type[M], key: str) -> M | None:
        """What the file says under one key, where that is right."""
        value = self.values.get(f"{NAMESPACE}:{key}")
        return None if value is None else _valid(model, value, file=self.name, key=key, problems=[])


class _Catalogue:
    """The service files. The folder may be missing where no stack runs a service: git keeps no empty one."""

    def __init__(self, folder: Folder, problems: list[Problem]) -> None:
        self.services: dict[str, Service] = {}
        """Every service whose file is right."""
        self.names: set[str] = set()
        """Of every service that has a file."""
        self.read = True
        self.missing: Problem | None = None
        try:
            names = folder.files("services")
        except OSError as error:
            self.read = False
            problem = Problem(
                file="services/",
                key="",
                given=Words(error.strerror),
                allowed="a readable folder with one file a service, NAME.yaml",
                remedy="restore it from git, or check its rights",
            )
            if isinstance(error, FileNotFoundError):
                self.missing, self.read = problem, True
            else:
                problems.append(problem)
            return
        seen: dict[str, str] = {}
        for path in map(Path, names):
            if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
                continue
            file = f"services/{path.name}"
            if path.stem in seen:
                problems.append(
                    Problem(
                        file=file,
                        key="",
                        given=Words(f"a second service named {path.stem}"),
                        allowed=f"one file a service; {seen[path.stem]} is there",
                        remedy="rename or remove one of the two files",
                    )
                )
                continue
            seen[path.stem] = file
            service = _service(folder, path, file, problems)
            if service:
                self.services[path.stem] = service
        self.names = set(seen)


def _service(folder: Folder, path: Path, file: str, problems: list[Problem]) -> Service | None:
    if path.suffix != ".yaml":
        problems.append(
            Problem(file=file, key="", given=path.suffix, allowed=".yaml", remedy=f"rename it to {path.stem}.yaml")
        )
        return None
    allowed = objection(_SERVICE_NAME, path.stem)
    if allowed:
        problems.append(Problem(file=file, key="", given=path.stem, allowed=allowed, remedy="rename the file"))
        return None
    content = folder.mapping(file)
    if isinstance(content, Problem):
        problems.append(content)
        return None
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in SERVICE_KINDS:
        problems.append(
            Problem(
                file=file,
                key="kind",
                given=kind if "kind" in content else NOTHING,
                allowed=", ".join(SERVICE_KINDS),
                remedy=did_you_mean(kind, SERVICE_KINDS, "say what kind of service it is"),
            )
        )
        return None
    return _valid(SERVICE_KINDS[kind], content, file=file, key="", problems=problems)


def _valid(model: type[M], value: Any, *, file: str, key: str, problems: list[Problem]) -> M | None:
    try:
        # By way of JSON, where strictness still takes lists for tuples and text for networks.
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        problems += problems_of(error, model=model, file=file, key=key)
        return None


def _refuse_encrypted(values: Mapping[str, Any], file: str, problems: list[Problem]) -> bool:
    """Whether one holds an encrypted value, which is shown to nobody and belongs nowhere here."""
    found = [encrypted(file, key) for key, value in values.items() if _is_encrypted(value)]
    problems += found
    return bool(found)


def _is_encrypted(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


def encrypted(file: str, key: str) -> Problem:
    allowed = "plain values; there is an encrypted one (`secure:`)"
    return Problem(file=file, key=key, allowed=allowed, remedy=NO_SECRETS)


def _unknown(key: str, allowed: Sequence[str], *, file: str, remedy: str) -> Problem:
    return Problem(
        file=file,
        key=key,
        allowed=f"these keys: {', '.join(f'{NAMESPACE}:{name}' for name in allowed)}",
        remedy=did_you_mean(key.removeprefix(f"{NAMESPACE}:"), allowed, remedy),
    )


def objection(adapter: TypeAdapter[str], value: str) -> str | None:
    """What would be allowed in place of a value; None where the value is."""
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None
