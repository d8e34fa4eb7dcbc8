"""What IAM answers, with every condition, boundary, service control policy and trust between accounts.

moto passes over those, so the planned documents are judged by Reach (PyPI: reach-security), which decides by solver:
DENIED means that no request whatever is allowed, whatever its context has beside what a test pins down; ALLOWED comes
with a request that is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data
from reach.engine import ContextValue, Environment, Principal, Query, ResourcePolicy, Verdict, decide
from reach.policy import Policy, parse_policy

from tests.iam.planned import ORGANIZATION_ID, STACKS, stacks
from tests.iam.test_access import people

ALLOWED, DENIED = Verdict.ALLOWED, Verdict.DENIED
ENVIRONMENTS = STACKS[1:]
PEOPLE_ROLES = ("administrator", "developer", "read-only")
ROLES = (*PEOPLE_ROLES, "deploy", "preview")

WITH_MFA: Mapping[str, str | None] = {
    "aws:MultiFactorAuthPresent": "true",
    "aws:MultiFactorAuthAge": "60",
    "aws:PrincipalOrgID": ORGANIZATION_ID,
}
# A request with an access key has no such key in its context, and one of the console's has it.
KEY_WITHOUT_MFA: Mapping[str, str | None] = {"aws:MultiFactorAuthPresent": None, "aws:MultiFactorAuthAge": None}
CONSOLE_WITHOUT_MFA = {**KEY_WITHOUT_MFA, "aws:MultiFactorAuthPresent": "false"}
WITHOUT_MFA = [KEY_WITHOUT_MFA, CONSOLE_WITHOUT_MFA]
IN_ORGANIZATION: Mapping[str, str | None] = {
    "aws:PrincipalOrgID": ORGANIZATION_ID,
    "aws:MultiFactorAuthPresent": None,
}


ROLE_KEYS = ("executionRoleArn", "taskRoleArn")


def arn(stack: str, role: str) -> str:
    return f"arn:aws:iam::{stacks()[stack].account_id}:role/{role}"


@cache
def aws_managed() -> Mapping[str, Any]:
    """AWS's own policies by name, as moto has them from AWS."""
    policies: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return policies


@cache
def policies(stack: str) -> Mapping[str, Policy]:
    """The account's managed policies by ARN."""
    return {
        f"arn:aws:iam::{stacks()[stack].account_id}:policy{p.inputs['path']}{p.inputs['name']}": parse_policy(
            stacks()[stack].resolved(p.inputs["policy"]), p.name
        )
        for p in stacks()[stack].all("aws:iam/policy:Policy")
    }


def managed(stack: str, policy_arn: str) -> Policy:
    if policy_arn.startswith("arn:aws:iam::aws:policy/"):
        name = policy_arn.rpartition("/")[2]
        return parse_policy(json.dumps(aws_managed()[name]["Document"]), name)
    return policies(stack)[policy_arn]


@cache
def role(stack: str, name: str) -> Principal:
    """A session of a role, with its policies and its boundary as planned."""
    planned = stacks()[stack]
    (resource,) = (r for r in planned.all("aws:iam/role:Role") if r.inputs.get("name") == name)
    attached = [
        managed(stack, planned.resolved(a.inputs["policyArn"]))
        for a in planned.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if planned.resolved(a.inputs["role"]) == name
    ]
    inline = [
        parse_policy(planned.resolved(p.inputs["policy"]), p.name)
        for p in planned.all("aws:iam/rolePolicy:RolePolicy")
        if planned.resolved(p.inputs["role"]) == name
    ]
    boundary = resource.inputs.get("permissionsBoundary")
    return Principal(
        arn(stack, name),
        [*attached, *inline],
        None if boundary is None else managed(stack, planned.resolved(boundary)),
    )


