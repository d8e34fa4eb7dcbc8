"""What a plan builds, as one would sketch it: the login account, and in each environment its network, clusters,
services, names and alerts. Read from the resources alone, so it is what the stack declares and no picture of a wish.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plan.model import Plan, Resource

SERVICE = "slipway:ecs:EcsService"
CLUSTER = "slipway:ecs:EcsCluster"
ALERTS = "slipway:datadog:ServiceAlerts"
MONITOR = "datadog:index/monitor:Monitor"

_AUDIT = "slipway:audit:AuditTrail"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_BASTION = "slipway:network:Bastion"
_CATALOG = "datadog:index/softwareCatalog:SoftwareCatalog"
_DASHBOARD = "datadog:index/dashboardJson:DashboardJson"
_FIREWALL = "aws:wafv2/webAclAssociation:WebAclAssociation"
_OBJECTIVE = "datadog:index/serviceLevelObjective:ServiceLevelObjective"
_PROVIDER = "pulumi:providers:aws"
RECORD = "aws:route53/record:Record"
_RULE = "aws:lb/listenerRule:ListenerRule"
_STATE = "slipway:state:StateBackend"
_SUBNET = "aws:ec2/subnet:Subnet"
_NAT = "aws:ec2/natGateway:NatGateway"
_VPC = "aws:ec2/vpc:Vpc"
_ZONE = "aws:route53/zone:Zone"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service in one environment."""

    name: str
    kind: str  # web, worker, job
    cluster: str
    version: str
    tasks: str  # `2`, or `3-9`
    owner: str
    address: str = ""  # empty where nothing calls it
    balancer: str = ""  # the load balancer that it stands behind
    alerts: Mapping[str, int] = field(default_factory=dict)  # priority -> monitors


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A load balancer of a cluster."""

    name: str
    public: bool
    firewall: bool


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Hosts of one kind, and what runs on them."""

    name: str
    instance_type: str
    instances: str
    balancers: tuple[Balancer, ...]
    services: tuple[Service, ...]


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One availability zone of a network."""

    name: str
    public: str  # the subnets' addresses
    private: str
    nat: bool  # has a way out of its own


@dataclass(frozen=True, kw_only=True)
class Account:
    """One stack's account; `cidr` is empty where it has no network, which makes it the one to log in to."""

    stack: str
    id: str
    region: str
    resources: int
    people: int = 0  # who have a role in it
    cidr: str = ""
    zones: tuple[Zone, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    bastion: str = ""
    domains: tuple[str, ...] = ()  # public ones first
    delegated: bool = False  # its public zone hangs below another account's
    audited: bool = False  # keeps the audit trail
    keeps_state: bool = False
    alerts: Mapping[str, int] = field(default_factory=dict)
    objectives: int = 0
    dashboards: int = 0

    @property
    def services(self) -> tuple[Service, ...]:
        return tuple(service for cluster in self.clusters for service in cluster.services)


def services(plan: Plan) -> list[Service]:
    """Every service, in the plan's order."""
    watched = monitors(plan)
    rules = {rule.parent: rule for rule in plan.resources if rule.type == _RULE}
    found = []
    for component in plan.resources:
        if component.type == SERVICE:
            listener = plan.target(rules[component.urn].inputs.get("listenerArn")) if component.urn in rules else None
            balancer = plan.target(listener.inputs.get("loadBalancerArn")) if listener else None
            outputs = component.outputs
            found.append(
                Service(
                    name=component.name,
                    kind=_text(outputs.get("kind")),
                    cluster=_text(outputs.get("cluster")),
                    version=_text(outputs.get("version")),
                    tasks=span(outputs.get("tasks")),
                    owner=_text(outputs.get("owner")),
                    address=_text(outputs.get("address")),
                    balancer=balancer.name if balancer else "",
                    alerts=priorities(watched.get(component.name, ())),
                )
            )
    return found


def clusters(plan: Plan) -> list[Cluster]:
    """Every cluster with its services, in the plan's order."""
    members: dict[str, list[Service]] = {}
    for service in services(plan):
        members.setdefault(service.cluster, []).append(service)
    guarded = {
        target.urn
        for resource in plan.resources
        if resource.type == _FIREWALL and (target := plan.target(resource.inputs.get("resourceArn")))
    }
    balancers = [resource for resource in plan.resources if resource.type == _BALANCER]
    by_urn = {resource.urn: resource for resource in plan.resources}
    return [
        Cluster(
            name=cluster.name,
            instance_type=_text(cluster.outputs.get("instance_type")),
            instances=span(cluster.outputs.get("instances")),
            balancers=tuple(
                Balancer(name=each.name, public=each.inputs.get("internal") is False, firewall=each.urn in guarded)
                for each in balancers
                if cluster.urn in _above(each, by_urn)
            ),
            services=tuple(members.get(cluster.name, ())),
        )
        for cluster in plan.resources
        if cluster.type == CLUSTER
    ]


def account(plan: Plan, people: int = 0) -> Account:
    """All of a stack at a glance."""
    first = {resource.type: resource for resource in reversed(plan.resources)}
    counts = Counter(resource.type for resource in plan.resources)
    own = next((r for r in plan.resources if r.type == _PROVIDER and r.name == "aws"), first.get(_PROVIDER))
    bastion, vpc = first.get(_BASTION), first.get(_VPC)
    domains = [resource for resource in plan.resources if resource.type == _ZONE]
    return Account(
        stack=plan.stack,
        id=", ".join(_listed(own.inputs.get("allowedAccountIds"))) if own else "",
        region=_text(own.inputs.get("region")) if own else "",
        resources=sum(resource.custom for resource in plan.resources),
        people=people,
        cidr=_text(vpc.inputs.get("cidrBlock")) if vpc else "",
        zones=_zones(plan),
        clusters=tuple(clusters(plan)),
        bastion=_text(bastion.outputs.get("host_name")) if bastion else "",
        domains=tuple(_text(zone.inputs.get("name")) for zone in sorted(domains, key=lambda z: "vpcs" in z.inputs)),
        delegated=any(r.type == RECORD and r.inputs.get("type") == "NS" for r in plan.resources),
        audited=_AUDIT in counts,
        keeps_state=_STATE in counts,
        alerts=priorities(resource for resource in plan.resources if resource.type == MONITOR),
        objectives=counts[_OBJECTIVE],
        dashboards=counts[_DASHBOARD],
    )


def entries(plans: Iterable[Plan]) -> dict[str, dict[str, Any]]:
    """What the software catalogue is told of each service, which is the same in all environments."""
    found = [json.loads(r.inputs["entity"]) for plan in plans for r in plan.resources if r.type == _CATALOG]
    return {entry["metadata"]["name"]: entry for entry in found}


def descriptions(plans: Iterable[Plan]) -> dict[str, str]:
    """What each service is for."""
    return {name: entry["metadata"].get("description", "") for name, entry in entries(plans).items()}


def monitors(plan: Plan) -> dict[str, list[Resource]]:
    """Monitors by the service that they watch; those that watch none under an empty name."""
    by_urn = {resource.urn: resource for resource in plan.resources}
    found: dict[str, list[Resource]] = {}
    for resource in plan.resources:
        if resource.type == MONITOR:
            parent = by_urn.get(resource.parent or "")
            found.setdefault(parent.name if parent and parent.type == ALERTS else "", []).append(resource)
    return found


def priorities(of: Iterable[Resource]) -> dict[str, int]:
    """Monitors by priority, the most urgent first."""
    return dict(sorted(Counter(str(monitor.inputs.get("priority", "-")) for monitor in of).items()))


def spoken(alerts: Mapping[str, int]) -> str:
    """`2 P2, 3 P3`."""
    return ", ".join(f"{count} P{priority}" for priority, count in alerts.items())


def span(value: Any) -> str:
    """`2-8`, or `3` where both ends are one."""
    if isinstance(value, Mapping) and "min" in value and "max" in value:
        low, high = value["min"], value["max"]
        return str(low) if low == high else f"{low}-{high}"
    return _text(value)


def _zones(plan: Plan) -> tuple[Zone, ...]:
    subnets: dict[str, list[Resource]] = {}
    for resource in plan.resources:
        if resource.type == _SUBNET:
            subnets.setdefault(_text(resource.inputs.get("availabilityZone")), []).append(resource)
    ways_out = [plan.target(resource.inputs.get("subnetId")) for resource in plan.resources if resource.type == _NAT]
    outside = {subnet.urn for subnet in ways_out if subnet}
    return tuple(
        Zone(
            name=name,
            public=_addresses(subnet for subnet in own if "-public-" in subnet.name),
            private=_addresses(subnet for subnet in own if "-private-" in subnet.name),
            nat=any(subnet.urn in outside for subnet in own),
        )
        for name, own in sorted(subnets.items())
    )


def _addresses(subnets: Iterable[Resource]) -> str:
    return ", ".join(_text(subnet.inputs.get("cidrBlock")) for subnet in subnets)


def _above(resource: Resource, by_urn: Mapping[str, Resource]) -> set[str]:
    """The URNs of the components that a resource is part of."""
    found: set[str] = set()
    while resource.parent in by_urn:
        found.add(resource.parent)
        resource = by_urn[resource.parent]
    return found


def _listed(value: Any) -> Sequence[str]:
    """A provider has lists as JSON."""
    found = json.loads(value) if isinstance(value, str) and value.startswith("[") else value
    return [str(each) for each in found] if isinstance(found, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)
