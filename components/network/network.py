"""Network: one VPC over several zones, private by default, with a way out of its own for each zone."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import cast

import pulumi
import pulumi_aws as aws

from components.security.iam import allow, policy_document, trust_service

GATEWAY_ENDPOINTS = ("dynamodb", "s3")
# What hosts and tasks call all day. Through NAT the same calls would cost more per gigabyte.
INTERFACE_ENDPOINTS = (
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
)

_ANYWHERE = "0.0.0.0/0"
_ANYWHERE_IPV6 = "::/0"
# AWS stores the numbers of protocols; names would read as a change at the next refresh.
_EVERY_PROTOCOL, _ICMP, _TCP, _UDP, _ICMPV6 = "-1", "1", "6", "17", "58"


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What makes an environment's network its own."""

    cidr: IPv4Network
    """/16 to /20."""
    region: str
    availability_zones: tuple[str, ...]
    """At most 4; the order decides the addresses: append, never reorder."""
    # Who may reach port 22 of the public tier; at most 13, as an ACL has 20 IPv4 rules each way, the last one
    # AWS's own.
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls
    ssh_cidrs: tuple[str, ...]
    log_retention_days: int
    """Of the flow logs; one of the values that CloudWatch Logs knows."""
    log_key_arn: pulumi.Input[str] | None = None
    """Encrypts them."""


