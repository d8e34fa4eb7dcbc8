"""The capacity proof: every task fits on a host, and a rollout fits the cluster with a zone lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.instance_types import InstanceType, instance_type
from config.settings import Cluster, DeployedService

ZONES = 3


@dataclass(frozen=True, kw_only=True)
class ClusterCapacity:
    """How many hosts a cluster needs at its busiest, and how many it has then."""

    cluster: str
    host: InstanceType
    maximum: int
    tasks: int
    cpu: int
    memory_mib: int
    largest_rollout: str
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
        return (
            f"{self.tasks} tasks at their maximum, with {self.largest_rollout} doubled while it rolls out, "
            f"reserve {self.cpu:,} CPU units and {self.memory_mib:,} MiB;\n"
            f"one {self.host.name} offers {self.host.task_cpu:,} CPU units and {self.host.task_memory_mib:,} MiB to tasks, "
            f"so they need {self.needed} hosts;\n"
            f"{self.maximum} hosts at most, less the {-(-self.maximum // ZONES)} of a lost zone, leave {self.left}"
        )

    def enough(self) -> int:
        """The smallest maximum that fits."""
        maximum = self.needed
        while maximum - -(-maximum // ZONES) < self.needed:
            maximum += 1
        return maximum


def fits_on_host(service: DeployedService, host: InstanceType) -> bool:
    """Whether one task fits on one empty host."""
    return service.spec.cpu <= host.task_cpu and service.spec.memory_mib <= host.task_memory_mib


def cluster_capacity(cluster: Cluster, services: Iterable[DeployedService]) -> ClusterCapacity | None:
    """The proof for one cluster; None where nothing runs on it. Each service must fit on a host."""
    running = sorted(services, key=lambda service: service.name)
    if not running:
        return None
    host = instance_type(cluster.size.instance_type)
    # Rollouts are pull requests, one after the other; the one that needs most hosts while it doubles decides.
    proofs = [_proof(cluster, host, running, rolling) for rolling in _heaviest(running)]
    return max(proofs, key=lambda proof: (proof.needed, proof.cpu, proof.largest_rollout))


def _heaviest(services: list[DeployedService]) -> list[DeployedService]:
    """The rollouts worth trying: the one with most CPU and the one with most memory."""
    by_cpu = max(services, key=lambda service: service.tasks.max * service.spec.cpu)
    by_memory = max(services, key=lambda service: service.tasks.max * service.spec.memory_mib)
    return [by_cpu] if by_cpu is by_memory else [by_cpu, by_memory]


def _proof(
    cluster: Cluster, host: InstanceType, services: list[DeployedService], rolling: DeployedService
) -> ClusterCapacity:
    tasks: list[tuple[int, int]] = []
    for service in services:
        count = service.tasks.max * (2 if service is rolling else 1)
        tasks += [(service.spec.cpu, service.spec.memory_mib)] * count
    return ClusterCapacity(
        cluster=cluster.name,
        host=host,
        maximum=cluster.size.instances.max,
        tasks=len(tasks),
        cpu=sum(cpu for cpu, _ in tasks),
        memory_mib=sum(memory for _, memory in tasks),
        largest_rollout=rolling.name,
        needed=_hosts(tasks, host),
    )


def _hosts(tasks: list[tuple[int, int]], host: InstanceType) -> int:
    """Hosts that first-fit decreasing needs: what a binpack placement reaches, not the ideal."""
    free: list[list[int]] = []
    order = sorted(
        tasks, key=lambda task: max(task[0] / host.task_cpu, task[1] / host.task_memory_mib), reverse=True
    )
    for cpu, memory in order:
        for room in free:
            if room[0] >= cpu and room[1] >= memory:
                room[0] -= cpu
                room[1] -= memory
                break
        else:
            free.append([host.task_cpu - cpu, host.task_memory_mib - memory])
    return len(free)
