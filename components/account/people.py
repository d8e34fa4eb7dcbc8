"""People: who may log in, and which role of which account each person gets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account.permissions.own_credentials import own_credentials
from components.account.permissions.people import people_permissions
from components.security.iam import Statement, allow, aws_managed_arn, deny, policy_document, role_arn
from components.security.names import PEOPLE_PATH, PEOPLE_ROLES, role_name
from config.platform import IdentityCenter
from config.stack import Person

EVERYONE = "people"

ENROLLING = ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice")
WITHOUT_MFA = (
    *ENROLLING,
    "iam:GetMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "sts:GetSessionToken",
)
"""What a login without MFA can do."""


@dataclass(frozen=True, kw_only=True)
class PeopleArgs:
    """What a caller decides; the rest is this module's opinion."""

    people: Mapping[str, Person]
    """By user name."""
    account_ids: Mapping[str, str]
    """Stack -> account id."""
    ops_account_id: str
    company: str
    region: str
    regions: Sequence[str] = ()
    """Further regions in which anything may run."""
    session_hours: int = 4
    identity_center: IdentityCenter | None = None
    """Makes the same people, groups and roles there instead of as IAM users in ops."""


class People(pulumi.ComponentResource):
    """Everybody's login. All groups always exist, so that adding or removing a person touches nobody else."""

    groups: Mapping[str, pulumi.Output[str]]
    """STACK-ROLE -> the group's name, or its id in Identity Center."""

    def __init__(self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:people:People", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.identity_center is None:
            self.groups = self._iam_users()
        else:
            self.groups = self._identity_center(args.identity_center)
        self.register_outputs({"groups": self.groups})

    def _iam_users(self) -> dict[str, pulumi.Output[str]]:
        args = self._args
        everyone = self._group(EVERYONE, *own_credentials(args.ops_account_id), *_WITHOUT_MFA)
        groups = {
            group: self._group(group, _assume(role_arn(account_id, role)))
            for stack, account_id in args.account_ids.items()
            for role in PEOPLE_ROLES
            for group in [group_name(stack, role)]
        }
        for user, person in args.people.items():
            resource = aws.iam.User(
                f"{self._name}-{user}",
                name=user,
                path=PEOPLE_PATH,
                # Takes the password, keys and MFA devices along that the person has made.
                force_destroy=True,
                tags={"name": _tag(person.name), "email": _tag(person.email)},
                opts=self._child,
            )
            memberships = sorted(group_name(stack, role_name(role)) for stack, role in person.roles.items())
            aws.iam.UserGroupMembership(
                f"{self._name}-{user}-groups",
                user=resource.name,
                groups=[everyone, *(groups[group] for group in memberships)],
                opts=self._child,
            )
        return groups

    def _group(self, group: str, *statements: Statement) -> pulumi.Output[str]:
        resource = aws.iam.Group(f"{self._name}-{group}-group", name=group, path=PEOPLE_PATH, opts=self._child)
        aws.iam.GroupPolicy(
            f"{self._name}-{group}-policy", group=resource.name, policy=policy_document(*statements), opts=self._child
        )
        return resource.name

    def _identity_center(self, center: IdentityCenter) -> dict[str, pulumi.Output[str]]:
        """The same there. MFA is a setting of the instance that no API has: see docs/accounts.md."""
        args = self._args
        sets = {role: self._permission_set(center, role) for role in PEOPLE_ROLES}
        groups: dict[str, pulumi.Output[str]] = {}
        for stack, account_id in args.account_ids.items():
            for role, permission_set in sets.items():
                group = group_name(stack, role)
                resource = aws.identitystore.Group(
                    f"{self._name}-{group}-group",
                    identity_store_id=center.identity_store_id,
                    display_name=group,
                    description=f"{role} in {stack}",
                    opts=self._child,
                )
                aws.ssoadmin.AccountAssignment(
                    f"{self._name}-{group}-assignment",
                    instance_arn=center.instance_arn,
                    permission_set_arn=permission_set.arn,
                    principal_type="GROUP",
                    principal_id=resource.group_id,
                    target_type="AWS_ACCOUNT",
                    target_id=account_id,
                    opts=self._child,
                )
                groups[group] = resource.group_id
        for user, person in args.people.items():
            given, _, family = person.name.rpartition(" ")
            resource = aws.identitystore.User(
                f"{self._name}-{user}",
                identity_store_id=center.identity_store_id,
                user_name=user,
                display_name=person.name,
                name=aws.identitystore.UserNameArgs(given_name=given or family, family_name=family),
                emails=aws.identitystore.UserEmailsArgs(value=person.email, primary=True),
                opts=self._child,
            )
            for stack, role in sorted(person.roles.items()):
                group = group_name(stack, role_name(role))
                aws.identitystore.GroupMembership(
                    f"{self._name}-{user}-{group}",
                    identity_store_id=center.identity_store_id,
                    group_id=groups[group],
                    member_id=resource.user_id,
                    opts=self._child,
                )
        return groups

    def _permission_set(self, center: IdentityCenter, role: str) -> aws.ssoadmin.PermissionSet:
        args = self._args
        permission_set = aws.ssoadmin.PermissionSet(
            f"{self._name}-{role}-set",
            instance_arn=center.instance_arn,
            name=role,
            session_duration=f"PT{args.session_hours}H",
            opts=self._child,
        )
        # The set is one for all accounts, so the account in its ARNs is any.
        permissions = people_permissions(
            role,
            account_id="*",
            company=args.company,
            ops_account_id=args.ops_account_id,
            regions=(args.region, *args.regions),
        )
        for purpose, policy in permissions.managed.items():
            aws.ssoadmin.ManagedPolicyAttachment(
                f"{self._name}-{role}-set-{purpose}",
                instance_arn=center.instance_arn,
                permission_set_arn=permission_set.arn,
                managed_policy_arn=aws_managed_arn(policy),
                opts=self._child,
            )
        for purpose, statements in permissions.own.items():  # a set takes one
            aws.ssoadmin.PermissionSetInlinePolicy(
                f"{self._name}-{role}-set-{purpose}",
                instance_arn=center.instance_arn,
                permission_set_arn=permission_set.arn,
                inline_policy=policy_document(*statements),
                opts=self._child,
            )
        return permission_set


def group_name(stack: str, role: str) -> str:
    """The group of a role in a stack's account."""
    return f"{stack}-{role}"


def _tag(value: str) -> str:
    """IAM takes no other characters in a tag, such as an apostrophe.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html
    """
    return re.sub(r"[^\w\s.:/=+@-]", " ", value)


def _assume(arn: str) -> Statement:
    return allow("Assume", "sts:AssumeRole", arn, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})


_WITHOUT_MFA: tuple[Statement, ...] = (
    deny(
        "NothingWithoutMfa",
        resources="*",
        condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        not_actions=WITHOUT_MFA,
    ),
    # A stolen key could enrol the thief's own device. A key's request does not have this, a console's always does:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
    deny("NoEnrollingByKey", ENROLLING, "*", {"Null": {"aws:MultiFactorAuthPresent": "true"}}),
)
