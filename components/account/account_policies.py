"""The permissions of the roles that every account has, as policy documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.security.iam import (
    ACCOUNT_ROLES,
    BASELINE_PATH,
    BASTION_PEOPLE,
    BOOTSTRAP,
    DEPLOY,
    GITHUB,
    PEOPLE_PATH,
    PREVIEW,
    Statement,
    boundary_arn,
    delegate_role_arn,
    policy_document,
    role_arn,
    state_bucket_name,
    state_key_alias,
    state_objects,
)

IAM_WRITES = tuple(
    f"iam:{verb}*"
    for verb in (
        "Add", "Attach", "Create", "Deactivate", "Delete", "Detach", "Enable", "Pass", "Put", "Remove", "Set",
        "Tag", "Untag", "Update", "Upload",
    )
)  # fmt: skip

DATA_READS = (
    "athena:GetQueryResults*",
    "cassandra:Select",
    "codeartifact:GetAuthorizationToken",
    "codecommit:GetBlob",
    "codecommit:GetFile",
    "codecommit:GetFolder",
    "codecommit:GitPull",
    "cognito-identity:GetCredentialsForIdentity",
    "cognito-identity:GetOpenIdToken*",
    "connect:GetFederationToken",
    "dax:BatchGetItem",
    "dax:GetItem",
    "dax:Query",
    "dax:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ec2:GetConsoleOutput",
    "ec2:GetConsoleScreenshot",
    "ec2:GetPasswordData",
    "es:ESHttpGet",
    "glacier:GetJobOutput",
    "kendra:Query",
    "kinesis:GetRecords",
    "mediastore:GetObject",
    "rds:DownloadCompleteDBLogFile",
    "rds:DownloadDBLogFilePortion",
    "s3-object-lambda:GetObject",
    "s3-object-lambda:GetObjectVersion",
    "s3-outposts:GetObject",
    "s3tables:GetTableData",
    "s3vectors:GetVectors",
    "s3vectors:QueryVectors",
    "sdb:Select",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
    "ssm:GetCommandInvocation",
)
"""What AWS's ReadOnlyAccess grants beyond configuration: the company's and its customers' data, and credentials."""

STORE_READS = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
"""Likewise. Excepted are Pulumi's state, which the bucket's policy guards, and parameters that hold no secret."""

LOG_READS = (
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
)

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


def boundary(account_id: str) -> dict[str, Any]:
    """The most that roles and users made by CI can ever do: everything but identity, accounts and money.

    `iam:PassRole` is what EventBridge Scheduler needs to start tasks; own credentials are for people in ops.
    """
    return policy_document(
        {
            "Sid": "Workloads",
            "Effect": "Allow",
            "NotAction": [
                "account:*",
                "aws-portal:*",
                "billing:*",
                "budgets:*",
                "cloudtrail:*",
                "config:*",
                "guardduty:*",
                "iam:*",
                "identitystore:*",
                "organizations:*",
                "payments:*",
                "securityhub:*",
                "sso:*",
            ],
            "Resource": "*",
        },
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": [
                "account:Get*",
                "budgets:Describe*",
                "budgets:View*",
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "cloudtrail:List*",
                "cloudtrail:LookupEvents",
                "config:Describe*",
                "config:Get*",
                "config:List*",
                "guardduty:Get*",
                "guardduty:List*",
                "iam:Get*",
                "iam:List*",
                "organizations:Describe*",
                "organizations:List*",
                "securityhub:Describe*",
                "securityhub:Get*",
                "securityhub:List*",
            ],
            "Resource": "*",
        },
        {
            "Sid": "StartTasks",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role_arn(account_id, "*"),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        *own_credentials(account_id),
        _foundations_are_for_administrators(account_id),
    )