class Network(pulumi.ComponentResource):
    """A VPC with a public and a private subnet, a NAT gateway and a fixed outgoing address in each zone.

    Every zone owns a quarter of the VPC: its first half is the private subnet, its third quarter the public
    one, and the last is free. So in a /16 a private subnet is a /19 and a public one a /20, and a fourth zone
    moves nothing.

    Amazon's IPv6 /56 is split alike, in /64s. Only those that ask for an IPv6 address get one (load balancers
    by `dualstack`, launch templates by `ipv6_address_count`): a host whose security group keeps IPv6 in would
    otherwise wait for a timeout at each name that has an AAAA record.

    A subnet's id is given out when its default route is in place, so what runs there reaches the internet
    from its first second. Protected are the VPC and the addresses of the NAT gateways, which partners put on
    allow-lists; each zone takes one of the region's Elastic IPs (5 by default).
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    ipv6_cidr: pulumi.Output[str]
    public_subnet_ids: list[pulumi.Output[str]]
    """In the order of availability_zones, as all lists here."""
    private_subnet_ids: list[pulumi.Output[str]]
    public_route_table_id: pulumi.Output[str]
    private_route_table_ids: list[pulumi.Output[str]]
    nat_addresses: list[pulumi.Output[str]]
    """The IPv4 addresses that everything private is seen from."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Network", name, None, opts)
        self._name = name
        self._args = args

        self._vpc = self._create_vpc()
        self._gateway = aws.ec2.InternetGateway(
            f"{name}-gateway", vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child()
        )
        self._egress_gateway = aws.ec2.EgressOnlyInternetGateway(
            f"{name}-egress-gateway", vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child()
        )
        public_routes = self._create_public_routes()
        public_acl = self._create_acl("public", [*self._answers(), *self._public_ingress()])
        private_acl = self._create_acl("private", self._answers())

        zones = [
            self._create_zone(block, zone[-1], zone, public_routes, public_acl, private_acl)
            for block, zone in enumerate(args.availability_zones)
        ]
        self._create_endpoints(
            subnet_ids=[zone.private_subnet.id for zone in zones],
            route_table_ids=[public_routes.table.id, *(zone.private_table.id for zone in zones)],
        )
        self._create_flow_log()

        self.vpc_id = self._vpc.id
        self.cidr = str(args.cidr)
        self.ipv6_cidr = self._vpc.ipv6_cidr_block
        self.public_subnet_ids = [zone.public_subnet_id for zone in zones]
        self.private_subnet_ids = [zone.private_subnet_id for zone in zones]
        self.public_route_table_id = public_routes.table.id
        self.private_route_table_ids = [zone.private_table.id for zone in zones]
        self.nat_addresses = [zone.nat_address for zone in zones]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "cidr": self.cidr,
                "ipv6_cidr": self.ipv6_cidr,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "public_route_table_id": self.public_route_table_id,
                "private_route_table_ids": self.private_route_table_ids,
                "nat_addresses": self.nat_addresses,
            }
        )

    def _child(
        self, *, protect: bool | None = None, depends_on: Sequence[pulumi.Resource] = ()
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=protect, depends_on=depends_on)

    def _create_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(self._args.cidr),
            assign_generated_ipv6_cidr_block=True,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self._name},
            opts=self._child(protect=True),
        )
        # Whoever forgets to choose a security group gets one through which nothing passes. The empty lists
        # matter: without them a rule that somebody adds by hand would not show as drift.
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-security-group", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child()
        )
        return vpc

    def _create_public_routes(self) -> _PublicRoutes:
        name = f"{self._name}-public"
        table = aws.ec2.RouteTable(f"{name}-routes", vpc_id=self._vpc.id, tags={"Name": name}, opts=self._child())
        ipv4 = aws.ec2.Route(
            f"{name}-default",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=self._gateway.id,
            opts=self._child(),
        )
        ipv6 = aws.ec2.Route(
            f"{name}-default-ipv6",
            route_table_id=table.id,
            destination_ipv6_cidr_block=_ANYWHERE_IPV6,
            gateway_id=self._gateway.id,
            opts=self._child(),
        )
        return _PublicRoutes(table=table, defaults=[ipv4, ipv6])

    def _create_acl(self, tier: str, ingress: list[aws.ec2.NetworkAclIngressArgs]) -> aws.ec2.NetworkAcl:
        # Everything may leave: an ACL keeps no state, so it cannot tell a call from an answer, and which
        # calls a host may make is its security group's decision.
        return aws.ec2.NetworkAcl(
            f"{self._name}-{tier}-acl",
            vpc_id=self._vpc.id,
            ingress=ingress,
            egress=[
                aws.ec2.NetworkAclEgressArgs(
                    rule_no=100,
                    action="allow",
                    protocol=_EVERY_PROTOCOL,
                    from_port=0,
                    to_port=0,
                    cidr_block=_ANYWHERE,
                ),
                aws.ec2.NetworkAclEgressArgs(
                    rule_no=101,
                    action="allow",
                    protocol=_EVERY_PROTOCOL,
                    from_port=0,
                    to_port=0,
                    ipv6_cidr_block=_ANYWHERE_IPV6,
                ),
            ],
            tags={"Name": f"{self._name}-{tier}"},
            opts=self._child(),
        )

    def _answers(self) -> list[aws.ec2.NetworkAclIngressArgs]:
        """What both tiers must let in. What else comes from outside, to a port below 1024, is denied.

        From within the VPC everything: load balancers to the tasks' dynamic ports, private hosts to the NAT
        gateways. From outside the answers to calls, at the port that the call came from: NAT gateways and
        load balancers use 1024 to 65535
        (https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html), and what NAT hands on
        still bears the far end's address. Denying a port within the range, 3389 say, would break each call
        that happens to come from it. ICMP carries the path's MTU.
        """
        return [
            _ingress(100, _EVERY_PROTOCOL, ipv4=str(self._args.cidr)),
            _ingress(101, _EVERY_PROTOCOL, ipv6=self._vpc.ipv6_cidr_block),
            _ingress(110, _TCP, ports=(1024, 65535), ipv4=_ANYWHERE),
            _ingress(111, _TCP, ports=(1024, 65535), ipv6=_ANYWHERE_IPV6),
            _ingress(120, _UDP, ports=(1024, 65535), ipv4=_ANYWHERE),
            _ingress(121, _UDP, ports=(1024, 65535), ipv6=_ANYWHERE_IPV6),
            _ingress(130, _ICMP, ipv4=_ANYWHERE),
            _ingress(131, _ICMPV6, ipv6=_ANYWHERE_IPV6),
        ]

    def _public_ingress(self) -> list[aws.ec2.NetworkAclIngressArgs]:
        """What the public tier offers besides: the load balancers' ports to all, SSH to those listed."""
        return [
            _ingress(200, _TCP, ports=(80, 80), ipv4=_ANYWHERE),
            _ingress(201, _TCP, ports=(80, 80), ipv6=_ANYWHERE_IPV6),
            _ingress(210, _TCP, ports=(443, 443), ipv4=_ANYWHERE),
            _ingress(211, _TCP, ports=(443, 443), ipv6=_ANYWHERE_IPV6),
            *(
                _ingress(rule_no, _TCP, ports=(22, 22), ipv4=cidr)
                for rule_no, cidr in enumerate(self._args.ssh_cidrs, start=300)
            ),
        ]

    def _create_zone(
        self,
        block: int,
        letter: str,
        zone: str,
        public_routes: _PublicRoutes,
        public_acl: aws.ec2.NetworkAcl,
        private_acl: aws.ec2.NetworkAcl,
    ) -> _Zone:
        private_cidr, public_cidr = zone_cidrs(self._args.cidr, block)
        public_subnet = self._create_subnet("public", letter, zone, public_cidr, 64 * block + 32, public_acl)
        public = aws.ec2.RouteTableAssociation(
            f"{self._name}-public-association-{letter}",
            subnet_id=public_subnet.id,
            route_table_id=public_routes.table.id,
            opts=self._child(depends_on=public_routes.defaults),
        )

        nat_name = f"{self._name}-nat-{letter}"
        address = aws.ec2.Eip(
            f"{self._name}-nat-address-{letter}",
            domain="vpc",
            tags={"Name": nat_name},
            opts=self._child(protect=True),
        )
        nat = aws.ec2.NatGateway(
            nat_name,
            allocation_id=address.allocation_id,
            subnet_id=public_subnet.id,
            tags={"Name": nat_name},
            opts=self._child(depends_on=[self._gateway]),
        )

        private_subnet = self._create_subnet("private", letter, zone, private_cidr, 64 * block, private_acl)
        table = aws.ec2.RouteTable(
            f"{self._name}-private-routes-{letter}",
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._name}-private-{letter}"},
            opts=self._child(),
        )
        ipv4 = aws.ec2.Route(
            f"{self._name}-private-default-{letter}",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=nat.id,
            opts=self._child(),
        )
        ipv6 = aws.ec2.Route(
            f"{self._name}-private-default-ipv6-{letter}",
            route_table_id=table.id,
            destination_ipv6_cidr_block=_ANYWHERE_IPV6,
            egress_only_gateway_id=self._egress_gateway.id,
            opts=self._child(),
        )
        private = aws.ec2.RouteTableAssociation(
            f"{self._name}-private-association-{letter}",
            subnet_id=private_subnet.id,
            route_table_id=table.id,
            opts=self._child(depends_on=[ipv4, ipv6]),
        )
        return _Zone(
            private_subnet=private_subnet,
            private_table=table,
            # Known when the association is there, which waits for the default routes. Its type is optional
            # only because an association can also be with a gateway.
            private_subnet_id=cast("pulumi.Output[str]", private.subnet_id),
            public_subnet_id=cast("pulumi.Output[str]", public.subnet_id),
            nat_address=address.public_ip,
        )

    def _create_subnet(
        self, tier: str, letter: str, zone: str, cidr: IPv4Network, ipv6_number: int, acl: aws.ec2.NetworkAcl
    ) -> aws.ec2.Subnet:
        name = f"{self._name}-{tier}-{letter}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=str(cidr),
            ipv6_cidr_block=self._vpc.ipv6_cidr_block.apply(lambda block: ipv6_subnet(block, ipv6_number)),
            # The bastion and the load balancers ask for a public address; nobody gets one by accident.
            map_public_ip_on_launch=False,
            tags={"Name": name},
            opts=self._child(),
        )
        aws.ec2.NetworkAclAssociation(
            f"{self._name}-{tier}-acl-{letter}",
            network_acl_id=acl.id,
            subnet_id=subnet.id,
            opts=self._child(),
        )
        return subnet

    def _create_endpoints(
        self, *, subnet_ids: list[pulumi.Output[str]], route_table_ids: list[pulumi.Output[str]]
    ) -> None:
        security_group = aws.ec2.SecurityGroup(
            f"{self._name}-endpoints",
            description="Interface endpoints",
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._name}-endpoints"},
            opts=self._child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-https",
            security_group_id=security_group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=str(self._args.cidr),
            opts=self._child(),
        )
        for service in GATEWAY_ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}-endpoint",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=route_table_ids,
                tags={"Name": f"{self._name}-{service}"},
                opts=self._child(),
            )
        for service in INTERFACE_ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}-endpoint",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnet_ids,
                security_group_ids=[security_group.id],
                tags={"Name": f"{self._name}-{service}"},
                opts=self._child(),
            )

    def _create_flow_log(self) -> None:
        name = f"{self._name}-flow-log"
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.log_key_arn,
            opts=self._child(),
        )
        # For this account and group alone:
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=policy_document(
                trust_service(
                    "vpc-flow-logs.amazonaws.com",
                    {"StringEquals": {"aws:SourceAccount": self._vpc.owner_id}},
                )
            ),
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=policy_document(
                allow(
                    "Write",
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [group.arn, pulumi.Output.concat(group.arn, ":*")],
                ),
                # This action knows no resources.
                allow("Find", ["logs:DescribeLogGroups"], ["*"]),
            ),
            opts=self._child(),
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": self._name},
            opts=self._child(depends_on=[policy]),
        )


