"""Arguments that are valid as they are, for tests that change one thing."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, Literal

from components.compute.ecs_cluster import EcsClusterArgs
from components.compute.placement import Placement, Zone
from components.monitoring.monitors import Audience
from components.network.load_balancer import LoadBalancerArgs
from config.platform import ClusterDefinition, Datadog, Team
from config.service import SERVICE_KINDS, Service, WebService
from config.settings import Cluster, DeployedService
from config.stack import ClusterSize, Range

TEAM = Team(email="platform@acme.example", chat="@slack-platform", pager="@pagerduty-platform")
AUDIENCE = Audience(
    environment="stage",
    owner="platform",
    team=TEAM,
    runbook_url="https://wiki.acme.example/runbooks/platform",
)

_SAID = {
    "description": "The public API",
    "owner": "payments",
    "cluster": "api",
    "image": "acme/gateway",
    "cpu": 512,
    "memory_mib": 1024,
}
_OF_A_KIND = {"web": {"port": 8080, "priority": 10}, "worker": {}, "job": {"schedule": "rate(1 hour)"}}


def a_spec(kind: Literal["web", "worker", "job"], **changes: Any) -> Service:
    """What a service file would say: plain values, lists and dictionaries."""
    said = {"kind": kind, **_SAID, **_OF_A_KIND[kind], **changes}
    return SERVICE_KINDS[kind].model_validate_json(json.dumps(said))


def a_web_spec(**changes: Any) -> WebService:
    spec = a_spec("web", **changes)
    assert isinstance(spec, WebService)
    return spec


def a_service(kind: Literal["web", "worker", "job"], **changes: Any) -> DeployedService:
    """Changes whose names are a DeployedService's go there, `tasks` as a number or a pair; the others to its file."""
    own = {key: changes.pop(key) for key in list(changes) if key in {field.name for field in fields(DeployedService)}}
    low, high = own.pop("tasks", (2, 2))
    return replace(
        DeployedService(
            name="gateway",
            spec=a_spec(kind, **changes),
            version="4.12.0",
            tasks=Range(min=low, max=high),
            secret_versions={},
            owner=Team(email="payments@acme.example", chat="@slack-payments", pager="@pagerduty-payments"),
            runbook="https://wiki.acme.example/runbooks/gateway",
        ),
        **own,
    )


def a_placement(**changes: Any) -> Placement:
    return replace(
        Placement(
            environment="stage",
            account_id="333333333333",
            region="us-east-1",
            vpc_id="vpc",
            cluster_name="api",
            cluster_arn="arn:aws:ecs:us-east-1:333333333333:cluster/api",
            capacity_provider="api-hosts",
            balancers={},
            public_zone=Zone(domain="stage.acme.example", id="public-zone"),
            internal_zone=Zone(domain="internal.stage.acme.example", id="private-zone"),
            cpu_target_percent=75,
            memory_target_percent=75,
            log_retention_days=30,
        ),
        **changes,
    )


def a_datadog(**changes: Any) -> Datadog:
    """Collects nothing that it does not have to."""
    said = {
        "site": "datadoghq.eu",
        "runbooks": "https://wiki.acme.example/runbooks",
        "owner": "platform",
        "agent_version": "7.72.1",
        "collect_resources": False,
        "event_bus": False,
        **changes,
    }
    return Datadog.model_validate_json(json.dumps(said))


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
    """Changes whose names are a ClusterSize's or a ClusterDefinition's go there."""
    size = {"instance_type": "m7i.large", "instances": {"min": 3, "max": 9}}
    size |= {key: changes.pop(key) for key in list(changes) if key in ClusterSize.model_fields}
    definition = {key: changes.pop(key) for key in list(changes) if key in ClusterDefinition.model_fields}
    return replace(
        EcsClusterArgs(
            vpc_id="vpc",
            vpc_cidr="10.20.0.0/16",
            private_subnet_ids=["private-a", "private-b", "private-c"],
            public_subnet_ids=["public-a", "public-b", "public-c"],
            certificate_arn="certificate-arn",
            cluster=Cluster(
                name="api",
                definition=ClusterDefinition.model_validate_json(json.dumps({"description": "Requests", **definition})),
                size=ClusterSize.model_validate_json(json.dumps(size)),
            ),
            ami_release="2023.0.20261110-kernel-6.1",
            public=False,
        ),
        **changes,
    )
