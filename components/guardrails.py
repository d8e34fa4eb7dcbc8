"""What no account of the organization can do, whoever asks: service control policies, and a tag policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.iam import policy_document

MAX_LENGTH = 5120
"""Characters of a service control policy.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""

GLOBAL_SERVICES = (
    "access-analyzer:*",
    "account:*",
    "artifact:*",
    "aws-marketplace:*",
    "aws-portal:*",
    "billing:*",
    "budgets:*",
    "ce:*",
    "cloudfront:*",
    "cloudtrail:LookupEvents",
    "config:*",
    "consolidatedbilling:*",
    "cur:*",
    "ec2:DescribeRegions",
    "ec2:DescribeTransitGateways",
    "freetier:*",
    "globalaccelerator:*",
    "health:*",
    "iam:*",
    "invoicing:*",
    "kms:*",
    "networkmanager:*",
    "notifications-contacts:*",
    "notifications:*",
    "organizations:*",
    "payments:*",
    "pricing:*",
    "route53-recovery-control-config:*",
    "route53-recovery-readiness:*",
    "route53:*",
    "route53domains:*",
    "s3:GetAccountPublic*",
    "s3:GetBucketLocation",
    "s3:ListAllMyBuckets",
    "s3:PutAccountPublic*",
    "savingsplans:*",
    "shield:*",
    "sts:*",
    "support:*",
    "supportplans:*",
    "sustainability:*",
    "tag:GetResources",
    "tax:*",
    "trustedadvisor:*",
    "waf-regional:*",
    "waf:*",
    "wafv2:*",
)
"""Whose one endpoint lies in some region of AWS's choice. After
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html"""


def service_control_policies(allowed_regions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Name -> document. They bind administrators and root users of member accounts, and not ops, which is the
    management account."""
    return {
        "accounts": policy_document(
            {
                "Sid": "AccountsStay",
                "Effect": "Deny",
                "Action": ["account:CloseAccount", "organizations:LeaveOrganization"],
                "Resource": "*",
            },
            {
                "Sid": "NoRootUser",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                # The root sessions that ops takes for recovery are not the root user signing in.
                "Condition": {
                    "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"},
                    "Null": {"aws:AssumedRoot": "true"},
                },
            },
            {
                "Sid": "LoginIsInOps",
                "Effect": "Deny",
                "Action": [
                    "iam:CreateAccessKey",
                    "iam:CreateLoginProfile",
                    "iam:CreateSAMLProvider",
                    "iam:CreateUser",
                ],
                "Resource": "*",
            },
        ),
        "detection": policy_document(
            {
                "Sid": "DetectionStays",
                "Effect": "Deny",
                "Action": [
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
                    "guardduty:DisassociateFromAdministratorAccount",
                    "guardduty:DisassociateFromMasterAccount",
                    "guardduty:DisassociateMembers",
                    "guardduty:StopMonitoringMembers",
                    "guardduty:UpdateDetector",
                    "securityhub:BatchDisableStandards",
                    "securityhub:DisableSecurityHub",
                    "securityhub:DisassociateFromAdministratorAccount",
                    "securityhub:DisassociateFromMasterAccount",
                ],
                "Resource": "*",
            },
        ),
        "defaults": policy_document(
            {
                "Sid": "DefaultsStay",
                "Effect": "Deny",
                "Action": [
                    "ec2:DisableEbsEncryptionByDefault",
                    "ec2:DisableImageBlockPublicAccess",
                    "ec2:DisableSnapshotBlockPublicAccess",
                ],
                "Resource": "*",
            },
            {
                "Sid": "InstancesNeedImdsV2",
                "Effect": "Deny",
                "Action": "ec2:RunInstances",
                "Resource": "arn:aws:ec2:*:*:instance/*",
                "Condition": {"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}},
            },
        ),
        "regions": policy_document(
            {
                "Sid": "AllowedRegionsOnly",
                "Effect": "Deny",
                "NotAction": list(GLOBAL_SERVICES),
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": list(allowed_regions)}},
            },
        ),
    }


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
