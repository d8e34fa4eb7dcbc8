"""Checks over several keys and files: what AWS would answer with an error, said before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from config import alerts
from config.capacity import cluster_capacity, fits_on_host
from config.errors import Problem, Words, did_you_mean
from config.fields import ENVIRONMENTS, VpcCidr
from config.files import read_mapping
from config.instance_types import instance_type
from config.platform import Platform
from config.service import JobService, Service, WebService
from config.settings import EnvironmentSettings
from config.stack import EnvironmentStack, Person, Release

PLATFORM = "slipway:platform"
PLATFORM_FILE = "Pulumi.yaml"

RESERVED_NAMES = ("bastion", "datadog-agent", "internal")
"""Names in an environment's zone or clusters that the platform itself uses."""

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
RULES_PER_BALANCER = 100
TARGETS_PER_BALANCER = 1000


_CIDR: TypeAdapter[IPv4Network] = TypeAdapter(VpcCidr)


def across_stacks(root: Path) -> Iterator[Problem]:
    """Networks that overlap. A stack file that cannot be read is that stack's own problem, not this one's."""
    networks: dict[str, IPv4Network] = {}
    for environment in ENVIRONMENTS:
        file = f"Pulumi.{environment}.yaml"
        content = read_mapping(root / file, file=file)
        try:
            network = _CIDR.validate_python(content["config"]["slipway:environment"]["cidr"])  # type: ignore[index]
        except (KeyError, TypeError, ValidationError):
            continue
        for other, taken in networks.items():
            if network.overlaps(taken):
                yield Problem(
                    file=file,
                    key="slipway:environment.cidr",
                    given=str(network),
                    allowed=f"a network apart from those of the other environments; {other} has {taken}",
                    remedy="choose a free one, so that environments can be peered and told apart",
                )
        networks[environment] = network


def platform(platform: Platform) -> Iterator[Problem]:
    """What the keys of slipway:platform say of each other."""
    accounts = platform.accounts
    for field in ("id", "email"):
        owners: dict[str, str] = {}
        for name in type(accounts).model_fields:
            value = str(getattr(getattr(accounts, name), field)).lower()
            if value in owners:
                yield Problem(
                    file=PLATFORM_FILE,
                    key=f"{PLATFORM}.accounts.{name}.{field}",
                    given=value,
                    allowed=f"an {field} that no other account has; {owners[value]} has {value}",
                    remedy=f"give {name} an account of its own: the account is what keeps {name} apart",
                )
            owners.setdefault(value, name)
    if platform.region not in platform.allowed_regions:
        yield Problem(
            file=PLATFORM_FILE,
            key=f"{PLATFORM}.region",
            given=platform.region,
            allowed=f"one of allowed_regions: {', '.join(platform.allowed_regions)}",
            remedy="choose one of them, or add it to allowed_regions",
        )
    yield from _one_of(
        platform.datadog.owner,
        platform.teams,
        PLATFORM_FILE,
        f"{PLATFORM}.datadog.owner",
        "the teams of slipway:platform",
    )
    for index, zone in enumerate(platform.availability_zones):
        if zone[:-1] != platform.region:
            yield Problem(
                file=PLATFORM_FILE,
                key=f"{PLATFORM}.availability_zones[{index}]",
                given=zone,
                allowed=f"a zone of the region {platform.region}, such as {platform.region}a",
                remedy="choose three zones of the region",
            )


def people(people: Mapping[str, Person], *, file: str) -> Iterator[Problem]:
    """One person who stands there twice would keep one of the two log-ins after leaving."""
    owners: dict[str, str] = {}
    for name, person in sorted(people.items()):
        email = person.email.lower()
        if email in owners:
            yield Problem(
                file=file,
                key=f"slipway:people.{name}.email",
                given=person.email,
                allowed=f"an address that nobody else has; {owners[email]} has it",
                remedy="remove one of the two entries, or correct the address",
            )
        owners.setdefault(email, name)


def catalogue(services: Mapping[str, Service], platform: Platform) -> Iterator[Problem]:
    """What the service files say of each other and of the platform."""
    priorities: dict[tuple[str, str, int], str] = {}
    for name, service in sorted(services.items()):
        file = f"services/{name}.yaml"
        if name in RESERVED_NAMES:
            yield Problem(
                file=file,
                key="",
                given=name,
                allowed=f"any name but {', '.join(RESERVED_NAMES)}",
                remedy="rename the file",
            )
        yield from _one_of(service.cluster, platform.clusters, file, "cluster", "the clusters of slipway:platform")
        yield from _one_of(service.owner, platform.teams, file, "owner", "the teams of slipway:platform")
        for alert, override in service.alerts.items():
            for key, given, allowed in alerts.violations(service.kind, alert, override):
                yield Problem(
                    file=file,
                    key=f"alerts.{alert}{key}",
                    given=given,
                    allowed=allowed,
                    remedy="correct or remove it",
                )
        if isinstance(service, WebService):
            place = (service.cluster, service.exposure, service.priority)
            if place in priorities:
                yield Problem(
                    file=file,
                    key="priority",
                    given=service.priority,
                    allowed=f"a priority of its own on the {service.exposure} balancer of {service.cluster}; "
                    f"{priorities[place]} has {service.priority}",
                    remedy=f"take a free one, such as {_free_priority(place, priorities)}",
                )
            priorities.setdefault(place, name)