@cache
def user(name: str) -> Principal:
    """A person's user in ops, with the policies of all groups."""
    ops = stacks()["ops"]
    (resource,) = (u for u in ops.all("aws:iam/user:User") if u.inputs["name"] == name)
    (membership,) = (
        m for m in ops.all("aws:iam/userGroupMembership:UserGroupMembership") if ops.resolved(m.inputs["user"]) == name
    )
    groups = {ops.resolved(group) for group in membership.inputs["groups"]}
    return Principal(
        f"arn:aws:iam::{ops.account_id}:user/people/{name}",
        [
            parse_policy(ops.resolved(p.inputs["policy"]), p.name)
            for p in ops.all("aws:iam/groupPolicy:GroupPolicy")
            if ops.resolved(p.inputs["group"]) in groups
        ],
        managed("ops", ops.resolved(resource.inputs["permissionsBoundary"])),
    )


@cache
def guardrails() -> list[tuple[str, list[Policy]]]:
    """The service control policies: at the root, beside the one of AWS's that allows everything."""
    full = parse_policy(json.dumps(aws_managed()["AdministratorAccess"]["Document"]), "FullAWSAccess")
    return [
        (
            "root",
            [
                full,
                *(
                    parse_policy(p.inputs["content"], p.name)
                    for p in stacks()["ops"].all("aws:organizations/policy:Policy")
                    if p.inputs["type"] == "SERVICE_CONTROL_POLICY"
                ),
            ],
        )
    ]


def environment(stack: str) -> Environment:
    """Ops is the management account, which service control policies do not bind."""
    return Environment(management_account=True) if stack == "ops" else Environment(scp_layers=guardrails())


def verdict(
    principal: Principal,
    action: str,
    resource: str,
    context: Mapping[str, Any] | None = None,
    *,
    policy: ResourcePolicy | None = None,
) -> Verdict:
    stack = next(s for s in STACKS if stacks()[s].account_id == principal.account)
    query = Query(action, resource, dict(context or {}), policy)
    result = decide(principal, query, environment(stack))
    assert result.verdict is not Verdict.UNKNOWN, result.assumptions
    return result.verdict


def trust(stack: str, name: str) -> ResourcePolicy:
    (resource,) = (r for r in stacks()[stack].all("aws:iam/role:Role") if r.inputs.get("name") == name)
    document = stacks()[stack].resolved(resource.inputs["assumeRolePolicy"])
    return ResourcePolicy(parse_policy(document, f"{name}/trust"), stacks()[stack].account_id, required=True)


def assuming(principal: Principal, stack: str, name: str, context: Mapping[str, Any]) -> Verdict:
    return verdict(principal, "sts:AssumeRole", arn(stack, name), context, policy=trust(stack, name))


# People --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", people())
def test_people_with_mfa_assume_the_roles_of_their_lines_and_no_other(name: str) -> None:
    allowed = {
        (stack, role_) for stack in STACKS for role_ in ROLES if assuming(user(name), stack, role_, WITH_MFA) is ALLOWED
    }
    assert allowed == {(stack, role_.replace("_", "-")) for stack, role_ in people()[name].items()}


@pytest.mark.parametrize("context", WITHOUT_MFA)
@pytest.mark.parametrize("name", people())
def test_nobody_assumes_anything_without_mfa(name: str, context: Mapping[str, Any]) -> None:
    for stack, role_ in people()[name].items():
        assert assuming(user(name), stack, role_.replace("_", "-"), context) is DENIED


def test_a_login_with_mfa_is_old_after_four_hours() -> None:
    for age, answer in (("14399", ALLOWED), ("14400", DENIED)):
        context = {**WITH_MFA, "aws:MultiFactorAuthAge": age}
        assert assuming(user("ada"), "prod", "administrator", context) is answer


@pytest.mark.parametrize(
    "action",
    [
        "ec2:RunInstances",
        "iam:AddUserToGroup",
        "iam:PutUserPolicy",
        "kms:Decrypt",
        "organizations:DetachPolicy",
        "route53:ChangeResourceRecordSets",
        "s3:GetObject",
    ],
)
def test_people_do_nothing_in_ops_itself(action: str) -> None:
    assert verdict(user("ada"), action, "*", WITH_MFA) is DENIED


