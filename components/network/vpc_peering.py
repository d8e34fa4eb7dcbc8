"""VpcPeering: a way from an environment's network to one database in somebody else's, for as long as data moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from config.migration import Peer


@dataclass(frozen=True, kw_only=True)
class VpcPeeringArgs:
    """Both sides; the peer's account and region need not be this program's."""

    vpc_id: pulumi.Input[str]
    cidr: IPv4Network
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """By a name each, such as the zone's letter."""
    peer: Peer
    peer_provider: aws.Provider
    """In the peer's region, as a role that its owner made for this: see docs/migration.md."""


class VpcPeering(pulumi.ComponentResource):
    """Peers two networks, across accounts and regions; it opens the database's port from here, and nothing from there.

    Routes and DNS resolution stand on both sides, so that the database's own name leads to its private address.
    """

    connection_id: pulumi.Output[str]
    """Known once the peer has accepted."""

    def __init__(self, name: str, args: VpcPeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:VpcPeering", name, None, opts)
        peer = args.peer
        here = pulumi.ResourceOptions(parent=self)
        there = pulumi.ResourceOptions(parent=self, provider=args.peer_provider)
        connection = aws.ec2.VpcPeeringConnection(
            f"{name}-connection",
            vpc_id=args.vpc_id,
            peer_owner_id=peer.account_id,
            peer_region=peer.region,
            peer_vpc_id=peer.vpc_id,
            tags={"Name": name},
            opts=here,
        )
        accepter = aws.ec2.VpcPeeringConnectionAccepter(
            f"{name}-accepter",
            vpc_peering_connection_id=connection.id,
            auto_accept=True,
            tags={"Name": name},
            opts=there,
        )
        # By way of the accepter: options and routes need an active connection, and each side sets its own
        # (https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html).
        self.connection_id = accepter.vpc_peering_connection_id
        aws.ec2.PeeringConnectionOptions(
            f"{name}-options",
            vpc_peering_connection_id=self.connection_id,
            requester=aws.ec2.PeeringConnectionOptionsRequesterArgs(allow_remote_vpc_dns_resolution=True),
            opts=here,
        )
        aws.ec2.PeeringConnectionOptions(
            f"{name}-peer-options",
            vpc_peering_connection_id=self.connection_id,
            accepter=aws.ec2.PeeringConnectionOptionsAccepterArgs(allow_remote_vpc_dns_resolution=True),
            opts=there,
        )
        for key, table in sorted(args.route_table_ids.items()):
            aws.ec2.Route(
                f"{name}-route-{key}",
                route_table_id=table,
                destination_cidr_block=str(peer.cidr),
                vpc_peering_connection_id=self.connection_id,
                opts=here,
            )
        for table in peer.route_table_ids:
            aws.ec2.Route(
                f"{name}-peer-route-{table}",
                route_table_id=table,
                destination_cidr_block=str(args.cidr),
                vpc_peering_connection_id=self.connection_id,
                opts=there,
            )
        # A network and no security group: those of another region cannot be named.
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-peer-database",
            security_group_id=peer.security_group_id,
            description=f"Peering {name}",
            ip_protocol="tcp",
            from_port=peer.port,
            to_port=peer.port,
            cidr_ipv4=str(args.cidr),
            opts=there,
        )
        self.register_outputs({"connection_id": self.connection_id})
