"""Who gets where, tried on moto's IAM and STS with the users, groups, roles and policies that are planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.iam.planned import STACKS, stacks
from tests.iam.world import World, world
from tests.projects import COMPANY

ROLES = ("administrator", "developer", "read-only", "deploy", "preview")
# moto knows no account as a principal, so trust within ops is judged in test_proofs.py.
ENVIRONMENTS = STACKS[1:]
# Each service has its own word; moto's for ECS is the bare status.
DENIALS = {"AccessDenied", "403"}

LOOKING = {"look at clusters", "look at roles"}
BUILDING = {"create a cluster", "create a bucket"}
CAN = {
    "administrator": {*LOOKING, *BUILDING, "create a user", "change a role"},
    "developer": LOOKING,
    "read-only": LOOKING,
    "preview": LOOKING,
    "deploy": {*LOOKING, *BUILDING},
}


def people() -> Mapping[str, Mapping[str, str]]:
    """User -> stack -> role, as `Pulumi.ops.yaml` says it."""
    config = yaml.safe_load((COMPANY / "Pulumi.ops.yaml").read_text())["config"]
    return {user: person["roles"] for user, person in config["slipway:people"].items()}


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was tried in one world. A value is the code of AWS's refusal, or None."""

    assumed: Mapping[tuple[str, str, str], str | None]
    """By person, stack and role."""
    did: Mapping[tuple[str, str], Mapping[str, str | None]]
    """By stack and role, then by deed."""
    removed: str | None
    """What grace's key is worth once she is removed."""


def refusal(call: Callable[..., Any], **arguments: Any) -> str | None:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def deeds(accounts: World, stack: str, role: str) -> dict[str, str | None]:
    """One call of each kind. moto gives most services no resource, so none of these is about a certain one."""
    iam, ecs, s3 = (accounts.client(service, stack, role) for service in ("iam", "ecs", "s3"))
    trust = '{"Version": "2012-10-17", "Statement": []}'
    return {
        "look at clusters": refusal(ecs.list_clusters),
        "look at roles": refusal(iam.list_roles),
        "create a cluster": refusal(ecs.create_cluster, clusterName="x"),
        "create a bucket": refusal(s3.create_bucket, Bucket=f"x-{stack}-{role}"),
        "create a user": refusal(iam.create_user, UserName="mallory"),
        "change a role": refusal(iam.update_assume_role_policy, RoleName="read-only", PolicyDocument=trust),
    }


@cache
def observed(*, mfa: bool) -> Observed:
    with world(stacks(), mfa=mfa) as accounts:
        assumed = {
            (user, stack, role): refusal(accounts.assume, user=user, stack=stack, role=role)
            for user in people()
            for stack in ENVIRONMENTS
            for role in ROLES
        }
        did = {(stack, role): deeds(accounts, stack, role) for stack in ENVIRONMENTS for role in ROLES}
        accounts.remove("grace")
        removed = refusal(accounts.assume, user="grace", stack="dev", role="developer")
        return Observed(assumed=assumed, did=did, removed=removed)


def test_the_catalogue_has_one_person_everywhere_and_one_in_dev_alone() -> None:
    assert set(people()["ada"]) == set(STACKS)
    assert set(people()["grace"]) == {"dev"}


@pytest.mark.parametrize("user", people())
def test_people_with_mfa_assume_the_roles_of_their_lines_and_no_other(user: str) -> None:
    tried = {key[1:]: refused for key, refused in observed(mfa=True).assumed.items() if key[0] == user}
    assert {key for key, refused in tried.items() if refused is None} == {
        (stack, role.replace("_", "-")) for stack, role in people()[user].items() if stack in ENVIRONMENTS
    }
    assert set(tried.values()) <= {None, "AccessDenied"}


def test_nobody_gets_anywhere_without_mfa() -> None:
    assert set(observed(mfa=False).assumed.values()) == {"AccessDenied"}


def test_a_removed_person_is_refused_with_a_key_that_worked() -> None:
    assert observed(mfa=True).assumed["grace", "dev", "developer"] is None
    assert observed(mfa=True).removed == "InvalidClientTokenId"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_role_can_do_this_and_nothing_else(stack: str, role: str) -> None:
    did = observed(mfa=True).did[stack, role]
    assert {what for what, refused in did.items() if refused not in DENIALS} == CAN[role]
