"""Names that stand in another account's policies, in workflows, or that people type."""

from __future__ import annotations

from config.fields import Role

ADMINISTRATOR = "administrator"
DEVELOPER = "developer"
READ_ONLY = "read-only"
DEPLOY = "deploy"
PREVIEW = "preview"
BOOTSTRAP = "OrganizationAccountAccessRole"
"""The role that AWS Organizations makes in each new account; with it ops does the first `up`."""

PEOPLE_ROLES = (ADMINISTRATOR, DEVELOPER, READ_ONLY)
ACCOUNT_ROLES = (*PEOPLE_ROLES, DEPLOY, PREVIEW)

GLOBAL_REGION = "us-east-1"
"""Where global services have their endpoint, and record a root user's sign-in and IAM's calls, whatever the account's
region. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html"""

BASELINE_PATH = "/baseline/"
"""The IAM path of policies that only administrators may change: CI can't widen its own permissions."""

PEOPLE_PATH = "/people/"
"""The IAM path of users."""

BOUNDARY = "boundary"
"""The permissions boundary of every role and user that CI creates."""

BASTION_PEOPLE = "/bastion/people"
"""The SSM parameter in every environment with the public keys of people who may enter its bastion."""


def role_name(role: Role) -> str:
    """The physical name of a person's role as it stands in the configuration."""
    return role.replace("_", "-")


def delegate_role_name(environment: str, access_role: str) -> str:
    """The role in ops that an environment's program assumes for its delegation in the root zone.

    A preview reads the record and nothing more, so it has a role of its own.
    """
    return f"delegate-{environment}-{PREVIEW}" if access_role == PREVIEW else f"delegate-{environment}"


def state_bucket_name(company: str, ops_account_id: str) -> str:
    """The bucket of Pulumi's state in ops; people type it in `pulumi login`."""
    return f"{company}-state-{ops_account_id}"


def state_key_alias(stack: str) -> str:
    """The KMS alias of a stack's secrets; people type it in `pulumi stack init --secrets-provider`."""
    return f"alias/pulumi-{stack}"


def state_objects(project: str, stack: str) -> list[str]:
    """The objects of one stack in the state bucket. Seen with engine 3.260; a preview writes none."""
    return [
        ".pulumi/meta.yaml",
        f".pulumi/stacks/{project}/{stack}.json*",
        f".pulumi/history/{project}/{stack}/*",
        f".pulumi/backups/{project}/{stack}/*",
        f".pulumi/locks/organization/{project}/{stack}/*",
    ]


def audit_bucket_name(company: str, ops_account_id: str) -> str:
    """The bucket in ops to which CloudTrail delivers what every account did."""
    return f"{company}-audit-{ops_account_id}"


def config_bucket_name(company: str, ops_account_id: str) -> str:
    """The bucket in ops to which AWS Config of every account delivers."""
    return f"{company}-config-{ops_account_id}"
