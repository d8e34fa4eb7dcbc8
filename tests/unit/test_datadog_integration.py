"""DatadogIntegration: what Datadog may read, and what it is told to collect."""

from __future__ import annotations

import json
from typing import Any

from datadog_api_client.v2.model.aws_account_create_request import AWSAccountCreateRequest

from components.monitoring.datadog_integration import (
    FORWARDING,
    NOTIFYING,
    READS,
    DatadogIntegration,
    DatadogIntegrationArgs,
)
from tests.cloud import Cloud
from tests.datadog_models import accepted, snake_case
from tests.unit.examples import a_datadog

ACCOUNT = "datadog:aws/integrationAccount:IntegrationAccount"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def deploy(cloud: Cloud, **changes: Any) -> None:
    """Changes whose names are a DatadogIntegrationArgs' go there, the others to the platform's settings."""
    given: dict[str, Any] = {"account_id": "333333333333", "environment": "stage", "region": "eu-west-1"}
    given |= {key: changes.pop(key) for key in list(changes) if key in DatadogIntegrationArgs.__dataclass_fields__}
    args = DatadogIntegrationArgs(datadog=a_datadog(**changes), **given)
    cloud.deploy(lambda: DatadogIntegration("datadog", args))


def statements(cloud: Cloud) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in json.loads(cloud.one(POLICY)["policy"])["Statement"]}


def test_the_account_in_full(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(ACCOUNT) == {
        "awsAccountId": "333333333333",
        "awsPartition": "aws",
        "accountTags": ["env:stage"],
        "authConfig": {
            "awsAuthConfigRole": {"roleName": "${datadog-role.name}", "externalId": "datadog-external-id-id"}
        },
        "awsRegions": {"includeOnlies": ["eu-west-1", "us-east-1"]},
        "metricsConfig": {
            "enabled": True,
            "automuteEnabled": True,
            "collectCloudwatchAlarms": False,
            "collectCustomMetrics": False,
            "metricNameFilters": [],
            "namespaceFilters": {"excludeOnlies": ["AWS/ElasticMapReduce", "AWS/Usage"]},
            "tagFilters": [],
        },
        "logsConfig": {"lambdaForwarder": {"lambdas": [], "sources": []}},
        "resourcesConfig": {
            "extendedCollection": False,
            "cloudSecurityPostureManagementCollection": False,
        },
        "tracesConfig": {"xrayServices": {"includeOnlies": []}},
    }


def test_datadog_accepts_the_account(cloud: Cloud) -> None:
    deploy(cloud, tag_filters={"AWS/EC2": ["env:stage"]}, log_forwarder={"function": "forwarder", "sources": ["elbv2"]})
    body = snake_case(cloud.one(ACCOUNT))
    # The resource names single blocks and lists otherwise than the API.
    role = body["auth_config"].pop("aws_auth_config_role")
    body["auth_config"] = role
    body["aws_regions"] = {"include_only": body["aws_regions"].pop("include_onlies")}
    filters = body["metrics_config"]["namespace_filters"]
    body["metrics_config"]["namespace_filters"] = {"exclude_only": filters.pop("exclude_onlies")}
    body["traces_config"] = {"xray_services": {"include_only": []}}
    accepted(
        {"data": {"type": "account", "attributes": body}},
        AWSAccountCreateRequest,
    )


def test_only_datadog_with_the_external_id_assumes_the_role(cloud: Cloud) -> None:
    deploy(cloud)
    role = cloud.one("aws:iam/role:Role")
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Sid": "Datadog",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::464622532012:root"},
            "Condition": {"StringEquals": {"sts:ExternalId": "datadog-external-id-id"}},
        }
    ]


def test_datadog_reads_and_changes_nothing(cloud: Cloud) -> None:
    deploy(cloud)
    assert statements(cloud) == {"Read": {"Sid": "Read", "Effect": "Allow", "Action": list(READS), "Resource": ["*"]}}
    verbs = {action.partition(":")[2] for action in READS}
    assert not [verb for verb in verbs if verb.startswith(("Put", "Create", "Delete", "Update", "Publish"))]
    assert not cloud.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")


def test_all_settings_together_are_what_datadog_documents(cloud: Cloud) -> None:
    """The number of actions in Datadog's own template, which none is missing from and none added to."""
    assert len({*READS, *FORWARDING, *NOTIFYING}) == 104
    assert list(READS) == sorted(READS, key=str.casefold)


def test_log_forwarding_is_allowed_with_a_forwarder(cloud: Cloud) -> None:
    deploy(cloud, log_forwarder={"function": "forwarder", "sources": ["elbv2", "s3"]})
    assert statements(cloud)["ForwardLogs"]["Action"] == [
        "logs:DeleteSubscriptionFilter",
        "logs:PutSubscriptionFilter",
        "s3:PutBucketNotification",
    ]
    assert cloud.one(ACCOUNT)["logsConfig"] == {
        "lambdaForwarder": {
            "lambdas": ["arn:aws:lambda:eu-west-1:333333333333:function:forwarder"],
            "sources": ["elbv2", "s3"],
        }
    }


def test_the_trail_is_read_where_it_is(cloud: Cloud) -> None:
    deploy(cloud, trail_bucket="acme-audit", trail_key_arn="arn:aws:kms:key")
    found = statements(cloud)
    assert found["ReadTrail"] == {
        "Sid": "ReadTrail",
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::acme-audit", "arn:aws:s3:::acme-audit/*"],
    }
    assert found["DecryptTrail"]["Resource"] == ["arn:aws:kms:key"]


def test_an_event_bus_for_alerts_by_setting(cloud: Cloud) -> None:
    deploy(cloud, event_bus=True)
    assert cloud.one("datadog:aws/integrationEventBridge:IntegrationEventBridge") == {
        "accountId": "333333333333",
        "region": "eu-west-1",
        "eventGeneratorName": "slipway-stage",
        "createEventBus": True,
    }
    assert statements(cloud)["Notify"]["Action"] == ["events:CreateEventBus", "sns:Publish"]


def test_datadog_tries_the_role_and_makes_the_bus_when_both_are_ready(cloud: Cloud) -> None:
    deploy(cloud, event_bus=True)
    assert cloud.get(POLICY).urn in cloud.get(ACCOUNT).dependencies
    bus = cloud.get("datadog:aws/integrationEventBridge:IntegrationEventBridge")
    assert cloud.get(ACCOUNT).urn in bus.dependencies


def test_resources_are_collected_by_setting(cloud: Cloud) -> None:
    deploy(cloud, collect_resources=True)
    assert cloud.one(ACCOUNT)["resourcesConfig"]["extendedCollection"] is True
    attachment = cloud.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/SecurityAudit"


def test_the_policy_fits_a_role(cloud: Cloud) -> None:
    deploy(
        cloud,
        log_forwarder={"function": "forwarder", "sources": ["elbv2"]},
        event_bus=True,
        trail_bucket="acme-audit-111111111111",
        trail_key_arn="arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000",
    )
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a role's inline policies,
    # without white space
    policy = json.dumps(json.loads(cloud.one(POLICY)["policy"]), separators=(",", ":"))
    assert len(policy) <= 10240
