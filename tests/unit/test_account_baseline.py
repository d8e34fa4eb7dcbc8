import json
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.account.account_baseline import AccountBaseline, AccountBaselineArgs
from components.security.iam import bounded
from config.platform import Contact, Contacts, RepositoryIds
from tests.cloud import Cloud

SECURITY = Contact(name="On call", title="Security", email="security@acme.example", phone="+1 555 0103")
OPERATIONS = Contact(name="Ada", title="Platform", email="platform@acme.example", phone="+1 555 0102")
BILLING = Contact(name="Grace", title="Finance", email="finance@acme.example", phone="+1 555 0101")
DEV, OPS = "222222222222", "111111111111"
PEOPLE_WITH_MFA = {
    "Sid": "PeopleWithMfa",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OPS}:root"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "14400"},
    },
}


def an_account(**changes: Any) -> AccountBaselineArgs:
    return replace(
        AccountBaselineArgs(
            account_id=DEV,
            stack="dev",
            ops_account_id=OPS,
            company="acme",
            project="slipway",
            repository="acme/platform",
            region="eu-west-1",
            monthly_budget_usd=1500,
            contacts=Contacts(billing=BILLING, operations=OPERATIONS, security=SECURITY),
        ),
        **changes,
    )


def declared(cloud: Cloud, **changes: Any) -> Cloud:
    cloud.deploy(lambda: AccountBaseline("account", an_account(**changes)))
    return cloud


def document(cloud: Cloud, name: str) -> dict[str, Any]:
    """The statements of a policy, by Sid."""
    policy = json.loads(cloud.one("aws:iam/policy:Policy", f"account-{name}")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def trust(cloud: Cloud, role: str) -> list[dict[str, Any]]:
    return json.loads(cloud.one("aws:iam/role:Role", f"account-{role}")["assumeRolePolicy"])["Statement"]


@pytest.mark.parametrize(
    ("role", "policies"),
    [
        ("administrator", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        (
            "developer",
            [
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                "arn:aws:iam::aws:policy/AWSSupportAccess",
                "${account-operate.arn}",
            ],
        ),
        ("read-only", ["arn:aws:iam::aws:policy/ReadOnlyAccess", "${account-no-data.arn}"]),
        (
            "deploy",
            [
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                "${account-deploy-services.arn}",
                "${account-deploy-identity.arn}",
                "${account-deploy-state.arn}",
            ],
        ),
        ("preview", ["arn:aws:iam::aws:policy/ReadOnlyAccess", "${account-preview.arn}"]),
    ],
)
def test_each_role_has_exactly_these_policies(cloud: Cloud, role: str, policies: list[str]) -> None:
    declared(cloud)
    attached = [
        attachment.inputs["policyArn"]
        for attachment in cloud.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["role"] == role
    ]
    assert sorted(attached) == sorted(policies)
    assert cloud.all("aws:iam/rolePolicy:RolePolicy") == []


@pytest.mark.parametrize("role", ["developer", "read-only"])
def test_people_enter_from_ops_with_mfa_and_for_four_hours(cloud: Cloud, role: str) -> None:
    declared(cloud)
    assert trust(cloud, role) == [PEOPLE_WITH_MFA]
    assert cloud.one("aws:iam/role:Role", f"account-{role}")["maxSessionDuration"] == 14400


def test_an_administrators_program_assumes_the_role_that_it_runs_in(cloud: Cloud) -> None:
    declared(cloud)
    assert trust(cloud, "administrator") == [
        PEOPLE_WITH_MFA,
        {
            "Sid": "Itself",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{DEV}:role/administrator"]}},
        },
    ]


def test_deploy_is_for_jobs_of_the_environment_on_main(cloud: Cloud) -> None:
    declared(cloud)
    github, itself = trust(cloud, "deploy")
    assert github == {
        "Sid": "GitHubActions",
        "Effect": "Allow",
        "Principal": {
            "Federated": f"arn:aws:iam::{DEV}:oidc-provider/token.actions.githubusercontent.com",
        },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": ["repo:acme/platform:environment:dev"],
                "token.actions.githubusercontent.com:ref": "refs/heads/main",
            }
        },
    }
    assert itself["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": [
                f"arn:aws:iam::{DEV}:role/deploy",
                f"arn:aws:iam::{DEV}:role/administrator",
            ]
        }
    }


