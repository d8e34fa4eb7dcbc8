import json
from dataclasses import replace
from typing import Any

import pytest

from components.account.audit_trail import WATCHED, AuditTrail, AuditTrailArgs
from tests.cloud import Cloud

OPS, DEV = "111111111111", "222222222222"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{OPS}:trail/organization"
BUCKET = f"arn:aws:s3:::acme-audit-{OPS}"
HISTORY = f"arn:aws:s3:::acme-config-{OPS}"


def declared(cloud: Cloud, **changes: Any) -> Cloud:
    args = AuditTrailArgs(
        company="acme",
        region="eu-west-1",
        ops_account_id=OPS,
        account_ids=[OPS, DEV],
        organization_id="o-acme",
        state_bucket_arn="arn:aws:s3:::acme-state",
        alarm_email="security@acme.example",
        retention_days=730,
    )
    cloud.deploy(lambda: AuditTrail("audit", replace(args, **changes)))
    return cloud


def statements(policy: str) -> dict[str, Any]:
    return {statement.get("Sid"): statement for statement in json.loads(policy)["Statement"]}


def test_one_trail_of_all_accounts_and_regions(cloud: Cloud) -> None:
    trail = declared(cloud).get("aws:cloudtrail/trail:Trail")
    assert trail.protect
    assert trail.inputs == {
        "name": "organization",
        "isOrganizationTrail": True,
        "isMultiRegionTrail": True,
        "includeGlobalServiceEvents": True,
        "enableLogFileValidation": True,
        "enableLogging": True,
        "s3BucketName": f"acme-audit-{OPS}",
        "kmsKeyId": "${audit-key.arn}",
        "cloudWatchLogsGroupArn": "${audit-log.arn}:*",
        "cloudWatchLogsRoleArn": "${audit-to-log.arn}",
        "advancedEventSelectors": [
            {
                "name": "Management events",
                "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}],
            },
            {
                "name": "Pulumi's state",
                "fieldSelectors": [
                    {"field": "eventCategory", "equals": ["Data"]},
                    {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                    {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::acme-state/"]},
                ],
            },
        ],
    }


def test_cloudtrail_and_config_deliver_for_these_accounts_alone(cloud: Cloud) -> None:
    declared(cloud)
    policy = statements(cloud.one("aws:s3/bucketPolicy:BucketPolicy", "audit-logs-policy")["policy"])
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
    assert policy["CloudTrailWrites"] == {
        "Sid": "CloudTrailWrites",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": [f"{BUCKET}/AWSLogs/{OPS}/*", f"{BUCKET}/AWSLogs/o-acme/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": TRAIL, **owned}},
    }
    history = statements(cloud.one("aws:s3/bucketPolicy:BucketPolicy", "audit-history-policy")["policy"])
    assert history["ConfigWrites"] == {
        "Sid": "ConfigWrites",
        "Effect": "Allow",
        "Principal": {"Service": "config.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": [f"{HISTORY}/AWSLogs/{OPS}/Config/*", f"{HISTORY}/AWSLogs/{DEV}/Config/*"],
        "Condition": {"StringEquals": {"aws:SourceAccount": [OPS, DEV], **owned}},
    }


def test_logs_are_kept_for_the_retention_and_reads_of_them_are_logged(cloud: Cloud) -> None:
    declared(cloud)
    for name, bucket in (("logs", f"acme-audit-{OPS}"), ("history", f"acme-config-{OPS}")):
        type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        assert cloud.one(type_, f"audit-{name}-lifecycle")["rules"][0]["expiration"] == {"days": 730}
        assert cloud.one("aws:s3/bucketLogging:BucketLogging", f"audit-{name}-access-log") == {
            "bucket": bucket,
            "targetBucket": f"acme-audit-{OPS}-access",
            "targetPrefix": f"{bucket}/",
        }
    assert all(bucket.protect for bucket in cloud.all("aws:s3/bucket:Bucket"))


@pytest.mark.parametrize("days", [None, 365])
def test_object_lock_is_an_option(cloud: Cloud, days: int | None) -> None:
    declared(cloud, lock_days=days)
    assert cloud.one("aws:s3/bucket:Bucket", "audit-logs-bucket")["objectLockEnabled"] is (days is not None)
    # AWS Config would not deliver to it.
    assert cloud.one("aws:s3/bucket:Bucket", "audit-history-bucket")["objectLockEnabled"] is False
    assert [
        lock.inputs for lock in cloud.all("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
    ] == (
        []
        if days is None
        else [
            {
                "bucket": f"acme-audit-{OPS}",
                "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 365}},
            }
        ]
    )


def test_services_use_the_key_for_this_trail_and_these_accounts(cloud: Cloud) -> None:
    declared(cloud)
    key = cloud.get("aws:kms/key:Key")
    assert key.protect
    policy = statements(key.inputs["policy"])
    assert policy["CloudTrail"]["Condition"] == {"StringEquals": {"aws:SourceArn": TRAIL}}
    assert policy["Config"]["Condition"] == {"StringEquals": {"aws:SourceAccount": [OPS, DEV]}}
    assert policy["Logs"]["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert policy["Alarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}


def test_each_watched_event_has_an_alarm(cloud: Cloud) -> None:
    declared(cloud)
    assert len(WATCHED) == 15
    for name, (events, pattern) in WATCHED.items():
        assert cloud.one("aws:cloudwatch/logMetricFilter:LogMetricFilter", f"audit-{name}") == {
            "logGroupName": cloud.one("aws:cloudwatch/logMetricFilter:LogMetricFilter", f"audit-{name}")[
                "logGroupName"
            ],
            "pattern": f"{{{pattern}}}",
            "metricTransformation": {
                "namespace": "AuditTrail",
                "name": name,
                "value": "1",
                "defaultValue": "0",
            },
        }
        alarm = cloud.one("aws:cloudwatch/metricAlarm:MetricAlarm", f"audit-{name}-alarm")
        assert (alarm["metricName"], alarm["threshold"], alarm["alarmActions"]) == (
            name,
            events,
            ["${audit-alarms.arn}"],
        )


@pytest.mark.parametrize("name", WATCHED)
def test_patterns_are_no_longer_than_cloudwatch_takes_and_balanced(name: str) -> None:
    _, pattern = WATCHED[name]
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
    assert len(pattern) + 2 <= 1024
    assert pattern.count("(") == pattern.count(")")


def test_outputs(cloud: Cloud) -> None:
    declared(cloud)
    (component,) = cloud.all("slipway:audit:AuditTrail")
    assert cloud.outputs[component.urn] == {
        "bucket": f"acme-audit-{OPS}",
        "config_bucket": f"acme-config-{OPS}",
        "key_arn": "${audit-key.arn}",
        "trail_arn": "${audit-trail.arn}",
    }
