"""Every policy document of every stack, before the linter and the rules of this platform.

The linter is parliament in the fork that keeps its data current (ol-parliament). It knows identity policies; what it
says of trust and key policies without knowing them is accepted below, each with its reason.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import parliament

from tests.iam.planned import Document, listed, stacks
from tests.projects import COMPANY, each_stack

# Type and property -> characters, white space aside, that IAM, S3, KMS and SNS take:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
# https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
LONGEST = {
    ("aws:iam/groupPolicy:GroupPolicy", "policy"): 5120,
    ("aws:iam/policy:Policy", "policy"): 6144,
    ("aws:iam/role:Role", "assumeRolePolicy"): 2048,
    ("aws:iam/rolePolicy:RolePolicy", "policy"): 10240,
    ("aws:kms/key:Key", "policy"): 32768,
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): 20480,
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): 30720,
}

# (issue, document, detail) -> why it is right as it is.
ACCEPTED = {
    ("MALFORMED", r":assumeRolePolicy$", r"neither Resource nor NotResource"): "a trust policy's resource is its role",
    ("MALFORMED", r":images-\S+-pull:policy$", r"neither Resource nor NotResource"): "a repository's policy has none",
    (
        "UNKNOWN_FEDERATION_SOURCE",
        r":(account-(deploy|preview)|images-push-\w+):assumeRolePolicy$",
        r"oidc-provider/token\.actions\.githubusercontent\.com$",
    ): "GitHub's provider, of which parliament does not know",
    ("RESOURCE_STAR", r"-key:policy$", r"^\['kms:"): "in a key's policy, * is the key",
    ("RESOURCE_STAR", r":account-boundary:policy$", r""): "a boundary grants nothing; it bounds what does",
    ("RESOURCE_STAR", r":account-deploy-services:policy$", r""): "what the program declares has no names yet",
    (
        "RESOURCE_STAR",
        r":account-deploy-identity:policy$",
        r"^\['iam:Get",
    ): "reads: what IAM has is what a plan compares",
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        r":account-(deploy-state|preview):policy$",
        r"^Unknown condition kms:ResourceAliases for action kms:",
    ): "the key has it: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html",
    ("RESOURCE_STAR", r":datadog-permissions:policy$", r""): "Datadog reads whatever there is, and only reads",
    (
        "RESOURCE_STAR",
        r":deploy-events-permissions:policy$",
        r"^\['ecs:DescribeServices'\]$",
    ): "reads, beside a read that has no resource",
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        r":logs-key:policy$",
        r"kms:EncryptionContext:aws:logs:arn for action kms:Describe",
    ): "as https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html has it",
    (
        "MISMATCHED_TYPE",
        r":logs-key:policy$",
        r"ArnLike requires a value of type Arn but given String",
    ): "likewise; the value is an ARN",
    (
        "MISMATCHED_TYPE_BUT_USABLE",
        r":account-deploy-identity:policy$",
        r"StringEquals requires a value of type String but given Arn",
    ): "as IAM's guide compares iam:PermissionsBoundary",
}


def documents(of: Path, stack: str) -> list[Document]:
    return list(stacks(of)[stack].documents())


def findings(of: Path, stack: str) -> Iterator[tuple[str, str, str]]:
    for document in documents(of, stack):
        for finding in parliament.analyze_policy_string(document.text).findings:
            yield finding.issue, f"{document}:{document.property}", str(finding.detail)


def accepted_by(finding: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    issue, where, detail = finding
    return [rule for rule in ACCEPTED if rule[0] == issue and re.search(rule[1], where) and re.search(rule[2], detail)]


@each_stack
def test_linter_finds_nothing_that_is_not_accepted(of: Path, stack: str) -> None:
    assert len(documents(of, stack)) > 40
    assert [finding for finding in findings(of, stack) if not accepted_by(finding)] == []


def test_nothing_is_accepted_that_is_not_found() -> None:
    found = {rule for stack in ("ops", "dev") for finding in findings(COMPANY, stack) for rule in accepted_by(finding)}
    assert set(ACCEPTED) - found == set()


@each_stack
def test_nobody_but_the_administrator_may_do_everything_everywhere(of: Path, stack: str) -> None:
    everything = [
        f"{document}: {statement}"
        for document in documents(of, stack)
        for statement in document.statements
        if statement["Effect"] == "Allow"
        and "*" in listed(statement.get("Action", []))
        and "*" in listed(statement.get("Resource", []))
    ]
    assert everything == []
    attached = {
        attachment.inputs["role"]
        for attachment in stacks(of)[stack].all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["policyArn"].endswith(":policy/AdministratorAccess")
    }
    assert attached == {"administrator"}


@each_stack
def test_documents_are_no_longer_than_aws_takes(of: Path, stack: str) -> None:
    lengths = {
        (document.resource.type, document.property, str(document)): len("".join(document.text.split()))
        for document in documents(of, stack)
    }
    too_long = [key for key, length in lengths.items() if length > LONGEST.get(key[:2], math.inf)]
    assert too_long == []


@each_stack
def test_trust_in_another_account_or_in_github_has_a_condition(of: Path, stack: str) -> None:
    account = stacks(of)[stack].account_id
    for document in documents(of, stack):
        if document.property != "assumeRolePolicy":
            continue
        for statement in document.statements:
            principal = json.dumps(statement["Principal"])
            assert principal != '"*"', document
            if "Federated" in principal or f"::{account}:root" in principal or ":root" in principal:
                assert statement["Condition"], document
