"""Who may do what, and as whom the program acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plan.model import Resource
from policies.rule import Rule, as_list, document, is_reference, is_true, resource_rule, within

# The inputs that hold what an identity may do.
_GRANTS = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
# The inputs that name a policy of AWS's, or several.
_ATTACHMENTS = {
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/role:Role": "managedPolicyArns",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
}
# The inputs that hold whom a resource lets in.
_TRUSTS = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
# AWS's policies with which one can make oneself an administrator.
_ADMINISTRATOR = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
# Type and input -> the most characters that AWS takes, without white space where IAM counts none.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
# https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
_LONGEST = {
    "aws:iam/groupPolicy:GroupPolicy": ("policy", 5_120),
    "aws:iam/policy:Policy": ("policy", 6_144),
    "aws:iam/role:Role": ("assumeRolePolicy", 2_048),
    "aws:iam/rolePolicy:RolePolicy": ("policy", 10_240),
    "aws:kms/key:Key": ("policy", 32_768),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy", 20_480),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", 30_720),
}
# Conditions that say who, in lower case as IAM compares them.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_WHO = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
)
_GITHUB = "token.actions.githubusercontent.com"


@resource_rule(
    *_GRANTS,
    *_ATTACHMENTS,
    remedy="Name the actions and the resources; whoever has to do everything assumes the role administrator.",
    exceptions={
        "slipway:account:AccountBaseline$aws:iam/policy:Policy::account-boundary": (
            "A permissions boundary grants nothing: it is the most that the policies of a role made by CI can come to, "
            "and it leaves out identity, accounts, money and the audit trail."
        ),
    },
)
def no_wildcard_admin(resource: Resource) -> Iterator[str]:
    """Whoever may do everything may also undo every other rule. That is the role administrator alone, which people
    assume with MFA."""
    for statement in _allowed(resource.inputs.get(_GRANTS.get(resource.type, ""))):
        if "*" not in as_list(statement.get("Resource")):
            continue
        if {"*", "*:*"} & set(as_list(statement.get("Action"))):
            yield "allows every action on everything"
        elif "NotAction" in statement:
            yield "allows all actions but some on everything"
    attached = as_list(resource.inputs.get(_ATTACHMENTS.get(resource.type, "")))
    names = [str(arn).rpartition("/")[2] for arn in attached]
    for name in sorted({*_ADMINISTRATOR} & {*names}):
        if not _is_administrator(resource):
            yield f"{name} for {resource.inputs.get('role', resource.name)}"


def _is_administrator(resource: Resource) -> bool:
    """The role, or Identity Center's permission set, whose name stands in its attachment's."""
    if resource.short_type == "ManagedPolicyAttachment":
        return "administrator" in resource.name.split("-")
    return resource.inputs.get("role", resource.inputs.get("name")) == "administrator"


@resource_rule(
    "aws:iam/role:Role",
    "aws:iam/user:User",
    remedy="Declare it in a component that has the transformation of `bounded`, as all have that stacks/ declares.",
)
def bounded_roles(resource: Resource) -> Iterator[str]:
    """The permissions boundary is the most that CI can grant, so deploy may make no role and no user without it. The
    account's own roles are an administrator's, and may do what the boundary leaves out."""
    if not resource.inputs.get("permissionsBoundary") and not within(resource, "slipway:account:AccountBaseline"):
        yield "no permissions boundary"


@resource_rule(
    *_LONGEST,
    remedy="Name fewer actions and resources, or several by one pattern; some may stand in a policy of their own.",
)
def accepted_documents(resource: Resource) -> Iterator[str]:
    """AWS refuses a document that is longer than its quota, and by then half of an update is done."""
    key, most = _LONGEST[resource.type]
    length = len("".join(str(resource.inputs.get(key) or "").split()))
    if length > most:
        yield f"{key} has {length:,} characters, {most:,} at most"


@resource_rule(
    *_TRUSTS,
    remedy="Name the principal, or a condition on its account, organization or ARN; for GitHub, on the subject.",
)
def no_anonymous_access(resource: Resource) -> Iterator[str]:
    """A principal of everybody is everybody in AWS, and a trust in GitHub without a subject is everybody on GitHub."""
    for statement in _allowed(resource.inputs.get(_TRUSTS[resource.type])):
        principal = statement.get("Principal")
        conditions = _conditions(statement)
        if _is_everybody(principal) and not conditions & {*_WHO}:
            yield f"everybody may {', '.join(as_list(statement.get('Action')))}"
        if isinstance(principal, Mapping) and any(
            _GITHUB in str(provider) for provider in as_list(principal.get("Federated"))
        ):
            for claim in ("sub", "aud"):
                if f"{_GITHUB}:{claim}" not in conditions:
                    yield f"any {claim} of GitHub's tokens is trusted"


@resource_rule(remedy="Give the component providers=[...] from stacks/providers.py.")
def no_default_provider(resource: Resource) -> Iterator[str]:
    """A default provider acts in whichever account the shell happens to be in."""
    if not resource.custom or resource.type.startswith("pulumi:"):
        return
    if resource.provider is None or resource.provider.split("::")[3].startswith("default"):
        yield "the default provider"


@resource_rule(
    "pulumi:providers:aws",
    remedy="Make the provider in stacks/providers.py, with allowed_account_ids and assume_roles.",
)
def pinned_accounts(resource: Resource) -> Iterator[str]:
    """A provider for one account that assumes a role there cannot change another, whoever runs the program."""
    accounts = document(resource.inputs.get("allowedAccountIds"))
    if not is_reference(resource.inputs.get("allowedAccountIds")) and len(as_list(accounts)) != 1:
        yield "no account, or several"
    if not resource.inputs.get("assumeRoles"):
        yield "no role is assumed"
    for key in ("accessKey", "secretKey", "token"):
        if key in resource.inputs:
            yield f"{key} instead of a role"


@resource_rule(
    "aws:ec2/instance:Instance",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    "aws:ec2/launchTemplate:LaunchTemplate",
    remedy="Set http_tokens to required and http_put_response_hop_limit to 1.",
)
def guarded_instance_metadata(resource: Resource) -> Iterator[str]:
    """A request that a service can be tricked into must not fetch the host's credentials: version 2 of the metadata
    service wants a token, and one hop keeps containers out."""
    options = resource.inputs
    if resource.short_type != "InstanceMetadataDefaults":
        options = resource.inputs.get("metadataOptions") or {}
    if is_reference(options) or options.get("httpEndpoint") == "disabled":
        return
    tokens, hops = options.get("httpTokens"), options.get("httpPutResponseHopLimit")
    if tokens != "required" and not is_reference(tokens):
        yield "tokens are not required"
    if hops != 1 and not is_reference(hops):
        yield "more than one hop"


@resource_rule(
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    remedy="Set all four to true.",
)
def no_public_buckets(resource: Resource) -> Iterator[str]:
    """No bucket of the platform is for the public; what is goes through a content delivery network."""
    for setting in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if not is_true(resource.inputs.get(setting)):
            yield f"{setting} is off"


def _allowed(policy: object) -> Iterator[Mapping[str, Any]]:
    """The statements that allow something."""
    content = document(policy)
    for statement in as_list(content.get("Statement")) if isinstance(content, Mapping) else ():
        if statement.get("Effect") == "Allow":
            yield statement


def _conditions(statement: Mapping[str, Any]) -> set[str]:
    """The keys of a statement's conditions, in lower case. What holds if a key is missing is no condition."""
    return {
        key.lower()
        for operator, keys in (statement.get("Condition") or {}).items()
        if not operator.endswith("IfExists") and "Not" not in operator
        for key in keys
    }


def _is_everybody(principal: object) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS")))


RULES: tuple[Rule, ...] = (
    no_wildcard_admin,
    bounded_roles,
    accepted_documents,
    no_anonymous_access,
    no_public_buckets,
    no_default_provider,
    pinned_accounts,
    guarded_instance_metadata,
)
