"""Network: what its children are asked to be."""

from __future__ import annotations

import dataclasses
import json
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network.network import Network, NetworkArgs, ipv6_subnet, zone_cidrs
from tests.cloud import Cloud

ARGS = NetworkArgs(
    cidr=IPv4Network("10.20.0.0/16"),
    region="us-east-1",
    availability_zones=("us-east-1a", "us-east-1b", "us-east-1d"),
    ssh_cidrs=(),
    log_retention_days=30,
)
BLOCK = "2001:db8:a14::/56"
LETTERS = ("a", "b", "d")
OUT_OF_THE_VPC = ("0.0.0.0/0", "::/0")


def deploy(cloud: Cloud, **changes: Any) -> None:
    cloud.deploy(lambda: Network("network", dataclasses.replace(ARGS, **changes)))


@pytest.fixture(scope="module")
def network() -> Cloud:
    """The network of ARGS, for the tests that only read it: with its 60 resources it takes half a second."""
    cloud = Cloud()
    deploy(cloud)
    return cloud


def entries(cloud: Cloud, tier: str, direction: str = "ingress") -> list[dict[str, Any]]:
    return cloud.one("aws:ec2/networkAcl:NetworkAcl", f"network-{tier}-acl")[direction]


def admitted(cloud: Cloud, tier: str, protocol: str, port: int, source: str) -> bool:
    """Whether the tier's ACL lets a packet in; `source` is written as in the rules."""
    for entry in sorted(entries(cloud, tier), key=lambda entry: entry["ruleNo"]):
        from_here = source in (entry.get("cidrBlock"), entry.get("ipv6CidrBlock"))
        in_range = entry["protocol"] == "-1" or entry["fromPort"] <= port <= entry["toPort"]
        if from_here and in_range and entry["protocol"] in ("-1", protocol):
            return entry["action"] == "allow"
    return False


def test_vpc_has_names_and_an_ipv6_block_and_is_protected(network: Cloud) -> None:
    vpc = network.get("aws:ec2/vpc:Vpc")
    assert vpc.protect
    assert vpc.inputs == {
        "cidrBlock": "10.20.0.0/16",
        "assignGeneratedIpv6CidrBlock": True,
        "enableDnsSupport": True,
        "enableDnsHostnames": True,
        "tags": {"Name": "network"},
    }


def test_every_child_hangs_below_the_component_and_goes_to_its_provider(cloud: Cloud) -> None:
    def program() -> None:
        provider = aws.Provider("account", region="us-east-1")
        Network("network", ARGS, pulumi.ResourceOptions(providers=[provider]))

    cloud.deploy(program)
    component = cloud.get("slipway:network:Network")
    children = [
        resource for resource in cloud.resources if resource.type not in (component.type, "pulumi:providers:aws")
    ]
    assert {child.parent for child in children} == {component.urn}
    assert {child.provider.split("::")[-2] for child in children} == {"account"}


@pytest.mark.parametrize(
    ("name", "cidr", "ipv6", "zone"),
    [
        ("network-private-a", "10.20.0.0/19", "2001:db8:a14::/64", "us-east-1a"),
        ("network-public-a", "10.20.32.0/20", "2001:db8:a14:20::/64", "us-east-1a"),
        ("network-private-b", "10.20.64.0/19", "2001:db8:a14:40::/64", "us-east-1b"),
        ("network-public-b", "10.20.96.0/20", "2001:db8:a14:60::/64", "us-east-1b"),
        ("network-private-d", "10.20.128.0/19", "2001:db8:a14:80::/64", "us-east-1d"),
        ("network-public-d", "10.20.160.0/20", "2001:db8:a14:a0::/64", "us-east-1d"),
    ],
)
def test_subnet(network: Cloud, name: str, cidr: str, ipv6: str, zone: str) -> None:
    assert network.one("aws:ec2/subnet:Subnet", name) == {
        "vpcId": "network-vpc-id",
        "availabilityZone": zone,
        "cidrBlock": cidr,
        "ipv6CidrBlock": ipv6,
        "mapPublicIpOnLaunch": False,
        "tags": {"Name": name},
    }


def test_there_are_no_other_subnets(network: Cloud) -> None:
    assert len(network.all("aws:ec2/subnet:Subnet")) == 6


