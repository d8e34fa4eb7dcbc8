"""RootZone: the company's public zone in ops, and roles by which each environment delegates its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.security.iam import Statement, allow, policy_document, trust_roles
from components.security.names import ADMINISTRATOR, DEPLOY, PREVIEW, delegate_role_name


@dataclass(frozen=True, kw_only=True)
class RootZoneArgs:
    """What a caller decides; the rest is this module's opinion."""

    domain: str
    ops_account_id: str
    organization_id: pulumi.Input[str]
    delegates: Mapping[str, str]
    """Environment -> account id. It may write the NS record of ENVIRONMENT.DOMAIN."""
    shifted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Environment -> the names of this zone that it moves: their records, what proves them, and their health checks."""
    identity_center: bool = False
    """Whether administrators come by IAM Identity Center."""


class RootZone(pulumi.ComponentResource):
    """Answers for the root domain. Losing it takes every name of the company along, so it is protected."""

    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: RootZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:RootZone", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        zone = aws.route53.Zone(
            f"{name}-zone",
            name=args.domain,
            comment="The root domain; each environment's zone is delegated from here",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        for environment, account_id in args.delegates.items():
            # An administrator of ops declares an environment the first time, before it has roles of its own.
            writers = [
                self._in_organization(self._trust("Environment", account_id, DEPLOY, ADMINISTRATOR)),
                self._trust("Ops", args.ops_account_id, ADMINISTRATOR),
            ]
            readers = [self._in_organization(self._trust("Environment", account_id, PREVIEW))]
            looks, writes = [_look(zone)], [self._delegate(zone, environment)]
            if names := args.shifted.get(environment):
                looks.append(_LOOK_AT_CHECKS)
                writes += [self._shift(zone, names), *_CHECKS]
            self._role(delegate_role_name(environment, DEPLOY), writers, [*looks, *writes])
            self._role(delegate_role_name(environment, PREVIEW), readers, looks)
        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})

    def _trust(self, sid: str, account_id: str, *roles: str) -> Statement:
        return trust_roles(sid, account_id, roles, identity_center=self._args.identity_center)

    def _in_organization(self, trust: Statement) -> Statement:
        """The same, for accounts of this organization only: a mistyped account id lets nobody in."""
        member = {"StringEquals": {"aws:PrincipalOrgID": self._args.organization_id}}
        return {**trust, "Condition": {**trust["Condition"], **member}}

    def _role(self, physical: str, trust: list[Statement], permissions: list[Statement]) -> None:
        role = aws.iam.Role(
            f"{self._name}-{physical}",
            name=physical,
            assume_role_policy=policy_document(*trust),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-{physical}-policy",
            role=role.name,
            policy=policy_document(*permissions),
            opts=self._child,
        )

    def _delegate(self, zone: aws.route53.Zone, environment: str) -> Statement:
        # A request carries several changes, and each must be within these values:
        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
        return allow(
            "Delegate",
            "route53:ChangeResourceRecordSets",
            zone.arn,
            {
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [f"{environment}.{self._args.domain}"],
                    "route53:ChangeResourceRecordSetsRecordTypes": ["NS"],
                    "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE", "UPSERT"],
                }
            },
        )

    def _shift(self, zone: aws.route53.Zone, names: Sequence[str]) -> Statement:
        # A certificate is proved by a record whose first label ACM makes up, with an underscore before it:
        # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
        return allow(
            "Shift",
            "route53:ChangeResourceRecordSets",
            zone.arn,
            {
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                        known for name in names for known in (name, f"_*.{name}")
                    ],
                },
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"],
                    "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE", "UPSERT"],
                },
            },
        )


_HEALTH_CHECKS = ["arn:aws:route53:::healthcheck/*"]
_LOOK_AT_CHECKS = allow("LookAtChecks", ["route53:GetHealthCheck", "route53:ListTagsForResource"], _HEALTH_CHECKS)
_CHECKS = (
    allow("NewChecks", ["route53:CreateHealthCheck"], ["*"]),  # which have no name yet
    allow(
        "Checks",
        ["route53:ChangeTagsForResource", "route53:DeleteHealthCheck", "route53:UpdateHealthCheck"],
        _HEALTH_CHECKS,
    ),
)


def _look(zone: aws.route53.Zone) -> Statement:
    return allow(
        "Look",
        ["route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets"],
        [zone.arn, "arn:aws:route53:::change/*"],
    )
