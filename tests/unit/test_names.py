"""Every name fits AWS's limit, for the longest service and the longest cluster that the configuration allows."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from components.compute.ecs_cluster import EcsCluster
from components.compute.ecs_service import EcsService, EcsServiceArgs
from components.network.load_balancer import LoadBalancer
from config.fields import ClusterName, ServiceName
from config.settings import DeployedService
from tests.cloud import Cloud
from tests.engine.provider.names import auto_name, name_property
from tests.unit.examples import a_cluster, a_load_balancer, a_placement, a_service

SERVICE, CLUSTER = "s" * 20, "c" * 14

PEAKS = {"p" * 20: {"start": "cron(0 7 ? * * *)", "end": "cron(9 7 ? * * *)", "percent": 30}}
SERVICES = {
    "web": a_service("web", name=SERVICE, tasks=(2, 9), scaling={"requests_per_target": 100, "peaks": PEAKS}),
    "strategy": a_service("web", name=SERVICE, strategy={"kind": "canary"}),
    "worker": a_service("worker", name=SERVICE, tasks=(2, 9), queue="q", scaling={"messages_per_task": 9}),
    "job": a_service("job", name=SERVICE),
}


def test_these_are_the_longest() -> None:
    for type_, name in ((ServiceName, SERVICE), (ClusterName, CLUSTER)):
        TypeAdapter(type_).validate_python(name)
        with pytest.raises(ValidationError):
            TypeAdapter(type_).validate_python(f"{name}x")


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_the_longest_service(cloud: Cloud, service: DeployedService) -> None:
    def program() -> None:
        balancers = {"internal": LoadBalancer("api", a_load_balancer())}
        placement = a_placement(cluster_name=CLUSTER, balancers=balancers)
        EcsService(SERVICE, EcsServiceArgs(service=service, image="ghcr.io/acme/gateway:1", placement=placement))

    cloud.deploy(program)
    assert _auto_named(cloud) > 2


def test_the_longest_cluster(cloud: Cloud) -> None:
    args = a_cluster(
        public=True,
        internal_balancers=9,
        public_balancers=9,
        web_acl_arn="acl",
        night={"start": "0 20 * * *", "end": "0 7 * * *"},
    )
    cloud.deploy(lambda: EcsCluster(CLUSTER, args))
    assert _auto_named(cloud) > 20


def _auto_named(cloud: Cloud) -> int:
    """Gives each resource its name, as the provider would, or raises; says how many there were."""
    custom = [resource for resource in cloud.resources if resource.custom and name_property(resource.type)]
    return sum(bool(auto_name(resource.type, resource.urn, resource.inputs, 0)) for resource in custom)
