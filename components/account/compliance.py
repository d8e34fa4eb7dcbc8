"""Compliance: AWS Config's history of an account, and Security Hub, whose checks read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

STANDARDS = {
    "best-practices": "aws-foundational-security-best-practices/v/1.0.0",
    "cis": "cis-aws-foundations-benchmark/v/5.0.0",
}
"""https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html"""


@dataclass(frozen=True, kw_only=True)
class ComplianceArgs:
    """What a caller decides; the rest is this module's opinion."""

    regions: Sequence[str]
    """Where anything may run. Global resources, such as roles, are recorded in the first."""
    bucket: pulumi.Input[str]
    """Where the history goes; AWS Config refuses a bucket that does not let it in yet."""


class Compliance(pulumi.ComponentResource):
    """Records what every resource was when, and reports what AWS's best practices and CIS would have otherwise."""

    def __init__(self, name: str, args: ComplianceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:account:Compliance", name, None, opts)
        # The guardrails let nobody switch it off, so what the program no longer declares, it only forgets.
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        role = aws.iam.ServiceLinkedRole(f"{name}-config-role", aws_service_name="config.amazonaws.com", opts=kept)
        for region in args.regions:
            recorder = aws.cfg.Recorder(
                f"{name}-recorder-{region}",
                role_arn=role.arn,
                recording_group=aws.cfg.RecorderRecordingGroupArgs(
                    all_supported=True, include_global_resource_types=region == args.regions[0]
                ),
                region=region,
                opts=kept,
            )
            channel = aws.cfg.DeliveryChannel(
                f"{name}-delivery-{region}",
                s3_bucket_name=args.bucket,
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder], retain_on_delete=True),
            )
            recording = aws.cfg.RecorderStatus(
                f"{name}-recording-{region}",
                name=recorder.name,
                is_enabled=True,
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[channel], retain_on_delete=True),
            )
            hub = aws.securityhub.Account(
                f"{name}-security-hub-{region}",
                enable_default_standards=False,
                control_finding_generator="SECURITY_CONTROL",
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[recording], retain_on_delete=True),
            )
            for standard, path in STANDARDS.items():
                aws.securityhub.StandardsSubscription(
                    f"{name}-{standard}-{region}",
                    standards_arn=f"arn:aws:securityhub:{region}::standards/{path}",
                    region=region,
                    # An old version of a standard is disabled; all of them stay where Security Hub does.
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[hub], deleted_with=hub),
                )
        self.register_outputs({})
