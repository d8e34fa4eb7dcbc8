"""Organization: the AWS accounts, what none of them can do, and what they may cost."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account.account_baseline import budget_notifications
from components.account.guardrails import service_control_policies, tag_policy
from components.security.iam import policy_document
from config.platform import Account

SERVICES = (
    "access-analyzer.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "malware-protection.guardduty.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
    "tagpolicies.tag.amazonaws.com",
)
"""What works across the organization's accounts."""


NOT_READABLE = ("closeOnDeletion", "createGovcloud", "iamUserAccessToBilling", "name", "roleName")
"""What AWS does not return of an account that was not made here, and the name, whose change would replace it."""

AS_ADOPTED = ("parentId", "tags", "tagsAll")
"""An import changes nothing, and fails where anything differs; the first update without `adopt` sets these."""


@dataclass(frozen=True, kw_only=True)
class OrganizationArgs:
    """What a caller decides; the rest is this module's opinion."""

    company: str
    members: Mapping[str, Account]
    """By environment. The account that declares this, ops, is the management account."""
    production: Collection[str]
    """The environments whose accounts are in the organizational unit of production."""
    allowed_regions: Sequence[str]
    monthly_budget_usd: int
    """What all accounts together may cost."""
    billing_email: str
    anomaly_usd: int = 100
    """From which excess over the expected cost an anomaly is worth a mail."""
    cost_tags: Sequence[str] = ("env", "service", "owner")
    """The tags by which the bill is split."""


class Organization(pulumi.ComponentResource):
    """Accounts that no destroy closes, under guardrails that their own administrators can't lift."""

    id: pulumi.Output[str]
    management_account_id: pulumi.Output[str]
    """Ops. Known once the organization is there, for what AWS refuses before."""
    account_ids: Mapping[str, pulumi.Output[str]]
    """Environment -> the id that AWS gave its account."""

    def __init__(self, name: str, args: OrganizationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:organization:Organization", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)

        organization = aws.organizations.Organization(
            f"{name}-organization",
            feature_set="ALL",
            aws_service_access_principals=list(SERVICES),
            enabled_policy_types=["SERVICE_CONTROL_POLICY", "TAG_POLICY"],
            opts=self._kept,
        )
        root_id = organization.roots[0].id
        # Member accounts have no root password to lose:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
        aws.iam.OrganizationsFeatures(
            f"{name}-root-access",
            enabled_features=["RootCredentialsManagement", "RootSessions"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[organization]),
        )
        self.account_ids = self._accounts(root_id)
        self._guardrails(root_id)
        self._costs()
        self.id = organization.id
        self.management_account_id = organization.master_account_id
        self.register_outputs(
            {
                "id": self.id,
                "management_account_id": self.management_account_id,
                "account_ids": self.account_ids,
            }
        )

    def _accounts(self, root_id: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
        unit_of = {
            environment: "production" if environment in self._args.production else "nonproduction"
            for environment in self._args.members
        }
        units = {
            unit: aws.organizations.OrganizationalUnit(
                f"{self._name}-{unit}", name=unit, parent_id=root_id, opts=self._kept
            )
            for unit in dict.fromkeys(unit_of.values())
        }
        accounts = {}
        for environment, member in self._args.members.items():
            account = aws.organizations.Account(
                f"{self._name}-{environment}",
                name=f"{self._args.company}-{environment}",
                email=member.email,
                parent_id=units[unit_of[environment]].id,
                close_on_deletion=False,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=True,
                    import_=member.id if member.adopt else None,
                    ignore_changes=[*NOT_READABLE, *(AS_ADOPTED if member.adopt else ())],
                ),
            )
            accounts[environment] = account.id
        return accounts

    def _guardrails(self, root_id: pulumi.Output[str]) -> None:
        """At the root, so that an account that is not in a unit yet is bound too."""
        guardrails = service_control_policies(self._args.allowed_regions)
        # Spaces count: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
        texts = {name: policy_document(*statements, compact=True) for name, statements in guardrails.items()}
        tags = json.dumps(tag_policy(["ops", *self._args.members]), separators=(",", ":"))
        for name, (kind, text) in {
            **{name: ("SERVICE_CONTROL_POLICY", text) for name, text in texts.items()},
            "tags": ("TAG_POLICY", tags),
        }.items():
            policy = aws.organizations.Policy(
                f"{self._name}-{name}-policy", name=name, type=kind, content=text, opts=self._child
            )
            aws.organizations.PolicyAttachment(
                f"{self._name}-{name}-policy-attachment",
                policy_id=policy.id,
                target_id=root_id,
                opts=self._child,
            )

    def _costs(self) -> None:
        args = self._args
        aws.budgets.Budget(
            f"{self._name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_budget_usd),
            limit_unit="USD",
            notifications=budget_notifications([args.billing_email]),
            opts=self._child,
        )
        # By account: AWS makes one by service for new customers, and allows one of each dimension.
        # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2515
        monitor = aws.costexplorer.AnomalyMonitor(
            f"{self._name}-cost-anomalies",
            monitor_type="DIMENSIONAL",
            monitor_dimension="LINKED_ACCOUNT",
            opts=self._child,
        )
        aws.costexplorer.AnomalySubscription(
            f"{self._name}-cost-anomalies-to-billing",
            frequency="DAILY",
            monitor_arn_lists=[monitor.arn],
            subscribers=[aws.costexplorer.AnomalySubscriptionSubscriberArgs(type="EMAIL", address=args.billing_email)],
            threshold_expression=aws.costexplorer.AnomalySubscriptionThresholdExpressionArgs(
                dimension=aws.costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs(
                    key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    match_options=["GREATER_THAN_OR_EQUAL"],
                    values=[str(args.anomaly_usd)],
                )
            ),
            opts=self._child,
        )
        for tag in args.cost_tags:
            aws.costexplorer.CostAllocationTag(
                f"{self._name}-{tag}-cost-tag", tag_key=tag, status="Active", opts=self._child
            )