@pytest.mark.parametrize(
    ("ids", "repository"),
    [
        (None, "repo:acme/platform"),
        (RepositoryIds(owner=123456, repository=456789), "repo:acme@123456/platform@456789"),
    ],
)
def test_preview_is_for_pull_requests_of_the_repository_and_for_main(
    cloud: Cloud, ids: RepositoryIds | None, repository: str
) -> None:
    declared(cloud, repository_ids=ids)
    assert trust(cloud, "preview")[0]["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [f"{repository}:pull_request", f"{repository}:ref:refs/heads/main"],
    }


def test_with_identity_center_administrators_do_by_hand_what_ci_would_too(cloud: Cloud) -> None:
    declared(cloud, identity_center=True)
    sso = f"arn:aws:iam::{DEV}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_administrator_????????????????"
    for role in ("administrator", "deploy", "preview"):
        assert sso in trust(cloud, role)[-1]["Condition"]["ArnEquals"]["aws:PrincipalArn"]


@pytest.mark.parametrize("repository", ["", "acme", "acme/", "/platform", "acme/*", "acme/platform/x"])
def test_a_repository_that_would_give_another_subject_is_refused(cloud: Cloud, repository: str) -> None:
    with pytest.raises(ValueError, match="a GitHub subject needs OWNER/NAME"):
        declared(cloud, repository=repository)


@pytest.mark.parametrize("hours", [0, 13])
def test_a_session_that_aws_refuses_is_refused(cloud: Cloud, hours: int) -> None:
    with pytest.raises(ValueError, match=f"session_hours is 1 to 12, not {hours}"):
        declared(cloud, session_hours=hours)


def test_ci_creates_roles_within_the_boundary_only(cloud: Cloud) -> None:
    declared(cloud)
    statements = document(cloud, "deploy-identity")
    assert statements["RolesWithinTheBoundary"]["Condition"] == {
        "StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{DEV}:policy/baseline/boundary"}
    }
    assert [sid for sid, s in statements.items() if s["Effect"] == "Allow" and "iam:CreateRole" in s["Action"]] == [
        "RolesWithinTheBoundary"
    ]
    assert cloud.one("aws:iam/policy:Policy", "account-boundary")["path"] == "/baseline/"
    assert cloud.one("aws:iam/policy:Policy", "account-boundary")["name"] == "boundary"


