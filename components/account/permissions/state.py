"""What CI's roles share: a stack, its state and the roles that its providers assume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.security.iam import Statement, allow, delegate_role_arn, role_arn
from components.security.names import state_bucket_name, state_key_alias, state_objects


@dataclass(frozen=True, kw_only=True)
class StackAccount:
    """A stack, the account it is in, and where its state is."""

    stack: str
    """Also the GitHub environment of its deploys."""
    account_id: str
    ops_account_id: str
    company: str
    project: str
    """The Pulumi project, which stands in the paths of its state."""
    region: str
    peer_roles: Sequence[str] = ()
    """Roles in accounts of others by which the program peers with their networks."""

    @property
    def is_ops(self) -> bool:
        return self.account_id == self.ops_account_id


def state_access(account: StackAccount, *, write: bool) -> list[Statement]:
    """The stack's state, and the keys that it and its secrets are encrypted with."""
    bucket = f"arn:aws:s3:::{state_bucket_name(account.company, account.ops_account_id)}"
    objects = ["s3:GetObject", *(["s3:DeleteObject", "s3:PutObject"] if write else [])]
    keys = ["kms:Decrypt", *(["kms:Encrypt", "kms:GenerateDataKey"] if write else [])]
    aliases = [state_key_alias(account.stack), state_key_alias("state")]
    return [
        allow("ListState", ["s3:GetBucketLocation", "s3:ListBucket"], bucket),
        allow("State", objects, [f"{bucket}/{pattern}" for pattern in state_objects(account.project, account.stack)]),
        allow(
            "StateKeys",
            [*keys, "kms:DescribeKey"],
            f"arn:aws:kms:{account.region}:{account.ops_account_id}:key/*",
            {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}},
        ),
    ]


def assume_providers_roles(account: StackAccount, role: str) -> Statement:
    """The role itself, in which the provider works, and those in ops and in peers' accounts."""
    roles = [role_arn(account.account_id, role), *account.peer_roles]
    if not account.is_ops:
        roles.append(delegate_role_arn(account.ops_account_id, account.stack, role))
    return allow("AssumeTheProvidersRoles", "sts:AssumeRole", roles)
