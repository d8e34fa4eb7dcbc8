"""What the program runs on: the configuration of one stack, valid, with every name in it looked up."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from config.fields import Exposure
from config.migration import Migration
from config.platform import Account, ClusterDefinition, Platform, Team
from config.service import Service, WebService, WorkerService
from config.stack import ClusterSize, Identity, Person, Range, balancer_name


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster as it is in one environment."""

    name: str
    definition: ClusterDefinition
    size: ClusterSize

    @property
    def balancers(self) -> list[str]:
        """The names of its load balancers; the public ones are there once it has a public service."""
        return [
            balancer_name(exposure, number + 1)
            for exposure in get_args(Exposure)
            for number in range(self.definition.balancers(exposure))
        ]


@dataclass(frozen=True, kw_only=True)
class DeployedService:
    """A service as it is in one environment. `spec` has its placeholders replaced."""

    name: str
    spec: Service
    version: str
    tasks: Range
    secret_versions: Mapping[str, str]
    owner: Team
    runbook: str

    @property
    def queue(self) -> str | None:
        """The SQS queue that a worker empties."""
        return self.spec.queue if isinstance(self.spec, WorkerService) else None


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """What every stack knows."""

    stack: str
    platform: Platform
    access_role: str

    @property
    def account(self) -> Account:
        return self.platform.account(self.stack)


@dataclass(frozen=True, kw_only=True)
class OpsSettings(StackSettings):
    """The ops stack: organization, people, and what the catalogue says of each service."""

    people: Mapping[str, Person]
    catalogue: Mapping[str, Service]
    shifted: Mapping[str, Sequence[str]]
    """The names in the root zone that each environment moves."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings(StackSettings):
    """One environment."""

    environment: str
    identity: Identity
    clusters: Mapping[str, Cluster]
    services: Mapping[str, DeployedService]
    migration: Migration
    ssh_keys: Mapping[str, str]
    """The OpenSSH key of each person who operates the environment, by user name."""

    @property
    def web_services(self) -> dict[str, WebService]:
        """The services that are reached by HTTP, by name."""
        return {name: one.spec for name, one in self.services.items() if isinstance(one.spec, WebService)}

    def is_public(self, cluster: str) -> bool:
        """Whether services of a cluster are reached from the internet."""
        return any((web.cluster, web.exposure) == (cluster, "public") for web in self.web_services.values())

    @property
    def domain(self) -> str:
        return environment_domain(self.platform, self.environment)

    @property
    def internal_domain(self) -> str:
        return f"internal.{self.domain}"


def environment_domain(platform: Platform, environment: str) -> str:
    """The public zone of an environment."""
    return f"{environment}.{platform.domain}"


def environment_domains(platform: Platform) -> list[str]:
    """The public zones of all environments."""
    return [environment_domain(platform, name) for name in platform.environments]


def in_root_zone(host: str, platform: Platform) -> bool:
    """Whether a name is the root zone's own, and of no environment."""
    return _below(host, platform.domain) and not any(_below(host, own) for own in environment_domains(platform))


def _below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def runbook(platform: Platform, name: str, service: Service) -> str:
    """Where a service's runbook is."""
    return service.runbook or f"{platform.datadog.runbooks}/{name}"


def placeholders(platform: Platform, environment: str) -> dict[str, str]:
    """What `${...}` in a service file stands for in one environment."""
    domain = environment_domain(platform, environment)
    return {
        "account_id": platform.account(environment).id,
        "domain": domain,
        "environment": environment,
        "internal_domain": f"internal.{domain}",
        "region": platform.region,
    }


def in_environment(service: Service, values: Mapping[str, str]) -> Service:
    """The service with its placeholders replaced."""

    def filled(text: str) -> str:
        return string.Template(text).substitute(values)

    return service.model_copy(
        update={
            "environment": {name: filled(value) for name, value in service.environment.items()},
            "permissions": tuple(
                permission.model_copy(update={"resources": tuple(map(filled, permission.resources))})
                for permission in service.permissions
            ),
        }
    )