@pytest.mark.parametrize("policy", ["boundary", "deploy-identity"])
def test_neither_ci_nor_what_it_creates_changes_the_accounts_own_roles(cloud: Cloud, policy: str) -> None:
    declared(cloud)
    statement = document(cloud, policy)["FoundationsAreForAdministrators"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == [
        f"arn:aws:iam::{DEV}:role/administrator",
        f"arn:aws:iam::{DEV}:role/developer",
        f"arn:aws:iam::{DEV}:role/read-only",
        f"arn:aws:iam::{DEV}:role/deploy",
        f"arn:aws:iam::{DEV}:role/preview",
        f"arn:aws:iam::{DEV}:role/OrganizationAccountAccessRole",
        f"arn:aws:iam::{DEV}:policy/baseline/*",
        f"arn:aws:iam::{DEV}:oidc-provider/token.actions.githubusercontent.com",
    ]


@pytest.mark.parametrize(("account", "people"), [(DEV, False), (OPS, True)])
def test_only_ops_creates_people(cloud: Cloud, account: str, people: bool) -> None:
    declared(cloud, account_id=account)
    statements = document(cloud, "deploy-identity")
    assert ("PeopleWithinTheBoundary" in statements) is people
    assert ("organizations:*" in document(cloud, "deploy-services")["Services"]["Action"]) is people


@pytest.mark.parametrize(
    ("policy", "objects", "keys"),
    [
        (
            "deploy-state",
            ["s3:GetObject", "s3:DeleteObject", "s3:PutObject"],
            ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        ),
        ("preview", ["s3:GetObject"], ["kms:Decrypt", "kms:DescribeKey"]),
    ],
)
def test_ci_reaches_the_state_of_its_own_stack(cloud: Cloud, policy: str, objects: list[str], keys: list[str]) -> None:
    declared(cloud)
    statements = document(cloud, policy)
    bucket = f"arn:aws:s3:::acme-state-{OPS}"
    assert statements["State"] == {
        "Sid": "State",
        "Effect": "Allow",
        "Action": objects,
        "Resource": [
            f"{bucket}/.pulumi/meta.yaml",
            f"{bucket}/.pulumi/stacks/slipway/dev.json*",
            f"{bucket}/.pulumi/history/slipway/dev/*",
            f"{bucket}/.pulumi/backups/slipway/dev/*",
            f"{bucket}/.pulumi/locks/organization/slipway/dev/*",
        ],
    }
    assert statements["StateKeys"]["Action"] == keys
    assert statements["StateKeys"]["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/pulumi-dev", "alias/pulumi-state"]}
    }


@pytest.mark.parametrize(
    ("account", "policy", "roles"),
    [
        (DEV, "deploy-state", [f"arn:aws:iam::{DEV}:role/deploy", f"arn:aws:iam::{OPS}:role/delegate-dev"]),
        (
            DEV,
            "preview",
            [f"arn:aws:iam::{DEV}:role/preview", f"arn:aws:iam::{OPS}:role/delegate-dev-preview"],
        ),
        (OPS, "deploy-state", [f"arn:aws:iam::{OPS}:role/deploy"]),
    ],
)
def test_ci_assumes_the_roles_of_the_stacks_providers(
    cloud: Cloud, account: str, policy: str, roles: list[str]
) -> None:
    declared(cloud, account_id=account)
    assert document(cloud, policy)["AssumeTheProvidersRoles"]["Resource"] == roles


def test_password_policy(cloud: Cloud) -> None:
    assert declared(cloud).one("aws:iam/accountPasswordPolicy:AccountPasswordPolicy") == {
        "minimumPasswordLength": 14,
        "passwordReusePrevention": 24,
        "requireLowercaseCharacters": True,
        "requireUppercaseCharacters": True,
        "requireNumbers": True,
        "requireSymbols": True,
        "allowUsersToChangePassword": True,
    }


def test_defaults_are_closed_in_each_region_where_anything_may_run(cloud: Cloud) -> None:
    declared(cloud, regions=["eu-west-1", "us-east-1"])
    for region in ("eu-west-1", "us-east-1"):
        assert [
            cloud.one(type_, f"account-{name}-{region}")
            for type_, name in (
                ("aws:ebs/encryptionByDefault:EncryptionByDefault", "ebs-encryption"),
                ("aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess", "snapshots"),
                ("aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess", "images"),
                ("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults", "imds"),
                ("aws:ec2/defaultVpc:DefaultVpc", "default-vpc"),
                ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default-sg"),
                ("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", "default-acl"),
                ("aws:accessanalyzer/analyzer:Analyzer", "access-analyzer"),
            )
        ] == [
            {"enabled": True, "region": region},
            {"state": "block-all-sharing", "region": region},
            {"state": "block-new-sharing", "region": region},
            {"httpTokens": "required", "httpPutResponseHopLimit": 1, "region": region},
            {"region": region},
            {"vpcId": f"account-default-vpc-{region}-id", "ingress": [], "egress": [], "region": region},
            {
                "defaultNetworkAclId": f"${{account-default-vpc-{region}.defaultNetworkAclId}}",
                "ingress": [],
                "egress": [],
                "region": region,
            },
            {"analyzerName": "account", "type": "ACCOUNT", "region": region},
        ]


