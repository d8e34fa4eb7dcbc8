import json
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from components.network.vpc_peering import VpcPeering, VpcPeeringArgs
from config.migration import Peer
from tests.cloud import Cloud, Registered

PEER = {
    "account_id": "555555555555",
    "region": "us-west-2",
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "172.20.0.0/16",
    "role": "peering",
    "route_table_ids": ["rtb-00000001", "rtb-00000002"],
    "security_group_id": "sg-00000003",
    "port": 5432,
}
OURS, THEIRS = "our-provider", "their-provider"


def a_peering() -> VpcPeeringArgs:
    """Inside a program: a provider is a resource."""
    return VpcPeeringArgs(
        vpc_id="vpc-new",
        cidr=IPv4Network("10.30.0.0/16"),
        route_table_ids={"a": "table-a", "b": "table-b"},
        peer=Peer.model_validate_json(json.dumps(PEER)),
        peer_provider=aws.Provider(THEIRS, region="us-west-2"),
    )


def deploy(cloud: Cloud) -> None:
    def program() -> None:
        ours = aws.Provider(OURS, region="us-east-1")
        VpcPeering("old-prod", a_peering(), pulumi.ResourceOptions(providers=[ours]))

    cloud.deploy(program)


def provider(resource: Registered) -> str:
    return resource.provider.rpartition("::")[0].rpartition("::")[2]


def test_the_peer_accepts_in_its_own_account_and_region(cloud: Cloud) -> None:
    deploy(cloud)
    connection = cloud.get("aws:ec2/vpcPeeringConnection:VpcPeeringConnection")
    assert connection.inputs == {
        "peerOwnerId": "555555555555",
        "peerRegion": "us-west-2",
        "peerVpcId": "vpc-0123456789abcdef0",
        "tags": {"Name": "old-prod"},
        "vpcId": "vpc-new",
    }
    accepter = cloud.get("aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter")
    assert accepter.inputs["autoAccept"] is True
    assert accepter.inputs["vpcPeeringConnectionId"] == "old-prod-connection-id"
    assert (provider(connection), provider(accepter)) == (OURS, THEIRS)


def test_each_side_resolves_the_others_names_to_private_addresses(cloud: Cloud) -> None:
    deploy(cloud)
    options = {r.name: r for r in cloud.all("aws:ec2/peeringConnectionOptions:PeeringConnectionOptions")}
    ours, theirs = options["old-prod-options"], options["old-prod-peer-options"]
    assert ours.inputs["requester"] == {"allowRemoteVpcDnsResolution": True}
    assert theirs.inputs["accepter"] == {"allowRemoteVpcDnsResolution": True}
    assert (provider(ours), provider(theirs)) == (OURS, THEIRS)
    accepter = cloud.get("aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter").urn
    assert all(accepter in r.dependencies for r in options.values())


def test_routes_lead_there_and_back(cloud: Cloud) -> None:
    deploy(cloud)
    routes = {
        r.name: (r.inputs["routeTableId"], r.inputs["destinationCidrBlock"], provider(r))
        for r in cloud.all("aws:ec2/route:Route")
    }
    assert routes == {
        "old-prod-route-a": ("table-a", "172.20.0.0/16", OURS),
        "old-prod-route-b": ("table-b", "172.20.0.0/16", OURS),
        "old-prod-peer-route-rtb-00000001": ("rtb-00000001", "10.30.0.0/16", THEIRS),
        "old-prod-peer-route-rtb-00000002": ("rtb-00000002", "10.30.0.0/16", THEIRS),
    }


def test_only_the_databases_port_is_opened_and_only_there(cloud: Cloud) -> None:
    deploy(cloud)
    rule = cloud.get("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rule.inputs == {
        "cidrIpv4": "10.30.0.0/16",
        "description": "Peering old-prod",
        "fromPort": 5432,
        "ipProtocol": "tcp",
        "securityGroupId": "sg-00000003",
        "toPort": 5432,
    }
    assert provider(rule) == THEIRS
    assert cloud.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == []
