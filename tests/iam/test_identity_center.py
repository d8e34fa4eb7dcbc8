"""IAM Identity Center as the login: one setting, the same people, the same roles, the same rights."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from reach.engine import ContextValue, Environment, Principal, Query, ResourcePolicy, Verdict, decide
from reach.policy import parse_policy

from plan.model import Plan
from slipway.access import matrix
from tests.iam.planned import ORGANIZATION_ID, Stack, planned, stacks
from tests.iam.test_proofs import PEOPLE_ROLES, STATE, aws_managed
from tests.projects import copy_project, edit

SETTING = """
      identity_center:
        instance_arn: arn:aws:sso:::instance/ssoins-1234567890abcdef
        identity_store_id: d-1234567890"""
STACKS = ("ops", "prod")


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Stack]:
    root = copy_project(tmp_path_factory.mktemp("center"))
    edit(root / "Pulumi.yaml", r"^      company: acme$", rf"\g<0>{SETTING}")
    return planned(root, STACKS)


def reaches(ops: Stack) -> list[tuple[str, str, str, str]]:
    plan = Plan(stack="ops", exports={}, resources=tuple(ops.resources))
    found = matrix(plan, {name: stack.account_id for name, stack in stacks().items()})
    return [(reach.person, reach.environment, reach.role, reach.group) for reach in found]


def test_the_same_people_reach_the_same_accounts_in_the_same_roles(center: Mapping[str, Stack]) -> None:
    assert reaches(center["ops"]) == reaches(stacks()["ops"])
    assert len(reaches(center["ops"])) == 5
    assert not [r for r in center["ops"].resources if r.type in ("aws:iam/user:User", "aws:iam/group:Group")]


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_a_permission_set_is_the_role_of_its_name(center: Mapping[str, Stack], role: str) -> None:
    """By its documents: the account, which a set has none of, is left out of the role's."""
    ops, prod = center["ops"], center["prod"]
    attached = {
        prod.resolved(a.inputs["policyArn"])
        for a in prod.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if a.inputs["role"] == role
    }
    managed = {arn for arn in attached if arn.startswith("arn:aws:iam::aws:policy/")}
    own = [
        json.loads(p.inputs["policy"].replace(prod.account_id, "*"))
        for p in prod.all("aws:iam/policy:Policy")
        if f"arn:aws:iam::{prod.account_id}:policy/baseline/{p.inputs['name']}" in attached
    ]
    assert len(managed) + len(own) == len(attached)

    (permission_set,) = (s for s in ops.all("aws:ssoadmin/permissionSet:PermissionSet") if s.inputs["name"] == role)
    reference = f"${{{permission_set.name}:PermissionSet.arn}}"
    assert managed == {
        a.inputs["managedPolicyArn"]
        for a in ops.all("aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment")
        if a.inputs["permissionSetArn"] == reference
    }
    assert own == [
        json.loads(p.inputs["inlinePolicy"])
        for p in ops.all("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy")
        if p.inputs["permissionSetArn"] == reference
    ]
    (planned_role,) = (r for r in prod.all("aws:iam/role:Role") if r.inputs.get("name") == role)
    assert permission_set.inputs["sessionDuration"] == "PT4H"
    assert planned_role.inputs["maxSessionDuration"] == 4 * 3600


def somebody(account_id: str, permission_set: str, path: str = "") -> Principal:
    """A session in an account, with all rights: what others let it do is the question."""
    name = f"AWSReservedSSO_{permission_set}_0123456789abcdef"
    everything = parse_policy(json.dumps(aws_managed()["AdministratorAccess"]["Document"]), "everything")
    return Principal(f"arn:aws:iam::{account_id}:role/aws-reserved/sso.amazonaws.com/{path}{name}", [everything])


def reached(principal: Principal, action: str, resource: str, owner: Stack, document: str) -> bool:
    context: dict[str, ContextValue] = {
        "aws:PrincipalOrgID": ORGANIZATION_ID,
        "aws:SecureTransport": "true",
        "aws:MultiFactorAuthPresent": None,
        "aws:MultiFactorAuthAge": None,
    }
    policy = ResourcePolicy(parse_policy(owner.resolved(document), "policy"), owner.account_id, required=True)
    return decide(principal, Query(action, resource, context, policy), Environment()).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(("permission_set", "answer"), [("administrator", True), ("developer", False)])
@pytest.mark.parametrize("path", ["", "eu-west-1/"])
def test_administrators_do_by_hand_what_ci_would(
    center: Mapping[str, Stack], path: str, permission_set: str, answer: bool
) -> None:
    prod = center["prod"]
    person = somebody(prod.account_id, permission_set, path)
    for role in ("administrator", "deploy", "preview"):
        (resource,) = (r for r in prod.all("aws:iam/role:Role") if r.inputs.get("name") == role)
        arn = f"arn:aws:iam::{prod.account_id}:role/{role}"
        assert reached(person, "sts:AssumeRole", arn, prod, resource.inputs["assumeRolePolicy"]) is answer


@pytest.mark.parametrize(
    ("stack", "permission_set", "answer"),
    [("prod", "administrator", True), ("prod", "developer", False), ("ops", "administrator", False)],
)
def test_state_is_reached_by_administrators_of_its_account_alone(
    center: Mapping[str, Stack], stack: str, permission_set: str, answer: bool
) -> None:
    ops = center["ops"]
    person = somebody(center[stack].account_id, permission_set)
    (bucket,) = (p for p in ops.all("aws:s3/bucketPolicy:BucketPolicy") if p.name.startswith("state-"))
    state = f"{STATE}/.pulumi/stacks/slipway/prod.json"
    assert reached(person, "s3:PutObject", state, ops, bucket.inputs["policy"]) is answer
    (key,) = (k for k in ops.all("aws:kms/key:Key") if k.name == "state-prod-key")
    arn = f"arn:aws:kms:us-east-1:{ops.account_id}:key/01234567-89ab-cdef-0123-456789abcdef"
    assert reached(person, "kms:Encrypt", arn, ops, key.inputs["policy"]) is answer
