"""TrafficShift: one public name that moves from an old endpoint to a new one, a committed step at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.internal_dns import validation_option

LADDER = (0, 1, 5, 10, 25, 50, 75, 100)
"""The percentages that a name goes through. Back is any of them, at once."""

_TTL_SECONDS = 60
_PROOF_TTL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """Where the name can lead."""

    target: pulumi.Input[str]
    """A DNS name, such as a load balancer's."""
    target_zone_id: pulumi.Input[str] | None
    """The load balancer's own hosted zone, where records are aliases."""
    health_host: str
    """A host of this endpoint alone, never the shifted name itself: what is asked whether it is healthy."""
    health_path: str


@dataclass(frozen=True, kw_only=True)
class TrafficShiftArgs:
    """The name and its two ends."""

    host: str
    zone_id: pulumi.Input[str]
    zone_provider: aws.Provider
    """May write this name, its certificate's proof, and health checks, in the account that the zone is in."""
    alias: bool
    """Alias records, which a domain itself needs too; False for CNAMEs, where an end is no AWS load balancer.

    It cannot change while the name lives: the two kinds exclude each other.
    """
    new_percent: int
    """One of LADDER."""
    old: EndpointArgs | None
    """None once it is retired."""
    new: EndpointArgs
    listener_arn: pulumi.Input[str]
    """The new endpoint's HTTPS listener, which gets the name's certificate."""

    def __post_init__(self) -> None:
        if self.new_percent not in LADDER:
            raise ValueError(f"{self.host}: {self.new_percent} percent; the steps are {', '.join(map(str, LADDER))}")
        if self.old is None and self.new_percent != 100:
            raise ValueError(f"{self.host}: only at 100 percent can the old endpoint be left out")
        for end in (self.old, self.new):
            if end and end.health_host == self.host:
                raise ValueError(f"{self.host}: a health check of the shifted name itself would ask either end")
            if end and self.alias and end.target_zone_id is None:
                raise ValueError(f"{self.host}: an alias needs the target's hosted zone; use alias=False for a CNAME")


class TrafficShift(pulumi.ComponentResource):
    """Weighted records from the first day, because a simple record cannot become one without a gap.

    Each end is checked from outside. One that fails gets nothing, whatever its weight, and one of weight 0 is asked
    only when the other fails: at 100 percent the old end is still the way out, until it is retired.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    """

    host: str
    certificate_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TrafficShiftArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:TrafficShift", name, None, opts)
        self._name, self._args = name, args
        self._in_zone = pulumi.ResourceOptions(parent=self, provider=args.zone_provider)
        self.host = args.host
        self.certificate_arn = self._certificate()
        served = aws.lb.ListenerCertificate(
            f"{name}-listener",
            listener_arn=args.listener_arn,
            certificate_arn=self.certificate_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.old:
            self._record("old", args.old, 100 - args.new_percent, after=[])
        # Nobody is sent there before it can prove that it is this host.
        self._record("new", args.new, args.new_percent, after=[served])
        self.register_outputs({"host": self.host, "new_percent": args.new_percent})

    def _certificate(self) -> pulumi.Output[str]:
        host = self._args.host
        certificate = aws.acm.Certificate(
            f"{self._name}-certificate",
            domain_name=host,
            validation_method="DNS",
            tags={"Name": host},
            opts=pulumi.ResourceOptions(parent=self),
        )
        option = certificate.domain_validation_options.apply(lambda options: validation_option(options, host))
        proof = aws.route53.Record(
            f"{self._name}-proof",
            zone_id=self._args.zone_id,
            name=option.resource_record_name,
            type="CNAME",
            ttl=_PROOF_TTL_SECONDS,
            records=[option.resource_record_value],
            opts=self._in_zone,
        )
        return aws.acm.CertificateValidation(
            f"{self._name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[proof.fqdn],
            opts=pulumi.ResourceOptions(parent=self),
        ).certificate_arn

    def _record(self, end: str, endpoint: EndpointArgs, weight: int, after: list[pulumi.Resource]) -> None:
        args = self._args
        check = aws.route53.HealthCheck(
            f"{self._name}-{end}",
            type="HTTPS",
            fqdn=endpoint.health_host,
            port=443,
            resource_path=endpoint.health_path,
            enable_sni=True,
            request_interval=10,
            failure_threshold=3,
            tags={"Name": f"{args.host} {end}"},
            opts=self._in_zone,
        )
        aws.route53.Record(
            f"{self._name}-{end}",
            zone_id=args.zone_id,
            name=args.host,
            type="A" if args.alias else "CNAME",
            ttl=None if args.alias else _TTL_SECONDS,
            records=None if args.alias else [endpoint.target],
            aliases=[
                # Not the balancer's own judgement: it is of all its target groups, other services' among them
                # (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html).
                aws.route53.RecordAliasArgs(
                    name=endpoint.target, zone_id=endpoint.target_zone_id, evaluate_target_health=False
                )
            ]
            if args.alias and endpoint.target_zone_id is not None
            else None,
            set_identifier=end,
            weighted_routing_policies=[aws.route53.RecordWeightedRoutingPolicyArgs(weight=weight)],
            health_check_id=check.id,
            opts=pulumi.ResourceOptions(parent=self, provider=args.zone_provider, depends_on=after),
        )
