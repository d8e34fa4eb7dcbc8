"""IAM's policies: the statements that they are made of, the ARNs that stand in them, and who may assume a role."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

import pulumi

from components.security.names import BASELINE_PATH, BOUNDARY, PEOPLE_ROLES, delegate_role_name
from config.platform import RepositoryIds

Statement = Mapping[str, Any]
"""A statement with IAM's own key names, made by `allow`, `deny` and what follows them here."""
Condition = Mapping[str, Mapping[str, Any]]
"""Operator -> condition key -> value or values."""


class _Others(TypedDict, total=False):
    principal: Mapping[str, str | list[str]] | Literal["*"]
    not_actions: Sequence[str]
    not_resources: str | Sequence[str]


def allow(
    sid: str | None,
    actions: str | Sequence[str] | None = None,
    resources: pulumi.Input[str] | Sequence[pulumi.Input[str]] | None = None,
    condition: Condition | None = None,
    **others: Unpack[_Others],
) -> Statement:
    """Allows actions on resources; `principal` is for policies of resources and for trust policies."""
    return _statement("Allow", sid, actions, resources, condition, **others)


def deny(
    sid: str,
    actions: str | Sequence[str] | None = None,
    resources: pulumi.Input[str] | Sequence[pulumi.Input[str]] | None = None,
    condition: Condition | None = None,
    **others: Unpack[_Others],
) -> Statement:
    """Denies actions on resources, whatever allows them."""
    return _statement("Deny", sid, actions, resources, condition, **others)


def _statement(
    effect: Literal["Allow", "Deny"],
    sid: str | None,
    actions: str | Sequence[str] | None,
    resources: pulumi.Input[str] | Sequence[pulumi.Input[str]] | None,
    condition: Condition | None,
    **others: Unpack[_Others],
) -> Statement:
    parts = {
        "Sid": sid,
        "Effect": effect,
        "Principal": others.get("principal"),
        "Action": actions,
        "NotAction": others.get("not_actions"),
        "Resource": resources,
        "NotResource": others.get("not_resources"),
        "Condition": condition,
    }
    return {key: list(part) if isinstance(part, tuple) else part for key, part in parts.items() if part is not None}


def policy_document(*statements: Statement, compact: bool = False) -> pulumi.Input[str]:
    """The text of a policy; `compact` is without spaces, for where AWS counts them."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    separators = (",", ":") if compact else None
    try:
        return json.dumps(document, separators=separators)
    except TypeError:  # a value is an Output, for which the text has to wait
        return pulumi.Output.json_dumps(document, separators=separators)


def root_arn(account_id: str) -> str:
    """The principal that stands for a whole account."""
    return f"arn:aws:iam::{account_id}:root"


def secrets_manager_arn(account_id: str, region: str, name: str) -> str:
    """A secret by its name, as ECS takes it: without the six random characters that Secrets Manager appends."""
    return f"arn:aws:secretsmanager:{region}:{account_id}:secret:{name}"


def parameter_arn(account_id: str, region: str, name: str) -> str:
    """An SSM parameter by its name, which begins with a slash."""
    return f"arn:aws:ssm:{region}:{account_id}:parameter{name}"


def read_secrets(sid: str, arns: Sequence[str]) -> Statement:
    """Lets secrets of `secrets_manager_arn` be read."""
    return allow(sid, ["secretsmanager:GetSecretValue"], [f"{arn}-??????" for arn in arns])


def write_logs(log_group_arn: str) -> Statement:
    """Lets streams of a log group be made and written."""
    return allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"])


def role_arn(account_id: str, role: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{account_id}:role/{role}"


def session_arns(account_id: str, roles: Sequence[str], *, identity_center: bool) -> list[str]:
    """The ARNs of roles, for `ArnEquals`; of those that IAM Identity Center makes for the same people too, if it is on.

    Their names and paths are AWS's: a permission set's name, 16 characters, and the region if it is not us-east-1
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html).
    """
    arns = [role_arn(account_id, role) for role in roles]
    if identity_center:
        reserved = "aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{}_" + "?" * 16
        arns += [role_arn(account_id, reserved.format(role)) for role in roles if role in PEOPLE_ROLES]
    return arns


def aws_managed_arn(policy: str) -> str:
    """The ARN of one of AWS's own policies."""
    return f"arn:aws:iam::aws:policy/{policy}"


