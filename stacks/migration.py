"""What an environment has while a company moves to it: peerings with old networks, names that shift."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.compute.ecs_cluster import EcsCluster
from components.network.network import Network
from components.network.traffic_shift import TrafficShift, TrafficShiftArgs
from components.network.vpc_peering import VpcPeering, VpcPeeringArgs
from components.security.iam import role_arn
from config.migration import Peer
from config.settings import EnvironmentSettings
from config.stack import balancer_name


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
                peer=peer,
                peer_provider=_peer_provider(settings, name, peer),
            ),
            opts,
        )
    for name, shift in settings.migration.shifts.items():
        web = settings.web_services[shift.service]
        TrafficShift(
            f"shift-{name}",
            TrafficShiftArgs(
                shift=shift,
                zone_id=settings.platform.root_zone_id,
                zone_provider=root_zone,
                balancer=clusters[web.cluster].balancers[balancer_name(web.exposure, web.balancer)],
                health_host=f"{shift.service}.{settings.domain}",
                health_path=web.health_check.path,
            ),
            opts,
        )


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
