"""Checks over several keys and files: what AWS would answer with an error, said before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network

from config import alerts
from config.capacity import cluster_capacity, fits_on_host
from config.errors import NOTHING, Problem, did_you_mean
from config.fields import OPS
from config.instance_types import instance_type
from config.migration import Shift
from config.platform import Platform
from config.service import JobService, Service, WebService
from config.settings import EnvironmentSettings, environment_domains, in_root_zone
from config.stack import EnvironmentStack, Person, Release, balancer_name

PLATFORM = "slipway:platform"
PLATFORM_FILE = "Pulumi.yaml"

RESERVED_NAMES = ("bastion", "datadog-agent", "internal")
"""Names in an environment's zone or clusters that the platform itself uses."""

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
VALUES_PER_RULE = 5

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
MOST_PRIORITY = 50_000

# An SSM parameter has 8 KiB, of which names and line ends take some:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
SSH_KEYS_SIZE = 6000

FAMILIES_WITH_SPOT = 2

# https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html (DomainName)
CERTIFICATE_NAME = 64


def networks(networks: Mapping[str, IPv4Network]) -> Iterator[Problem]:
    """Networks of environments that overlap."""
    for number, (environment, network) in enumerate(networks.items()):
        for other, taken in list(networks.items())[:number]:
            if network.overlaps(taken):
                yield Problem(
                    file=f"Pulumi.{environment}.yaml",
                    key="slipway:environment.cidr",
                    given=str(network),
                    allowed=f"a network apart from those of the other environments; {other} has {taken}",
                    remedy="choose a free one, so that environments can be peered and told apart",
                )


