"""What people do with their own password, keys and MFA devices."""

from __future__ import annotations

from components.security.iam import Statement, allow
from components.security.names import PEOPLE_PATH


def own_credentials(account_id: str) -> list[Statement]:
    """For what is named after the user. No user's name has an underscore, so `ada_phone` is ada's and nobody else's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
    """
    return [
        allow(
            "LookAtMfa",
            ["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices", "sts:GetSessionToken"],
            "*",
        ),
        allow(
            "OwnMfaDevices",
            ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
            [
                f"arn:aws:iam::{account_id}:mfa/${{aws:username}}",
                f"arn:aws:iam::{account_id}:mfa/${{aws:username}}_*",
            ],
        ),
        allow(
            "OwnCredentials",
            [
                "iam:ChangePassword",
                "iam:CreateAccessKey",
                "iam:DeactivateMFADevice",
                "iam:DeleteAccessKey",
                "iam:EnableMFADevice",
                "iam:GetAccessKeyLastUsed",
                "iam:GetLoginProfile",
                "iam:GetMFADevice",
                "iam:GetUser",
                "iam:ListAccessKeys",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
                "iam:UpdateAccessKey",
            ],
            f"arn:aws:iam::{account_id}:user{PEOPLE_PATH}${{aws:username}}",
        ),
    ]
