import json
from dataclasses import replace
from typing import Any

import pytest

from components.account.people import People, PeopleArgs
from config.platform import IdentityCenter
from config.stack import Person
from tests.cloud import Cloud

OPS = "111111111111"
ACCOUNTS = {"ops": OPS, "dev": "222222222222"}
ADA = Person(name="Ada Lovelace", email="ada@acme.example", roles={"ops": "administrator", "dev": "administrator"})
GRACE = Person(name="Grace Hopper", email="grace@acme.example", roles={"dev": "developer"})
CENTER = IdentityCenter(instance_arn="arn:aws:sso:::instance/ssoins-1234567890abcdef", identity_store_id="d-1234567890")
GROUPS = [f"{stack}-{role}" for stack in ACCOUNTS for role in ("administrator", "developer", "read-only")]


def some_people(**changes: Any) -> PeopleArgs:
    return replace(
        PeopleArgs(
            people={"ada": ADA, "grace": GRACE},
            account_ids=ACCOUNTS,
            ops_account_id=OPS,
            company="acme",
            region="eu-west-1",
        ),
        **changes,
    )


def declared(cloud: Cloud, **changes: Any) -> Cloud:
    cloud.deploy(lambda: People("people", some_people(**changes)))
    return cloud


def test_a_person_is_a_user_in_the_groups_of_their_roles(cloud: Cloud) -> None:
    declared(cloud)
    assert cloud.one("aws:iam/user:User", "people-ada") == {
        "name": "ada",
        "path": "/people/",
        "forceDestroy": True,
        "tags": {"name": "Ada Lovelace", "email": "ada@acme.example"},
    }
    assert [m.inputs for m in cloud.all("aws:iam/userGroupMembership:UserGroupMembership")] == [
        {"user": "ada", "groups": ["people", "dev-administrator", "ops-administrator"]},
        {"user": "grace", "groups": ["people", "dev-developer"]},
    ]


def test_a_name_that_iam_takes_in_no_tag_is_written_without_what_it_refuses(cloud: Cloud) -> None:
    declared(cloud, people={"ada": ADA.model_copy(update={"name": "Zoë O'Brien, 2nd"})})
    assert cloud.one("aws:iam/user:User", "people-ada")["tags"]["name"] == "Zoë O Brien  2nd"


def test_a_group_assumes_one_role_of_one_account_with_mfa(cloud: Cloud) -> None:
    declared(cloud)
    policies = {
        policy.inputs["group"]: policy.inputs["policy"] for policy in cloud.all("aws:iam/groupPolicy:GroupPolicy")
    }
    assert sorted(policies) == sorted([*GROUPS, "people"])
    for stack, account_id in ACCOUNTS.items():
        for role in ("administrator", "developer", "read-only"):
            assert json.loads(policies[f"{stack}-{role}"]) == {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Assume",
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Resource": f"arn:aws:iam::{account_id}:role/{role}",
                        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                    }
                ],
            }


def test_nothing_is_allowed_without_mfa_but_enrolling_it(cloud: Cloud) -> None:
    declared(cloud)
    document = json.loads(cloud.one("aws:iam/groupPolicy:GroupPolicy", "people-people-policy")["policy"])
    refusal, by_key = (s for s in document["Statement"] if s["Effect"] == "Deny")
    assert refusal == {
        "Sid": "NothingWithoutMfa",
        "Effect": "Deny",
        "NotAction": [
            "iam:CreateVirtualMFADevice",
            "iam:EnableMFADevice",
            "iam:ResyncMFADevice",
            "iam:GetMFADevice",
            "iam:GetUser",
            "iam:ListMFADevices",
            "iam:ListVirtualMFADevices",
            "sts:GetSessionToken",
        ],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    assert by_key == {
        "Sid": "NoEnrollingByKey",
        "Effect": "Deny",
        "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice"],
        "Resource": "*",
        "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}},
    }


def test_people_manage_their_own_credentials_alone(cloud: Cloud) -> None:
    declared(cloud)
    document = json.loads(cloud.one("aws:iam/groupPolicy:GroupPolicy", "people-people-policy")["policy"])
    own = {
        f"arn:aws:iam::{OPS}:user/people/${{aws:username}}",
        f"arn:aws:iam::{OPS}:mfa/${{aws:username}}",
        f"arn:aws:iam::{OPS}:mfa/${{aws:username}}_*",
    }
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and statement["Sid"] != "LookAtMfa":
            resources = statement["Resource"]
            assert set([resources] if isinstance(resources, str) else resources) <= own


@pytest.mark.parametrize("center", [None, CENTER])
def test_offboarding_takes_the_person_and_nothing_else(center: IdentityCenter | None) -> None:
    before = declared(Cloud(), identity_center=center).resources
    after = declared(Cloud(), identity_center=center, people={"ada": ADA}).resources
    left = {resource.urn for resource in after}
    assert {resource.name.split("-")[1] for resource in before if resource.urn not in left} == {"grace"}
    assert left <= {resource.urn for resource in before}
    unchanged = {resource.urn: resource for resource in before}
    assert [resource for resource in after if resource != unchanged[resource.urn]] == []


def test_identity_center_gives_the_same_roles(cloud: Cloud) -> None:
    declared(cloud, identity_center=CENTER)
    assert cloud.all("aws:iam/user:User") == []
    assert cloud.one("aws:identitystore/user:User", "people-ada") == {
        "identityStoreId": "d-1234567890",
        "userName": "ada",
        "displayName": "Ada Lovelace",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": {"value": "ada@acme.example", "primary": True},
    }
    assert sorted(
        (a.inputs["principalId"], a.inputs["permissionSetArn"], a.inputs["targetId"])
        for a in cloud.all("aws:ssoadmin/accountAssignment:AccountAssignment")
    ) == sorted(
        (f"${{people-{stack}-{role}-group.groupId}}", f"${{people-{role}-set.arn}}", account_id)
        for stack, account_id in ACCOUNTS.items()
        for role in ("administrator", "developer", "read-only")
    )
    assert [
        (m.inputs["memberId"], m.inputs["groupId"])
        for m in cloud.all("aws:identitystore/groupMembership:GroupMembership")
    ] == [
        ("${people-ada.userId}", "${people-dev-administrator-group.groupId}"),
        ("${people-ada.userId}", "${people-ops-administrator-group.groupId}"),
        ("${people-grace.userId}", "${people-dev-developer-group.groupId}"),
    ]


def test_permission_sets_are_the_accounts_roles(cloud: Cloud) -> None:
    declared(cloud, identity_center=CENTER, session_hours=2)
    assert [
        (s.inputs["name"], s.inputs["sessionDuration"]) for s in cloud.all("aws:ssoadmin/permissionSet:PermissionSet")
    ] == [("administrator", "PT2H"), ("developer", "PT2H"), ("read-only", "PT2H")]
    assert {
        (a.inputs["permissionSetArn"], a.inputs["managedPolicyArn"])
        for a in cloud.all("aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment")
    } == {
        ("${people-administrator-set.arn}", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("${people-developer-set.arn}", "arn:aws:iam::aws:policy/AWSSupportAccess"),
        ("${people-developer-set.arn}", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("${people-read-only-set.arn}", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    }
    inline = cloud.all("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy")
    assert [policy.name for policy in inline] == [
        "people-developer-set-operate",
        "people-read-only-set-no-data",
    ]
