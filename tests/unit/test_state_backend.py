import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.account.state_backend import StateBackend, StateBackendArgs
from config.fields import EnvironmentName
from config.platform import Platform
from tests.cloud import Cloud

OPS, DEV = "111111111111", "222222222222"
BUCKET = f"arn:aws:s3:::acme-state-{OPS}"
OBJECTS = [
    f"{BUCKET}/.pulumi/{pattern}"
    for pattern in (
        "stacks/slipway/dev.json*",
        "history/slipway/dev/*",
        "backups/slipway/dev/*",
        "locks/organization/slipway/dev/*",
    )
]


def roles(*names: str) -> list[str]:
    return [f"arn:aws:iam::{DEV}:role/{name}" for name in names]


@pytest.fixture
def state(cloud: Cloud) -> Cloud:
    cloud.deploy(
        lambda: StateBackend(
            "state",
            StateBackendArgs(
                company="acme",
                project="slipway",
                ops_account_id=OPS,
                stacks={"ops": OPS, "dev": DEV},
                organization_id="o-acme",
            ),
        )
    )
    return cloud


def bucket_policy(cloud: Cloud) -> dict[str, Any]:
    policy = json.loads(cloud.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def key_policy(cloud: Cloud, alias: str) -> dict[str, Any]:
    policy = json.loads(cloud.one("aws:kms/key:Key", f"state-{alias}-key")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_state_is_versioned_encrypted_private_and_kept(state: Cloud) -> None:
    bucket = state.get("aws:s3/bucket:Bucket")
    assert bucket.protect
    assert bucket.inputs == {"bucket": f"acme-state-{OPS}", "objectLockEnabled": False}
    assert state.one("aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}
    assert state.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")[
        "rules"
    ] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": "${state-state-alias.targetKeyArn}",
            },
            "bucketKeyEnabled": True,
        }
    ]
    assert state.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock") == {
        "bucket": f"acme-state-{OPS}",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert bucket_policy(state)["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_overwritten_state_can_be_restored_for_a_year_and_state_never_expires(state: Cloud) -> None:
    assert state.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"] == [
        {
            "id": "retention",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": 365},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


@pytest.mark.parametrize(
    ("sid", "action", "resource", "allowed"),
    [
        (
            "DevLists",
            ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"],
            BUCKET,
            ["deploy", "administrator", "preview"],
        ),
        (
            "DevReads",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [f"{BUCKET}/.pulumi/meta.yaml", *OBJECTS],
            ["deploy", "administrator", "preview"],
        ),
        ("DevWrites", ["s3:DeleteObject", "s3:PutObject"], OBJECTS, ["deploy", "administrator"]),
    ],
)
def test_a_stacks_roles_reach_its_state(
    state: Cloud, sid: str, action: object, resource: object, allowed: list[str]
) -> None:
    assert bucket_policy(state)[sid] == {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{DEV}:root"]},
        "Action": action,
        "Resource": resource,
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": roles(*allowed)},
            "StringEquals": {"aws:PrincipalOrgID": "o-acme"},
        },
    }


@pytest.mark.parametrize(
    ("sid", "action", "but"),
    [
        ("DevReadsAlone", "s3:GetObject*", ["deploy", "administrator", "preview"]),
        (
            "DevWritesAlone",
            ["s3:DeleteObject*", "s3:PutObject*", "s3:RestoreObject"],
            ["deploy", "administrator"],
        ),
    ],
)
def test_everyone_else_is_refused_whatever_their_policies_say(
    state: Cloud, sid: str, action: object, but: list[str]
) -> None:
    assert bucket_policy(state)[sid] == {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": OBJECTS,
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": roles(*but)}},
    }


def test_each_stack_has_a_key_of_its_own(state: Cloud) -> None:
    assert [(alias.inputs["name"], alias.inputs["targetKeyId"]) for alias in state.all("aws:kms/alias:Alias")] == [
        ("alias/pulumi-dev", "state-dev-key-id"),
        ("alias/pulumi-ops", "state-ops-key-id"),
        ("alias/pulumi-state", "state-state-key-id"),
    ]
    assert all(key.protect and key.inputs["enableKeyRotation"] for key in state.all("aws:kms/key:Key"))
    assert key_policy(state, "dev")["Write"] == {
        "Sid": "Write",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{DEV}:root"]},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": roles("deploy", "administrator")},
            "StringEquals": {"aws:PrincipalOrgID": "o-acme"},
        },
    }
    assert key_policy(state, "dev")["Read"]["Condition"]["ArnEquals"] == {"aws:PrincipalArn": roles("preview")}
    assert key_policy(state, "dev")["Read"]["Action"] == ["kms:Decrypt", "kms:DescribeKey"]


@pytest.mark.parametrize("alias", ["dev", "ops", "state"])
def test_ops_manages_keys_and_decrypts_with_none(state: Cloud, alias: str) -> None:
    actions = key_policy(state, alias)["Manage"]["Action"]
    assert "kms:PutKeyPolicy" in actions
    assert not any(a in actions for a in ("kms:*", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"))


def test_the_policy_of_as_many_stacks_as_there_may_be_is_no_larger_than_s3_takes(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"""
    names = [f"{digit * 5}xxxxxx" for digit in "abcd"]
    platform = Platform.model_json_schema()
    assert platform["properties"]["environments"]["maxProperties"] == len(names)
    for name in names:
        TypeAdapter(EnvironmentName).validate_python(name)
    with pytest.raises(ValidationError):
        TypeAdapter(EnvironmentName).validate_python(f"{names[0]}x")
    args = StateBackendArgs(
        company="c" * 20,
        project="slipway",
        ops_account_id=OPS,
        stacks={"ops": OPS} | dict.fromkeys(names, DEV),
        organization_id="o-acme000001",
        identity_center=True,
    )
    cloud.deploy(lambda: StateBackend("state", args))
    assert 19_000 < len(cloud.one("aws:s3/bucketPolicy:BucketPolicy")["policy"]) <= 20 * 1024


def test_statements_are_told_apart_where_names_have_dashes(cloud: Cloud) -> None:
    args = StateBackendArgs(
        company="acme",
        project="slipway",
        ops_account_id=OPS,
        stacks={"ops": OPS, "prod-eu": DEV, "prodeu": DEV},
        organization_id="o-acme000001",
    )
    cloud.deploy(lambda: StateBackend("state", args))
    sids = [each["Sid"] for each in json.loads(cloud.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]]
    assert {"ProdEuReads", "ProdeuReads"} < set(sids)
    assert len(set(sids)) == len(sids)


def test_outputs(state: Cloud) -> None:
    (component,) = state.all("slipway:state:StateBackend")
    assert state.outputs[component.urn] == {
        "bucket": f"acme-state-{OPS}",
        "bucket_arn": "${state-state-bucket.arn}",
        "secrets_providers": {stack: f"${{state-{stack}-alias.arn}}" for stack in ("ops", "dev")},
    }
