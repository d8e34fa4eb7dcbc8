"""The proof of capacity: how many hosts the tasks of a cluster need, and whether they are there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.capacity import ClusterCapacity, cluster_capacity
from config.instance_types import InstanceType, instance_type
from config.platform import ClusterDefinition, Team
from config.service import JobService, WorkerService
from config.settings import Cluster, DeployedService
from config.stack import ClusterSize, Range

TEAM = Team(email="platform@acme.example", chat="@slack-platform", pager="@pagerduty-platform")


def cluster(maximum: int, instance_type: str = "m7i.large") -> Cluster:
    size = ClusterSize.model_validate({"instance_type": instance_type, "instances": {"min": 1, "max": maximum}})
    return Cluster(name="api", definition=ClusterDefinition(description="Requests"), size=size)


def service(name: str, cpu: int, memory_mib: int, tasks: int, *, job: bool = False) -> DeployedService:
    said: dict[str, Any] = {
        "description": "Works",
        "owner": "platform",
        "cluster": "api",
        "image": "acme/works",
        "cpu": cpu,
        "memory_mib": memory_mib,
    }
    spec = JobService(kind="job", schedule="rate(1 day)", **said) if job else WorkerService(kind="worker", **said)
    return DeployedService(
        name=name,
        spec=spec,
        version="1.0.0",
        tasks=Range(min=1, max=tasks),
        owner=TEAM,
        secret_versions={},
        runbook="https://x.example",
    )


def proof(services: Sequence[DeployedService], maximum: int = 9, host: str = "m7i.large") -> ClusterCapacity:
    result = cluster_capacity(cluster(maximum, host), services)
    assert result
    return result


def test_a_cluster_on_which_nothing_runs_needs_no_proof() -> None:
    assert cluster_capacity(cluster(3), []) is None


def test_a_rollout_runs_the_old_and_the_new_tasks_side_by_side() -> None:
    # An m7i.large offers 1,792 CPU units to tasks: three of 512, and 256 are left over.
    found = proof([service("ledger", 512, 512, tasks=3)])
    assert (found.tasks, found.cpu, found.memory_mib, found.needed) == (6, 3072, 3072, 2)
    assert found.largest_rollout == "ledger"


def test_a_job_has_no_rollout() -> None:
    found = proof([service("digest", 1024, 512, tasks=1, job=True), service("ledger", 512, 512, tasks=1)])
    assert (found.tasks, found.cpu, found.largest_rollout) == (3, 2048, "ledger")


def test_a_cluster_of_jobs_alone_doubles_nothing() -> None:
    found = proof([service("digest", 1024, 512, tasks=1, job=True)])
    assert (found.tasks, found.needed, found.largest_rollout) == (1, 1, None)
    assert found.arithmetic().startswith("1 tasks at their maximum reserve 1,024 CPU units and 512 MiB;\n")


def test_the_rollout_that_needs_most_hosts_decides_whatever_it_reserves() -> None:
    # Three hosts of 1,792 CPU units with one large task each have room for 12 small ones each, but for no large one.
    large = [service(f"large-{cpu}", cpu, 64, tasks=1) for cpu in (1000, 1001, 1002)]
    small = service("small", 64, 64, tasks=18)
    found = proof([*large, small])
    assert (found.largest_rollout, found.needed) == ("large-1002", 4)
    assert proof([*large, service("small", 64, 64, tasks=36)]).largest_rollout == "small"


@pytest.mark.parametrize(("maximum", "left"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (6, 4), (7, 4), (9, 6), (10, 6)])
def test_the_fullest_zone_is_the_one_that_is_lost(maximum: int, left: int) -> None:
    assert proof([service("ledger", 64, 64, tasks=1)], maximum).left == left


HOSTS = st.sampled_from(["t3.large", "c7i.large", "m7i.xlarge", "r6g.2xlarge"]).map(instance_type)
SHAPES = st.tuples(st.integers(64, 1792), st.integers(64, 3000))  # each fits on each of the hosts
SERVICES = st.lists(st.tuples(SHAPES, st.integers(1, 40), st.booleans()), min_size=1, max_size=8).map(
    lambda drawn: [
        service(f"s{n}", cpu, memory, tasks=1 if job else tasks, job=job)
        for n, ((cpu, memory), tasks, job) in enumerate(drawn)
    ]
)


def first_fit_decreasing(tasks: list[tuple[int, int]], host: InstanceType) -> int:
    """The textbook's way, task by task."""

    def size(task: tuple[int, int]) -> tuple[float, tuple[int, int]]:
        return max(task[0] / host.task_cpu, task[1] / host.task_memory_mib), task

    hosts: list[tuple[int, int]] = []
    for cpu, memory in sorted(tasks, key=size, reverse=True):
        for n, (free_cpu, free_memory) in enumerate(hosts):
            if free_cpu >= cpu and free_memory >= memory:
                hosts[n] = (free_cpu - cpu, free_memory - memory)
                break
        else:
            hosts.append((host.task_cpu - cpu, host.task_memory_mib - memory))
    return len(hosts)


def tasks_while(rolling: DeployedService | None, services: Sequence[DeployedService]) -> list[tuple[int, int]]:
    return [
        (each.spec.cpu, each.spec.memory_mib)
        for each in services
        for _ in range(each.tasks.max * (2 if each is rolling else 1))
    ]


@given(services=SERVICES, host=HOSTS)
@settings(deadline=None)
def test_the_proof_is_first_fit_decreasing_of_the_worst_rollout_among_like_ones(
    services: list[DeployedService], host: InstanceType
) -> None:
    rolling = [each for each in services if isinstance(each.spec, WorkerService)]
    needed = [first_fit_decreasing(tasks_while(each, services), host) for each in rolling or [None]]
    assert proof(services, host=host.name).needed == max(needed)


@given(services=SERVICES, host=HOSTS)
@settings(deadline=None)
def test_no_fewer_hosts_than_the_tasks_fill(services: list[DeployedService], host: InstanceType) -> None:
    found = proof(services, host=host.name)
    assert found.needed * host.task_cpu >= found.cpu
    assert found.needed * host.task_memory_mib >= found.memory_mib
    assert found.needed <= found.tasks


@given(services=SERVICES, host=HOSTS, maximum=st.integers(1, 300))
@settings(deadline=None)
def test_more_hosts_never_turn_what_fits_into_what_does_not(
    services: list[DeployedService], host: InstanceType, maximum: int
) -> None:
    found = proof(services, maximum, host.name)
    more = proof(services, maximum + 1, host.name)
    assert more.needed == found.needed
    assert more.fits or not found.fits


@given(services=SERVICES, host=HOSTS)
@settings(deadline=None)
def test_enough_is_the_smallest_maximum_that_fits(services: list[DeployedService], host: InstanceType) -> None:
    found = proof(services, 1, host.name)
    enough = found.enough()
    assert dataclasses.replace(found, maximum=enough).fits
    assert not dataclasses.replace(found, maximum=enough - 1).fits


@given(services=SERVICES, host=HOSTS, data=st.data())
@settings(deadline=None)
def test_the_order_of_the_services_does_not_matter(
    services: list[DeployedService], host: InstanceType, data: st.DataObject
) -> None:
    assert proof(services, host=host.name) == proof(data.draw(st.permutations(services)), host=host.name)


def test_a_thousand_services_are_proved_in_no_time() -> None:
    services = [service(f"s{n}", 64 * (1 + n % 8), 128 * (1 + n % 6), tasks=5000) for n in range(1000)]
    assert proof(services, 5000).needed > 5000