@dataclass(frozen=True, kw_only=True)
class _PublicRoutes:
    table: aws.ec2.RouteTable
    defaults: list[aws.ec2.Route]


@dataclass(frozen=True, kw_only=True)
class _Zone:
    private_subnet: aws.ec2.Subnet
    private_table: aws.ec2.RouteTable
    private_subnet_id: pulumi.Output[str]
    public_subnet_id: pulumi.Output[str]
    nat_address: pulumi.Output[str]


def zone_cidrs(cidr: IPv4Network, block: int) -> tuple[IPv4Network, IPv4Network]:
    """The private and the public subnet of the zone that owns quarter `block` (0 to 3) of the VPC."""
    quarter = list(cidr.subnets(prefixlen_diff=2))[block]
    private, rest = quarter.subnets()
    public, _free = rest.subnets()
    return private, public


def ipv6_subnet(vpc_block: str, number: int) -> str:
    """The /64 with this number (0 to 255) in the VPC's /56."""
    block = ipaddress.IPv6Network(vpc_block)
    return str(ipaddress.IPv6Network((int(block.network_address) + (number << 64), 64)))


def _ingress(
    rule_no: int,
    protocol: str,
    *,
    ports: tuple[int, int] = (0, 0),
    ipv4: pulumi.Input[str] | None = None,
    ipv6: pulumi.Input[str] | None = None,
) -> aws.ec2.NetworkAclIngressArgs:
    every = -1 if protocol in (_ICMP, _ICMPV6) else None
    return aws.ec2.NetworkAclIngressArgs(
        rule_no=rule_no,
        action="allow",
        protocol=protocol,
        from_port=ports[0],
        to_port=ports[1],
        icmp_type=every,
        icmp_code=every,
        cidr_block=ipv4,
        ipv6_cidr_block=ipv6,
    )
