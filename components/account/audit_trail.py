"""AuditTrail: one CloudTrail of every account, kept in ops, out of reach of whom it records, and watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account.watched_events import WATCHED
from components.security.iam import Statement, allow, own_key, policy_document
from components.security.names import audit_bucket_name, config_bucket_name
from components.security.private_bucket import PrivateBucket, PrivateBucketArgs
from config.platform import Audit

TRAIL = "organization"

_OWNED = {"s3:x-amz-acl": "bucket-owner-full-control"}


@dataclass(frozen=True, kw_only=True)
class AuditTrailArgs:
    """What a caller decides; the rest is this module's opinion."""

    company: str
    region: str
    ops_account_id: str
    account_ids: Sequence[str]
    """Every account that delivers here, ops too."""
    organization_id: pulumi.Input[str]
    state_bucket_arn: pulumi.Input[str]
    """Each access to an object of this bucket is recorded."""
    alarm_email: str
    audit: Audit


class AuditTrail(pulumi.ComponentResource):
    """Keeps what every account did, and its AWS Config history, and mails what should not have happened."""

    bucket: pulumi.Output[str]
    config_bucket: pulumi.Output[str]
    """Where AWS Config of every account delivers."""
    key_arn: pulumi.Output[str]
    """The key that the bucket's objects are encrypted with."""
    trail_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:audit:AuditTrail", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        # The trail's name is fixed, because the policies of what it writes to name it before it exists.
        self._trail_arn = f"arn:aws:cloudtrail:{args.region}:{args.ops_account_id}:trail/{TRAIL}"

        key = self._key()
        bucket, history = self._buckets(key)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log",
            kms_key_id=key.arn,
            retention_in_days=365,
            opts=self._child,
        )
        trail = self._trail(key, bucket, group)
        self._alarms(key, group)

        self.bucket = bucket.bucket
        self.config_bucket = history.bucket
        self.key_arn = key.arn
        self.trail_arn = trail.arn
        self.register_outputs(
            {
                "bucket": self.bucket,
                "config_bucket": self.config_bucket,
                "key_arn": self.key_arn,
                "trail_arn": self.trail_arn,
            }
        )

    def _key(self) -> aws.kms.Key:
        ops, region = self._args.ops_account_id, self._args.region
        log_groups = f"arn:aws:logs:{region}:{ops}:log-group:*"
        key = aws.kms.Key(
            f"{self._name}-key",
            description="Encrypts audit logs",
            enable_key_rotation=True,
            policy=policy_document(
                own_key(ops),
                allow(
                    "CloudTrail",
                    ["kms:DescribeKey", "kms:GenerateDataKey*"],
                    "*",
                    {"StringEquals": {"aws:SourceArn": self._trail_arn}},
                    principal={"Service": "cloudtrail.amazonaws.com"},
                ),
                allow(
                    "Config",
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    "*",
                    {"StringEquals": {"aws:SourceAccount": list(self._args.account_ids)}},
                    principal={"Service": "config.amazonaws.com"},
                ),
                allow(
                    "Logs",
                    ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    "*",
                    {"StringLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
                    principal={"Service": f"logs.{region}.amazonaws.com"},
                ),
                allow(
                    "Alarms",
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    "*",
                    principal={"Service": "cloudwatch.amazonaws.com"},
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(f"{self._name}-key-alias", name="alias/audit", target_key_id=key.id, opts=self._child)
        return key

    def _buckets(self, key: aws.kms.Key) -> tuple[PrivateBucket, PrivateBucket]:
        """The bucket of CloudTrail and the one of AWS Config, and beside them the one of who read them."""
        args = self._args
        name = audit_bucket_name(args.company, args.ops_account_id)
        access_log_name = f"{name}-access"
        access_log = PrivateBucket(
            f"{self._name}-access-log",
            PrivateBucketArgs(
                bucket=access_log_name,
                kms_key_arn=None,
                statements=[
                    allow(
                        "S3AccessLogs",
                        "s3:PutObject",
                        f"arn:aws:s3:::{access_log_name}/*",
                        {"StringEquals": {"aws:SourceAccount": args.ops_account_id}},
                        principal={"Service": "logging.s3.amazonaws.com"},
                    )
                ],
                expire_after_days=args.audit.retention_days,
            ),
            self._child,
        )

        def bucket(child: str, physical: str, statements: list[Statement], lock_days: int | None) -> PrivateBucket:
            return PrivateBucket(
                f"{self._name}-{child}",
                PrivateBucketArgs(
                    bucket=physical,
                    kms_key_arn=key.arn,
                    statements=statements,
                    expire_after_days=args.audit.retention_days,
                    lock_days=lock_days,
                    access_log_bucket=access_log.bucket,
                ),
                self._child,
            )

        history = config_bucket_name(args.company, args.ops_account_id)
        return (
            bucket("logs", name, self._trail_delivers(name), args.audit.object_lock_days),
            # AWS Config delivers to no bucket with object lock:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-deliverychannel.html
            bucket("history", history, self._config_delivers(history), None),
        )

    def _trail_delivers(self, bucket: str) -> list[Statement]:
        """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html"""
        args = self._args
        trail = {"aws:SourceArn": self._trail_arn}
        return [
            allow(
                "CloudTrailLooks",
                "s3:GetBucketAcl",
                f"arn:aws:s3:::{bucket}",
                {"StringEquals": trail},
                principal={"Service": "cloudtrail.amazonaws.com"},
            ),
            allow(
                "CloudTrailWrites",
                "s3:PutObject",
                [
                    f"arn:aws:s3:::{bucket}/AWSLogs/{args.ops_account_id}/*",
                    pulumi.Output.format("arn:aws:s3:::{}/AWSLogs/{}/*", bucket, args.organization_id),
                ],
                {"StringEquals": {**trail, **_OWNED}},
                principal={"Service": "cloudtrail.amazonaws.com"},
            ),
        ]

    def _config_delivers(self, bucket: str) -> list[Statement]:
        """https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html"""
        accounts = list(self._args.account_ids)
        return [
            allow(
                "ConfigLooks",
                ["s3:GetBucketAcl", "s3:ListBucket"],
                f"arn:aws:s3:::{bucket}",
                {"StringEquals": {"aws:SourceAccount": accounts}},
                principal={"Service": "config.amazonaws.com"},
            ),
            allow(
                "ConfigWrites",
                "s3:PutObject",
                [f"arn:aws:s3:::{bucket}/AWSLogs/{account}/Config/*" for account in accounts],
                {"StringEquals": {"aws:SourceAccount": accounts, **_OWNED}},
                principal={"Service": "config.amazonaws.com"},
            ),
        ]

    def _trail(self, key: aws.kms.Key, bucket: PrivateBucket, group: aws.cloudwatch.LogGroup) -> aws.cloudtrail.Trail:
        role = aws.iam.Role(
            f"{self._name}-to-log",
            assume_role_policy=policy_document(
                allow(
                    None,
                    "sts:AssumeRole",
                    condition={"StringEquals": {"aws:SourceArn": self._trail_arn}},
                    principal={"Service": "cloudtrail.amazonaws.com"},
                )
            ),
            opts=self._child,
        )
        writes = aws.iam.RolePolicy(
            f"{self._name}-to-log-policy",
            role=role.name,
            policy=policy_document(
                allow(
                    None,
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    pulumi.Output.format("{}:log-stream:*", group.arn),
                )
            ),
            opts=self._child,
        )
        return aws.cloudtrail.Trail(
            f"{self._name}-trail",
            name=TRAIL,
            is_organization_trail=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            enable_logging=True,
            s3_bucket_name=bucket.bucket,
            kms_key_id=key.arn,
            cloud_watch_logs_group_arn=pulumi.Output.format("{}:*", group.arn),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=[
                _selector("Management events", eventCategory=["Management"]),
                aws.cloudtrail.TrailAdvancedEventSelectorArgs(
                    name="Pulumi's state",
                    field_selectors=[
                        _field("eventCategory", ["Data"]),
                        _field("resources.type", ["AWS::S3::Object"]),
                        aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(
                            field="resources.ARN",
                            starts_withs=[pulumi.Output.format("{}/", self._args.state_bucket_arn)],
                        ),
                    ],
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[writes]),
        )

    def _alarms(self, key: aws.kms.Key, group: aws.cloudwatch.LogGroup) -> None:
        topic = aws.sns.Topic(f"{self._name}-alarms", kms_master_key_id=key.arn, opts=self._child)
        aws.sns.TopicPolicy(
            f"{self._name}-alarms-policy",
            arn=topic.arn,
            policy=policy_document(
                allow(
                    "Alarms",
                    "sns:Publish",
                    topic.arn,
                    {"StringEquals": {"aws:SourceAccount": self._args.ops_account_id}},
                    principal={"Service": "cloudwatch.amazonaws.com"},
                )
            ),
            opts=self._child,
        )
        aws.sns.TopicSubscription(
            f"{self._name}-alarms-to-security",
            topic=topic.arn,
            protocol="email",
            endpoint=self._args.alarm_email,
            opts=self._child,
        )
        for watched, (events, pattern) in WATCHED.items():
            metric = aws.cloudwatch.LogMetricFilter(
                f"{self._name}-{watched}",
                log_group_name=group.name,
                pattern=f"{{{pattern}}}",
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    namespace="AuditTrail", name=watched, value="1", default_value="0"
                ),
                opts=self._child,
            )
            aws.cloudwatch.MetricAlarm(
                f"{self._name}-{watched}-alarm",
                alarm_description=f"{watched.replace('-', ' ')} in some account: see the trail's log group",
                namespace="AuditTrail",
                metric_name=watched,
                statistic="Sum",
                period=300,
                evaluation_periods=1,
                comparison_operator="GreaterThanOrEqualToThreshold",
                threshold=events,
                treat_missing_data="notBreaching",
                alarm_actions=[topic.arn],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[metric]),
            )


def _field(field: str, equals: list[str]) -> aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs:
    return aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(field=field, equals=equals)


def _selector(name: str, **equals: list[str]) -> aws.cloudtrail.TrailAdvancedEventSelectorArgs:
    return aws.cloudtrail.TrailAdvancedEventSelectorArgs(
        name=name, field_selectors=[_field(field, values) for field, values in equals.items()]
    )
