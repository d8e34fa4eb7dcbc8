"""Who reaches what, and how it is encrypted on its way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from plan.model import Resource
from policies.rule import Rule, as_list, is_reference, is_true, resource_rule, within

_PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918
# A wider one is no office's, and configuration accepts none (config.fields.SshCidr).
_NARROW = 16

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html: TLS 1.2 with forward
# secrecy and 1.3; the policies named Ext add ciphers without, those without TLS13 the protocols 1.0 and 1.1.
_TLS = re.compile(r"ELBSecurityPolicy-TLS13-1-[23](?:-Res)?(?:-FIPS)?(?:-PQ)?-\d{4}-\d{2}")


@resource_rule(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    remedy="Put the service behind a balancer (exposure: public), or name the one network that needs it in ssh_cidrs.",
)
def no_public_ingress(resource: Resource) -> Iterator[str]:
    """The internet reaches the balancers' ports 80 and 443, named networks the bastion's port 22, and nobody else
    anything: what is not open cannot be attacked."""
    for cidr in (resource.inputs.get("cidrIpv4"), resource.inputs.get("cidrIpv6")):
        if not isinstance(cidr, str) or is_reference(cidr) or _is_private(cidr):
            continue
        if within(resource, "slipway:lb:LoadBalancer") and _opens(resource, 80, 443):
            continue
        if within(resource, "slipway:network:Bastion") and _opens(resource, 22) and _is_narrow(cidr):
            continue
        yield f"{cidr} reaches {_ports(resource)}"


@resource_rule(
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    remedy="Use aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule, one for each rule.",
)
def standalone_security_rules(resource: Resource) -> Iterator[str]:
    """Rules inside a group and rules of the older resource undo the standalone ones at each update, and
    no-public-ingress does not see them."""
    if resource.short_type == "SecurityGroupRule":
        yield "a rule of the older resource"
    for direction in ("ingress", "egress"):
        if resource.inputs.get(direction):
            yield f"{direction} rules inside the group"


@resource_rule(
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    remedy="Leave ingress and egress empty, and give what runs there a security group of its own.",
)
def closed_default_groups(resource: Resource) -> Iterator[str]:
    """What is started without a security group gets the default one: it must let nothing in or out."""
    for direction in ("ingress", "egress"):
        if resource.inputs.get(direction):
            yield f"{direction} rules in the default group"


@resource_rule(
    "aws:lb/listener:Listener",
    remedy="Redirect port 80 to HTTPS, and use ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 or a stricter policy.",
)
def tls_listeners(resource: Resource) -> Iterator[str]:
    """Nothing is served in clear text or by a protocol that can be broken, inside the network either."""
    protocol = resource.inputs.get("protocol")
    if is_reference(protocol):
        return
    if protocol in ("HTTPS", "TLS"):
        policy = resource.inputs.get("sslPolicy")
        if not is_reference(policy) and not (isinstance(policy, str) and _TLS.fullmatch(policy)):
            yield f"the TLS policy {policy}"
        return
    redirects = [
        action.get("type") == "redirect" and action.get("redirect", {}).get("protocol") == "HTTPS"
        for action in as_list(resource.inputs.get("defaultActions"))
    ]
    if not redirects or not all(redirects):
        yield f"{protocol} is answered, not redirected to HTTPS"


@resource_rule(
    "aws:lb/loadBalancer:LoadBalancer",
    remedy="Set drop_invalid_header_fields and access_logs.",
)
def guarded_balancers(resource: Resource) -> Iterator[str]:
    """A header that is no HTTP is how requests are smuggled past a balancer, and without its log nobody can say what
    reached a service."""
    if not is_true(resource.inputs.get("dropInvalidHeaderFields")):
        yield "headers that are no HTTP pass"
    logs = resource.inputs.get("accessLogs")
    if not is_reference(logs) and not (isinstance(logs, dict) and is_true(logs.get("enabled"))):
        yield "no access log"


def _is_private(cidr: str) -> bool:
    network = ip_network(cidr, strict=False)
    return isinstance(network, IPv4Network) and any(network.subnet_of(private) for private in _PRIVATE)


def _is_narrow(cidr: str) -> bool:
    network = ip_network(cidr, strict=False)
    return not isinstance(network, IPv6Network) and network.prefixlen >= _NARROW


def _opens(resource: Resource, *ports: int) -> bool:
    first, last = resource.inputs.get("fromPort"), resource.inputs.get("toPort")
    return resource.inputs.get("ipProtocol") == "tcp" and first == last and first in ports


def _ports(resource: Resource) -> str:
    if resource.inputs.get("ipProtocol") == "-1":
        return "every port"
    first, last = resource.inputs.get("fromPort"), resource.inputs.get("toPort")
    ports = f"port {first:g}" if first == last else f"ports {first:g} to {last:g}"
    return f"{resource.inputs.get('ipProtocol')} {ports}"


RULES: tuple[Rule, ...] = (
    no_public_ingress,
    standalone_security_rules,
    closed_default_groups,
    tls_listeners,
    guarded_balancers,
)