def test_people_make_keys_for_themselves_and_with_mfa_only() -> None:
    ada, grace = user("ada"), user("grace")
    assert verdict(ada, "iam:CreateAccessKey", ada.arn, WITH_MFA) is ALLOWED
    assert verdict(ada, "iam:CreateAccessKey", grace.arn, WITH_MFA) is DENIED
    for context in WITHOUT_MFA:
        assert verdict(ada, "iam:CreateAccessKey", ada.arn, context) is DENIED


def test_mfa_is_enrolled_in_the_console_so_that_a_stolen_key_is_worth_nothing() -> None:
    ada, grace = user("ada"), user("grace")
    assert verdict(ada, "iam:EnableMFADevice", ada.arn, CONSOLE_WITHOUT_MFA) is ALLOWED
    assert verdict(ada, "iam:EnableMFADevice", ada.arn, KEY_WITHOUT_MFA) is DENIED
    assert verdict(ada, "iam:EnableMFADevice", grace.arn, WITH_MFA) is DENIED


@pytest.mark.parametrize(("device", "answer"), [("ada", ALLOWED), ("ada_phone", ALLOWED), ("ada-b", DENIED)])
def test_a_device_belongs_to_whose_name_it_has(device: str, answer: Verdict) -> None:
    mfa = f"arn:aws:iam::{stacks()['ops'].account_id}:mfa/{device}"
    assert verdict(user("ada"), "iam:DeleteVirtualMFADevice", mfa, WITH_MFA) is answer


# CI ------------------------------------------------------------------------------------------------------------------

GITHUB = "token.actions.githubusercontent.com"


def with_token(stack: str, name: str, **claims: str) -> Verdict:
    """A job presents its token. Reach has no federated principals, so the job stands for anybody at all."""
    text = json.loads(stacks()[stack].resolved(_role(stack, name)["assumeRolePolicy"]))
    for statement in text["Statement"]:
        if "Federated" in statement["Principal"]:
            assert statement["Principal"]["Federated"].endswith(f":oidc-provider/{GITHUB}")
            statement["Principal"] = {"AWS": "*"}
    anybody = Principal(
        "arn:aws:iam::999999999999:role/job",
        [parse_policy('{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}', "job")],
    )
    policy = ResourcePolicy(parse_policy(json.dumps(text), "trust"), stacks()[stack].account_id, required=True)
    context: dict[str, ContextValue] = {f"{GITHUB}:{claim}": value for claim, value in claims.items()}
    query = Query("sts:AssumeRoleWithWebIdentity", arn(stack, name), context, policy)
    return decide(anybody, query, Environment()).verdict


def _role(stack: str, name: str) -> Mapping[str, Any]:
    (resource,) = (r for r in stacks()[stack].all("aws:iam/role:Role") if r.inputs.get("name") == name)
    return resource.inputs


MAIN, AUDIENCE = "refs/heads/main", "sts.amazonaws.com"


@pytest.mark.parametrize("stack", STACKS)
def test_deploys_come_from_main_in_the_stacks_environment(stack: str) -> None:
    subject = f"repo:acme/platform:environment:{stack}"
    assert with_token(stack, "deploy", sub=subject, aud=AUDIENCE, ref=MAIN) is ALLOWED
    assert with_token(stack, "preview", sub=subject, aud=AUDIENCE, ref=MAIN) is DENIED
    for other in ("refs/heads/evil", "refs/tags/main", "refs/pull/1/merge"):
        assert with_token(stack, "deploy", sub=subject, aud=AUDIENCE, ref=other) is DENIED
    assert with_token(stack, "deploy", sub=subject, aud="https://github.com/acme", ref=MAIN) is DENIED


@pytest.mark.parametrize("stack", STACKS)
def test_previews_come_from_pull_requests_and_from_main(stack: str) -> None:
    for context, ref in (("pull_request", "refs/pull/1/merge"), (f"ref:{MAIN}", MAIN)):
        subject = f"repo:acme/platform:{context}"
        assert with_token(stack, "preview", sub=subject, aud=AUDIENCE, ref=ref) is ALLOWED
        assert with_token(stack, "deploy", sub=subject, aud=AUDIENCE, ref=MAIN) is DENIED


