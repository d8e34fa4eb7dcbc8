"""PrivateBucket: a bucket for what must not leak or be lost: versioned, encrypted, closed and protected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.security.iam import Statement, deny, policy_document


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """What a caller decides; the rest is this module's opinion."""

    bucket: str
    """The physical name, which other accounts' policies name."""
    kms_key_arn: pulumi.Input[str] | None
    """The key of its objects; None for a bucket of S3's access logs, which take S3's own key only."""
    statements: Sequence[Statement] = ()
    """Who beside the account's own roles gets in, and who does not; values may be Outputs."""
    expire_after_days: int | None = None
    """When objects are deleted; None keeps them."""
    keep_old_versions_days: int = 90
    """How long an overwritten or deleted object can be restored."""
    lock_days: int | None = None
    """For how many days nobody can delete an object (S3 Object Lock in compliance mode); can't be undone."""
    access_log_bucket: pulumi.Input[str] | None = None


class PrivateBucket(pulumi.ComponentResource):
    """A bucket that is reached by TLS only, never public, and that a destroy refuses to delete."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:s3:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            object_lock_enabled=args.lock_days is not None,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        closed = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=_encryption(args.kms_key_arn),
                    bucket_key_enabled=args.kms_key_arn is not None,
                )
            ],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="retention",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=None
                    if args.expire_after_days is None
                    else aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=args.expire_after_days),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=args.keep_old_versions_days
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=7
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        if args.lock_days is not None:
            aws.s3.BucketObjectLockConfiguration(
                f"{name}-lock",
                bucket=bucket.bucket,
                rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                    default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                        mode="COMPLIANCE", days=args.lock_days
                    )
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        if args.access_log_bucket is not None:
            aws.s3.BucketLogging(
                f"{name}-access-log",
                bucket=bucket.bucket,
                target_bucket=args.access_log_bucket,
                target_prefix=f"{args.bucket}/",
                opts=child,
            )
        tls_only: Statement = deny(
            "TlsOnly",
            "s3:*",
            [f"arn:aws:s3:::{args.bucket}", f"arn:aws:s3:::{args.bucket}/*"],
            {"Bool": {"aws:SecureTransport": "false"}},
            principal="*",
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=policy_document(tls_only, *args.statements),
            # Both write the bucket's access settings, and S3 answers one of two at once with a conflict.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        # Whoever gets the name can be sure that the policy which lets them in is there.
        self.bucket = pulumi.Output.all(bucket.bucket, policy.id).apply(lambda known: str(known[0]))
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})


def _encryption(
    kms_key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs:
    return aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256" if kms_key_arn is None else "aws:kms", kms_master_key_id=kms_key_arn
    )
