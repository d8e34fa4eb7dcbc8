"""StateBackend: Pulumi's state in ops: one bucket, and for each stack a key and the roles that reach both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.security.iam import Statement, allow, deny, policy_document, root_arn, session_arns
from components.security.names import ADMINISTRATOR, DEPLOY, PREVIEW, state_bucket_name, state_key_alias, state_objects
from components.security.private_bucket import PrivateBucket, PrivateBucketArgs

WRITERS = (DEPLOY, ADMINISTRATOR)
READERS = (*WRITERS, PREVIEW)

READ_KEY = ("kms:Decrypt", "kms:DescribeKey")
USE_KEY = (*READ_KEY, "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, kw_only=True)
class StateBackendArgs:
    """What a caller decides; the rest is this module's opinion."""

    company: str
    project: str
    """The Pulumi project, which stands in the paths of its state."""
    ops_account_id: str
    stacks: Mapping[str, str]
    """Stack -> id of the account whose roles `deploy`, `administrator` and `preview` reach its state."""
    organization_id: pulumi.Input[str]
    identity_center: bool = False
    """Whether administrators come by IAM Identity Center."""


class StateBackend(pulumi.ComponentResource):
    """Keeps the state of every stack apart: not even ops's own roles reach another stack's."""

    bucket: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    secrets_providers: Mapping[str, pulumi.Output[str]]
    """Stack -> ARN of the alias of its key: awskms:///ARN in `pulumi stack init --secrets-provider`."""

    def __init__(self, name: str, args: StateBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:state:StateBackend", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)

        everyone = list(args.stacks)
        bucket_key = self._key("state", "Encrypts the state bucket", everyone)
        self.secrets_providers = {
            stack: self._key(stack, f"Encrypts the secrets in the state of {stack}", [stack]).arn for stack in everyone
        }
        bucket = PrivateBucket(
            f"{name}-state",
            PrivateBucketArgs(
                bucket=state_bucket_name(args.company, args.ops_account_id),
                kms_key_arn=bucket_key.target_key_arn,
                statements=[statement for stack in everyone for statement in self._access(stack)],
                keep_old_versions_days=365,
            ),
            self._child,
        )
        self.bucket = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs(
            {"bucket": self.bucket, "bucket_arn": self.bucket_arn, "secrets_providers": self.secrets_providers}
        )

    def _key(self, alias: str, purpose: str, stacks: Sequence[str]) -> aws.kms.Alias:
        """A key that ops can manage, and that only these stacks' roles can use."""
        ops = self._args.ops_account_id
        key = aws.kms.Key(
            f"{self._name}-{alias}-key",
            description=purpose,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy_document(
                allow(
                    "Manage",
                    [
                        "kms:CancelKeyDeletion",
                        "kms:CreateAlias",
                        "kms:DeleteAlias",
                        "kms:Describe*",
                        "kms:Disable*",
                        "kms:Enable*",
                        "kms:Get*",
                        "kms:List*",
                        "kms:PutKeyPolicy",
                        "kms:ScheduleKeyDeletion",
                        "kms:TagResource",
                        "kms:UntagResource",
                        "kms:Update*",
                    ],
                    "*",
                    principal={"AWS": root_arn(ops)},
                ),
                self._use_key("Write", WRITERS, USE_KEY, stacks),
                self._use_key("Read", [PREVIEW], READ_KEY, stacks),
            ),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        return aws.kms.Alias(
            f"{self._name}-{alias}-alias",
            name=state_key_alias(alias),
            target_key_id=key.id,
            opts=self._child,
        )

    def _use_key(self, sid: str, roles: Sequence[str], actions: Sequence[str], stacks: Sequence[str]) -> Statement:
        return allow(sid, actions, "*", self._only(roles, stacks), principal={"AWS": self._roots(stacks)})

    def _access(self, stack: str) -> list[Statement]:
        """What the stack's roles may do, and refusals for all others, whatever their own policies say."""
        args = self._args
        bucket = f"arn:aws:s3:::{state_bucket_name(args.company, args.ops_account_id)}"
        shared, *own = (f"{bucket}/{pattern}" for pattern in state_objects(args.project, stack))
        sid = "".join(part.capitalize() for part in stack.split("-"))
        write = ["s3:DeleteObject", "s3:PutObject"]
        return [
            allow(
                f"{sid}Lists",
                ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"],
                bucket,
                self._only(READERS, [stack]),
                principal={"AWS": self._roots([stack])},
            ),
            allow(
                f"{sid}Reads",
                ["s3:GetObject", "s3:GetObjectVersion"],
                [shared, *own],
                self._only(READERS, [stack]),
                principal={"AWS": self._roots([stack])},
            ),
            allow(f"{sid}Writes", write, own, self._only(WRITERS, [stack]), principal={"AWS": self._roots([stack])}),
            deny(f"{sid}ReadsAlone", "s3:GetObject*", own, self._but(READERS, stack), principal="*"),
            deny(
                f"{sid}WritesAlone",
                ["s3:DeleteObject*", "s3:PutObject*", "s3:RestoreObject"],
                own,
                self._but(WRITERS, stack),
                principal="*",
            ),
        ]

    def _roots(self, stacks: Sequence[str]) -> list[str]:
        return [root_arn(self._args.stacks[stack]) for stack in stacks]

    def _arns(self, roles: Sequence[str], stacks: Sequence[str]) -> list[str]:
        args = self._args
        return [
            arn
            for stack in stacks
            for arn in session_arns(args.stacks[stack], roles, identity_center=args.identity_center)
        ]

    def _only(self, roles: Sequence[str], stacks: Sequence[str]) -> Statement:
        return {
            "ArnEquals": {"aws:PrincipalArn": self._arns(roles, stacks)},
            "StringEquals": {"aws:PrincipalOrgID": self._args.organization_id},
        }

    def _but(self, roles: Sequence[str], stack: str) -> Statement:
        return {"ArnNotEquals": {"aws:PrincipalArn": self._arns(roles, [stack])}}