@given(st.integers(16, 20), st.integers(0, 15))
def test_subnets_never_overlap_and_leave_the_fourth_quarter_free(prefix: int, network: int) -> None:
    cidr = IPv4Network((int(IPv4Network("10.0.0.0/8").network_address) + (network << 32 - prefix), prefix))
    taken = [subnet for block in range(3) for subnet in zone_cidrs(cidr, block)]
    fourth = list(cidr.subnets(prefixlen_diff=2))[3]
    for number, subnet in enumerate(taken):
        assert subnet.subnet_of(cidr)
        assert not any(subnet.overlaps(other) for other in [*taken[:number], fourth])


def test_a_fourth_zone_changes_no_subnet_route_or_address_of_the_others(cloud: Cloud) -> None:
    deploy(cloud)
    four = Cloud()
    deploy(four, availability_zones=(*ARGS.availability_zones, "us-east-1f"))
    changed = {
        (before.type, before.name)
        for before in cloud.resources
        if before.inputs != next(after.inputs for after in four.resources if after.urn == before.urn)
    }
    assert {type_ for type_, _ in changed} == {"aws:ec2/vpcEndpoint:VpcEndpoint"}


@pytest.mark.parametrize(
    ("block", "number", "subnet"),
    [
        ("2600:1f18:12:3400::/56", 0, "2600:1f18:12:3400::/64"),
        ("2600:1f18:12:3400::/56", 32, "2600:1f18:12:3420::/64"),
        ("2600:1f18:12:3400::/56", 255, "2600:1f18:12:34ff::/64"),
    ],
)
def test_ipv6_subnet(block: str, number: int, subnet: str) -> None:
    assert ipv6_subnet(block, number) == subnet


def test_public_tier_reaches_the_internet_through_the_internet_gateway(network: Cloud) -> None:
    assert network.one("aws:ec2/route:Route", "network-public-default") == {
        "routeTableId": "network-public-routes-id",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "network-gateway-id",
    }
    assert network.one("aws:ec2/route:Route", "network-public-default-ipv6") == {
        "routeTableId": "network-public-routes-id",
        "destinationIpv6CidrBlock": "::/0",
        "gatewayId": "network-gateway-id",
    }


@pytest.mark.parametrize("letter", LETTERS)
def test_private_tier_leaves_through_its_own_zone(network: Cloud, letter: str) -> None:
    assert network.one("aws:ec2/route:Route", f"network-private-default-{letter}") == {
        "routeTableId": f"network-private-routes-{letter}-id",
        "destinationCidrBlock": "0.0.0.0/0",
        "natGatewayId": f"network-nat-{letter}-id",
    }
    assert network.one("aws:ec2/route:Route", f"network-private-default-ipv6-{letter}") == {
        "routeTableId": f"network-private-routes-{letter}-id",
        "destinationIpv6CidrBlock": "::/0",
        "egressOnlyGatewayId": "network-egress-gateway-id",
    }


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize(
    ("tier", "table"), [("public", "network-public-routes"), ("private", "network-private-routes-{}")]
)
def test_subnet_follows_its_route_table(network: Cloud, tier: str, table: str, letter: str) -> None:
    association = network.one(
        "aws:ec2/routeTableAssociation:RouteTableAssociation", f"network-{tier}-association-{letter}"
    )
    assert association == {
        "subnetId": f"network-{tier}-{letter}-id",
        "routeTableId": f"{table.format(letter)}-id",
    }


@pytest.mark.parametrize("letter", LETTERS)
def test_nat_gateway_stands_in_the_public_subnet_of_its_zone(network: Cloud, letter: str) -> None:
    nat = network.get("aws:ec2/natGateway:NatGateway", f"network-nat-{letter}")
    assert nat.inputs == {
        "allocationId": f"${{network-nat-address-{letter}.allocationId}}",
        "subnetId": f"network-public-{letter}-id",
        "tags": {"Name": f"network-nat-{letter}"},
    }


def test_nat_gateway_waits_for_the_internet_gateway(network: Cloud) -> None:
    gateway = network.get("aws:ec2/internetGateway:InternetGateway")
    assert gateway.urn in network.get("aws:ec2/natGateway:NatGateway", "network-nat-a").dependencies


def test_outgoing_addresses_are_protected(network: Cloud) -> None:
    addresses = network.all("aws:ec2/eip:Eip")
    assert [address.name for address in addresses] == [f"network-nat-address-{letter}" for letter in LETTERS]
    assert all(address.protect for address in addresses)
    assert addresses[0].inputs == {"domain": "vpc", "tags": {"Name": "network-nat-a"}}


