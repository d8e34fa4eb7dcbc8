"""The events in the audit trail that raise an alarm, as CloudWatch's filter patterns
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html)."""

from __future__ import annotations

from components.security.names import DEPLOY


def _events(*names: str, source: str | None = None) -> str:
    any_of = " || ".join(f"($.eventName = {name})" for name in names)
    return f"($.eventSource = {source}) && ({any_of})" if source else f"({any_of})"


# The changes that CIS asks to be told of are CI's daily work here. What is worth a mail is a change by hand.
_BY_HAND = (
    "(($.userIdentity.sessionContext.sessionIssuer.userName NOT EXISTS) || "
    f'($.userIdentity.sessionContext.sessionIssuer.userName != "{DEPLOY}"))'
)

WATCHED: dict[str, tuple[int, str]] = {
    "unauthorized-calls": (
        10,
        '($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")',
    ),
    "sign-in-without-mfa": (
        1,
        '($.eventName = ConsoleLogin) && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success")',
    ),
    "root-user": (
        1,
        '($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent")',
    ),
    "iam-policies-by-hand": (
        1,
        _events(
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeleteGroupPolicy",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DeleteRolePolicy",
            "DeleteUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
        )
        + f" && {_BY_HAND}",
    ),
    "cloudtrail-changes": (
        1,
        _events("CreateTrail", "DeleteTrail", "StartLogging", "StopLogging", "UpdateTrail"),
    ),
    "failed-sign-ins": (
        5,
        '($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication")',
    ),
    "keys-disabled": (
        1,
        _events("DisableKey", "ScheduleKeyDeletion", source="kms.amazonaws.com"),
    ),
    "bucket-policies-by-hand": (
        1,
        _events(
            "DeleteBucketCors",
            "DeleteBucketLifecycle",
            "DeleteBucketPolicy",
            "DeleteBucketReplication",
            "PutBucketAcl",
            "PutBucketCors",
            "PutBucketLifecycle",
            "PutBucketPolicy",
            "PutBucketReplication",
            source="s3.amazonaws.com",
        )
        + f" && {_BY_HAND}",
    ),
    "config-changes": (
        1,
        _events(
            "DeleteDeliveryChannel",
            "PutConfigurationRecorder",
            "PutDeliveryChannel",
            "StopConfigurationRecorder",
            source="config.amazonaws.com",
        )
        + f" && {_BY_HAND}",
    ),
    "security-groups-by-hand": (
        1,
        _events(
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
            "ModifySecurityGroupRules",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        )
        + f" && {_BY_HAND}",
    ),
    "network-acls-by-hand": (
        1,
        _events(
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
            "ReplaceNetworkAclEntry",
        )
        + f" && {_BY_HAND}",
    ),
    "gateways-by-hand": (
        1,
        _events(
            "AttachInternetGateway",
            "CreateCustomerGateway",
            "CreateInternetGateway",
            "DeleteCustomerGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway",
        )
        + f" && {_BY_HAND}",
    ),
    "routes-by-hand": (
        1,
        _events(
            "CreateRoute",
            "CreateRouteTable",
            "DeleteRoute",
            "DeleteRouteTable",
            "DisassociateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            source="ec2.amazonaws.com",
        )
        + f" && {_BY_HAND}",
    ),
    "vpcs-by-hand": (
        1,
        _events(
            "AcceptVpcPeeringConnection",
            "CreateVpc",
            "CreateVpcPeeringConnection",
            "DeleteVpc",
            "DeleteVpcPeeringConnection",
            "ModifyVpcAttribute",
            "RejectVpcPeeringConnection",
        )
        + f" && {_BY_HAND}",
    ),
    "organization-by-hand": (
        1,
        _events(
            "AcceptHandshake",
            "AttachPolicy",
            "CloseAccount",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdateOrganizationalUnit",
            "UpdatePolicy",
            source="organizations.amazonaws.com",
        )
        + f" && {_BY_HAND}",
    ),
}
"""Alarm -> the events in five minutes that raise it, and their pattern. CIS AWS Foundations 4.1 to 4.15."""
