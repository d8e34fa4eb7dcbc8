"""What AWS allows one load balancer and one account, counted before AWS does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from config.errors import Problem, Words
from config.fields import Exposure
from config.service import JobService, Strategy, WebService
from config.settings import DeployedService, EnvironmentSettings, OpsSettings, StackSettings
from config.stack import balancer_name

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
RULES_PER_BALANCER = 100
TARGET_GROUPS_PER_BALANCER = 100
TARGETS_PER_BALANCER = 1000
CERTIFICATES_PER_BALANCER = 25  # besides the listener's own
MOST_BALANCERS = 9

# At most so many roles that are no service's and no cluster's: the account's own, and those that AWS makes for itself.
OTHER_ROLES = 30
ROLES_PER_CLUSTER = 2


def environment(settings: EnvironmentSettings, *, file: str) -> Iterator[Problem]:
    """Load balancers and accounts that would outgrow what AWS allows."""
    behind: dict[tuple[str, Exposure, int], list[DeployedService]] = defaultdict(list)
    for service in settings.services.values():
        if isinstance(service.spec, WebService):
            behind[service.spec.cluster, service.spec.exposure, service.spec.balancer].append(service)
    for (cluster, exposure, number), services in sorted(behind.items()):
        yield from _balancer(cluster, exposure, number, services, settings, file=file)
    balancers = sum(
        cluster.definition.internal_balancers + settings.is_public(name) * cluster.definition.public_balancers
        for name, cluster in settings.clusters.items()
    )
    yield from _account(settings, "load_balancers", "load balancers", balancers)
    yield from _account(settings, "iam_roles", "IAM roles", roles(settings))


def ops(settings: OpsSettings) -> Iterator[Problem]:
    """The roles that push images, beside ops's own."""
    pushing = sum(service.ecr is not None for service in settings.catalogue.values())
    yield from _account(settings, "iam_roles", "IAM roles", OTHER_ROLES + pushing)


def roles(settings: EnvironmentSettings) -> int:
    """How many IAM roles an environment's account has, or a few more than it has."""
    specs = [service.spec for service in settings.services.values()]
    jobs = sum(isinstance(spec, JobService) for spec in specs)
    shifting = sum(_strategy(service) is not None for service in settings.services.values())
    return OTHER_ROLES + ROLES_PER_CLUSTER * len(settings.clusters) + 2 * len(specs) + jobs + shifting


def _balancer(
    cluster: str,
    exposure: Exposure,
    number: int,
    services: Sequence[DeployedService],
    settings: EnvironmentSettings,
    *,
    file: str,
) -> Iterator[Problem]:
    where = f"on the {balancer_name(exposure, number)} load balancer of the cluster {cluster}"
    definition = settings.platform.clusters.get(cluster)
    more = definition.balancers(exposure) + 1 if definition else 1
    remedy = (
        f"set {exposure}_balancers: {more} for {cluster} in Pulumi.yaml, and balancer: {more} in the new services"
        if more <= MOST_BALANCERS
        else "move services to another cluster"
    )
    # A strategy alternates between two groups.
    shifting = sum(_strategy(service) is not None for service in services)
    if len(services) > RULES_PER_BALANCER:
        yield Problem(
            file=file,
            key="slipway:services",
            given=Words(f"{len(services):,} services {where}"),
            allowed=f"{RULES_PER_BALANCER} services, because AWS allows a load balancer as many rules",
            remedy=remedy,
        )
    elif len(services) + shifting > TARGET_GROUPS_PER_BALANCER:
        yield Problem(
            file=file,
            key="slipway:services",
            given=Words(
                f"{len(services) + shifting:,} target groups {where}: one of each of its {len(services):,} services, "
                f"and a second one of {shifting:,} with a strategy"
            ),
            allowed=f"{TARGET_GROUPS_PER_BALANCER} target groups, as many as AWS allows a load balancer",
            remedy=remedy,
        )
    # Old and new tasks are both registered while a service rolls out.
    counts = [service.tasks.max for service in services]
    targets = sum(counts) + max(counts)
    if targets > TARGETS_PER_BALANCER:
        yield Problem(
            file=file,
            key="slipway:services",
            given=Words(
                f"{targets:,} targets {where}: {sum(counts):,} tasks at their maximum, "
                f"and the largest service's {max(counts):,} once more while they roll out"
            ),
            allowed=f"{TARGETS_PER_BALANCER:,} targets, as many as AWS allows a load balancer",
            remedy=f"lower the services' tasks, or {remedy}",
        )
    names = {service.name for service in services}
    shifts = sorted(name for name, shift in settings.migration.shifts.items() if shift.service in names)
    if len(shifts) > CERTIFICATES_PER_BALANCER:
        yield Problem(
            file=file,
            key="slipway:migration.shifts",
            given=Words(f"{len(shifts)} names that move to services {where}"),
            allowed=f"{CERTIFICATES_PER_BALANCER}, because each has a certificate, and AWS allows a load balancer as "
            "many besides its own",
            remedy=f"finish some of them first, or {remedy}",
        )


def _account(settings: StackSettings, key: str, what: str, count: int) -> Iterator[Problem]:
    quota: int = getattr(settings.platform.quotas, key)
    if count > quota:
        yield Problem(
            file="Pulumi.yaml",
            key=f"slipway:platform.quotas.{key}",
            given=Words(f"{count:,} {what} in {settings.stack}"),
            allowed=f"{quota:,}, as many as AWS allows the account",
            remedy=f"have the quota raised in the account {settings.account.id} (Service Quotas), then write it here",
        )


def _strategy(service: DeployedService) -> Strategy | None:
    return service.spec.strategy if isinstance(service.spec, WebService) else None