def platform(platform: Platform) -> Iterator[Problem]:
    """What the keys of slipway:platform say of each other."""
    yield from _environments(platform)
    for field in ("id", "email"):
        owners: dict[str, str] = {}
        for name in platform.stacks:
            value = str(getattr(platform.account(name), field)).lower()
            if value in owners:
                where = name if name == OPS else f"environments.{name}"
                yield Problem(
                    file=PLATFORM_FILE,
                    key=f"{PLATFORM}.{where}.account.{field}",
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
        sorted(platform.teams),
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
    for name, cluster in sorted(platform.clusters.items()):
        if cluster.spot_percent and len(cluster.more_families) < FAMILIES_WITH_SPOT:
            yield Problem(
                file=PLATFORM_FILE,
                key=f"{PLATFORM}.clusters.{name}.spot_percent",
                given=cluster.spot_percent,
                allowed=f"0 with fewer than {FAMILIES_WITH_SPOT} more_families: "
                "AWS takes away Spot instances of one type all at once",
                remedy="add families to more_families, or remove the key",
            )


def _environments(platform: Platform) -> Iterator[Problem]:
    """What stands there of environments, and where they are named."""
    longest = CERTIFICATE_NAME - len(f".{platform.domain}")
    for name, environment in platform.environments.items():
        key = f"{PLATFORM}.environments.{name}"
        if len(name) > longest:
            yield Problem(
                file=PLATFORM_FILE,
                key=key,
                given=name,
                allowed=f"a name of at most {longest} characters: a certificate is for {name}.{platform.domain} first, "
                f"and AWS allows {CERTIFICATE_NAME} there",
                remedy="rename the environment, or choose a shorter domain",
            )
        if environment.mirrors is None:
            continue
        others = [other for other in platform.environments if other not in (name, *platform.mirrors)]
        if environment.mirrors not in others:
            yield Problem(
                file=PLATFORM_FILE,
                key=f"{key}.mirrors",
                given=environment.mirrors,
                allowed=f"another environment that mirrors none itself: {', '.join(others) or 'there is none'}",
                remedy=did_you_mean(environment.mirrors, others, "name the one that both are like, or remove the key"),
            )
    for index, name in enumerate(platform.datadog.muted):
        yield from _one_of(
            name,
            platform.environments,
            PLATFORM_FILE,
            f"{PLATFORM}.datadog.muted[{index}]",
            "the environments of slipway:platform",
        )


def roles(people: Mapping[str, Person], platform: Platform, *, file: str) -> Iterator[Problem]:
    """Roles in stacks that there are not."""
    for user, person in sorted(people.items()):
        for stack in person.roles:
            key = f"slipway:people.{user}.roles.{stack}"
            yield from _one_of(stack, platform.stacks, file, key, "the stacks of slipway:platform")


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


def ssh_keys(keys: Mapping[str, str], environment: str, *, file: str) -> Iterator[Problem]:
    """They stand in one SSM parameter."""
    size = sum(len(key) for key in keys.values())
    if size > SSH_KEYS_SIZE:
        yield Problem(
            file=file,
            key="slipway:people",
            given=f"{len(keys)} SSH keys for {environment} of {size:,} characters",
            allowed=f"{SSH_KEYS_SIZE:,} characters of them for an environment: about 70 keys of ssh-ed25519",
            remedy="replace ssh-rsa keys, which are long, by ssh-ed25519",
        )


def catalogue(services: Mapping[str, Service], platform: Platform) -> Iterator[Problem]:
    """What the service files say of each other and of the platform."""
    images: dict[str, str] = {}
    priorities: dict[tuple[str, str, int], str] = {}  # cluster, load balancer and priority to service
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
        yield from _one_of(
            service.cluster, sorted(platform.clusters), file, "cluster", "the clusters of slipway:platform"
        )
        yield from _one_of(service.owner, sorted(platform.teams), file, "owner", "the teams of slipway:platform")
        first = images.setdefault(service.image, name)
        if service.ecr != services[first].ecr:
            yield Problem(
                file=file,
                key="ecr",
                given=service.ecr.model_dump(exclude_none=True) if service.ecr else NOTHING,
                allowed=f"the same as in services/{first}.yaml, because both run {service.image}, and an image is in "
                "one registry",
                remedy="write it in both files, or in neither",
            )
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
            yield from _web(service, platform, file=file)
            balancer = balancer_name(service.exposure, service.balancer)
            place = (service.cluster, balancer, service.priority)
            if place in priorities:
                taken = [priority for *where, priority in priorities if tuple(where) == place[:2]]
                yield Problem(
                    file=file,
                    key="priority",
                    given=service.priority,
                    allowed=f"a priority of its own on the {balancer} balancer of {service.cluster}; "
                    f"{priorities[place]} has {service.priority}",
                    remedy=f"take a free one, such as {free_priority(taken)}",
                )
            priorities.setdefault(place, name)


def _web(service: WebService, platform: Platform, *, file: str) -> Iterator[Problem]:
    definition = platform.clusters.get(service.cluster)
    if definition and service.balancer > definition.balancers(service.exposure):
        count = definition.balancers(service.exposure)
        yield Problem(
            file=file,
            key="balancer",
            given=service.balancer,
            allowed=f"1 to {count}, as many {service.exposure} load balancers as {service.cluster} has"
            if count > 1
            else f"1, because {service.cluster} has one {service.exposure} load balancer",
            remedy=f"set {service.exposure}_balancers for {service.cluster} in Pulumi.yaml",
        )
    if service.strategy and service.exposure != "public":
        yield Problem(
            file=file,
            key="strategy",
            given=service.strategy.kind,
            allowed="no strategy: only public services shift requests, others are replaced task by task",
            remedy="remove the key, or set exposure: public",
        )
    if service.strategy and service.scaling.requests_per_target:
        yield Problem(
            file=file,
            key="scaling.requests_per_target",
            given=service.scaling.requests_per_target,
            allowed="no requests_per_target with a strategy, which moves requests between two groups of targets, "
            "while autoscaling counts those of one",
            remedy="remove one of the two keys; cpu_percent scales either way",
        )


def stack(stack: EnvironmentStack, platform: Platform, names: Iterable[str], *, file: str) -> Iterator[Problem]:
    """What a stack file says of the platform and the catalogue."""
    names = set(names)
    for cluster, size in sorted(stack.clusters.items()):
        key = f"slipway:clusters.{cluster}"
        yield from _one_of(cluster, sorted(platform.clusters), file, key, "the clusters of slipway:platform")
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
    for variable in sorted(release.secret_versions.keys() - service.secrets.keys()):
        yield Problem(
            file=file,
            key=f"slipway:services.{name}.secret_versions.{variable}",
            given=variable,
            allowed=f"the secrets of services/{name}.yaml: {', '.join(sorted(service.secrets)) or 'there are none'}",
            remedy=did_you_mean(variable, service.secrets, "remove it"),
        )


def clusters(settings: EnvironmentSettings, *, file: str) -> Iterator[Problem]:
    """What a cluster's definition and its size say of each other.

    A public load balancer may be prewarmed before the cluster has a public service, with which it comes.
    """
    mirrored = ", ".join(
        f"{one} mirrors {other}"
        for one, other in settings.platform.mirrors.items()
        if settings.environment in (one, other)
    )
    for name, cluster in sorted(settings.clusters.items()):
        key = f"slipway:clusters.{name}"
        if cluster.size.night and mirrored:
            yield Problem(
                file=file,
                key=f"{key}.night",
                given=cluster.size.night.model_dump(),
                allowed=f"no night: {mirrored}, so both have hosts at all times",
                remedy="remove the key; an environment that mirrors none and that none mirrors can do without hosts",
            )
        for balancer in sorted(cluster.size.prewarm.keys() - cluster.balancers):
            yield Problem(
                file=file,
                key=f"{key}.prewarm.{balancer}",
                given=balancer,
                allowed=f"the load balancers of the cluster: {', '.join(cluster.balancers)}",
                remedy=f"choose one of them, or set {balancer.rstrip('23456789')}_balancers for {name} in Pulumi.yaml",
            )
        for index, family in enumerate(cluster.definition.more_families):
            allowed = _unlike(cluster.size.instance_type, family)
            if allowed:
                yield Problem(
                    file=PLATFORM_FILE,
                    key=f"{PLATFORM}.clusters.{name}.more_families[{index}]",
                    given=family,
                    allowed=allowed,
                    remedy=f"choose another family than {family}; {file} says {cluster.size.instance_type}",
                )


def _unlike(name: str, family: str) -> str | None:
    """What a family would have to be, so that its hosts can stand in for those of an instance type; None if it is."""
    try:
        host = instance_type(name)
    except ValueError:
        return None  # said by `stack`
    own, _, size = name.partition(".")
    try:
        other = instance_type(f"{family}.{size}")
    except ValueError as error:
        return str(error)
    if family == own:
        return f"a family besides {own}, which every host can have"
    if other.architecture != host.architecture:
        return f"a family of the architecture {host.architecture}, as {name}; {other.name} is {other.architecture}"
    if other.vcpus < host.vcpus or other.memory_mib < host.memory_mib:
        return (
            f"hosts as large as {name}, with {host.vcpus} vCPU and {host.memory_mib:,} MiB; "
            f"{other.name} has {other.vcpus} and {other.memory_mib:,}"
        )
    return None


def migration(
    settings: EnvironmentSettings, unread: Collection[str], networks: Mapping[str, IPv4Network], *, file: str
) -> Iterator[Problem]:
    """Networks that no route could tell apart, and names that could not move. `unread` services are not in settings."""
    taken = {f"the environment {name}": network for name, network in networks.items()}
    for name, peer in sorted(settings.migration.peers.items()):
        for other, network in taken.items():
            if peer.cidr.overlaps(network):
                yield Problem(
                    file=file,
                    key=f"slipway:migration.peers.{name}.cidr",
                    given=str(peer.cidr),
                    allowed=f"a network apart from all others; {other} has {network}",
                    remedy="networks that overlap cannot be peered: copy the data by another way",
                )
        taken[f"the peer {name}"] = peer.cidr
    domain = settings.platform.domain
    environments = environment_domains(settings.platform)
    hosts: dict[str, list[str]] = defaultdict(list)
    owners: dict[str, str] = {}
    for name, shift in sorted(settings.migration.shifts.items()):
        key = f"slipway:migration.shifts.{name}"
        if not in_root_zone(shift.host, settings.platform):
            yield Problem(
                file=file,
                key=f"{key}.host",
                given=shift.host,
                allowed=f"{domain}, or a name below it, and of none of {', '.join(environments)}",
                remedy="environments give their names to services themselves; only the root zone's can be shifted",
            )
        if shift.host in owners:
            yield Problem(
                file=file,
                key=f"{key}.host",
                given=shift.host,
                allowed=f"a name that moves once; {owners[shift.host]} moves it",
                remedy="remove one of the two",
            )
        owners.setdefault(shift.host, name)
        yield from _ends(shift, domain, key=key, file=file)
        if shift.service in unread:
            continue
        service = settings.services.get(shift.service)
        if service and isinstance(service.spec, WebService) and service.spec.exposure == "public":
            hosts[shift.service].append(name)
            continue
        public = sorted(
            name
            for name, service in settings.services.items()
            if isinstance(service.spec, WebService) and service.spec.exposure == "public"
        )
        yield Problem(
            file=file,
            key=f"{key}.service",
            given=shift.service,
            allowed=f"the public web services of this stack: {', '.join(public)}",
            remedy=did_you_mean(shift.service, public, "choose one of them"),
        )
    most = VALUES_PER_RULE - 2
    for service_name, names in hosts.items():
        for name in names[most:]:
            yield Problem(
                file=file,
                key=f"slipway:migration.shifts.{name}.service",
                given=service_name,
                allowed=f"{most} shifts to one service: a listener rule takes {VALUES_PER_RULE} names, "
                "of which the service has two",
                remedy=f"finish one of {', '.join(names[:most])} first",
            )


def _ends(shift: Shift, domain: str, *, key: str, file: str) -> Iterator[Problem]:
    if shift.old is None:
        if shift.new_percent != 100:
            yield Problem(
                file=file,
                key=f"{key}.old",
                allowed="where the name led before, until new_percent is 100",
                remedy=f"add target, health_host and health_path, as long as {shift.new_percent} percent are new",
            )
        return
    if shift.alias and shift.old.target_zone_id is None:
        yield Problem(
            file=file,
            key=f"{key}.old.target_zone_id",
            allowed="the hosted zone of the old load balancer, because alias is true",
            remedy="add the key, or set alias: false for a CNAME",
        )
    if not shift.alias and shift.host == domain:
        yield Problem(
            file=file,
            key=f"{key}.alias",
            given=False,
            allowed=f"true, because {domain} is a zone's own name, which can be no CNAME",
            remedy="remove the key",
        )
    if shift.old.health_host == shift.host:
        yield Problem(
            file=file,
            key=f"{key}.old.health_host",
            given=shift.old.health_host,
            allowed=f"another name than {shift.host}, which leads to either end",
            remedy="name one that leads to the old endpoint alone",
        )


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


def _one_of(given: str, allowed: Iterable[str], file: str, key: str, what: str) -> Iterator[Problem]:
    if given not in allowed:
        yield Problem(
            file=file,
            key=key,
            given=given,
            allowed=f"{what}: {', '.join(allowed)}",
            remedy=did_you_mean(given, allowed, "choose one of them, or add it to Pulumi.yaml"),
        )


def free_priority(taken: Iterable[int]) -> int:
    """The next priority of a load balancer with the usual gap of 10; one in between when there is none behind."""
    known = set(taken)
    behind = max(known, default=0) // 10 * 10 + 10
    return behind if behind <= MOST_PRIORITY else next(n for n in range(1, MOST_PRIORITY + 1) if n not in known)
