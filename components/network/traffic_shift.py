"""TrafficShift: one public name that moves from an old endpoint to a new one, a committed step at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.internal_dns import validation_option
from components.network.load_balancer import LoadBalancer
from config.migration import Shift

_TTL_SECONDS = 60
_PROOF_TTL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class TrafficShiftArgs:
    """The name, and the service that it moves to."""

    shift: Shift
    """Its `alias` cannot change while the name lives: the two kinds of records exclude each other."""
    zone_id: pulumi.Input[str]
    zone_provider: aws.Provider
    """May write this name, its certificate's proof, and health checks, in the account that the zone is in."""
    balancer: LoadBalancer
    """The service's; its listener gets the name's certificate."""
    health_host: str
    """A host of the service alone, never the shifted name itself."""
    health_path: str


class TrafficShift(pulumi.ComponentResource):
    """Weighted records from the first day, because a simple record cannot become one without a gap.

    Each end is checked from outside. One that fails gets nothing, whatever its weight, and one of weight 0 is used
    only when the other fails: at 100 percent the old end is still the way out, until it is retired.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    """

    host: str
    certificate_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TrafficShiftArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:TrafficShift", name, None, opts)
        self._name, self._args, shift = name, args, args.shift
        self._in_zone = pulumi.ResourceOptions(parent=self, provider=args.zone_provider)
        self.host = shift.host
        self.certificate_arn = self._certificate()
        served = aws.lb.ListenerCertificate(
            f"{name}-listener",
            listener_arn=args.balancer.listener_arn,
            certificate_arn=self.certificate_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if old := shift.old:
            check = self._check("old", old.health_host, old.health_path)
            self._record("old", old.target, old.target_zone_id, 100 - shift.new_percent, check, after=[])
        check = self._check("new", args.health_host, args.health_path)
        # Nobody is sent there before it can prove that it is this host.
        self._record("new", args.balancer.dns_name, args.balancer.zone_id, shift.new_percent, check, after=[served])
        self.register_outputs({"host": self.host, "new_percent": shift.new_percent})

    def _certificate(self) -> pulumi.Output[str]:
        host = self.host
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

    def _check(self, end: str, host: str, path: str) -> aws.route53.HealthCheck:
        return aws.route53.HealthCheck(
            f"{self._name}-{end}",
            type="HTTPS",
            fqdn=host,
            port=443,
            resource_path=path,
            enable_sni=True,
            request_interval=10,
            failure_threshold=3,
            tags={"Name": f"{self.host} {end}"},
            opts=self._in_zone,
        )

    def _record(
        self,
        end: str,
        target: pulumi.Input[str],
        target_zone_id: pulumi.Input[str] | None,
        weight: int,
        check: aws.route53.HealthCheck,
        after: list[pulumi.Resource],
    ) -> None:
        alias = self._args.shift.alias
        aws.route53.Record(
            f"{self._name}-{end}",
            zone_id=self._args.zone_id,
            name=self.host,
            type="A" if alias else "CNAME",
            ttl=None if alias else _TTL_SECONDS,
            records=None if alias else [target],
            aliases=[
                # Not the balancer's own judgement: it is of all its target groups, other services' among them
                # (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html).
                aws.route53.RecordAliasArgs(name=target, zone_id=target_zone_id, evaluate_target_health=False)
            ]
            if alias and target_zone_id is not None
            else None,
            set_identifier=end,
            weighted_routing_policies=[aws.route53.RecordWeightedRoutingPolicyArgs(weight=weight)],
            health_check_id=check.id,
            opts=pulumi.ResourceOptions(parent=self, provider=self._args.zone_provider, depends_on=after),
        )