@pytest.mark.parametrize("tier", ["public", "private"])
def test_subnet_ids_are_given_out_when_the_default_routes_are_in_place(cloud: Cloud, tier: str) -> None:
    def program() -> None:
        network = Network("network", ARGS)
        ids = network.public_subnet_ids if tier == "public" else network.private_subnet_ids
        aws.ec2.NetworkInterface("user", subnet_id=ids[0])

    cloud.deploy(program)
    association = cloud.get("aws:ec2/routeTableAssociation:RouteTableAssociation", f"network-{tier}-association-a")
    assert association.urn in cloud.get("aws:ec2/networkInterface:NetworkInterface").dependencies
    suffix = "" if tier == "public" else "-a"
    for route in (f"network-{tier}-default{suffix}", f"network-{tier}-default-ipv6{suffix}"):
        assert cloud.get("aws:ec2/route:Route", route).urn in association.dependencies


def test_outputs_are_in_the_order_of_the_zones(network: Cloud) -> None:
    assert network.outputs[network.get("slipway:network:Network").urn] == {
        "vpc_id": "network-vpc-id",
        "cidr": "10.20.0.0/16",
        "ipv6_cidr": BLOCK,
        "public_subnet_ids": [f"network-public-{letter}-id" for letter in LETTERS],
        "private_subnet_ids": [f"network-private-{letter}-id" for letter in LETTERS],
        "public_route_table_id": "network-public-routes-id",
        "private_route_table_ids": [f"network-private-routes-{letter}-id" for letter in LETTERS],
        "nat_addresses": [f"${{network-nat-address-{letter}.publicIp}}" for letter in LETTERS],
    }


def test_default_security_group_is_closed(network: Cloud) -> None:
    assert network.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup") == {
        "vpcId": "network-vpc-id",
        "ingress": [],
        "egress": [],
    }


@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_gateway_endpoint_serves_every_route_table(network: Cloud, service: str) -> None:
    assert network.one("aws:ec2/vpcEndpoint:VpcEndpoint", f"network-{service}-endpoint") == {
        "vpcId": "network-vpc-id",
        "serviceName": f"com.amazonaws.us-east-1.{service}",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [
            "network-public-routes-id",
            *(f"network-private-routes-{letter}-id" for letter in LETTERS),
        ],
        "tags": {"Name": f"network-{service}"},
    }


@pytest.mark.parametrize(
    "service",
    [
        "ec2messages",
        "ecr.api",
        "ecr.dkr",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "logs",
        "secretsmanager",
        "ssm",
        "ssmmessages",
        "sts",
    ],
)
def test_interface_endpoint_answers_under_its_usual_name_in_every_private_subnet(network: Cloud, service: str) -> None:
    assert network.one("aws:ec2/vpcEndpoint:VpcEndpoint", f"network-{service}-endpoint") == {
        "vpcId": "network-vpc-id",
        "serviceName": f"com.amazonaws.us-east-1.{service}",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [f"network-private-{letter}-id" for letter in LETTERS],
        "securityGroupIds": ["network-endpoints-id"],
        "tags": {"Name": f"network-{service}"},
    }


def test_there_are_no_other_endpoints(network: Cloud) -> None:
    assert len(network.all("aws:ec2/vpcEndpoint:VpcEndpoint")) == 13


def test_endpoints_accept_https_from_the_vpc_alone(network: Cloud) -> None:
    assert network.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") == {
        "securityGroupId": "network-endpoints-id",
        "description": "HTTPS from the VPC",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "10.20.0.0/16",
    }
    assert network.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == []


def test_flow_log_records_all_traffic(network: Cloud) -> None:
    assert network.one("aws:ec2/flowLog:FlowLog") == {
        "vpcId": "network-vpc-id",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": "${network-flow-log-group.arn}",
        "iamRoleArn": "${network-flow-log-role.arn}",
        "tags": {"Name": "network"},
    }


def test_flow_log_is_kept_as_long_as_asked_and_encrypted(cloud: Cloud) -> None:
    deploy(cloud, log_retention_days=90, log_key_arn="key-arn")
    assert cloud.one("aws:cloudwatch/logGroup:LogGroup") == {"kmsKeyId": "key-arn", "retentionInDays": 90}


def test_flow_log_role_is_for_this_account_alone(network: Cloud) -> None:
    (statement,) = json.loads(network.one("aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "${network-vpc.ownerId}"}},
    }


def test_flow_log_role_writes_to_its_group_alone(network: Cloud) -> None:
    policy = network.one("aws:iam/rolePolicy:RolePolicy")
    assert policy["role"] == "${network-flow-log-role.name}"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": ["${network-flow-log-group.arn}", "${network-flow-log-group.arn}:*"],
        },
        {"Sid": "Find", "Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": ["*"]},
    ]