IMAGE_WORKFLOW = "acme/platform/.github/workflows/image.yml@refs/heads/main"


@pytest.mark.parametrize(
    ("subject", "workflow", "verdict"),
    [
        ("repo:acme/ledger:ref:refs/heads/main", IMAGE_WORKFLOW, ALLOWED),
        ("repo:acme/ledger:ref:refs/heads/main", "acme/ledger/.github/workflows/image.yml@refs/heads/main", DENIED),
        ("repo:acme/ledger:ref:refs/heads/main", IMAGE_WORKFLOW.replace("main", "evil"), DENIED),
        ("repo:acme/ledger:ref:refs/heads/evil", IMAGE_WORKFLOW, DENIED),
        ("repo:acme/ledger:pull_request", IMAGE_WORKFLOW, DENIED),
        ("repo:acme/orders:ref:refs/heads/main", IMAGE_WORKFLOW, DENIED),
    ],
)
def test_an_image_is_pushed_by_its_own_repositorys_main_through_the_platforms_workflow(
    subject: str, workflow: str, verdict: Verdict
) -> None:
    assert with_token("ops", "push-ledger", sub=subject, aud=AUDIENCE, job_workflow_ref=workflow) is verdict


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "repo:acme/platform-fork:pull_request",
        "repo:mallory/platform:pull_request",
        "repo:acme/platform:ref:refs/heads/evil",
        "repo:acme/platform:ref:refs/tags/main",
        "repo:mallory/platform:ref:refs/heads/main",
        "repo:mallory/platform:environment:prod",
        "repo:acme/platform:environment:dev",
        "repo:acme/platform:environment:prod:x",
        "repo:acme/platform:environment:*",
    ],
)
def test_other_subjects_are_refused(subject: str) -> None:
    assert with_token("prod", "deploy", sub=subject, aud=AUDIENCE, ref=MAIN) is DENIED
    assert with_token("prod", "preview", sub=subject, aud=AUDIENCE, ref=MAIN) is DENIED


@pytest.mark.parametrize("name", ["deploy", "preview"])
@pytest.mark.parametrize("stack", STACKS)
def test_the_program_assumes_the_role_that_it_runs_in_and_no_other_stacks(stack: str, name: str) -> None:
    allowed = {
        (other, role_)
        for other in STACKS
        for role_ in ROLES
        if assuming(role(stack, name), other, role_, IN_ORGANIZATION) is ALLOWED
    }
    assert allowed == {(stack, name)}


WRITES = [
    "autoscaling:UpdateAutoScalingGroup",
    "cloudformation:CreateStack",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateVpc",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ecs:ExecuteCommand",
    "ecs:RegisterTaskDefinition",
    "ecs:UpdateService",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "kms:ScheduleKeyDeletion",
    "lambda:InvokeFunction",
    "route53:ChangeResourceRecordSets",
    "s3:DeleteBucket",
    "s3:PutObject",
    "secretsmanager:PutSecretValue",
    "ssm:SendCommand",
    "ssm:StartSession",
]
DATA = [
    "athena:GetQueryResultsStream",
    "cassandra:Select",
    "codeartifact:GetAuthorizationToken",
    "cognito-identity:GetCredentialsForIdentity",
    "dynamodb:GetItem",
    "dynamodb:Scan",
    "ec2:GetPasswordData",
    "kms:Decrypt",
    "s3tables:GetTableData",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
]


@pytest.mark.parametrize("action", [*WRITES, *DATA, "logs:FilterLogEvents", "logs:StartQuery"])
def test_a_preview_neither_writes_nor_reads_data(action: str) -> None:
    elsewhere = {"kms:ResourceAliases": ["alias/orders"]} if action.startswith("kms:") else {}
    assert verdict(role("prod", "preview"), action, "*", elsewhere) is DENIED


