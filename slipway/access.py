"""Who reaches which account with which role, read from the plan of the ops stack, and the profiles to do it with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from config.fields import OPS
from config.platform import Platform
from plan.model import Plan, Resource
from plan.project import ProjectError

_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:.*/)?([^/*]+)")


@dataclass(frozen=True, kw_only=True, order=True)
class Reach:
    """One person, one role of one account."""

    person: str
    environment: str  # the stack whose account it is, or the account's id where no stack is known
    role: str
    account: str
    group: str
    mfa: bool  # the role is assumed with MFA only
    role_arn: str  # empty with Identity Center, which makes the role itself
    name: str = ""
    email: str = ""


def matrix(ops: Plan, accounts: Mapping[str, str]) -> list[Reach]:
    """Sorted by person, then environment and role. `accounts` gives the id of each stack's account."""
    stacks = {account: stack for stack, account in accounts.items()}
    resources = [resource for resource in ops.resources if resource.custom]
    found: list[Reach] = []
    roles = _roles_of_groups(resources)
    users = {r.inputs.get("name"): r for r in resources if r.type == "aws:iam/user:User"}
    for resource in resources:
        if resource.type != "aws:iam/userGroupMembership:UserGroupMembership":
            continue
        named = ops.target(resource.inputs["user"])
        user = named or users.get(resource.inputs["user"])
        tags = user.inputs.get("tags", {}) if user else {}
        person = str(user.inputs.get("name", user.name) if user else resource.inputs["user"])
        for group in resource.inputs["groups"]:
            group = (group_resource.inputs.get("name") if (group_resource := ops.target(group)) else None) or group
            for account, role, arn, mfa in roles.get(group, ()):
                found.append(
                    Reach(
                        person=person,
                        environment=stacks.get(account, account),
                        role=role,
                        account=account,
                        group=group,
                        mfa=mfa,
                        role_arn=arn,
                        name=tags.get("name", ""),
                        email=tags.get("email", ""),
                    )
                )

    assigned: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.type == "aws:ssoadmin/accountAssignment:AccountAssignment":
            assigned.setdefault(str(resource.inputs["principalId"]), []).append(resource)
    for resource in resources:
        if resource.type != "aws:identitystore/groupMembership:GroupMembership":
            continue
        member, group_of = ops.target(resource.inputs["memberId"]), ops.target(resource.inputs["groupId"])
        for assignment in assigned.get(str(resource.inputs["groupId"]), ()):
            permission_set = ops.target(assignment.inputs["permissionSetArn"])
            account = str(assignment.inputs["targetId"])
            found.append(
                Reach(
                    person=str(member.inputs.get("userName") if member else resource.inputs["memberId"]),
                    environment=stacks.get(account, account),
                    role=str(permission_set.inputs.get("name", permission_set.name) if permission_set else "?"),
                    account=account,
                    group=str(group_of.inputs.get("displayName") if group_of else resource.inputs["groupId"]),
                    mfa=False,  # a setting of the Identity Center instance, which no resource has
                    role_arn="",
                    name=str(member.inputs.get("displayName", "") if member else ""),
                    email=str(member.inputs.get("emails", {}).get("value", "") if member else ""),
                )
            )
    return sorted(found)


def _roles_of_groups(resources: Sequence[Resource]) -> dict[str, list[tuple[str, str, str, bool]]]:
    """Group -> account, role, ARN and MFA of each role that its policies let it assume."""
    roles: dict[str, list[tuple[str, str, str, bool]]] = {}
    for resource in resources:
        if resource.type != "aws:iam/groupPolicy:GroupPolicy":
            continue
        for statement in _allowed(json.loads(resource.inputs["policy"])):
            mfa = statement.get("Condition", {}).get("Bool", {}).get("aws:MultiFactorAuthPresent") == "true"
            for arn in _list(statement.get("Resource")):
                if match := _ROLE.fullmatch(arn):
                    roles.setdefault(resource.inputs["group"], []).append((match[1], match[2], arn, mfa))
    return roles


def _allowed(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for statement in _list(document["Statement"]):
        if statement["Effect"] == "Allow" and {"sts:AssumeRole", "sts:*", "*"} & {*_list(statement.get("Action"))}:
            yield statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def to_json(reaches: Sequence[Reach]) -> list[dict[str, Any]]:
    return [asdict(reach) for reach in reaches]


def aws_config(reaches: Sequence[Reach], person: str, platform: Platform) -> str:
    """`~/.aws/config` of one person, and console links as comments; raises ProjectError.

    The person's own access key belongs in `~/.aws/credentials`, under the name of the first profile.
    """
    own = [reach for reach in reaches if reach.person == person]
    if not own:
        known = ", ".join(sorted({reach.person for reach in reaches})) or "nobody"
        raise ProjectError(f"{person!r} has no role in any account. Those who have: {known}.")
    if not all(reach.role_arn for reach in own):
        raise ProjectError(
            "People log in through IAM Identity Center here, which knows its own profiles: run `aws configure sso`."
        )
    source = platform.company
    lines = [
        f"# {person}'s own key, which can do nothing but assume the roles below: aws configure --profile {source}",
        f"[profile {source}]",
        f"region = {platform.region}",
    ]
    for reach in own:
        profile = f"{platform.company}-{reach.environment}-{reach.role}"
        link = urlencode({"account": reach.account, "roleName": reach.role, "displayName": profile})
        lines += [
            "",
            f"# https://signin.aws.amazon.com/switchrole?{link}",
            f"[profile {profile}]",
            f"role_arn = {reach.role_arn}",
            f"source_profile = {source}",
            f"mfa_serial = arn:aws:iam::{platform.account(OPS).id}:mfa/{person}",
            f"role_session_name = {person}",
            f"region = {platform.region}",
        ]
    return "\n".join(lines)


def table(reaches: Sequence[Reach], platform: Platform, out: Console) -> None:
    """People by environments; each cell is a role."""
    unknown = {reach.environment for reach in reaches} - {*platform.stacks}
    environments = [*platform.stacks, *sorted(unknown)]
    rows = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Person", *environments):
        rows.add_column(column)
    for person in sorted({reach.person for reach in reaches}):
        own = {name: [r for r in reaches if (r.person, r.environment) == (person, name)] for name in environments}
        rows.add_row(person, *(", ".join(_role(reach) for reach in own[name]) or "-" for name in environments))
    rows.add_row("account", *(platform.account_ids.get(name, name) for name in environments), style="dim")
    out.print(rows)


def _role(reach: Reach) -> str:
    return reach.role if reach.mfa or not reach.role_arn else f"{reach.role} (without MFA)"
