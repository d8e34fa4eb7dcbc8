"""AccessLogs: the bucket that an environment's load balancers write each request to."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.security.iam import allow
from components.security.private_bucket import PrivateBucket, PrivateBucketArgs


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """Whose logs these are, and for how long."""

    company: str
    environment: str
    account_id: str
    region: str
    retention_days: int


class AccessLogs(pulumi.ComponentResource):
    """A private bucket that takes logs from the load balancers of this account and region, and from nobody else.

    S3's own key encrypts it: load balancers can deliver to no other
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html).
    """

    bucket: pulumi.Output[str]
    """The bucket's name, known once load balancers may write to it."""

    def __init__(self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lb:AccessLogs", name, None, opts)
        bucket = f"{args.company}-{args.environment}-access-logs-{args.account_id}"
        logs = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket=bucket,
                kms_key_arn=None,
                expire_after_days=args.retention_days,
                # A log is written once: there is nothing to restore.
                keep_old_versions_days=1,
                statements=[
                    allow(
                        "LoadBalancers",
                        "s3:PutObject",
                        # Each balancer writes below a prefix of its own.
                        f"arn:aws:s3:::{bucket}/*/AWSLogs/{args.account_id}/*",
                        {
                            "ArnLike": {
                                "aws:SourceArn": f"arn:aws:elasticloadbalancing:{args.region}:{args.account_id}"
                                ":loadbalancer/*"
                            }
                        },
                        principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                    )
                ],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.bucket = logs.bucket
        self.register_outputs({"bucket": self.bucket})
