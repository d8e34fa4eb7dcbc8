"""What no account of the organization can do, whoever asks: service control policies, and a tag policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.security.iam import Statement, deny
from components.security.names import DEPLOY, GLOBAL_REGION

GLOBAL_SERVICES = (
    "account:*",
    "activate:*",
    "artifact:*",
    "aws-marketplace-management:*",
    "aws-marketplace:*",
    "aws-portal:*",
    "billing:*",
    "billingconductor:*",
    "budgets:*",
    "ce:*",
    "chatbot:*",
    "cloudfront:*",
    "cloudtrail:LookupEvents",
    "compute-optimizer:*",
    "consolidatedbilling:*",
    "cur:*",
    "ec2:DescribeRegions",
    "ec2:DescribeTransitGateways",
    "ec2:DescribeVpnGateways",
    "ecr-public:*",
    "freetier:*",
    "globalaccelerator:*",
    "health:*",
    "iam:*",
    "invoicing:*",
    "networkmanager:*",
    "notifications-contacts:*",
    "notifications:*",
    "organizations:*",
    "payments:*",
    "pricing:*",
    "resource-explorer-2:*",
    "route53-recovery-cluster:*",
    "route53-recovery-control-config:*",
    "route53-recovery-readiness:*",
    "route53:*",
    "route53domains:*",
    "s3:*MultiRegionAccessPoint*",
    "s3:GetAccountPublic*",
    "s3:GetBucketLocation",
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublic*",
    "savingsplans:*",
    "shield:*",
    "sts:*",
    "support:*",
    "supportapp:*",
    "supportplans:*",
    "sustainability:*",
    "tag:GetResources",
    "tax:*",
    "trustedadvisor:*",
    "waf:*",
)
"""Whose endpoint lies in a region of AWS's choice. After AWS's two lists, without services that were shut down and
without those of `GLOBAL_REGION_SERVICES`, which are regional everywhere else:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
https://docs.aws.amazon.com/controltower/latest/userguide/primary-region-deny-policy.html"""

GLOBAL_REGION_SERVICES = (
    "access-analyzer:*",
    "acm:*",
    "config:*",
    "ec2:*BlockPublicAccess*",
    "ec2:*EbsEncryptionByDefault",
    "ec2:*InstanceMetadataDefaults",
    "ec2:*NetworkAclEntry",
    "ec2:CreateDefaultVpc",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:Describe*",
    "ec2:RevokeSecurityGroup*",
    "events:*",
    "guardduty:*",
    "kms:*",
    "securityhub:*",
    "sns:*",
    "wafv2:*",
)
"""What global services and every account's safe defaults need in `GLOBAL_REGION`, where nothing else runs."""


def service_control_policies(allowed_regions: Sequence[str]) -> dict[str, list[Statement]]:
    """By name. They bind administrators and root users of member accounts, and not ops, the management account."""
    return {
        "accounts": [
            deny("AccountsStay", ["account:CloseAccount", "organizations:LeaveOrganization"], "*"),
            deny(
                "NoRootUser",
                "*",
                "*",
                # The root sessions that ops takes for recovery are not the root user signing in.
                {
                    "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"},
                    "Null": {"aws:AssumedRoot": "true"},
                },
            ),
            deny(
                "LoginIsInOps",
                [
                    "iam:CreateAccessKey",
                    "iam:CreateLoginProfile",
                    "iam:CreateSAMLProvider",
                    "iam:CreateUser",
                ],
                "*",
            ),
        ],
        "detection": [
            deny(
                "DetectionStays",
                [
                    "access-analyzer:DeleteAnalyzer",
                    "cloudtrail:DeleteTrail",
                    "cloudtrail:PutEventSelectors",
                    "cloudtrail:StopLogging",
                    "cloudtrail:UpdateTrail",
                    "config:DeleteConfigurationRecorder",
                    "config:DeleteDeliveryChannel",
                    "config:DeleteRetentionConfiguration",
                    "config:StopConfigurationRecorder",
                    "guardduty:DeleteDetector",
                    "guardduty:DeleteMembers",
                    "guardduty:DeletePublishingDestination",
                    "guardduty:DisassociateFromAdministratorAccount",
                    "guardduty:DisassociateFromMasterAccount",
                    "guardduty:DisassociateMembers",
                    "guardduty:StopMonitoringMembers",
                    "guardduty:UpdateDetector",
                    "guardduty:UpdateMemberDetectors",
                    "securityhub:DisableSecurityHub",
                    "securityhub:DisassociateFromAdministratorAccount",
                    "securityhub:DisassociateFromMasterAccount",
                ],
                "*",
            ),
            # A reviewed deploy may: a new version of a standard takes the place of the old one.
            deny(
                "StandardsStay",
                "securityhub:BatchDisableStandards",
                "*",
                {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{DEPLOY}"}},
            ),
        ],
        "defaults": [
            deny(
                "DefaultsStay",
                [
                    "ec2:DisableEbsEncryptionByDefault",
                    "ec2:DisableImageBlockPublicAccess",
                    "ec2:DisableSnapshotBlockPublicAccess",
                ],
                "*",
            ),
            deny(
                "InstancesNeedImdsV2",
                "ec2:RunInstances",
                "arn:aws:ec2:*:*:instance/*",
                {"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}},
            ),
        ],
        "regions": _regions(allowed_regions),
    }


def _regions(allowed: Sequence[str]) -> list[Statement]:
    reachable = list(dict.fromkeys((*allowed, GLOBAL_REGION)))
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": reachable}}
    statements = [deny("AllowedRegionsOnly", None, "*", elsewhere, not_actions=GLOBAL_SERVICES)]
    if GLOBAL_REGION not in allowed:
        there = {"StringEquals": {"aws:RequestedRegion": GLOBAL_REGION}}
        services = (*GLOBAL_SERVICES, *GLOBAL_REGION_SERVICES)
        statements.append(deny("GlobalServicesOnly", None, "*", there, not_actions=services))
    return statements


def tag_policy(stacks: Sequence[str]) -> dict[str, Any]:
    """How the tags are written by which costs are split. It reports what differs and refuses nothing.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_example-tag-policies.html
    """
    return {
        "tags": {
            "env": {"tag_key": {"@@assign": "env"}, "tag_value": {"@@assign": list(stacks)}},
            "service": {"tag_key": {"@@assign": "service"}},
            "owner": {"tag_key": {"@@assign": "owner"}},
        }
    }