def own_credentials(account_id: str) -> list[Statement]:
    """What people do with their own password, keys and MFA devices, which are named after them.

    No user's name has an underscore, so `ada_phone` is ada's and nobody else's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
    """
    return [
        {
            "Sid": "LookAtMfa",
            "Effect": "Allow",
            "Action": ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices", "sts:GetSessionToken"],
            "Resource": "*",
        },
        {
            "Sid": "OwnMfaDevices",
            "Effect": "Allow",
            "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            "Resource": [
                f"arn:aws:iam::{account_id}:mfa/${{aws:username}}",
                f"arn:aws:iam::{account_id}:mfa/${{aws:username}}_*",
            ],
        },
        {
            "Sid": "OwnCredentials",
            "Effect": "Allow",
            "Action": [
                "iam:ChangePassword",
                "iam:CreateAccessKey",
                "iam:DeactivateMFADevice",
                "iam:DeleteAccessKey",
                "iam:EnableMFADevice",
                "iam:GetAccessKeyLastUsed",
                "iam:GetLoginProfile",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListAccessKeys",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
                "iam:UpdateAccessKey",
            ],
            "Resource": f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}${{aws:username}}",
        },
    ]


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """What a role of people may do, by purpose."""

    managed: Mapping[str, str]
    """Names of AWS's own policies."""
    own: Mapping[str, dict[str, Any]]
    """Documents."""


def people_permissions(
    role: str, *, account_id: str, company: str, ops_account_id: str, regions: Sequence[str]
) -> Permissions:
    """The same whether people come as users of ops or by IAM Identity Center."""
    look = {"look": "ReadOnlyAccess"}
    match role:
        case "administrator":
            return Permissions(managed={"all": "AdministratorAccess"}, own={})
        case "developer":
            support = {"support": "AWSSupportAccess"}
            return Permissions(managed=look | support, own={"operate": developer(account_id, regions)})
        case "read-only":
            return Permissions(managed=look, own={"no-data": no_data(company, ops_account_id)})
        case _:
            raise ValueError(f"people have no role {role!r}")