@pytest.mark.parametrize("action", [*WRITES, *DATA])
def test_read_only_is_that(action: str) -> None:
    assert verdict(role("prod", "read-only"), action, "*") is DENIED


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:s3:::customers/exports/2026.csv",
        "arn:aws:ssm:us-east-1:444444444444:parameter/orders/password",
    ],
)
@pytest.mark.parametrize("name", ["preview", "read-only"])
def test_objects_and_parameters_are_data_too(name: str, resource: str) -> None:
    action = "s3:GetObject" if ":s3:" in resource else "ssm:GetParameter"
    assert verdict(role("prod", name), action, resource) is DENIED
    assert verdict(role("prod", "developer"), action, resource) is ALLOWED


@pytest.mark.parametrize("action", ["ec2:DescribeVpcs", "ecs:DescribeServices", "iam:GetRole", "s3:GetBucketPolicy"])
def test_a_preview_reads_what_it_compares(action: str) -> None:
    assert verdict(role("prod", "preview"), action, "*") is ALLOWED


# What deploys can't do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_ci_creates_roles_within_the_boundary_only(stack: str) -> None:
    account = stacks()[stack].account_id
    boundary = f"arn:aws:iam::{account}:policy/baseline/boundary"
    deploy = role(stack, "deploy")
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        for context, answer in (
            ({"iam:PermissionsBoundary": boundary}, ALLOWED),
            ({"iam:PermissionsBoundary": None}, DENIED),
            ({"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}, DENIED),
        ):
            assert verdict(deploy, action, arn(stack, "orders-task-1234567"), context) is answer
    assert verdict(deploy, "iam:DeleteRolePermissionsBoundary", "*") is DENIED


@pytest.mark.parametrize("name", [*ROLES, "OrganizationAccountAccessRole"])
@pytest.mark.parametrize(
    "action",
    ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRole", "iam:PassRole"],
)
def test_ci_changes_none_of_the_accounts_own_roles(action: str, name: str) -> None:
    assert verdict(role("prod", "deploy"), action, arn("prod", name)) is DENIED


@pytest.mark.parametrize("stack", ["ops", "prod"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", "policy/baseline/boundary"),
        ("iam:DeletePolicy", "policy/baseline/deploy-identity"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"oidc-provider/{GITHUB}"),
        ("iam:CreateAccessKey", "user/people/ada"),
        ("iam:CreateLoginProfile", "user/people/ada"),
        ("iam:CreateUser", "user/mallory"),
        ("iam:PutUserPolicy", "user/people/ada"),
    ],
)
def test_ci_neither_widens_its_permissions_nor_becomes_somebody(stack: str, action: str, resource: str) -> None:
    account = stacks()[stack].account_id
    assert verdict(role(stack, "deploy"), action, f"arn:aws:iam::{account}:{resource}") is DENIED


@pytest.mark.parametrize(
    "action",
    [
        "account:CloseAccount",
        "iam:AttachUserPolicy",
        "iam:CreateRole",
        "iam:CreateUser",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "organizations:LeaveOrganization",
        "config:StopConfigurationRecorder",
    ],
)
def test_a_role_that_ci_makes_an_administrator_is_still_bounded(action: str) -> None:
    boundary = managed("prod", "arn:aws:iam::444444444444:policy/baseline/boundary")
    made = Principal(
        arn("prod", "orders-task-1234567"),
        [managed("prod", "arn:aws:iam::aws:policy/AdministratorAccess")],
        boundary,
    )
    assert verdict(made, action, "*") is DENIED
    assert verdict(made, "s3:PutObject", "arn:aws:s3:::orders/x") is ALLOWED


@pytest.mark.parametrize("action", ["organizations:CloseAccount", "organizations:RemoveAccountFromOrganization"])
def test_ci_closes_no_account(action: str) -> None:
    assert verdict(role("ops", "deploy"), action, "*") is DENIED


# Developers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ecs:ExecuteCommand", "arn:aws:ecs:us-east-1:444444444444:task/api/0123456789"),
        ("ecs:StopTask", "arn:aws:ecs:us-east-1:444444444444:task/api/0123456789"),
        ("logs:FilterLogEvents", "arn:aws:logs:us-east-1:444444444444:log-group:orders"),
        ("logs:StartQuery", "arn:aws:logs:us-east-1:444444444444:log-group:orders"),
        ("ssm:StartSession", "arn:aws:ec2:us-east-1:444444444444:instance/i-0123456789abcdef0"),
    ],
)
def test_developers_operate_services(action: str, resource: str) -> None:
    assert verdict(role("prod", "developer"), action, resource) is ALLOWED


