import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.account.audit_trail import AuditTrail, AuditTrailArgs
from config.platform import Audit
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
        audit=Audit(retention_days=730),
    )
    cloud.deploy(lambda: AuditTrail("audit", replace(args, **changes)))
    return cloud


def statements(policy: str) -> dict[str, Any]:
    return {statement.get("Sid"): statement for statement in json.loads(policy)["Statement"]}


def test_one_trail_of_all_accounts_and_regions(cloud: Cloud) -> None:
    trail = declared(cloud).get("aws:cloudtrail/trail:Trail")
    assert trail.protect
    # CloudTrail tries the role.
    assert cloud.get("aws:iam/rolePolicy:RolePolicy").urn in trail.dependencies
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
    declared(cloud, audit=Audit(object_lock_days=days))
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


# Alarm -> the source of its events (None: any) and their names. Written out from CIS AWS Foundations Benchmark 1.4.0,
# 4.4, 4.5 and 4.7 to 4.15 (https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html), with
# ModifySecurityGroupRules and CloseAccount, which are newer.
CIS: dict[str, tuple[str | None, str]] = {
    "iam-policies-by-hand": (
        None,
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy "
        "DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy "
        "DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
    ),
    "cloudtrail-changes": (None, "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "keys-disabled": ("kms.amazonaws.com", "DisableKey ScheduleKeyDeletion"),
    "bucket-policies-by-hand": (
        "s3.amazonaws.com",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy "
        "DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    "config-changes": (
        "config.amazonaws.com",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder",
    ),
    "security-groups-by-hand": (
        None,
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
        "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup ModifySecurityGroupRules",
    ),
    "network-acls-by-hand": (
        None,
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
        "ReplaceNetworkAclAssociation",
    ),
    "gateways-by-hand": (
        None,
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
        "DeleteInternetGateway DetachInternetGateway",
    ),
    "routes-by-hand": (
        "ec2.amazonaws.com",
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
        "DisassociateRouteTable",
    ),
    "vpcs-by-hand": (
        None,
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection "
        "DeleteVpcPeeringConnection RejectVpcPeeringConnection",
    ),
    "organization-by-hand": (
        "organizations.amazonaws.com",
        "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake "
        "DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType "
        "InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy "
        "UpdateOrganizationalUnit CloseAccount",
    ),
}
# What CI does every day is worth a mail here all the same.
WHOEVER_DOES_IT = {"cloudtrail-changes", "keys-disabled"}
ALARMS = {*CIS, "unauthorized-calls", "sign-in-without-mfa", "root-user", "failed-sign-ins"}

PERSON = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "administrator"}}}
CI = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "deploy"}}}
USER = {"type": "IAMUser", "userName": "ada"}
ROOT = {"type": "Root"}


