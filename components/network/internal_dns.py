"""InternalDns: where an environment's names live: two zones, and one certificate for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws.acm.outputs import CertificateDomainValidationOption

_TTL_SECONDS = 300
# The root zone's pointer to this one: short enough that a zone made anew is found again within the hour.
_DELEGATION_TTL_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class InternalDnsArgs:
    """The two domains, and where they hang."""

    domain: str
    """Such as stage.acme.example."""
    internal_domain: str
    """Such as internal.stage.acme.example; below `domain`, where its certificate is validated."""
    vpc_id: pulumi.Input[str]
    root_zone_id: pulumi.Input[str]
    # Has assumed ops' role for this environment's delegation. The provider needs route53:GetHostedZone,
    # ListResourceRecordSets and ChangeResourceRecordSets (CREATE, UPSERT, DELETE) on the root zone, and
    # GetChange:
    # https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/route53/record.go
    root_provider: aws.Provider


class InternalDns(pulumi.ComponentResource):
    """A public zone delegated from the root zone, a private one for the VPC alone, a certificate for both.

    It knows of no service: each adds its own alias record. `certificate_arn` is given out when the
    certificate has been issued, so a listener that takes it never starts with one that is not valid.
    """

    public_zone_id: pulumi.Output[str]
    private_zone_id: pulumi.Output[str]
    certificate_arn: pulumi.Output[str]
    domain: str
    internal_domain: str

    def __init__(self, name: str, args: InternalDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:InternalDns", name, None, opts)
        self._name = name
        self._args = args

        public_zone = aws.route53.Zone(
            f"{name}-public",
            name=args.domain,
            comment="Public names",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        delegation = aws.route53.Record(
            f"{name}-delegation",
            zone_id=args.root_zone_id,
            name=args.domain,
            type="NS",
            ttl=_DELEGATION_TTL_SECONDS,
            records=public_zone.name_servers,
            opts=pulumi.ResourceOptions(parent=self, provider=args.root_provider),
        )
        private_zone = aws.route53.Zone(
            f"{name}-private",
            name=args.internal_domain,
            comment="Internal names",
            vpcs=[aws.route53.ZoneVpcArgs(vpc_id=args.vpc_id)],
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

        self.public_zone_id = public_zone.zone_id
        self.private_zone_id = private_zone.zone_id
        self.certificate_arn = self._create_certificate(public_zone, delegation)
        self.domain = args.domain
        self.internal_domain = args.internal_domain
        self.register_outputs(
            {
                "public_zone_id": self.public_zone_id,
                "private_zone_id": self.private_zone_id,
                "certificate_arn": self.certificate_arn,
                "domain": self.domain,
                "internal_domain": self.internal_domain,
            }
        )

    def _create_certificate(self, zone: aws.route53.Zone, delegation: aws.route53.Record) -> pulumi.Output[str]:
        # Only Amazon may issue certificates here, whatever the root zone says: the nearest CAA record counts.
        # https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
        authorities = aws.route53.Record(
            f"{self._name}-authorities",
            zone_id=zone.zone_id,
            name=self._args.domain,
            type="CAA",
            ttl=_TTL_SECONDS,
            records=['0 issue "amazon.com"'],
            opts=pulumi.ResourceOptions(parent=self),
        )
        internal_wildcard = f"*.{self._args.internal_domain}"
        certificate = aws.acm.Certificate(
            f"{self._name}-certificate",
            domain_name=self._args.domain,
            subject_alternative_names=[f"*.{self._args.domain}", internal_wildcard],
            validation_method="DNS",
            tags={"Name": self._args.domain},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[authorities]),
        )
        # A name and its wildcard share one record, so two records prove three names.
        # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
        records = [
            self._create_proof("public", self._args.domain, certificate, zone),
            self._create_proof("internal", internal_wildcard, certificate, zone),
        ]
        validation = aws.acm.CertificateValidation(
            f"{self._name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            # Without the delegation nobody finds the records, and the wait (75 minutes) would be for nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delegation]),
        )
        return validation.certificate_arn

    def _create_proof(
        self, role: str, domain: str, certificate: aws.acm.Certificate, zone: aws.route53.Zone
    ) -> aws.route53.Record:
        option = certificate.domain_validation_options.apply(lambda options: validation_option(options, domain))
        return aws.route53.Record(
            f"{self._name}-validation-{role}",
            zone_id=zone.zone_id,
            name=option.resource_record_name,
            type="CNAME",
            ttl=_TTL_SECONDS,
            records=[option.resource_record_value],
            # ACM wants the same record for each certificate of a domain in an account, so it may be there
            # already.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def validation_option(
    options: Sequence[CertificateDomainValidationOption], domain: str
) -> CertificateDomainValidationOption:
    """What ACM wants to see in the DNS for `domain`; the options come in no particular order."""
    return next(option for option in options if option.domain_name == domain)