@pytest.mark.parametrize(
    "action",
    [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateRoute",
        "ec2:DeleteVpc",
        "ec2:ModifyVpcAttribute",
        "ecs:RegisterTaskDefinition",
        "ecs:UpdateService",
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:UpdateAssumeRolePolicy",
        "route53:ChangeResourceRecordSets",
        "secretsmanager:GetSecretValue",
        "ssm:SendCommand",
    ],
)
def test_developers_change_neither_identity_nor_network_nor_services(action: str) -> None:
    assert verdict(role("prod", "developer"), action, "*") is DENIED


ECS_TASKS = "ecs-tasks.amazonaws.com"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_developers_run_tasks_of_every_service_but_not_of_the_hosts_agents(stack: str) -> None:
    developer, planned = role(stack, "developer"), stacks()[stack]
    families = {str(task.inputs["family"]) for task in planned.all("aws:ecs/taskDefinition:TaskDefinition")}
    agents = {family for family in families if family.endswith("datadog-agent")}
    assert len(families) > 18 and len(agents) == len(planned.all("aws:ecs/cluster:Cluster"))
    for family in families:
        revision = f"arn:aws:ecs:us-east-1:{planned.account_id}:task-definition/{family}:7"
        assert verdict(developer, "ecs:RunTask", revision) is (DENIED if family in agents else ALLOWED)
    task = f"arn:aws:ecs:us-east-1:{planned.account_id}:task/api/0123456789"
    for action, answer in (("RunTask", ALLOWED), ("CreateService", DENIED), (None, DENIED)):
        assert verdict(developer, "ecs:TagResource", task, {"ecs:CreateAction": action}) is answer


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_developers_give_tasks_the_roles_that_tasks_have_and_no_other(stack: str) -> None:
    developer, planned = role(stack, "developer"), stacks()[stack]
    tasks = planned.all("aws:ecs/taskDefinition:TaskDefinition")
    given = {planned.resolved(task.inputs[key]) for task in tasks for key in ROLE_KEYS if key in task.inputs}
    others = {arn(stack, str(r.inputs.get("name") or r.name)) for r in planned.all("aws:iam/role:Role")} - given
    assert len(given) > 18 and len(others) > 10
    for role_arn in given:
        # Pulumi adds seven characters to the name of what has none.
        assert verdict(developer, "iam:PassRole", f"{role_arn}-1234567", {"iam:PassedToService": ECS_TASKS}) is ALLOWED
        for service in ("ec2.amazonaws.com", "lambda.amazonaws.com", None):
            context = {"iam:PassedToService": service}
            assert verdict(developer, "iam:PassRole", f"{role_arn}-1234567", context) is DENIED
    for role_arn in others:
        assert verdict(developer, "iam:PassRole", f"{role_arn}-1234567") is DENIED
        assert verdict(developer, "iam:PassRole", role_arn) is DENIED


# State ---------------------------------------------------------------------------------------------------------------

STATE = "arn:aws:s3:::acme-state-111111111111"


@cache
def state_bucket() -> ResourcePolicy:
    (policy,) = (p for p in stacks()["ops"].all("aws:s3/bucketPolicy:BucketPolicy") if p.name.startswith("state-"))
    return ResourcePolicy(
        parse_policy(stacks()["ops"].resolved(policy.inputs["policy"]), "state"), stacks()["ops"].account_id
    )