def test_flow_log_waits_for_its_permission(network: Cloud) -> None:
    policy = network.get("aws:iam/rolePolicy:RolePolicy")
    assert policy.urn in network.get("aws:ec2/flowLog:FlowLog").dependencies


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("tier", ["public", "private"])
def test_subnet_has_the_acl_of_its_tier(network: Cloud, tier: str, letter: str) -> None:
    assert network.one("aws:ec2/networkAclAssociation:NetworkAclAssociation", f"network-{tier}-acl-{letter}") == {
        "networkAclId": f"network-{tier}-acl-id",
        "subnetId": f"network-{tier}-{letter}-id",
    }


@pytest.mark.parametrize("tier", ["public", "private"])
def test_acl_lets_everything_out(network: Cloud, tier: str) -> None:
    everything = {"action": "allow", "protocol": "-1", "fromPort": 0, "toPort": 0}
    assert entries(network, tier, "egress") == [
        {"ruleNo": 100, "cidrBlock": "0.0.0.0/0"} | everything,
        {"ruleNo": 101, "ipv6CidrBlock": "::/0"} | everything,
    ]


@pytest.mark.parametrize("tier", ["public", "private"])
@pytest.mark.parametrize("source", ["10.20.0.0/16", BLOCK])
@pytest.mark.parametrize(("protocol", "port"), [("6", 22), ("6", 443), ("6", 49153), ("17", 53), ("50", 0)])
def test_acl_lets_the_vpc_in_at_every_port(network: Cloud, tier: str, source: str, protocol: str, port: int) -> None:
    assert admitted(network, tier, protocol, port, source)


@pytest.mark.parametrize("tier", ["public", "private"])
@pytest.mark.parametrize("source", OUT_OF_THE_VPC)
@pytest.mark.parametrize("protocol", ["6", "17"])
@pytest.mark.parametrize("port", [1024, 3389, 32768, 60999, 65535])
def test_acl_lets_answers_in_at_every_port_that_nat_may_use(
    network: Cloud, tier: str, source: str, protocol: str, port: int
) -> None:
    assert admitted(network, tier, protocol, port, source)


@pytest.mark.parametrize("tier", ["public", "private"])
@pytest.mark.parametrize(
    ("number", "source"),
    [(130, {"protocol": "1", "cidrBlock": "0.0.0.0/0"}), (131, {"protocol": "58", "ipv6CidrBlock": "::/0"})],
)
def test_acl_lets_every_kind_of_icmp_in(network: Cloud, tier: str, number: int, source: dict[str, str]) -> None:
    every = {"ruleNo": number, "action": "allow", "fromPort": 0, "toPort": 0, "icmpType": -1, "icmpCode": -1}
    assert every | source in entries(network, tier)


@pytest.mark.parametrize("source", OUT_OF_THE_VPC)
@pytest.mark.parametrize("port", [80, 443])
def test_only_the_public_tier_offers_http(network: Cloud, port: int, source: str) -> None:
    assert admitted(network, "public", "6", port, source)
    assert not admitted(network, "private", "6", port, source)


@pytest.mark.parametrize("tier", ["public", "private"])
@pytest.mark.parametrize("source", OUT_OF_THE_VPC)
@pytest.mark.parametrize(("protocol", "port"), [("6", 22), ("6", 25), ("6", 445), ("6", 1023), ("17", 53), ("17", 443)])
def test_acl_denies_the_internet_all_other_low_ports(
    network: Cloud, tier: str, source: str, protocol: str, port: int
) -> None:
    assert not admitted(network, tier, protocol, port, source)


def test_ssh_enters_the_public_tier_from_listed_networks_alone(cloud: Cloud) -> None:
    deploy(cloud, ssh_cidrs=("198.51.100.0/24", "203.0.113.7/32"))
    ssh = [entry for entry in entries(cloud, "public") if entry["fromPort"] == 22]
    assert [(entry["ruleNo"], entry["cidrBlock"]) for entry in ssh] == [
        (300, "198.51.100.0/24"),
        (301, "203.0.113.7/32"),
    ]
    assert not any(entry["fromPort"] == 22 for entry in entries(cloud, "private"))


@pytest.mark.parametrize("tier", ["public", "private"])
def test_acl_stays_within_the_rules_that_aws_allows(cloud: Cloud, tier: str) -> None:
    deploy(cloud, ssh_cidrs=tuple(f"198.51.100.{host}/32" for host in range(13)))
    for family in ("cidrBlock", "ipv6CidrBlock"):
        assert sum(family in entry for entry in entries(cloud, tier)) + 1 <= 20
