"""PrivateBucket: closed, kept, and made in an order that S3 takes."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.security.iam import allow
from components.security.private_bucket import PrivateBucket, PrivateBucketArgs
from tests.cloud import Cloud

S3 = "aws:s3/bucket"
LIFECYCLE = f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = f"{S3}ObjectLockConfiguration:BucketObjectLockConfiguration"


def declared(cloud: Cloud, **changes: Any) -> Cloud:
    given: dict[str, Any] = {"bucket": "acme-state", "kms_key_arn": "arn:aws:kms:key"}
    cloud.deploy(lambda: PrivateBucket("state", PrivateBucketArgs(**given | changes)))
    return cloud


def test_the_bucket_is_kept_versioned_and_private(cloud: Cloud) -> None:
    bucket = declared(cloud).get(f"{S3}:Bucket")
    assert bucket.protect
    assert bucket.inputs == {"bucket": "acme-state", "objectLockEnabled": False}
    assert cloud.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock") == {
        "bucket": "acme-state",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert cloud.one(f"{S3}OwnershipControls:BucketOwnershipControls") == {
        "bucket": "acme-state",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    }
    assert cloud.one(f"{S3}Versioning:BucketVersioning") == {
        "bucket": "acme-state",
        "versioningConfiguration": {"status": "Enabled"},
    }


@pytest.mark.parametrize(
    ("key", "by_default", "bucket_key"),
    [
        ("arn:aws:kms:key", {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:key"}, True),
        (None, {"sseAlgorithm": "AES256"}, False),
    ],
)
def test_objects_are_encrypted(cloud: Cloud, key: str | None, by_default: dict[str, str], bucket_key: bool) -> None:
    declared(cloud, kms_key_arn=key)
    assert cloud.one(f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")["rules"] == [
        {"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": bucket_key}
    ]


@pytest.mark.parametrize(("days", "expiration"), [(None, {}), (30, {"expiration": {"days": 30}})])
def test_objects_are_kept_unless_it_is_said_for_how_long(
    cloud: Cloud, days: int | None, expiration: dict[str, Any]
) -> None:
    declared(cloud, expire_after_days=days, keep_old_versions_days=365)
    assert cloud.one(LIFECYCLE)["rules"] == [
        {
            "id": "retention",
            "status": "Enabled",
            "filter": {"prefix": ""},
            **expiration,
            "noncurrentVersionExpiration": {"noncurrentDays": 365},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


def test_clear_text_is_refused_and_statements_are_added(cloud: Cloud) -> None:
    reader = allow("Read", "s3:GetObject", "arn:aws:s3:::acme-state/*", principal={"AWS": "333333333333"})
    declared(cloud, statements=[reader])
    policy = cloud.one(f"{S3}Policy:BucketPolicy")
    assert policy["bucket"] == "acme-state"
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::acme-state", "arn:aws:s3:::acme-state/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Principal": {"AWS": "333333333333"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::acme-state/*",
            },
        ],
    }


def test_versions_are_there_before_what_needs_them(cloud: Cloud) -> None:
    declared(cloud, lock_days=30)
    versioning = cloud.get(f"{S3}Versioning:BucketVersioning").urn
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html: a lock needs versions, and a rule for old
    # versions has nothing to count before.
    assert versioning in cloud.get(LIFECYCLE).dependencies
    assert versioning in cloud.get(LOCK).dependencies


def test_public_access_is_blocked_before_the_policy_is_put(cloud: Cloud) -> None:
    declared(cloud)
    blocked = cloud.get(f"{S3}PublicAccessBlock:BucketPublicAccessBlock").urn
    assert blocked in cloud.get(f"{S3}Policy:BucketPolicy").dependencies


def test_whoever_gets_the_name_waits_for_the_policy(cloud: Cloud) -> None:
    def program() -> None:
        bucket = PrivateBucket("state", PrivateBucketArgs(bucket="acme-state", kms_key_arn=None))
        aws.cfg.DeliveryChannel("delivery", s3_bucket_name=bucket.bucket)

    cloud.deploy(program)
    delivery = cloud.get("aws:cfg/deliveryChannel:DeliveryChannel")
    assert delivery.inputs["s3BucketName"] == "acme-state"
    assert cloud.get(f"{S3}Policy:BucketPolicy").urn in delivery.dependencies
