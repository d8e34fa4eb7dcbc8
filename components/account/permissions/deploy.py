"""The role `deploy`: what CI may do once a change is reviewed."""

from __future__ import annotations

from components.account.permissions.boundary import foundations_are_for_administrators
from components.account.permissions.state import StackAccount, assume_providers_roles, state_access
from components.security.iam import Statement, allow, boundary_arn, deny, role_arn
from components.security.names import DEPLOY, PEOPLE_PATH

# What the program declares resources of, in every account and beside that in the environments or in ops.
BASELINE_SERVICES = (
    "access-analyzer",
    "account",
    "budgets",
    "config",
    "ec2",
    "events",
    "kms",
    "securityhub",
    "sns",
)
ENVIRONMENT_SERVICES = (
    "acm",
    "application-autoscaling",
    "autoscaling",
    "cloudfront",
    "cloudwatch",
    "ecr",
    "ecs",
    "elasticloadbalancing",
    "firehose",
    "lambda",
    "logs",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sqs",
    "ssm",
    "wafv2",
)
OPS_SERVICES = (
    "ce",
    "cloudtrail",
    "cloudwatch",
    "ecr",
    "guardduty",
    "identitystore",
    "logs",
    "organizations",
    "route53",
    "s3",
    "sso",
)

PASSED_TO = (
    "cloudtrail.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "events.amazonaws.com",
    "firehose.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)


def deploy_state(account: StackAccount) -> list[Statement]:
    """The stack's state and secrets, and the roles that the stack's providers assume."""
    return [*state_access(account, write=True), assume_providers_roles(account, DEPLOY)]


def deploy_services(*, ops: bool) -> list[Statement]:
    """The services that the program declares resources of. Accounts are never closed from here."""
    services = sorted({*BASELINE_SERVICES, *(OPS_SERVICES if ops else ENVIRONMENT_SERVICES)})
    return [
        allow("Services", [f"{service}:*" for service in services], "*"),
        deny(
            "AccountsStay",
            [
                "account:CloseAccount",
                "organizations:CloseAccount",
                "organizations:DeleteOrganization",
                "organizations:LeaveOrganization",
                "organizations:RemoveAccountFromOrganization",
            ],
            "*",
        ),
    ]


def deploy_identity(account_id: str, *, ops: bool) -> list[Statement]:
    """Roles within the permissions boundary, in ops users too; nothing that widens CI's own permissions."""
    boundary_only = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn(account_id)}}
    statements = [
        allow("Look", ["iam:Get*", "iam:List*"], "*"),
        allow(
            "RolesWithinTheBoundary",
            [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            role_arn(account_id, "*"),
            boundary_only,
        ),
        allow(
            "Roles",
            [
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            role_arn(account_id, "*"),
        ),
        allow(
            "InstanceProfiles",
            [
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            f"arn:aws:iam::{account_id}:instance-profile/*",
        ),
        allow(
            "Policies",
            [
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ],
            f"arn:aws:iam::{account_id}:policy/*",
        ),
        allow(
            "PassRoles",
            "iam:PassRole",
            role_arn(account_id, "*"),
            {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        ),
        allow(
            "ServiceLinkedRoles",
            ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"],
            role_arn(account_id, "aws-service-role/*"),
        ),
        allow(
            "AccountSettings",
            ["iam:CreateAccountAlias", "iam:DeleteAccountAlias", "iam:UpdateAccountPasswordPolicy"],
            "*",
        ),
        foundations_are_for_administrators(account_id),
    ]
    if ops:
        statements += [
            allow(
                "PeopleWithinTheBoundary",
                ["iam:CreateUser", "iam:PutUserPermissionsBoundary"],
                f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}*",
                boundary_only,
            ),
            allow(
                "PeopleAndGroups",
                [
                    "iam:AddUserToGroup",
                    "iam:CreateGroup",
                    "iam:DeactivateMFADevice",
                    "iam:DeleteAccessKey",
                    "iam:DeleteGroup",
                    "iam:DeleteGroupPolicy",
                    "iam:DeleteLoginProfile",
                    "iam:DeleteSSHPublicKey",
                    "iam:DeleteServiceSpecificCredential",
                    "iam:DeleteSigningCertificate",
                    "iam:DeleteUser",
                    "iam:DeleteUserPolicy",
                    "iam:DeleteVirtualMFADevice",
                    "iam:DetachUserPolicy",
                    "iam:PutGroupPolicy",
                    "iam:RemoveUserFromGroup",
                    "iam:TagUser",
                    "iam:UntagUser",
                    "iam:UpdateGroup",
                    "iam:UpdateUser",
                ],
                [
                    f"arn:aws:iam::{account_id}:group{PEOPLE_PATH}*",
                    f"arn:aws:iam::{account_id}:mfa/*",
                    f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}*",
                ],
            ),
            allow(
                "RootCredentialsOfMembers",
                [
                    "iam:DisableOrganizationsRootCredentialsManagement",
                    "iam:DisableOrganizationsRootSessions",
                    "iam:EnableOrganizationsRootCredentialsManagement",
                    "iam:EnableOrganizationsRootSessions",
                ],
                "*",
            ),
        ]
    return statements