@cache
def state_key(stack: str) -> ResourcePolicy:
    (key,) = (k for k in stacks()["ops"].all("aws:kms/key:Key") if k.name == f"state-{stack}-key")
    return ResourcePolicy(
        parse_policy(stacks()["ops"].resolved(key.inputs["policy"]), "key"),
        stacks()["ops"].account_id,
        required=True,
    )


def reaches(action: str, stack: str) -> set[tuple[str, str]]:
    """Whose sessions reach the state of a stack."""
    return {
        (owner, name)
        for owner in STACKS
        for name in ROLES
        if verdict(
            role(owner, name),
            action,
            f"{STATE}/.pulumi/stacks/slipway/{stack}.json",
            {**IN_ORGANIZATION, "aws:SecureTransport": "true"},
            policy=state_bucket(),
        )
        is ALLOWED
    }


@pytest.mark.parametrize("stack", ["ops", "prod"])
def test_state_is_reached_by_the_stacks_own_roles_alone(stack: str) -> None:
    assert reaches("s3:GetObject", stack) == {(stack, "administrator"), (stack, "deploy"), (stack, "preview")}
    assert reaches("s3:PutObject", stack) == {(stack, "administrator"), (stack, "deploy")}


def test_state_is_reached_by_tls_only() -> None:
    answer = verdict(
        role("prod", "deploy"),
        "s3:GetObject",
        f"{STATE}/.pulumi/stacks/slipway/prod.json",
        {**IN_ORGANIZATION, "aws:SecureTransport": "false"},
        policy=state_bucket(),
    )
    assert answer is DENIED


def decrypts(action: str, stack: str) -> set[tuple[str, str]]:
    """Who uses the key of a stack's secrets."""
    return {
        (owner, name)
        for owner in STACKS
        for name in ROLES
        if verdict(
            role(owner, name),
            action,
            "arn:aws:kms:us-east-1:111111111111:key/01234567-89ab-cdef-0123-456789abcdef",
            {**IN_ORGANIZATION, "kms:ResourceAliases": [f"alias/pulumi-{stack}"]},
            policy=state_key(stack),
        )
        is ALLOWED
    }


@pytest.mark.parametrize("stack", ["ops", "prod"])
def test_secrets_in_the_state_are_read_by_the_stacks_own_roles_alone(stack: str) -> None:
    assert decrypts("kms:Decrypt", stack) == {(stack, "administrator"), (stack, "deploy"), (stack, "preview")}
    assert decrypts("kms:Encrypt", stack) == {(stack, "administrator"), (stack, "deploy")}


# Names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_delegation_is_reached_by_its_own_environment(stack: str) -> None:
    for name, roles in ((f"delegate-{stack}", {"deploy", "administrator"}), (f"delegate-{stack}-preview", {"preview"})):
        allowed = {
            (owner, role_)
            for owner in STACKS
            for role_ in ROLES
            if assuming(role(owner, role_), "ops", name, IN_ORGANIZATION) is ALLOWED
        }
        ops = {("ops", "administrator")} if "deploy" in roles else set()
        assert allowed == {(stack, role_) for role_ in roles} | ops


def test_delegation_is_refused_to_accounts_of_other_organizations() -> None:
    context = {"aws:PrincipalOrgID": "o-mallory001"}
    assert assuming(role("dev", "deploy"), "ops", "delegate-dev", context) is DENIED


@pytest.mark.parametrize(
    ("names", "types", "answer"),
    [
        (["dev.acme.example"], ["NS"], ALLOWED),
        (["prod.acme.example"], ["NS"], DENIED),
        (["acme.example"], ["NS"], DENIED),
        (["dev.acme.example"], ["A"], DENIED),
        (["dev.acme.example", "acme.example"], ["NS"], DENIED),
    ],
)
def test_an_environment_writes_its_own_ns_record_only(names: list[str], types: list[str], answer: Verdict) -> None:
    context = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
        "route53:ChangeResourceRecordSetsRecordTypes": types,
        "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
    }
    zone = "arn:aws:route53:::hostedzone/acme.example"
    action = "route53:ChangeResourceRecordSets"
    assert verdict(role("ops", "delegate-dev"), action, zone, context) is answer
    assert verdict(role("ops", "delegate-dev-preview"), action, zone, context) is DENIED