def boundary_arn(account_id: str) -> str:
    """The ARN of the permissions boundary that every account has."""
    return f"arn:aws:iam::{account_id}:policy{BASELINE_PATH}{BOUNDARY}"


def delegate_role_arn(ops_account_id: str, environment: str, access_role: str) -> str:
    """The ARN of `delegate_role_name`."""
    return role_arn(ops_account_id, delegate_role_name(environment, access_role))


def trust_roles(sid: str, account_id: str, roles: Sequence[str], *, identity_center: bool = False) -> Statement:
    """Lets these roles of an account assume a role.

    The principal is the account, and a condition names the roles: IAM refuses a principal that does not exist
    yet, and replaces one that is deleted by an id that no successor of the same name matches
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
    """
    sessions = session_arns(account_id, roles, identity_center=identity_center)
    return allow(
        sid,
        "sts:AssumeRole",
        condition={"ArnEquals": {"aws:PrincipalArn": sessions}},
        principal={"AWS": root_arn(account_id)},
    )


def trust_people(ops_account_id: str, *, mfa_age_seconds: int) -> Statement:
    """Lets people who logged in to ops with MFA, no longer ago than this, assume a role.

    Who may is said in ops, by the groups' policies.
    """
    return allow(
        "PeopleWithMfa",
        "sts:AssumeRole",
        condition={
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": str(mfa_age_seconds)},
        },
        principal={"AWS": root_arn(ops_account_id)},
    )


def trust_service(service: str, condition: Condition | None = None) -> Statement:
    """Lets an AWS service, such as ecs-tasks.amazonaws.com, assume a role."""
    return _trust({"Service": service}, condition)


def trust_vendor(sid: str, account_id: str, external_id: pulumi.Input[str]) -> Statement:
    """Lets the account of a vendor assume a role, with the id by which it tells its customers apart
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html)."""
    return {"Sid": sid} | _trust({"AWS": root_arn(account_id)}, {"StringEquals": {"sts:ExternalId": external_id}})


def _trust(principal: Mapping[str, str], condition: Condition | None) -> dict[str, Any]:
    # In this order, because a policy is text in the state.
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return statement | ({"Condition": condition} if condition else {})


def own_key(account_id: str) -> Statement:
    """Of a KMS key's policy: the account's own IAM policies say who may use the key
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html)."""
    return allow("Account", "kms:*", "*", principal={"AWS": root_arn(account_id)})


GITHUB = "token.actions.githubusercontent.com"


def trust_github(
    account_id: str, *, subjects: Sequence[str], ref: str | None = None, workflow: str | None = None
) -> Statement:
    """Lets GitHub Actions jobs of exactly these OIDC subjects, and of this git ref and reusable workflow if given,
    assume a role.

    STS evaluates the token's `ref` and `job_workflow_ref` claims since January 2026
    (https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/).
    """
    claims: dict[str, str | list[str]] = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": list(subjects)}
    if ref is not None:
        claims[f"{GITHUB}:ref"] = ref
    if workflow is not None:
        claims[f"{GITHUB}:job_workflow_ref"] = workflow
    return allow(
        "GitHubActions",
        "sts:AssumeRoleWithWebIdentity",
        condition={"StringEquals": claims},
        principal={"Federated": f"arn:aws:iam::{account_id}:oidc-provider/{GITHUB}"},
    )


def github_subject(repository: str, ids: RepositoryIds | None, context: str) -> str:
    """The subject that GitHub issues to a job: `repo:OWNER/NAME:CONTEXT`.

    `ids` are what GitHub adds for repositories created, renamed or
    transferred after 15 July 2026
    (https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens).
    Raises ValueError where a part is empty: such a subject would match no job, or another's.
    """
    owner, _, name = repository.partition("/")
    if not owner or not name or "/" in name or "*" in repository or not context:
        raise ValueError(f"a GitHub subject needs OWNER/NAME and a context, not {repository!r} and {context!r}")
    if ids is not None:
        owner, name = f"{owner}@{ids.owner}", f"{name}@{ids.repository}"
    return f"repo:{owner}/{name}:{context}"


def bounded(boundary: pulumi.Input[str]) -> pulumi.ResourceTransformation:
    """A transformation that gives every role and user of a component, and of those in it, this permissions boundary.

    `deploy` may create none without it.
    """

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in ("aws:iam/role:Role", "aws:iam/user:User"):
            return None
        return pulumi.ResourceTransformationResult(
            props={**args.props, "permissions_boundary": boundary}, opts=args.opts
        )

    return transform
