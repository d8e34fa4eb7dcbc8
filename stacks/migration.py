"""What an environment has while a company moves to it: peerings with old networks, names that shift."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.compute.ecs_cluster import EcsCluster
from components.network.network import Network
from components.network.traffic_shift import EndpointArgs, TrafficShift, TrafficShiftArgs
from components.network.vpc_peering import PeerArgs, VpcPeering, VpcPeeringArgs
from components.security.iam import role_arn
from config.migration import End, Peer, Shift
from config.service import WebService
from config.settings import EnvironmentSettings


def migration(
    settings: EnvironmentSettings,
    network: Network,
    clusters: Mapping[str, EcsCluster],
    root_zone: aws.Provider,
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare both. `root_zone` may write the shifted names into the root zone."""
    zones = [zone[-1] for zone in settings.platform.availability_zones]
    for name, peer in settings.migration.peers.items():
        VpcPeering(
            f"peering-{name}",
            VpcPeeringArgs(
                vpc_id=network.vpc_id,
                cidr=settings.identity.cidr,
                route_table_ids=dict(zip(zones, network.private_route_table_ids, strict=True)),
                peer=PeerArgs(
                    account_id=peer.account_id,
                    region=peer.region,
                    vpc_id=peer.vpc_id,
                    cidr=peer.cidr,
                    route_table_ids=peer.route_table_ids,
                    security_group_id=peer.security_group_id,
                    port=peer.port,
                    provider=_peer_provider(settings, name, peer),
                ),
            ),
            opts,
        )
    for name, shift in settings.migration.shifts.items():
        _shift(name, shift, settings, clusters, root_zone, opts)


def _peer_provider(settings: EnvironmentSettings, name: str, peer: Peer) -> aws.Provider:
    """The old network's account and region, by the role that its owner made."""
    return aws.Provider(
        f"aws-peer-{name}",
        region=peer.region,
        allowed_account_ids=[peer.account_id],
        assume_roles=[
            aws.ProviderAssumeRoleArgs(role_arn=role_arn(peer.account_id, peer.role), session_name="slipway")
        ],
        default_tags=aws.ProviderDefaultTagsArgs(tags={"env": settings.stack, "managed-by": "slipway"}),
    )


def _shift(
    name: str,
    shift: Shift,
    settings: EnvironmentSettings,
    clusters: Mapping[str, EcsCluster],
    root_zone: aws.Provider,
    opts: pulumi.ResourceOptions,
) -> None:
    spec = settings.services[shift.service].spec
    assert isinstance(spec, WebService)  # checked with the configuration
    balancer = clusters[spec.cluster].balancer("public", spec.balancer)
    TrafficShift(
        f"shift-{name}",
        TrafficShiftArgs(
            host=shift.host,
            zone_id=settings.platform.root_zone_id,
            zone_provider=root_zone,
            alias=shift.alias,
            new_percent=shift.new_percent,
            old=_old(shift.old) if shift.old else None,
            new=EndpointArgs(
                target=balancer.dns_name,
                target_zone_id=balancer.zone_id,
                health_host=f"{shift.service}.{settings.domain}",
                health_path=spec.health_check.path,
            ),
            listener_arn=balancer.listener_arn,
        ),
        opts,
    )


def _old(end: End) -> EndpointArgs:
    return EndpointArgs(
        target=end.target,
        target_zone_id=end.target_zone_id,
        health_host=end.health_host,
        health_path=end.health_path,
    )
