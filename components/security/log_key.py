"""LogKey: the key that an environment's logs are encrypted with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.security.iam import allow, own_key, policy_document


@dataclass(frozen=True, kw_only=True)
class LogKeyArgs:
    """Whose logs."""

    account_id: str
    region: str


class LogKey(pulumi.ComponentResource):
    """A KMS key that CloudWatch Logs may use for the log groups of this account, and for nothing else."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: LogKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:kms:LogKey", name, None, opts)
        key = aws.kms.Key(
            f"{name}-key",
            description="Logs",
            enable_key_rotation=True,
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
            policy=policy_document(
                own_key(args.account_id),
                allow(
                    "Logs",
                    [
                        "kms:Decrypt*",
                        "kms:Describe*",
                        "kms:Encrypt*",
                        "kms:GenerateDataKey*",
                        "kms:ReEncrypt*",
                    ],
                    "*",
                    {
                        "ArnLike": {
                            "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{args.region}"
                            f":{args.account_id}:log-group:*"
                        }
                    },
                    principal={"Service": f"logs.{args.region}.amazonaws.com"},
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