@pytest.fixture(scope="module")
def patterns() -> dict[str, str]:
    filters = declared(Cloud()).all("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    return {metric.inputs["metricTransformation"]["name"]: metric.inputs["pattern"] for metric in filters}


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, as far as the trail's
    patterns use it. A field that an event does not have equals nothing, and differs from nothing."""

    def condition(match: re.Match[str]) -> str:
        path, missing, differs, quoted, bare = match.groups()
        value: Any = event
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if missing or value is None:
            return str(bool(missing) and value is None)
        return str(fnmatchcase(value, quoted or bare) is not (differs == "!"))

    expression = re.sub(
        r'\(\$\.([\w.]+) (?:(NOT EXISTS)|(!?)= (?:"([^"]+)"|([\w.]+)))\)',
        condition,
        pattern.removeprefix("{").rstrip("}"),
    )
    expression = expression.replace("&&", "and").replace("||", "or")
    assert re.fullmatch(r"(True|False|and|or|[() ])+", expression), pattern
    return bool(eval(expression))


def raised(patterns: dict[str, str], **event: Any) -> set[str]:
    return {alarm for alarm, pattern in patterns.items() if matches(pattern, event)}


EVENTS = sorted({(source or "any.amazonaws.com", name) for source, names in CIS.values() for name in names.split()})


@pytest.mark.parametrize(("source", "name"), EVENTS)
def test_a_change_by_hand_raises_the_alarms_of_cis(patterns: dict[str, str], source: str, name: str) -> None:
    expected = {alarm for alarm, (wanted, names) in CIS.items() if name in names.split() and wanted in (None, source)}
    for who in (PERSON, USER):
        assert raised(patterns, eventName=name, eventSource=source, userIdentity=who) == expected
    # CI's own are its daily work.
    by_ci = raised(patterns, eventName=name, eventSource=source, userIdentity=CI)
    assert by_ci == expected & WHOEVER_DOES_IT


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"eventName": "RunInstances", "userIdentity": PERSON}, set()),
        ({"eventName": "RunInstances", "errorCode": "Client.UnauthorizedOperation"}, {"unauthorized-calls"}),
        ({"eventName": "GetObject", "errorCode": "AccessDenied"}, {"unauthorized-calls"}),
        ({"eventName": "GetObject", "errorCode": "AccessDeniedException"}, {"unauthorized-calls"}),
        ({"eventName": "GetObject", "errorCode": "NoSuchKey"}, set()),
        ({"eventName": "GetObject", "userIdentity": ROOT, "eventType": "AwsApiCall"}, {"root-user"}),
        ({"eventName": "GetObject", "userIdentity": ROOT, "eventType": "AwsServiceEvent"}, set()),
        (
            {
                "eventName": "GetObject",
                "userIdentity": {**ROOT, "invokedBy": "backup.amazonaws.com"},
                "eventType": "AwsApiCall",
            },
            set(),
        ),
        ({"eventName": "ConsoleLogin", "errorMessage": "Failed authentication"}, {"failed-sign-ins"}),
        ({"eventName": "ConsoleLogin", "errorMessage": "Another"}, set()),
        ({"eventName": "CheckMfa", "errorMessage": "Failed authentication"}, set()),
    ],
)
def test_other_events_raise_the_alarms_of_cis(
    patterns: dict[str, str], event: dict[str, Any], expected: set[str]
) -> None:
    assert raised(patterns, **event) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {"sign-in-without-mfa"}),
        ({"eventName": "SwitchRole"}, set()),
        ({"additionalEventData": {"MFAUsed": "Yes"}}, set()),
        # Who comes by a role has proved themselves where they got it.
        ({"userIdentity": PERSON}, set()),
        ({"responseElements": {"ConsoleLogin": "Failure"}}, set()),
    ],
)
def test_a_users_sign_in_without_mfa_raises_an_alarm(
    patterns: dict[str, str], change: dict[str, Any], expected: set[str]
) -> None:
    event = {
        "eventName": "ConsoleLogin",
        "additionalEventData": {"MFAUsed": "No"},
        "userIdentity": USER,
        "responseElements": {"ConsoleLogin": "Success"},
    }
    assert raised(patterns, **event | change) == expected


def test_each_watched_event_has_an_alarm(cloud: Cloud) -> None:
    declared(cloud)
    filters = cloud.all("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    assert {metric.name for metric in filters} == {f"audit-{alarm}" for alarm in ALARMS}
    for alarm in ALARMS:
        metric = cloud.get("aws:cloudwatch/logMetricFilter:LogMetricFilter", f"audit-{alarm}")
        assert (metric.inputs["logGroupName"], metric.inputs["metricTransformation"]) == (
            "${audit-log.name}",
            {"namespace": "AuditTrail", "name": alarm, "value": "1", "defaultValue": "0"},
        )
        watching = cloud.get("aws:cloudwatch/metricAlarm:MetricAlarm", f"audit-{alarm}-alarm")
        assert watching.inputs == {
            "alarmDescription": f"{alarm.replace('-', ' ')} in some account: see the trail's log group",
            "namespace": "AuditTrail",
            "metricName": alarm,
            "statistic": "Sum",
            "period": 300,
            "evaluationPeriods": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": {"unauthorized-calls": 10, "failed-sign-ins": 5}.get(alarm, 1),
            "treatMissingData": "notBreaching",
            "alarmActions": ["${audit-alarms.arn}"],
        }
        # CloudWatch takes an alarm on a metric that is not there, which then says nothing.
        assert metric.urn in watching.dependencies


def test_patterns_are_no_longer_than_cloudwatch_takes(patterns: dict[str, str]) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
    assert max(map(len, patterns.values())) <= 1024


def test_outputs(cloud: Cloud) -> None:
    declared(cloud)
    (component,) = cloud.all("slipway:audit:AuditTrail")
    assert cloud.outputs[component.urn] == {
        "bucket": f"acme-audit-{OPS}",
        "config_bucket": f"acme-config-{OPS}",
        "key_arn": "${audit-key.arn}",
        "trail_arn": "${audit-trail.arn}",
    }
