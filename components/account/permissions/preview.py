"""The role `preview` of pull requests."""

from __future__ import annotations

from components.account.permissions.data import LOG_READS, no_data
from components.account.permissions.state import StackAccount, assume_providers_roles, state_access
from components.security.iam import Statement
from components.security.names import PREVIEW


def preview(account: StackAccount) -> list[Statement]:
    """What a preview needs beside ReadOnlyAccess. Any pull request gets it, so it reads no logs either."""
    return [
        *no_data(account.company, account.ops_account_id, *LOG_READS),
        *state_access(account, write=False),
        assume_providers_roles(account, PREVIEW),
    ]
