"""The rules, one pass and one fail each at least, in the plan and in the pack; and the committed stacks by them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi_policy as policy
import pytest
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from config.errors import ConfigError
from plan.model import Plan, Resource
from policies import exceptions, pack
from policies.exceptions import PolicyException
from policies.plan import check, check_all
from policies.rule import UNKNOWN, Rule
from policies.rules import RULES
from tests.engine.provider.sdk import resource_type
from tests.projects import ROOT, planned

STACKS = ("ops", "dev", "stage", "prod")
PROVIDER = "urn:pulumi:stage::slipway::pulumi:providers:aws::aws"

BALANCER = "slipway:lb:LoadBalancer"
BASTION = "slipway:network:Bastion"
CLUSTER = "slipway:ecs:EcsCluster"
SERVICE = "slipway:ecs:EcsService"
ALERTS = "slipway:datadog:ServiceAlerts"

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LISTENER = "aws:lb/listener:Listener"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLE = "aws:iam/role:Role"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
MONITOR = "datadog:index/monitor:Monitor"
LOGS = "aws:cloudwatch/logGroup:LogGroup"


def resource(
    type_: str, inputs: Mapping[str, Any] | None = None, *, name: str = "it", inside: str = "", **options: Any
) -> Resource:
    """A resource in a component of the type `inside`, which is called `above`."""
    chain = f"{inside}${type_}" if inside else type_
    custom = not type_.startswith("slipway:")
    usual: dict[str, Any] = {
        "parent": f"urn:pulumi:stage::slipway::{inside}::above" if inside else None,
        "provider": PROVIDER if custom and not type_.startswith("pulumi:") else None,
        "protect": True,
    }
    return Resource(
        urn=f"urn:pulumi:stage::slipway::{chain}::{name}",
        type=type_,
        name=name,
        custom=custom,
        inputs=inputs or {},
        **usual | options,
    )


def open_to(cidr: str, port: int, *, inside: str = "", last: int | None = None, protocol: str = "tcp") -> Resource:
    family = "cidrIpv6" if ":" in cidr else "cidrIpv4"
    return resource(
        INGRESS,
        {family: cidr, "fromPort": port, "toPort": port if last is None else last, "ipProtocol": protocol},
        inside=inside,
    )


def allows(action: str | list[str], to: str | list[str] = "*", *, key: str = "Action") -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", key: action, "Resource": to}]})


def trusts(principal: Any, condition: Mapping[str, Any] | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Statement": [statement | ({"Condition": condition} if condition else {})]})


def listener(protocol: str, **inputs: Any) -> Resource:
    return resource(LISTENER, {"protocol": protocol, **inputs})


def redirect(protocol: str) -> dict[str, Any]:
    return {"defaultActions": [{"type": "redirect", "redirect": {"protocol": protocol}}]}


def variables(**values: str) -> Resource:
    environment = [{"name": name, "value": value} for name, value in values.items()]
    return resource(TASK, {"containerDefinitions": json.dumps([{"name": "it", "environment": environment}])})


def monitor(*thresholds: str, message: str = "@slack-it") -> Resource:
    return resource(
        MONITOR,
        {"monitorThresholds": dict.fromkeys(thresholds, "1"), "message": message},
        inside=ALERTS,
        parent=f"urn:pulumi:stage::slipway::{ALERTS}::orders",
    )


def metadata(**options: Any) -> Resource:
    return resource(TEMPLATE, {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1} | options})


def volumes(*encrypted: object) -> Resource:
    mappings = [{"deviceName": "/dev/xvda", "ebs": {"encrypted": each}} for each in encrypted]
    return resource(TEMPLATE, {"blockDeviceMappings": mappings})


def provider(**inputs: Any) -> Resource:
    usual = {
        "allowedAccountIds": '["333333333333"]',
        "assumeRoles": '[{"roleArn": "arn:aws:iam::333333333333:role/deploy"}]',
        "defaultTags": '{"tags": {"env": "stage", "managed-by": "slipway"}}',
    }
    given = {key: value for key, value in (usual | inputs).items() if value is not None}
    return resource("pulumi:providers:aws", given, name="aws")


ALERTED = (resource(SERVICE, name="orders"), resource(ALERTS, name="orders"))
BUCKET = resource("aws:s3/bucket:Bucket", inside="slipway:s3:PrivateBucket")
BUCKET_PARTS = tuple(
    resource(f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}", settings, inside="slipway:s3:PrivateBucket")
    for kind, settings in {
        "BucketPolicy": {},
        "BucketPublicAccessBlock": dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
        ),
        "BucketServerSideEncryptionConfiguration": {},
        "BucketVersioning": {},
    }.items()
)
GITHUB = {"Federated": "arn:aws:iam::333333333333:oidc-provider/token.actions.githubusercontent.com"}
GITHUB_CLAIMS = {
    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
    "token.actions.githubusercontent.com:sub": "repo:acme/platform:environment:stage",
}

PASSING: dict[str, Sequence[Resource | tuple[Resource, ...]]] = {
    "no-public-ingress": [
        open_to("0.0.0.0/0", 443, inside=BALANCER),
        open_to("::/0", 80, inside=BALANCER),
        open_to("198.51.100.0/24", 22, inside=BASTION),
        open_to("10.20.0.0/16", 0, last=65535),
        open_to("${network-vpc:Vpc.ipv6CidrBlock}", 443),
        resource(INGRESS, {"referencedSecurityGroupId": "${alb:SecurityGroup.id}", "fromPort": 1, "toPort": 2}),
    ],
    "standalone-security-rules": [resource("aws:ec2/securityGroup:SecurityGroup", {"description": "Hosts"})],
    "closed-default-groups": [
        resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"ingress": [], "egress": []})
    ],
    "tls-listeners": [
        listener("HTTP", **redirect("HTTPS")),
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
        listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06"),
        listener("HTTPS", sslPolicy=UNKNOWN),
    ],
    "guarded-balancers": [
        resource(
            "aws:lb/loadBalancer:LoadBalancer",
            {"dropInvalidHeaderFields": True, "accessLogs": {"enabled": True}, "enableDeletionProtection": True},
        )
    ],
    "no-wildcard-admin": [
        resource("aws:iam/policy:Policy", {"policy": allows(["ec2:*"])}),
        resource("aws:iam/policy:Policy", {"policy": allows("*", "arn:aws:s3:::it")}),
        resource("aws:iam/rolePolicy:RolePolicy", {"policy": UNKNOWN}),
        resource(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "administrator", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        resource(
            "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
            {"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            name="people-administrator-set-managed",
        ),
        resource(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "developer", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ),
    ],
    "bounded-roles": [
        resource(ROLE, {"permissionsBoundary": "${account-boundary:Policy.arn}"}),
        resource("aws:iam/user:User", {"permissionsBoundary": UNKNOWN}),
        resource(ROLE, inside="slipway:account:AccountBaseline"),
    ],
    "accepted-documents": [
        # IAM counts no white space.
        resource("aws:iam/policy:Policy", {"policy": '{"a": "' + "x" * 6_136 + '"   }'}),
        resource("aws:iam/rolePolicy:RolePolicy", {"policy": "x" * 10_240}),
        resource(ROLE, {"assumeRolePolicy": "x" * 2_048}),
        resource("aws:iam/groupPolicy:GroupPolicy", {"policy": UNKNOWN}),
        resource("aws:sns/topicPolicy:TopicPolicy", {}),
    ],
    "no-anonymous-access": [
        resource(ROLE, {"assumeRolePolicy": trusts({"Service": "ecs-tasks.amazonaws.com"})}),
        resource(ROLE, {"assumeRolePolicy": trusts({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})}),
        resource(ROLE, {"assumeRolePolicy": trusts(GITHUB, {"StringEquals": GITHUB_CLAIMS})}),
        resource(
            "aws:s3/bucketPolicy:BucketPolicy",
            {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]})},
        ),
    ],
    "no-public-buckets": [BUCKET_PARTS[1]],
    "no-default-provider": [
        resource("aws:sns/topic:Topic", {"kmsMasterKeyId": "key"}),
        resource(SERVICE),
        resource("pulumi:providers:aws", provider().inputs),
    ],
    "pinned-accounts": [provider(), provider(allowedAccountIds=UNKNOWN, assumeRoles=UNKNOWN)],
    "guarded-instance-metadata": [
        metadata(),
        metadata(httpTokens=UNKNOWN, httpPutResponseHopLimit=1.0),
        metadata(httpEndpoint="disabled", httpTokens="optional"),
        resource(
            "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
            {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        ),
    ],
    "encrypted-volumes": [
        volumes("true"),
        volumes(True, True),
        resource("aws:ebs/encryptionByDefault:EncryptionByDefault"),
        resource("aws:ebs/volume:Volume", {"encrypted": True}),
    ],
    "encrypted-messages": [
        resource("aws:sns/topic:Topic", {"kmsMasterKeyId": "${key:Key.arn}"}),
        resource("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": True}),
    ],
    "encrypted-records": [
        resource(LOGS, {"kmsKeyId": "${logs-key:Key.arn}", "retentionInDays": 30}, inside=CLUSTER),
        resource(LOGS, {"retentionInDays": 30, "tags": {"service": "it", "owner": "us"}}, inside=SERVICE),
    ],
    "complete-buckets": [(BUCKET, *BUCKET_PARTS)],
    "log-retention": [resource(LOGS, {"retentionInDays": 30.0})],
    "protected-state": [
        resource("aws:kms/key:Key"),
        resource("aws:ecr/repository:Repository", protect=False),
        resource("aws:sqs/queue:Queue", {"kmsMasterKeyId": "key"}, protect=False),
    ],
    "service-tags": [
        resource(TASK, {"tags": {"service": "it", "owner": "us"}}, inside=SERVICE),
        resource(TASK, {"tags": UNKNOWN}, inside=SERVICE),
        resource(TASK, inside="slipway:datadog:DatadogAgent"),
    ],
    "default-tags": [provider(), provider(defaultTags=UNKNOWN)],
    "no-clear-secrets": [
        variables(DD_SERVICE="it", TOKEN_URL="https://it.example", PASSWORD_FILE="/run/it", SECRET_KEY=""),
        variables(DATABASE_URL="postgres://it.example:5432/it"),
        resource(TASK, {"containerDefinitions": UNKNOWN}),
        resource("aws:lambda/function:Function", {"environment": {"variables": {"LOG_LEVEL": "INFO"}}}),
        resource("aws:lambda/function:Function", {"environment": UNKNOWN}),
    ],
    "service-alerts": [
        (*ALERTED, monitor("warning", "critical")),
        (*ALERTED, replace(monitor(), inputs={"monitorThresholds": UNKNOWN, "message": UNKNOWN})),
    ],
}

FAILING: dict[str, Sequence[tuple[Resource | tuple[Resource, ...], str]]] = {
    "no-public-ingress": [
        (open_to("0.0.0.0/0", 22, inside=BALANCER), "0.0.0.0/0 reaches tcp port 22"),
        (open_to("0.0.0.0/0", 80, last=443, inside=BALANCER), "0.0.0.0/0 reaches tcp ports 80 to 443"),
        (open_to("::/0", 443), "::/0 reaches tcp port 443"),
        (open_to("0.0.0.0/0", 22, inside=BASTION), "0.0.0.0/0 reaches tcp port 22"),
        (open_to("198.0.0.0/15", 22, inside=BASTION), "198.0.0.0/15 reaches tcp port 22"),
        (open_to("198.51.100.0/24", 22), "198.51.100.0/24 reaches tcp port 22"),
        (open_to("10.0.0.0/7", 22), "10.0.0.0/7 reaches tcp port 22"),
        (open_to("0.0.0.0/0", -1, protocol="-1", inside=BALANCER), "0.0.0.0/0 reaches every port"),
    ],
    "standalone-security-rules": [
        (resource("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{}]}), "ingress rules inside the group"),
        (resource("aws:ec2/securityGroupRule:SecurityGroupRule"), "a rule of the older resource"),
    ],
    "closed-default-groups": [
        (
            resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"egress": [{}]}),
            "egress rules in the default group",
        )
    ],
    "tls-listeners": [
        (listener("HTTP", **redirect("HTTP")), "HTTP is answered, not redirected to HTTPS"),
        (listener("HTTP", defaultActions=[{"type": "forward"}]), "HTTP is answered, not redirected to HTTPS"),
        (listener("HTTPS"), "the TLS policy None"),
        (listener("HTTPS", sslPolicy="ELBSecurityPolicy-2016-08"), "the TLS policy ELBSecurityPolicy-2016-08"),
        (
            listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
            "the TLS policy ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
        ),
        (
            listener("HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
            "the TLS policy ELBSecurityPolicy-TLS13-1-0-2021-06",
        ),
    ],
    "guarded-balancers": [
        (
            resource(
                "aws:lb/loadBalancer:LoadBalancer",
                {"accessLogs": {"enabled": True}, "enableDeletionProtection": True},
            ),
            "headers that are no HTTP pass",
        ),
        (
            resource(
                "aws:lb/loadBalancer:LoadBalancer",
                {
                    "dropInvalidHeaderFields": True,
                    "accessLogs": {"enabled": False},
                    "enableDeletionProtection": True,
                },
            ),
            "no access log",
        ),
    ],
    "no-wildcard-admin": [
        (resource("aws:iam/policy:Policy", {"policy": allows("*")}), "allows every action on everything"),
        (
            resource("aws:iam/rolePolicy:RolePolicy", {"policy": allows(["s3:*", "*:*"], ["*"])}),
            "allows every action on everything",
        ),
        (
            resource("aws:iam/groupPolicy:GroupPolicy", {"policy": allows("iam:*", key="NotAction")}),
            "allows all actions but some on everything",
        ),
        (
            resource(
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                {"role": "developer", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            ),
            "AdministratorAccess for developer",
        ),
        (
            resource(
                ROLE, {"name": "deploy", "managedPolicyArns": ["arn:aws:iam::aws:policy/IAMFullAccess"]}, name="deploy"
            ),
            "IAMFullAccess for deploy",
        ),
        (
            resource(
                "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment",
                {"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
                name="people-developer-set-managed",
            ),
            "AdministratorAccess for people-developer-set-managed",
        ),
    ],
    "bounded-roles": [
        (resource(ROLE, inside=SERVICE), "no permissions boundary"),
        (resource("aws:iam/user:User"), "no permissions boundary"),
    ],
    "accepted-documents": [
        (
            resource(type_, {key: "x" * (most + 1)}),
            f"{key} has {most + 1:,} characters, {most:,} at most",
        )
        for type_, key, most in (
            ("aws:iam/groupPolicy:GroupPolicy", "policy", 5_120),
            ("aws:iam/policy:Policy", "policy", 6_144),
            (ROLE, "assumeRolePolicy", 2_048),
            ("aws:iam/rolePolicy:RolePolicy", "policy", 10_240),
            ("aws:kms/key:Key", "policy", 32_768),
            ("aws:s3/bucketPolicy:BucketPolicy", "policy", 20_480),
            ("aws:sns/topicPolicy:TopicPolicy", "policy", 30_720),
        )
    ],
    "no-anonymous-access": [
        (resource(ROLE, {"assumeRolePolicy": trusts("*")}), "everybody may sts:AssumeRole"),
        (
            resource("aws:kms/key:Key", {"policy": trusts({"AWS": ["*"]}, {"Bool": {"aws:SecureTransport": "true"}})}),
            "everybody may sts:AssumeRole",
        ),
        (
            resource(
                ROLE, {"assumeRolePolicy": trusts("*", {"StringNotEquals": {"aws:PrincipalAccount": "333333333333"}})}
            ),
            "everybody may sts:AssumeRole",
        ),
        (
            resource(
                ROLE,
                {
                    "assumeRolePolicy": trusts(
                        GITHUB, {"StringEquals": {k: v for k, v in GITHUB_CLAIMS.items() if k.endswith("aud")}}
                    )
                },
            ),
            "any sub of GitHub's tokens is trusted",
        ),
    ],
    "no-public-buckets": [
        (
            replace(BUCKET_PARTS[1], inputs={**BUCKET_PARTS[1].inputs, "restrictPublicBuckets": False}),
            "restrictPublicBuckets is off",
        )
    ],
    "no-default-provider": [
        (resource("aws:iam/group:Group", provider=None), "the default provider"),
        (
            resource("aws:iam/group:Group", provider=PROVIDER.replace("aws::aws", "aws::default_7_51_1")),
            "the default provider",
        ),
    ],
    "pinned-accounts": [
        (provider(allowedAccountIds=None), "no account, or several"),
        (provider(allowedAccountIds='["333333333333", "444444444444"]'), "no account, or several"),
        (provider(assumeRoles=None), "no role is assumed"),
        (provider(accessKey="AKIA"), "accessKey instead of a role"),
    ],
    "guarded-instance-metadata": [
        (metadata(httpTokens="optional"), "tokens are not required"),
        (metadata(httpPutResponseHopLimit=2), "more than one hop"),
        (
            resource(
                "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
                {"httpTokens": "optional", "httpPutResponseHopLimit": 1},
            ),
            "tokens are not required",
        ),
    ],
    "encrypted-volumes": [
        (volumes("true", "false"), "/dev/xvda is not encrypted"),
        (volumes(), "the image decides about its root volume"),
        (
            resource("aws:ebs/encryptionByDefault:EncryptionByDefault", {"enabled": False}),
            "volumes of the account are not encrypted by default",
        ),
        (resource("aws:ebs/volume:Volume"), "the volume is not encrypted"),
    ],
    "encrypted-messages": [
        (resource("aws:sns/topic:Topic"), "messages are kept in clear text"),
        (resource("aws:sns/topic:Topic", {"sqsManagedSseEnabled": True}), "messages are kept in clear text"),
        (resource("aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}), "messages are kept in clear text"),
    ],
    "encrypted-records": [
        (resource(LOGS, {"retentionInDays": 30}, inside=CLUSTER), "no key of the account's own"),
    ],
    "complete-buckets": [
        ((BUCKET, *BUCKET_PARTS[1:]), "without a policy that refuses clear text"),
        ((BUCKET, *BUCKET_PARTS[:2]), "without encryption, versioning"),
        (
            (BUCKET, *(replace(part, parent="urn:of:another") for part in BUCKET_PARTS)),
            "without a policy that refuses clear text, a block of public access, encryption, versioning",
        ),
    ],
    "log-retention": [
        (resource(LOGS), "kept for ever"),
        (resource(LOGS, {"retentionInDays": 0}), "kept for ever"),
    ],
    "protected-state": [
        (resource("aws:kms/key:Key", protect=False), "the engine would delete it"),
        (
            resource(
                "aws:lb/loadBalancer:LoadBalancer",
                {"dropInvalidHeaderFields": True, "accessLogs": {"enabled": True}},
            ),
            "AWS would delete it",
        ),
        (resource("aws:ecr/repository:Repository", {"forceDelete": True}), "AWS would delete it with its images"),
    ],
    "service-tags": [
        (resource(TASK, {"tags": {"service": "it"}}, inside=SERVICE), "without owner"),
        (resource(TASK, inside=SERVICE), "without owner and service"),
    ],
    "default-tags": [
        (provider(defaultTags=None), "without env and managed-by"),
        (provider(defaultTags='{"tags": {"env": "stage"}}'), "without managed-by"),
    ],
    "no-clear-secrets": [
        (variables(DB_PASSWORD="hunter2"), "it: DB_PASSWORD has a value"),
        (variables(ApiKey="1", api_key="1"), "it: api_key has a value"),
        (variables(GITHUB_TOKEN="${token:Secret.value}"), "it: GITHUB_TOKEN has a value"),
        (variables(DATABASE="postgres://it:hunter2@it.example/it"), "it: DATABASE looks like a secret"),
        (variables(WHO="AKIAIOSFODNN7EXAMPLE"), "it: WHO looks like a secret"),
        (
            resource("aws:lambda/function:Function", {"environment": {"variables": {"API_TOKEN": "1"}}}),
            "API_TOKEN has a value",
        ),
    ],
    "service-alerts": [
        (ALERTED[:1], "no ServiceAlerts of its name"),
        ((ALERTED[0], resource(ALERTS, name="other")), "no ServiceAlerts of its name"),
        (ALERTED, "its ServiceAlerts watch nothing"),
        ((*ALERTED, monitor("critical")), "no warning threshold"),
        ((*ALERTED, monitor("warning", "critical", message="Help!")), "reaches nobody"),
    ],
}

# What a case gives a type in order to show that the type does not have it.
NOT_INPUTS = {"sqsManagedSseEnabled"}


def a_plan(resources: Resource | tuple[Resource, ...], stack: str = "stage") -> Plan:
    return Plan(stack=stack, resources=resources if isinstance(resources, tuple) else (resources,), exports={})


def broken(resources: Resource | tuple[Resource, ...], rule: str) -> list[str]:
    return [finding.message for finding in check(a_plan(resources), ()) if finding.rule.name == rule]


@pytest.fixture(scope="module")
def committed() -> Mapping[str, Plan]:
    return planned()


@pytest.mark.parametrize(("rule", "resources"), [(rule, case) for rule, cases in PASSING.items() for case in cases])
def test_what_is_right_passes(rule: str, resources: Resource | tuple[Resource, ...]) -> None:
    assert broken(resources, rule) == []


@pytest.mark.parametrize(
    ("rule", "resources", "message"), [(rule, *case) for rule, cases in FAILING.items() for case in cases]
)
def test_what_is_wrong_is_found_once_and_said(
    rule: str, resources: Resource | tuple[Resource, ...], message: str
) -> None:
    assert broken(resources, rule) == [message]


def test_every_rule_has_both_kinds_of_cases_a_reason_and_a_remedy() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert [*PASSING] == [*FAILING] == names
    for rule in RULES:
        assert re.fullmatch(r"[A-Z].+\.", rule.reason)
        assert re.fullmatch(r"[A-Z].+\.", rule.remedy)
        assert sum(bool(check) for check in (rule.of_resource, rule.of_stack)) == 1


def test_no_message_repeats_a_secret() -> None:
    (finding,) = check(a_plan(variables(DB_PASSWORD="hunter2")), ())
    assert "hunter2" not in finding.message


# ---- a company's stacks


def test_the_stacks_break_no_rule(committed: Mapping[str, Plan]) -> None:
    violations = [finding for finding in check_all(committed.values(), ()) if finding.exception is None]
    assert [(found.stack, found.rule.name, found.resource.name, found.message) for found in violations] == []


def test_every_exception_of_the_platforms_own_is_needed(committed: Mapping[str, Plan]) -> None:
    needed = {
        (each.rule.name, each.resource.urn.split("::", 2)[2])
        for each in check_all(committed.values(), ())
        if each.exception is not None
    }
    assert needed == {(rule.name, resource) for rule in RULES for resource in rule.exceptions}
    assert needed == {
        ("no-wildcard-admin", "slipway:account:AccountBaseline$aws:iam/policy:Policy::account-boundary"),
        ("no-clear-secrets", "slipway:datadog:DeployEvents$aws:lambda/function:Function::deploy-events-function"),
    }


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.types], ids=lambda rule: rule.name)
def test_a_rule_speaks_of_types_and_inputs_that_exist(rule: Rule) -> None:
    """A misspelt type would never be judged, a misspelt input always pass."""
    sdk_types = {token: resource_type(token).inputs for token in rule.types if not token.startswith("pulumi:")}
    failing = [case for case, _ in FAILING[rule.name]]
    for case in (*PASSING[rule.name], *failing):
        for each in case if isinstance(case, tuple) else (case,):
            assert {*each.inputs} <= {*sdk_types.get(each.type, each.inputs)} | NOT_INPUTS


# ---- exceptions


def an_exception(**changes: Any) -> PolicyException:
    usual: dict[str, Any] = {"rule": "log-retention", "resource": "it", "reason": "Kept until the lawsuit is over."}
    return PolicyException(**usual | changes)


@pytest.mark.parametrize(
    ("exception", "covered"),
    [
        (an_exception(), True),
        (an_exception(stack="stage"), True),
        (an_exception(stack="prod"), False),
        (an_exception(resource="other"), False),
        (an_exception(rule="encrypted-records"), False),
    ],
)
def test_an_exception_covers_one_rule_of_one_resource(exception: PolicyException, covered: bool) -> None:
    (finding,) = check(a_plan(resource(LOGS)), [exception])
    assert finding.exception == ("Kept until the lawsuit is over." if covered else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- {rule: no-such-rule, resource: it, reason: A reason that is long enough.}",
            r"\[0\].rule\n  given:   \"no-such-rule\"\n  allowed: one of no-public-ingress, ",
        ),
        ("- {rule: log-retention, resource: it, reason: because}", r"\[0\].reason\n.*\n  allowed: 20 or more"),
        ("- {rule: log-retention, resource: it}", r"\[0\].reason\n  allowed: a value\n  remedy:  add the key"),
        (
            "- {rule: log-retention, resource: it, reason: A reason that is long enough., stak: dev}",
            "did you mean stack",
        ),
        ("- a", r"\[0\]\n  given:   \"a\"\n  allowed: a mapping of keys"),
        (
            "- {rule: log-retention, resource: it, reason: A reason that is long enough., stack: prud}",
            r"\[0\].stack\n  given:   \"prud\"\n  allowed: one of dev, prod\n  remedy:  did you mean prod?",
        ),
        ("- {rule: [", r"given:   line 2, column 1: .*\n  allowed: valid YAML"),
        ("rule: log-retention", "allowed: a list of exceptions, each with rule, resource and reason"),
        (b"\xff", r"allowed: UTF-8 text\n  remedy:  save it as UTF-8"),
    ],
)
def test_a_wrong_exception_is_said(tmp_path: Path, text: str | bytes, message: str) -> None:
    for stack in ("dev", "prod"):
        (tmp_path / f"Pulumi.{stack}.yaml").touch()
    with pytest.raises(ConfigError, match=message) as raised:
        exceptions.load(with_exceptions(tmp_path, text))
    assert {problem.file for problem in raised.value.problems} == {"policies/exceptions.yaml"}


def with_exceptions(root: Path, text: str | bytes) -> Path:
    (root / "policies").mkdir()
    (root / "policies/exceptions.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def test_a_company_without_exceptions_has_an_empty_file_or_none(tmp_path: Path) -> None:
    assert exceptions.load(tmp_path) == ()
    assert exceptions.load(with_exceptions(tmp_path, "# none\n")) == ()


def test_exceptions_are_those_of_the_project_that_is_judged(tmp_path: Path) -> None:
    text = "- {rule: log-retention, resource: it, reason: Kept until the lawsuit is over.}"
    assert exceptions.load(with_exceptions(tmp_path, text)) == (an_exception(),)


def test_the_platforms_own_exception_is_for_one_resource_of_one_component() -> None:
    inside = "slipway:account:AccountBaseline"
    policies = {"policy": allows("iam:*", key="NotAction")}
    boundary = resource("aws:iam/policy:Policy", policies, name="account-boundary", inside=inside)
    (found,) = check(a_plan(boundary), ())
    assert found.exception is not None
    assert found.exception.startswith("A permissions boundary grants nothing")
    assert judge(boundary) == {}
    for other in (
        resource("aws:iam/policy:Policy", policies, name="account-boundary"),
        resource("aws:iam/policy:Policy", policies, name="other", inside=inside),
    ):
        (found,) = check(a_plan(other), ())
        assert found.exception is None
        assert [*judge(other)] == ["no-wildcard-admin"]


# ---- the documentation


def test_the_documentation_lists_the_rules() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/policies.md").read_text(), re.MULTILINE)
    assert listed == [rule.name for rule in RULES]


# ---- the pack


def judge(each: Resource, excepted: Sequence[PolicyException] = (), **props: Any) -> dict[str, list[str]]:
    """What the pack's policies for single resources report, as the engine would ask them; by policy."""
    provider = (
        policy.PolicyProviderResource("pulumi:providers:aws", {}, each.provider, "aws") if each.provider else None
    )
    args = policy.ResourceValidationArgs(
        each.type,
        unknown_checking_proxy({**each.inputs, **props}),
        each.urn,
        each.name,
        policy.PolicyResourceOptions(each.protect, [], None, [], policy.PolicyCustomTimeouts(0, 0, 0), [], each.parent),
        provider,
    )
    reported: dict[str, list[str]] = {}
    for made in pack.policies(excepted):
        if isinstance(made, policy.ResourceValidationPolicy):
            made.validate(args, lambda text, _urn, name=made.name: reported.setdefault(name, []).append(text))
    return reported


