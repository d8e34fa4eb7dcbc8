"""ThreatDetection: GuardDuty and an access analyzer over every account of the organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# Runtime monitoring is left out: its agent would be one more on each host beside Datadog's.
FEATURES = ("S3_DATA_EVENTS", "EBS_MALWARE_PROTECTION")


@dataclass(frozen=True, kw_only=True)
class ThreatDetectionArgs:
    """What a caller decides; the rest is this module's opinion."""

    administrator_account_id: pulumi.Input[str]
    """The account from which GuardDuty is run for all; the component's provider is that account's. Not known
    before the organization is there: AWS refuses both services to an account without one."""
    regions: Sequence[str]
    """Where anything may run."""


class ThreatDetection(pulumi.ComponentResource):
    """GuardDuty in every account that is or comes, and a finding for all that is shared beyond them."""

    detector_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ThreatDetectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:security:ThreatDetection", name, None, opts)
        self.detector_ids = {}
        for region in args.regions:
            detector = aws.guardduty.Detector(
                f"{name}-detector-{region}",
                enable=True,
                finding_publishing_frequency="FIFTEEN_MINUTES",
                region=region,
                opts=pulumi.ResourceOptions(parent=self, protect=True),
            )
            administrator = aws.guardduty.OrganizationAdminAccount(
                f"{name}-administrator-{region}",
                admin_account_id=args.administrator_account_id,
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[detector]),
            )
            members = aws.guardduty.OrganizationConfiguration(
                f"{name}-members-{region}",
                detector_id=detector.id,
                auto_enable_organization_members="ALL",
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[administrator]),
            )
            for feature in FEATURES:
                aws.guardduty.OrganizationConfigurationFeature(
                    f"{name}-{feature.lower().replace('_', '-')}-{region}",
                    detector_id=detector.id,
                    name=feature,
                    auto_enable="ALL",
                    region=region,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[members]),
                )
            aws.accessanalyzer.Analyzer(
                f"{name}-access-analyzer-{region}",
                analyzer_name="organization",
                type="ORGANIZATION",
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[administrator]),
            )
            self.detector_ids[region] = detector.id
        self.register_outputs({"detector_ids": self.detector_ids})