def test_public_access_to_s3_is_blocked(cloud: Cloud) -> None:
    assert declared(cloud).one("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock") == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


def test_budget_counts_this_account_alone(cloud: Cloud) -> None:
    assert declared(cloud).one("aws:budgets/budget:Budget") == {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "1500",
        "limitUnit": "USD",
        "costFilters": [{"name": "LinkedAccount", "values": [DEV]}],
        "notifications": [
            {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": kind,
                "threshold": threshold,
                "thresholdType": "PERCENTAGE",
                "subscriberEmailAddresses": ["finance@acme.example"],
            }
            for kind, threshold in (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
        ],
    }


def test_root_user_is_reported_from_the_region_where_aws_records_it(cloud: Cloud) -> None:
    declared(cloud)
    rule = cloud.one("aws:cloudwatch/eventRule:EventRule")
    assert json.loads(rule["eventPattern"]) == {
        "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
        "detail": {"userIdentity": {"type": ["Root"], "invokedBy": [{"exists": False}]}},
    }
    assert cloud.one("aws:sns/topicSubscription:TopicSubscription") == {
        "topic": "${account-alarms.arn}",
        "protocol": "email",
        "endpoint": "security@acme.example",
        "region": "us-east-1",
    }
    target = cloud.one("aws:cloudwatch/eventTarget:EventTarget")
    assert target["arn"] == "${account-alarms.arn}"
    assert rule["region"] == target["region"] == "us-east-1"
    assert cloud.get("aws:kms/key:Key").protect


def test_alias_and_contacts(cloud: Cloud) -> None:
    declared(cloud)
    assert cloud.one("aws:iam/accountAlias:AccountAlias") == {"accountAlias": "acme-dev"}
    contacts = {
        c.inputs["alternateContactType"]: c.inputs
        for c in cloud.all("aws:account/alternativeContact:AlternativeContact")
    }
    assert {kind: contact["emailAddress"] for kind, contact in contacts.items()} == {
        "BILLING": "finance@acme.example",
        "OPERATIONS": "platform@acme.example",
        "SECURITY": "security@acme.example",
    }
    assert contacts["SECURITY"] == {
        "alternateContactType": "SECURITY",
        "name": "On call",
        "title": "Security",
        "emailAddress": "security@acme.example",
        "phoneNumber": "+1 555 0103",
    }


def test_roles_and_users_are_put_within_the_boundary(cloud: Cloud) -> None:
    def program() -> None:
        account = AccountBaseline("account", an_account())
        opts = pulumi.ResourceOptions(transformations=[bounded(account.boundary_arn)])
        aws.iam.Role("task", assume_role_policy="{}", opts=opts)
        aws.iam.User("ada", opts=opts)
        aws.iam.Group("people", opts=opts)

    cloud.deploy(program)
    boundary = {"permissionsBoundary": "${account-boundary.arn}"}
    assert cloud.one("aws:iam/role:Role", "task") == {"assumeRolePolicy": "{}", **boundary}
    assert cloud.one("aws:iam/user:User", "ada") == boundary
    assert cloud.one("aws:iam/group:Group", "people") == {}


def test_outputs(cloud: Cloud) -> None:
    declared(cloud)
    (component,) = cloud.all("slipway:account:AccountBaseline")
    assert cloud.outputs[component.urn] == {
        "boundary_arn": "${account-boundary.arn}",
        "role_arns": {
            role: f"${{account-{role}.arn}}"
            for role in ("administrator", "developer", "read-only", "deploy", "preview")
        },
        "alarm_topic_arn": "${account-alarms.arn}",
    }