SINGLE = {rule.name for rule in RULES if rule.of_resource}


@pytest.mark.parametrize("rule", sorted(SINGLE))
def test_pack_and_plan_find_the_same(rule: str) -> None:
    for case in PASSING[rule]:
        assert isinstance(case, Resource)
        assert rule not in judge(case)
    for case, message in FAILING[rule]:
        assert isinstance(case, Resource)
        (said,) = judge(case)[rule]
        assert said.startswith(f"Found: {message}. Remedy: ")


def test_pack_takes_what_is_not_known_yet_as_right() -> None:
    assert judge(open_to("0.0.0.0/0", 22), cidrIpv4=UNKNOWN_STRING_VALUE) == {}
    assert judge(listener("HTTPS"), sslPolicy=UNKNOWN_STRING_VALUE) == {}
    assert judge(resource(TEMPLATE, metadata().inputs), blockDeviceMappings=UNKNOWN_ARRAY_VALUE) == {}
    nested = [{"deviceName": "/dev/xvda", "ebs": {"encrypted": UNKNOWN_STRING_VALUE}}]
    assert judge(resource(TEMPLATE, metadata().inputs), blockDeviceMappings=nested) == {}


def test_pack_knows_the_exceptions() -> None:
    assert [*judge(resource(LOGS))] == ["log-retention"]
    assert judge(resource(LOGS), [an_exception()]) == {}


def test_pack_judges_the_whole_stack() -> None:
    def states(*resources: Resource) -> list[Any]:
        known: dict[str, Any] = {}
        for each in resources:
            options = policy.PolicyResourceOptions(True, [], None, [], policy.PolicyCustomTimeouts(0, 0, 0), [])
            parent = known.get(each.parent or "")
            known[each.urn] = policy.PolicyResource(
                each.type, each.inputs, each.urn, each.name, options, None, parent, [], {}
            )
        return [*known.values()]

    def report(*resources: Resource) -> list[tuple[str, str | None]]:
        reported: list[tuple[str, str | None]] = []
        for made in pack.policies(()):
            if isinstance(made, policy.StackValidationPolicy):
                args = policy.StackValidationArgs(states(*resources))
                made.validate(args, lambda text, urn, name=made.name: reported.append((name, urn)))
        return reported

    above = resource("slipway:s3:PrivateBucket", name="above")
    assert report(above, BUCKET, *BUCKET_PARTS) == []
    assert report(above, BUCKET) == [("complete-buckets", BUCKET.urn)]
    assert report(*ALERTED, monitor("warning", "critical")) == []
    assert report(*ALERTED) == [("service-alerts", ALERTED[0].urn)]