def stack(stack: EnvironmentStack, platform: Platform, names: Iterable[str], *, file: str) -> Iterator[Problem]:
    """What a stack file says of the platform and the catalogue."""
    names = set(names)
    for cluster, size in sorted(stack.clusters.items()):
        key = f"slipway:clusters.{cluster}"
        yield from _one_of(cluster, platform.clusters, file, key, "the clusters of slipway:platform")
        try:
            instance_type(size.instance_type)
        except ValueError as error:
            yield Problem(
                file=file,
                key=f"{key}.instance_type",
                given=size.instance_type,
                allowed=str(error),
                remedy="choose one of them",
            )
    for cluster in sorted(platform.clusters.keys() - stack.clusters.keys()):
        yield Problem(
            file=file,
            key=f"slipway:clusters.{cluster}",
            allowed="a size for every cluster of slipway:platform",
            remedy="add instance_type and instances",
        )
    for service in sorted(stack.services.keys() - names):
        yield Problem(
            file=file,
            key=f"slipway:services.{service}",
            given=service,
            allowed=f"the services of services/: {', '.join(sorted(names))}",
            remedy=did_you_mean(service, names, f"write services/{service}.yaml, or remove the entry"),
        )


def release(name: str, service: Service, release: Release, *, file: str) -> Iterator[Problem]:
    """What a stack file says of one service."""
    key = f"slipway:services.{name}.tasks"
    if isinstance(service, JobService) and release.tasks is not None:
        yield Problem(
            file=file,
            key=key,
            given=release.tasks.model_dump(),
            allowed="no tasks: a job runs once each time its schedule says so",
            remedy="remove the key",
        )
    if not isinstance(service, JobService) and release.tasks is None:
        yield Problem(file=file, key=key, allowed="a number, or {min: 2, max: 10}", remedy="add the key")


def capacity(settings: EnvironmentSettings, *, file: str) -> Iterator[Problem]:
    """Tasks that fit on no host, and rollouts that do not fit the cluster with a zone lost."""
    for name, cluster in sorted(settings.clusters.items()):
        try:
            host = instance_type(cluster.size.instance_type)
        except ValueError:
            continue  # said by `stack`
        services = [service for service in settings.services.values() if service.spec.cluster == name]
        too_large = [service for service in services if not fits_on_host(service, host)]
        for service in too_large:
            for key, given, offered in (
                ("cpu", service.spec.cpu, host.task_cpu),
                ("memory_mib", service.spec.memory_mib, host.task_memory_mib),
            ):
                if given > offered:
                    yield Problem(
                        file=f"services/{service.name}.yaml",
                        key=key,
                        given=given,
                        allowed=f"at most {offered}, what one {host.name} of the cluster {name} in "
                        f"{settings.environment} offers to tasks",
                        remedy=f"ask for less, or give slipway:clusters.{name} a larger instance_type in {file}",
                    )
        proof = None if too_large else cluster_capacity(cluster, services)
        if proof and not proof.fits:
            yield Problem(
                file=file,
                key=f"slipway:clusters.{name}.instances.max",
                given=proof.maximum,
                allowed=proof.arithmetic(),
                remedy=f"raise it to {proof.enough()}, choose a larger instance_type, or lower the services' tasks",
            )


def quotas(settings: EnvironmentSettings, *, file: str) -> Iterator[Problem]:
    """Load balancers that would outgrow what AWS allows one of them."""
    tasks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for service in settings.services.values():
        if isinstance(service.spec, WebService):
            tasks[service.spec.cluster, service.spec.exposure].append(service.tasks.max)
    for (cluster, exposure), counts in sorted(tasks.items()):
        balancer = f"on the {exposure} load balancer of the cluster {cluster}"
        if len(counts) > RULES_PER_BALANCER:
            yield Problem(
                file=file,
                key="slipway:services",
                given=Words(f"{len(counts):,} services {balancer}"),
                allowed=f"{RULES_PER_BALANCER} services, because AWS allows a load balancer as many rules",
                remedy="move services to another cluster",
            )
        # Old and new tasks are both registered while a service rolls out.
        targets = sum(counts) + max(counts)
        if targets > TARGETS_PER_BALANCER:
            yield Problem(
                file=file,
                key="slipway:services",
                given=Words(
                    f"{targets:,} targets {balancer}: {sum(counts):,} tasks at their maximum, "
                    f"and the largest service's {max(counts):,} once more while they roll out"
                ),
                allowed=f"{TARGETS_PER_BALANCER:,} targets, as many as AWS allows a load balancer",
                remedy="lower the services' tasks, or move services to another cluster",
            )


def _one_of(given: str, allowed: Iterable[str], file: str, key: str, what: str) -> Iterator[Problem]:
    if given not in allowed:
        yield Problem(
            file=file,
            key=key,
            given=given,
            allowed=f"{what}: {', '.join(sorted(allowed))}",
            remedy=did_you_mean(given, allowed, "choose one of them, or add it to Pulumi.yaml"),
        )


def _free_priority(place: tuple[str, str, int], taken: Iterable[tuple[str, str, int]]) -> int:
    """The next priority with the usual gap of 10."""
    cluster, exposure, _ = place
    return max(priority for c, e, priority in taken if (c, e) == (cluster, exposure)) // 10 * 10 + 10
