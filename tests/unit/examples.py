"""Arguments that are valid as they are, for tests that change one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.compute.ecs_cluster import EcsClusterArgs
from components.compute.ecs_service import EcsServiceArgs, HealthCheckArgs, NameArgs, WebArgs
from components.network.load_balancer import LoadBalancerArgs

HEALTH_CHECK = HealthCheckArgs(
    path="/healthz",
    interval_seconds=30,
    timeout_seconds=5,
    healthy_count=2,
    unhealthy_count=2,
    grace_seconds=60,
)

WEB = WebArgs(
    port=8080,
    priority=10,
    names=[NameArgs(role="internal", host="gateway.internal.stage.acme.example", zone_id="private-zone")],
    health_check=HEALTH_CHECK,
    drain_seconds=30,
    listener_arn="listener-arn",
    balancer_dns_name="internal-api.elb.amazonaws.com",
    balancer_zone_id="elb-zone",
    balancer_arn_suffix="app/api/123",
)


def a_load_balancer(**changes: Any) -> LoadBalancerArgs:
    return replace(
        LoadBalancerArgs(
            internal=True,
            vpc_id="vpc",
            subnet_ids=["private-a", "private-b", "private-c"],
            certificate_arn="certificate-arn",
            clients=["10.20.0.0/16"],
            hosts_security_group_id="hosts",
        ),
        **changes,
    )


def a_cluster(**changes: Any) -> EcsClusterArgs:
    return replace(
        EcsClusterArgs(
            vpc_id="vpc",
            vpc_cidr="10.20.0.0/16",
            private_subnet_ids=["private-a", "private-b", "private-c"],
            public_subnet_ids=["public-a", "public-b", "public-c"],
            certificate_arn="certificate-arn",
            instance_type="m7i.large",
            architecture="x86_64",
            instances_min=3,
            instances_max=9,
            disk_gib=60,
            ami_release="2023.0.20261110-kernel-6.1",
            reserved_memory_mib=640,
            public=False,
        ),
        **changes,
    )


def a_worker(**changes: Any) -> EcsServiceArgs:
    return replace(
        EcsServiceArgs(
            environment="stage",
            account_id="333333333333",
            region="us-east-1",
            vpc_id="vpc",
            cluster_arn="arn:aws:ecs:us-east-1:333333333333:cluster/api",
            cluster_name="api",
            capacity_provider="api-hosts",
            owner="payments",
            image="333333333333.dkr.ecr.us-east-1.amazonaws.com/docker-hub/acme/gateway:4.12.0",
            version="4.12.0",
            cpu=512,
            memory_mib=1024,
            tasks_min=2,
            tasks_max=2,
            command=[],
            variables={},
            secrets={},
            permissions=[],
            read_only_root=True,
            stop_seconds=30,
            log_retention_days=30,
            cpu_target_percent=75,
            memory_target_percent=75,
        ),
        **changes,
    )


def a_web_service(**changes: Any) -> EcsServiceArgs:
    """Changes whose names are a WebArgs' go there."""
    web = {key: changes.pop(key) for key in list(changes) if key in WebArgs.__dataclass_fields__}
    return a_worker(web=replace(WEB, **web), **changes)
