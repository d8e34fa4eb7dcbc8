import pytest

from components.account.threat_detection import ThreatDetection, ThreatDetectionArgs
from tests.cloud import Cloud


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_every_account_is_watched_in_each_region(cloud: Cloud, region: str) -> None:
    args = ThreatDetectionArgs(administrator_account_id="111111111111", regions=["eu-west-1", "us-east-1"])
    cloud.deploy(lambda: ThreatDetection("detection", args))
    detector = cloud.get("aws:guardduty/detector:Detector", f"detection-detector-{region}")
    assert detector.protect
    assert detector.inputs == {
        "enable": True,
        "findingPublishingFrequency": "FIFTEEN_MINUTES",
        "region": region,
    }
    assert cloud.one(
        "aws:guardduty/organizationAdminAccount:OrganizationAdminAccount", f"detection-administrator-{region}"
    ) == {"adminAccountId": "111111111111", "region": region}
    assert cloud.one(
        "aws:guardduty/organizationConfiguration:OrganizationConfiguration", f"detection-members-{region}"
    ) == {
        "detectorId": f"detection-detector-{region}-id",
        "autoEnableOrganizationMembers": "ALL",
        "region": region,
    }
    assert [
        feature.inputs["name"]
        for feature in cloud.all("aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature")
        if feature.inputs["region"] == region
    ] == ["EBS_MALWARE_PROTECTION", "S3_DATA_EVENTS"]
    assert cloud.one("aws:accessanalyzer/analyzer:Analyzer", f"detection-access-analyzer-{region}") == {
        "analyzerName": "organization",
        "type": "ORGANIZATION",
        "region": region,
    }


def test_guardduty_is_there_before_it_is_run_for_all(cloud: Cloud) -> None:
    args = ThreatDetectionArgs(administrator_account_id="111111111111", regions=["eu-west-1"])
    cloud.deploy(lambda: ThreatDetection("detection", args))
    made = {
        resource.name.removeprefix("detection-").removesuffix("-eu-west-1"): resource for resource in cloud.resources
    }
    for before, after in (
        ("detector", "administrator"),
        ("administrator", "members"),
        ("members", "s3-data-events"),
        ("members", "ebs-malware-protection"),
        ("administrator", "access-analyzer"),
    ):
        assert made[before].urn in made[after].dependencies
