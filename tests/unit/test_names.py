"""Every name fits AWS's limit, for the longest service and the longest cluster that the configuration allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from components.compute.ecs_cluster import EcsCluster, NightArgs
from components.compute.ecs_service import EcsService, EcsServiceArgs, PeakArgs, QueueArgs, ScheduleArgs, StrategyArgs
from config.fields import ClusterName, ServiceName
from tests.cloud import Cloud
from tests.engine.provider.names import auto_name, name_property
from tests.unit.examples import a_cluster, a_web_service, a_worker

SERVICE, CLUSTER = "s" * 20, "c" * 14

PEAK = PeakArgs(name="p" * 20, start="cron(0 7 ? * * *)", end="cron(9 7 ? * * *)", time_zone="UTC", tasks_min=3)
SERVICES = {
    "web": a_web_service(tasks_max=9, requests_per_target=100, peaks=[PEAK]),
    "strategy": a_web_service(strategy=StrategyArgs(kind="canary")),
    "worker": a_worker(tasks_max=9, queue=QueueArgs(name="q", messages_per_task=9)),
    "job": a_worker(schedule=ScheduleArgs(expression="rate(1 hour)", time_zone="UTC")),
}


def test_these_are_the_longest() -> None:
    for type_, name in ((ServiceName, SERVICE), (ClusterName, CLUSTER)):
        TypeAdapter(type_).validate_python(name)
        with pytest.raises(ValidationError):
            TypeAdapter(type_).validate_python(f"{name}x")


@pytest.mark.parametrize("args", SERVICES.values(), ids=SERVICES)
def test_the_longest_service(cloud: Cloud, args: EcsServiceArgs) -> None:
    cloud.deploy(lambda: EcsService(SERVICE, replace(args, cluster_name=CLUSTER)))
    assert _auto_named(cloud) > 2


def test_the_longest_cluster(cloud: Cloud) -> None:
    args = a_cluster(
        public=True,
        internal_balancers=9,
        public_balancers=9,
        web_acl_arn="acl",
        night=NightArgs(start="0 20 * * *", end="0 7 * * *", time_zone="UTC"),
    )
    cloud.deploy(lambda: EcsCluster(CLUSTER, args))
    assert _auto_named(cloud) > 20


def _auto_named(cloud: Cloud) -> int:
    """Gives each resource its name, as the provider would, or raises; says how many there were."""
    custom = [resource for resource in cloud.resources if resource.custom and name_property(resource.type)]
    return sum(bool(auto_name(resource.type, resource.urn, resource.inputs, 0)) for resource in custom)
