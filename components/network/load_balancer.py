"""LoadBalancer: one Application Load Balancer with TLS at the listener; services add their own rules to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-bridge.html: where Docker on Linux puts a
# dynamic host port; ECS-optimized AMIs keep the kernel's ephemeral range.
EPHEMERAL_PORTS = (32768, 65535)

# TLS 1.3 and 1.2 with forward secrecy, and with post-quantum keys for clients that know them: the one AWS recommends.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

ANYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """Where it stands and who may reach it."""

    internal: bool
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    clients: Sequence[str]
    """The networks that may connect, ANYWHERE for a public one. It has IPv6 addresses where one of them is of IPv6."""
    hosts_security_group_id: pulumi.Input[str]
    """The hosts that tasks run on; they accept the ephemeral range from this balancer."""
    access_logs_bucket: pulumi.Input[str] | None = None
    """Where each request is logged, below the balancer's name."""
    web_acl_arn: pulumi.Input[str] | None = None
    """The firewall that looks at each request first."""
    minimum_capacity_units: int | None = None
    """Capacity units (LCU) that are ready before the traffic is: what AWS once did by ticket as pre-warming."""


class LoadBalancer(pulumi.ComponentResource):
    """Terminates TLS, redirects HTTP, and answers 404 to names that no service has."""

    name: str
    arn_suffix: pulumi.Output[str]
    """The part of the ARN that CloudWatch and autoscaling call `LoadBalancer`."""
    dns_name: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    zone_id: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lb:LoadBalancer", name, None, opts)
        self.name = name
        self._child = pulumi.ResourceOptions(parent=self)

        security_group = self._security_group(args)
        # Its name has 32 characters, the random ones among them, so it gets no "-alb".
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=args.internal,
            ip_address_type="dualstack" if any(map(_is_ipv6, args.clients)) else "ipv4",
            subnets=list(args.subnet_ids),
            security_groups=[security_group.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=True,
            access_logs=None
            if args.access_logs_bucket is None
            else aws.lb.LoadBalancerAccessLogsArgs(enabled=True, bucket=args.access_logs_bucket, prefix=name),
            minimum_load_balancer_capacity=None
            if args.minimum_capacity_units is None
            else aws.lb.LoadBalancerMinimumLoadBalancerCapacityArgs(capacity_units=args.minimum_capacity_units),
            opts=self._child,
        )
        if args.web_acl_arn is not None:
            aws.wafv2.WebAclAssociation(
                f"{name}-firewall",
                resource_arn=balancer.arn,
                web_acl_arn=args.web_acl_arn,
                opts=self._child,
            )
        listener = self._listeners(balancer, args)

        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.listener_arn = listener.arn
        self.zone_id = balancer.zone_id
        self.register_outputs({"dns_name": self.dns_name, "listener_arn": self.listener_arn})

    def _security_group(self, args: LoadBalancerArgs) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{self.name}-alb", vpc_id=args.vpc_id, description="Load balancer", opts=self._child
        )
        for cidr in args.clients:
            for port in (80, 443):
                aws.vpc.SecurityGroupIngressRule(
                    f"{self.name}-from-clients-{port}{'-ipv6' if _is_ipv6(cidr) else ''}",
                    security_group_id=group.id,
                    description="Clients",
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=None if _is_ipv6(cidr) else cidr,
                    cidr_ipv6=cidr if _is_ipv6(cidr) else None,
                    opts=self._child,
                )
        low, high = EPHEMERAL_PORTS
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-to-hosts",
            security_group_id=group.id,
            description="Tasks on the hosts",
            ip_protocol="tcp",
            from_port=low,
            to_port=high,
            referenced_security_group_id=args.hosts_security_group_id,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-at-hosts",
            security_group_id=args.hosts_security_group_id,
            description="Load balancer",
            ip_protocol="tcp",
            from_port=low,
            to_port=high,
            referenced_security_group_id=group.id,
            opts=self._child,
        )
        return group

    def _listeners(self, balancer: aws.lb.LoadBalancer, args: LoadBalancerArgs) -> aws.lb.Listener:
        aws.lb.Listener(
            f"{self.name}-http",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port="443", status_code="HTTP_301"
                    ),
                )
            ],
            opts=self._child,
        )
        return aws.lb.Listener(
            f"{self.name}-https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain",
                        message_body="no service has this name\n",
                        status_code="404",
                    ),
                )
            ],
            opts=self._child,
        )


def _is_ipv6(cidr: str) -> bool:
    return ":" in cidr
