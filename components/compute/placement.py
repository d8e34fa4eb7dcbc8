"""Where the services of a cluster run, and what they share there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.compute.deploy_check import DeployCheck
from components.compute.image_check import ImageCheck
from components.network.load_balancer import LoadBalancer
from config.settings import DeployedService


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A Route 53 zone in which each service has a name."""

    domain: str
    id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One object a cluster, for all its services and the Datadog agent beside them."""

    environment: str
    account_id: str
    region: str
    vpc_id: pulumi.Input[str]
    cluster_name: str
    cluster_arn: pulumi.Input[str]
    capacity_provider: pulumi.Input[str]
    balancers: Mapping[str, LoadBalancer]
    """By name: internal, internal2 ..., public, public2 ..."""
    public_zone: Zone
    internal_zone: Zone
    cpu_target_percent: int
    memory_target_percent: int
    """The utilizations that autoscaling aims at where a service does not say."""
    log_retention_days: int
    log_key_arn: pulumi.Input[str] | None = None
    collect_logs: bool = False
    """Logs stay on the host, where the Datadog agent reads them, and do not go to CloudWatch."""
    exec_log_group_arn: pulumi.Input[str] | None = None
    """Where the cluster records what people do in containers."""
    deploy_check: DeployCheck | None = None
    image_check: ImageCheck | None = None


def service_tags(service: DeployedService) -> dict[str, str]:
    """The AWS tags of all that belongs to a service."""
    return {"service": service.name, "owner": service.spec.owner}