# Guardrails ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        "access-analyzer:DeleteAnalyzer",
        "cloudtrail:StopLogging",
        "config:StopConfigurationRecorder",
        "ec2:DisableEbsEncryptionByDefault",
        "guardduty:DeleteDetector",
        "iam:CreateUser",
        "organizations:LeaveOrganization",
        "securityhub:BatchDisableStandards",
        "securityhub:DisableSecurityHub",
    ],
)
@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_not_even_administrators_lift_the_guardrails(stack: str, action: str) -> None:
    assert verdict(role(stack, "administrator"), action, "*") is DENIED


# Type -> what its provider calls when it is deleted, each time on `*`:
# https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
DELETED_BY = {
    "aws:accessanalyzer/analyzer:Analyzer": "access-analyzer:DeleteAnalyzer",
    "aws:cfg/deliveryChannel:DeliveryChannel": "config:DeleteDeliveryChannel",
    "aws:cfg/recorder:Recorder": "config:DeleteConfigurationRecorder",
    "aws:cfg/recorderStatus:RecorderStatus": "config:StopConfigurationRecorder",
    "aws:ebs/encryptionByDefault:EncryptionByDefault": "ec2:DisableEbsEncryptionByDefault",
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": "ec2:DisableSnapshotBlockPublicAccess",
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": "ec2:DisableImageBlockPublicAccess",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": "ec2:ModifyInstanceMetadataDefaults",
    "aws:securityhub/account:Account": "securityhub:DisableSecurityHub",
    "aws:securityhub/standardsSubscription:StandardsSubscription": "securityhub:BatchDisableStandards",
}


@pytest.mark.parametrize("type_", DELETED_BY)
@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_what_the_guardrails_keep_is_forgotten_and_not_deleted(stack: str, type_: str) -> None:
    found = [resource for resource in stacks()[stack].resources if resource.type == type_]
    assert found
    forgotten = all(resource.retain_on_delete for resource in found)
    assert forgotten or verdict(role(stack, "deploy"), DELETED_BY[type_], "*") is ALLOWED


def test_root_users_do_nothing_unless_ops_sends_them() -> None:
    everything = managed("prod", "arn:aws:iam::aws:policy/AdministratorAccess")
    root = Principal("arn:aws:iam::444444444444:root", [everything])
    for action in ("ecs:StopTask", "iam:CreateRole", "s3:DeleteBucketPolicy", "s3:ListAllMyBuckets"):
        assert verdict(root, action, "*", {"aws:AssumedRoot": None}) is DENIED
    assert verdict(root, "s3:DeleteBucketPolicy", "*", {"aws:AssumedRoot": "true"}) is ALLOWED


@pytest.mark.parametrize(("region", "answer"), [("us-east-1", ALLOWED), ("eu-north-1", DENIED)])
def test_nothing_runs_in_other_regions(region: str, answer: Verdict) -> None:
    context = {"aws:RequestedRegion": region, "ec2:MetadataHttpTokens": "required"}
    administrator = role("prod", "administrator")
    assert verdict(administrator, "ec2:RunInstances", "*", context) is answer
    assert verdict(administrator, "iam:GetRole", "*", {"aws:RequestedRegion": region}) is ALLOWED


def test_no_instance_has_the_old_metadata_service() -> None:
    context = {"aws:RequestedRegion": "us-east-1", "ec2:MetadataHttpTokens": "optional"}
    instance = "arn:aws:ec2:us-east-1:444444444444:instance/i-0123456789abcdef0"
    assert verdict(role("prod", "administrator"), "ec2:RunInstances", instance, context) is DENIED
