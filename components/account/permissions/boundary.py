"""The permissions boundary, and what is kept from CI by it and beside it."""

from __future__ import annotations

from components.account.permissions.own_credentials import own_credentials
from components.security.iam import GITHUB, Statement, allow, deny, role_arn
from components.security.names import ACCOUNT_ROLES, BASELINE_PATH, BOOTSTRAP

IAM_WRITES = tuple(
    f"iam:{verb}*"
    for verb in (
        "Add", "Attach", "Create", "Deactivate", "Delete", "Detach", "Enable", "Pass", "Put", "Remove", "Set",
        "Tag", "Untag", "Update", "Upload",
    )
)  # fmt: skip


def boundary(account_id: str) -> list[Statement]:
    """The most that roles and users made by CI can ever do: everything but identity, accounts and money.

    `iam:PassRole` is what EventBridge Scheduler needs to start tasks; own credentials are for people in ops.
    """
    return [
        allow(
            "Workloads",
            not_actions=[
                "account:*",
                "aws-portal:*",
                "billing:*",
                "budgets:*",
                "cloudtrail:*",
                "config:*",
                "guardduty:*",
                "iam:*",
                "identitystore:*",
                "organizations:*",
                "payments:*",
                "securityhub:*",
                "sso:*",
            ],
            resources="*",
        ),
        allow(
            "Look",
            [
                "account:Get*",
                "budgets:Describe*",
                "budgets:View*",
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "cloudtrail:List*",
                "cloudtrail:LookupEvents",
                "config:Describe*",
                "config:Get*",
                "config:List*",
                "guardduty:Get*",
                "guardduty:List*",
                "iam:Get*",
                "iam:List*",
                "organizations:Describe*",
                "organizations:List*",
                "securityhub:Describe*",
                "securityhub:Get*",
                "securityhub:List*",
            ],
            "*",
        ),
        allow(
            "StartTasks",
            "iam:PassRole",
            role_arn(account_id, "*"),
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        *own_credentials(account_id),
        foundations_are_for_administrators(account_id),
    ]


def foundations_are_for_administrators(account_id: str) -> Statement:
    """Neither CI nor what it creates changes the account's own roles, their policies, or who CI is."""
    return deny(
        "FoundationsAreForAdministrators",
        IAM_WRITES,
        [
            *(role_arn(account_id, role) for role in (*ACCOUNT_ROLES, BOOTSTRAP)),
            f"arn:aws:iam::{account_id}:policy{BASELINE_PATH}*",
            f"arn:aws:iam::{account_id}:oidc-provider/{GITHUB}",
        ],
    )
