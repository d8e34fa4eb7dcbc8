import json

import pytest

from components.network.root_zone import RootZone, RootZoneArgs
from tests.cloud import Cloud

POLICY = "aws:iam/rolePolicy:RolePolicy"
OPS, DEV = "111111111111", "222222222222"


@pytest.fixture
def zone(cloud: Cloud) -> Cloud:
    cloud.deploy(
        lambda: RootZone(
            "root",
            RootZoneArgs(domain="acme.example", ops_account_id=OPS, organization_id="o-acme", delegates={"dev": DEV}),
        )
    )
    return cloud


def test_the_zone_is_kept(zone: Cloud) -> None:
    resource = zone.get("aws:route53/zone:Zone")
    assert resource.protect
    assert resource.inputs["name"] == "acme.example"


def test_an_environment_changes_its_own_ns_record_and_nothing_else(zone: Cloud) -> None:
    policy = zone.one("aws:iam/rolePolicy:RolePolicy", "root-delegate-dev-policy")
    assert policy["role"] == "delegate-dev"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": ["route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets"],
            "Resource": ["${root-zone.arn}", "arn:aws:route53:::change/*"],
        },
        {
            "Sid": "Delegate",
            "Effect": "Allow",
            "Action": "route53:ChangeResourceRecordSets",
            "Resource": "${root-zone.arn}",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["dev.acme.example"],
                    "route53:ChangeResourceRecordSetsRecordTypes": ["NS"],
                    "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE", "UPSERT"],
                }
            },
        },
    ]


def test_an_environment_moves_the_names_that_it_says_and_no_other(cloud: Cloud) -> None:
    args = RootZoneArgs(
        domain="acme.example",
        ops_account_id=OPS,
        organization_id="o-acme",
        delegates={"dev": DEV, "prod": "444444444444"},
        shifted={"prod": ["acme.example", "www.acme.example"]},
    )
    cloud.deploy(lambda: RootZone("root", args))
    allowed = {
        role: {
            s["Sid"]: s for s in json.loads(cloud.one(POLICY, f"root-delegate-{role}-policy")["policy"])["Statement"]
        }
        for role in ("dev", "prod", "prod-preview")
    }
    assert set(allowed["dev"]) == {"Look", "Delegate"}
    assert set(allowed["prod"]) == {"Look", "LookAtChecks", "Delegate", "Shift", "NewChecks", "Checks"}
    assert set(allowed["prod-preview"]) == {"Look", "LookAtChecks"}
    assert allowed["prod"]["Shift"]["Condition"] == {
        "ForAllValues:StringLike": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
                "acme.example",
                "_*.acme.example",
                "www.acme.example",
                "_*.www.acme.example",
            ]
        },
        "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"],
            "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE", "UPSERT"],
        },
    }


def test_a_preview_looks_only(zone: Cloud) -> None:
    policy = zone.one("aws:iam/rolePolicy:RolePolicy", "root-delegate-dev-preview-policy")
    assert [statement["Sid"] for statement in json.loads(policy["policy"])["Statement"]] == ["Look"]


@pytest.mark.parametrize(
    ("name", "roles"),
    [("delegate-dev", ["deploy", "administrator"]), ("delegate-dev-preview", ["preview"])],
)
def test_only_the_environments_roles_get_in(zone: Cloud, name: str, roles: list[str]) -> None:
    role = zone.one("aws:iam/role:Role", f"root-{name}")
    assert role["name"] == name
    assert json.loads(role["assumeRolePolicy"])["Statement"][0] == {
        "Sid": "Environment",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{DEV}:role/{role}" for role in roles]},
            "StringEquals": {"aws:PrincipalOrgID": "o-acme"},
        },
    }


def test_administrators_of_ops_delegate_before_the_environment_has_roles(zone: Cloud) -> None:
    policies = {
        name: json.loads(zone.one("aws:iam/role:Role", f"root-{name}")["assumeRolePolicy"])["Statement"][1:]
        for name in ("delegate-dev", "delegate-dev-preview")
    }
    assert policies == {
        "delegate-dev": [
            {
                "Sid": "Ops",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{OPS}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{OPS}:role/administrator"]}},
            }
        ],
        "delegate-dev-preview": [],
    }


def test_outputs(zone: Cloud) -> None:
    (component,) = zone.all("slipway:dns:RootZone")
    assert zone.outputs[component.urn] == {
        "zone_id": "${root-zone.zoneId}",
        "name_servers": "${root-zone.nameServers}",
    }