def developer(account_id: str, regions: Sequence[str]) -> dict[str, Any]:
    """What a developer can do beside ReadOnlyAccess: operate what runs. What stays is a pull request."""
    return policy_document(
        {
            "Sid": "ExecIntoTasks",
            "Effect": "Allow",
            "Action": "ecs:ExecuteCommand",
            "Resource": [
                arn
                for region in regions
                for arn in (
                    f"arn:aws:ecs:{region}:{account_id}:cluster/*",
                    f"arn:aws:ecs:{region}:{account_id}:task/*",
                )
            ],
        },
        {
            "Sid": "RestartTasks",
            "Effect": "Allow",
            "Action": "ecs:StopTask",
            "Resource": [f"arn:aws:ecs:{region}:{account_id}:task/*" for region in regions],
        },
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        {
            "Sid": "RunTasks",
            "Effect": "Allow",
            "Action": "ecs:RunTask",
            "Resource": [f"arn:aws:ecs:{region}:{account_id}:task-definition/*" for region in regions],
        },
        # The agent's task is the host's: its processes, its Docker socket.
        {
            "Sid": "NotOnHosts",
            "Effect": "Deny",
            "Action": "ecs:RunTask",
            "Resource": f"arn:aws:ecs:*:{account_id}:task-definition/*-datadog-agent:*",
        },
        # The roles of services, whose containers are open to developers anyway; none else trusts ECS's tasks.
        {
            "Sid": "PassServicesRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": [role_arn(account_id, f"*-{use}-*") for use in ("execution", "task")],
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {
            "Sid": "TagTasks",
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": [f"arn:aws:ecs:{region}:{account_id}:task/*" for region in regions],
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            "Sid": "OpenSessions",
            "Effect": "Allow",
            "Action": "ssm:StartSession",
            "Resource": [
                arn
                for region in regions
                for arn in (
                    f"arn:aws:ec2:{region}:{account_id}:instance/*",
                    f"arn:aws:ecs:{region}:{account_id}:task/*",
                    f"arn:aws:ssm:{region}:{account_id}:document/SSM-SessionManagerRunShell",
                    f"arn:aws:ssm:{region}::document/AWS-StartPortForwardingSession",
                    f"arn:aws:ssm:{region}::document/AWS-StartPortForwardingSessionToRemoteHost",
                    f"arn:aws:ssm:{region}::document/AWS-StartSSHSession",
                )
            ],
        },
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
        {
            "Sid": "EndOwnSessions",
            "Effect": "Allow",
            "Action": ["ssm:ResumeSession", "ssm:TerminateSession"],
            "Resource": [f"arn:aws:ssm:{region}:{account_id}:session/*" for region in regions],
            "Condition": {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}},
        },
    )


def no_data(company: str, ops_account_id: str) -> dict[str, Any]:
    """Takes the reading of data from ReadOnlyAccess, but for Pulumi's state and AWS's public parameters."""
    return policy_document(*_no_data(company, ops_account_id))


def preview(
    *,
    stack: str,
    account_id: str,
    ops_account_id: str,
    company: str,
    project: str,
    region: str,
    peer_roles: Sequence[str] = (),
) -> dict[str, Any]:
    """What a preview needs beside ReadOnlyAccess. Any pull request gets it, so it reads no logs either."""
    return policy_document(
        *_no_data(company, ops_account_id, *LOG_READS),
        *_state(stack, company, ops_account_id, project, region, write=False),
        _assume(account_id, ops_account_id, stack, PREVIEW, peer_roles),
    )


def deploy_state(
    *,
    stack: str,
    account_id: str,
    ops_account_id: str,
    company: str,
    project: str,
    region: str,
    peer_roles: Sequence[str] = (),
) -> dict[str, Any]:
    """The stack's state and secrets, and the roles that the stack's providers assume."""
    return policy_document(
        *_state(stack, company, ops_account_id, project, region, write=True),
        _assume(account_id, ops_account_id, stack, DEPLOY, peer_roles),
    )


def deploy_services(*, ops: bool) -> dict[str, Any]:
    """The services that the program declares resources of. Accounts are never closed from here."""
    services = sorted({*BASELINE_SERVICES, *(OPS_SERVICES if ops else ENVIRONMENT_SERVICES)})
    return policy_document(
        {
            "Sid": "Services",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in services],
            "Resource": "*",
        },
        {
            "Sid": "AccountsStay",
            "Effect": "Deny",
            "Action": [
                "account:CloseAccount",
                "organizations:CloseAccount",
                "organizations:DeleteOrganization",
                "organizations:LeaveOrganization",
                "organizations:RemoveAccountFromOrganization",
            ],
            "Resource": "*",
        },
    )


def deploy_identity(account_id: str, *, ops: bool) -> dict[str, Any]:
    """Roles within the permissions boundary, in ops users too; nothing that widens CI's own permissions."""
    boundary_only = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn(account_id)}}
    statements: list[Statement] = [
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": ["iam:Get*", "iam:List*"],
            "Resource": "*",
        },
        {
            "Sid": "RolesWithinTheBoundary",
            "Effect": "Allow",
            "Action": [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            "Resource": role_arn(account_id, "*"),
            "Condition": boundary_only,
        },
        {
            "Sid": "Roles",
            "Effect": "Allow",
            "Action": [
                "iam:DeleteRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            "Resource": role_arn(account_id, "*"),
        },
        {
            "Sid": "InstanceProfiles",
            "Effect": "Allow",
            "Action": [
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            "Resource": f"arn:aws:iam::{account_id}:instance-profile/*",
        },
        {
            "Sid": "Policies",
            "Effect": "Allow",
            "Action": [
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ],
            "Resource": f"arn:aws:iam::{account_id}:policy/*",
        },
        {
            "Sid": "PassRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role_arn(account_id, "*"),
            "Condition": {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        },
        {
            "Sid": "ServiceLinkedRoles",
            "Effect": "Allow",
            "Action": ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"],
            "Resource": role_arn(account_id, "aws-service-role/*"),
        },
        {
            "Sid": "AccountSettings",
            "Effect": "Allow",
            "Action": ["iam:CreateAccountAlias", "iam:DeleteAccountAlias", "iam:UpdateAccountPasswordPolicy"],
            "Resource": "*",
        },
        _foundations_are_for_administrators(account_id),
    ]
    if ops:
        statements += [
            {
                "Sid": "PeopleWithinTheBoundary",
                "Effect": "Allow",
                "Action": ["iam:CreateUser", "iam:PutUserPermissionsBoundary"],
                "Resource": f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}*",
                "Condition": boundary_only,
            },
            {
                "Sid": "PeopleAndGroups",
                "Effect": "Allow",
                "Action": [
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
                "Resource": [
                    f"arn:aws:iam::{account_id}:group{PEOPLE_PATH}*",
                    f"arn:aws:iam::{account_id}:mfa/*",
                    f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}*",
                ],
            },
            {
                "Sid": "RootCredentialsOfMembers",
                "Effect": "Allow",
                "Action": [
                    "iam:DisableOrganizationsRootCredentialsManagement",
                    "iam:DisableOrganizationsRootSessions",
                    "iam:EnableOrganizationsRootCredentialsManagement",
                    "iam:EnableOrganizationsRootSessions",
                ],
                "Resource": "*",
            },
        ]
    return policy_document(*statements)


def _foundations_are_for_administrators(account_id: str) -> Statement:
    return {
        "Sid": "FoundationsAreForAdministrators",
        "Effect": "Deny",
        "Action": list(IAM_WRITES),
        "Resource": [
            *(role_arn(account_id, role) for role in (*ACCOUNT_ROLES, BOOTSTRAP)),
            f"arn:aws:iam::{account_id}:policy{BASELINE_PATH}*",
            f"arn:aws:iam::{account_id}:oidc-provider/{GITHUB}",
        ],
    }


def _no_data(company: str, ops_account_id: str, *more: str) -> list[Statement]:
    return [
        {
            "Sid": "NoData",
            "Effect": "Deny",
            "Action": [*DATA_READS, *more],
            "Resource": "*",
        },
        {
            "Sid": "NoObjectsAndParameters",
            "Effect": "Deny",
            "Action": list(STORE_READS),
            "NotResource": [
                f"arn:aws:s3:::{state_bucket_name(company, ops_account_id)}/*",
                "arn:aws:ssm:*::parameter/aws/*",
                f"arn:aws:ssm:*:*:parameter{BASTION_PEOPLE}",
            ],
        },
    ]


def _state(stack: str, company: str, ops_account_id: str, project: str, region: str, *, write: bool) -> list[Statement]:
    bucket = f"arn:aws:s3:::{state_bucket_name(company, ops_account_id)}"
    objects = ["s3:GetObject", *(["s3:DeleteObject", "s3:PutObject"] if write else [])]
    keys = ["kms:Decrypt", *(["kms:Encrypt", "kms:GenerateDataKey"] if write else [])]
    return [
        {
            "Sid": "ListState",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": bucket,
        },
        {
            "Sid": "State",
            "Effect": "Allow",
            "Action": objects,
            "Resource": [f"{bucket}/{pattern}" for pattern in state_objects(project, stack)],
        },
        {
            "Sid": "StateKeys",
            "Effect": "Allow",
            "Action": [*keys, "kms:DescribeKey"],
            "Resource": f"arn:aws:kms:{region}:{ops_account_id}:key/*",
            "Condition": {
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": [state_key_alias(stack), state_key_alias("state")]}
            },
        },
    ]


def _assume(account_id: str, ops_account_id: str, stack: str, role: str, peer_roles: Sequence[str]) -> Statement:
    roles = [role_arn(account_id, role), *peer_roles]
    if account_id != ops_account_id:
        roles.append(delegate_role_arn(ops_account_id, stack, role))
    return {
        "Sid": "AssumeTheProvidersRoles",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": roles,
    }
