from itertools import pairwise

import pytest

from components.account.compliance import Compliance, ComplianceArgs
from tests.cloud import Cloud

REGIONS = ("eu-west-1", "us-east-1")


@pytest.fixture
def compliance(cloud: Cloud) -> Cloud:
    cloud.deploy(lambda: Compliance("compliance", ComplianceArgs(regions=REGIONS, bucket="acme-config")))
    return cloud


def test_global_resources_are_recorded_once(compliance: Cloud) -> None:
    assert [recorder.inputs for recorder in compliance.all("aws:cfg/recorder:Recorder")] == [
        {
            "roleArn": "${compliance-config-role.arn}",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": region == "eu-west-1"},
            "region": region,
        }
        for region in REGIONS
    ]


@pytest.mark.parametrize("region", REGIONS)
def test_the_history_goes_to_its_bucket(compliance: Cloud, region: str) -> None:
    assert compliance.one("aws:cfg/deliveryChannel:DeliveryChannel", f"compliance-delivery-{region}") == {
        "s3BucketName": "acme-config",
        "region": region,
    }
    assert compliance.one("aws:cfg/recorderStatus:RecorderStatus", f"compliance-recording-{region}") == {
        "name": f"${{compliance-recorder-{region}.name}}",
        "isEnabled": True,
        "region": region,
    }


@pytest.mark.parametrize("region", REGIONS)
def test_nothing_is_recorded_before_it_has_where_to_go_and_nothing_checked_before_it_is_recorded(
    compliance: Cloud, region: str
) -> None:
    chain = [
        ("aws:cfg/recorder:Recorder", "recorder"),
        ("aws:cfg/deliveryChannel:DeliveryChannel", "delivery"),
        ("aws:cfg/recorderStatus:RecorderStatus", "recording"),
        ("aws:securityhub/account:Account", "security-hub"),
        ("aws:securityhub/standardsSubscription:StandardsSubscription", "cis"),
    ]
    resources = [compliance.get(type_, f"compliance-{name}-{region}") for type_, name in chain]
    for before, after in pairwise(resources):
        assert before.urn in after.dependencies


def test_security_hub_checks_best_practices_and_cis(compliance: Cloud) -> None:
    assert [
        standard.inputs["standardsArn"]
        for standard in compliance.all("aws:securityhub/standardsSubscription:StandardsSubscription")
        if standard.inputs["region"] == "eu-west-1"
    ] == [
        "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0",
        "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/5.0.0",
    ]
