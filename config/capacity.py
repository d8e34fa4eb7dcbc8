"""The capacity proof: every task fits on a host, and a rollout fits the cluster with a zone lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.instance_types import InstanceType, instance_type
from config.service import JobService
from config.settings import Cluster, DeployedService, EnvironmentSettings

ZONES = 3

_Shape = tuple[int, int]
"""CPU units and MiB of a task."""


@dataclass(frozen=True, kw_only=True)
class ClusterCapacity:
    """How many hosts a cluster needs at its busiest, and how many it has then."""

    cluster: str
    host: InstanceType
    maximum: int
    tasks: int
    cpu: int
    memory_mib: int
    largest_rollout: str | None
    needed: int

    @property
    def left(self) -> int:
        """Hosts at the cluster's maximum when one of the zones is lost: the fullest zone goes."""
        return self.maximum - -(-self.maximum // ZONES)

    @property
    def fits(self) -> bool:
        return self.needed <= self.left

    def arithmetic(self) -> str:
        """The sum, for people."""
        rollout = f", with {self.largest_rollout} doubled while it rolls out," if self.largest_rollout else ""
        return (
            f"{self.tasks:,} tasks at their maximum{rollout} "
            f"reserve {self.cpu:,} CPU units and {self.memory_mib:,} MiB;\n"
            f"one {self.host.name} offers {self.host.task_cpu:,} CPU units and "
            f"{self.host.task_memory_mib:,} MiB to tasks, so they need {self.needed:,} hosts;\n"
            f"{self.maximum:,} hosts at most, less the {self.maximum - self.left:,} of a lost zone, "
            f"leave {self.left:,}"
        )

    def enough(self) -> int:
        """The smallest maximum that fits."""
        maximum = self.needed
        while maximum - -(-maximum // ZONES) < self.needed:
            maximum += 1
        return maximum


def capacity(settings: EnvironmentSettings) -> Iterator[ClusterCapacity]:
    """The proof for every cluster of an environment on which something runs."""
    for name, cluster in sorted(settings.clusters.items()):
        services = (service for service in settings.services.values() if service.spec.cluster == name)
        if proof := cluster_capacity(cluster, services):
            yield proof


def fits_on_host(service: DeployedService, host: InstanceType) -> bool:
    """Whether one task fits on one empty host."""
    return service.spec.cpu <= host.task_cpu and service.spec.memory_mib <= host.task_memory_mib


def cluster_capacity(cluster: Cluster, services: Iterable[DeployedService]) -> ClusterCapacity | None:
    """The proof for one cluster; None where nothing runs on it. Each service must fit on a host."""
    running = sorted(services, key=lambda service: service.name)
    if not running:
        return None
    host = instance_type(cluster.size.instance_type)
    steady: Counter[_Shape] = Counter()
    largest: dict[_Shape, DeployedService] = {}
    for service in running:
        shape = (service.spec.cpu, service.spec.memory_mib)
        steady[shape] += service.tasks.max
        # A job has no rollout: its next run is the new version.
        if not isinstance(service.spec, JobService) and (
            shape not in largest or largest[shape].tasks.max < service.tasks.max
        ):
            largest[shape] = service
    # Rollouts are pull requests, one after the other; the one that needs most hosts while it doubles decides.
    # Of services whose tasks are alike, that can only be the one with most of them.
    proofs = [
        _proof(cluster, host, steady + Counter({shape: service.tasks.max}), rolling=service.name)
        for shape, service in largest.items()
    ]
    return max(
        proofs or [_proof(cluster, host, steady, rolling=None)],
        key=lambda proof: (proof.needed, proof.cpu, proof.memory_mib, proof.largest_rollout),
    )


def _proof(cluster: Cluster, host: InstanceType, tasks: Counter[_Shape], *, rolling: str | None) -> ClusterCapacity:
    return ClusterCapacity(
        cluster=cluster.name,
        host=host,
        maximum=cluster.size.instances.max,
        tasks=tasks.total(),
        cpu=sum(cpu * count for (cpu, _), count in tasks.items()),
        memory_mib=sum(memory * count for (_, memory), count in tasks.items()),
        largest_rollout=rolling,
        needed=_hosts(tasks, host),
    )


def _hosts(tasks: Counter[_Shape], host: InstanceType) -> int:
    """Hosts that first-fit decreasing needs: what a binpack placement reaches, not the ideal."""
    order = sorted(
        tasks.items(),
        key=lambda item: (max(item[0][0] / host.task_cpu, item[0][1] / host.task_memory_mib), item[0]),
        reverse=True,
    )
    # Hosts with the same room stand together: how many, and their free CPU units and MiB.
    groups = [(tasks.total(), host.task_cpu, host.task_memory_mib)]
    for (cpu, memory), count in order:
        filled: list[tuple[int, int, int]] = []
        for hosts, free_cpu, free_memory in groups:
            each = min(free_cpu // cpu, free_memory // memory)
            full = min(hosts, count // each) if each else 0
            rest = count - full * each if each and full < hosts else 0
            for number, placed in ((full, each), (1 if rest else 0, rest), (hosts - full - bool(rest), 0)):
                if number:
                    filled.append((number, free_cpu - placed * cpu, free_memory - placed * memory))
            count -= full * each + rest
        groups = filled
    return sum(hosts for hosts, free_cpu, _ in groups if free_cpu < host.task_cpu)
