"""The policy pack on the real engine: the committed stacks pass; what breaks a rule is refused by the rule's name."""

from __future__ import annotations

import re

import pytest

from policies.rules import RULES

from .conftest import STACKS, Results
from .life import Life
from .workspace import Workspace

pytestmark = pytest.mark.engine

JUDGED = sorted(rule.name for rule in RULES)
"""The engine sees one stack at a time."""

# Each resource is named after the one rule that it breaks.
OUTLAWS = """\
import json
import pulumi
import pulumi_aws as aws

ROLE = aws.ProviderAssumeRoleArgs(role_arn="arn:aws:iam::333333333333:role/deploy")
TAGS = aws.ProviderDefaultTagsArgs(tags={"env": "stage", "managed-by": "slipway"})
PINNED = {"region": "us-east-1", "assume_roles": [ROLE]}
good = aws.Provider("good", allowed_account_ids=["333333333333"], default_tags=TAGS, **PINNED)
aws.Provider("default-tags", allowed_account_ids=["333333333333"], **PINNED)
aws.Provider("pinned-accounts", allowed_account_ids=["333333333333", "444444444444"], default_tags=TAGS, **PINNED)
opts = pulumi.ResourceOptions(provider=good)
kept = pulumi.ResourceOptions(provider=good, protect=True)


def allow(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def component(type_, name):
    return pulumi.ComponentResource(type_, name, None, pulumi.ResourceOptions(providers=[good]))


aws.sns.Topic("no-default-provider", kms_master_key_id="key")
aws.vpc.SecurityGroupIngressRule(
    "no-public-ingress",
    security_group_id="sg-0123456789abcdef0",
    cidr_ipv4="0.0.0.0/0",
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    opts=opts,
)
aws.ec2.SecurityGroup(
    "standalone-security-rules",
    description="Anything",
    ingress=[aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=1, to_port=1, self=True)],
    opts=opts,
)
aws.ec2.DefaultSecurityGroup(
    "closed-default-groups",
    egress=[aws.ec2.DefaultSecurityGroupEgressArgs(protocol="-1", from_port=0, to_port=0, self=True)],
    opts=opts,
)
aws.lb.Listener(
    "tls-listeners",
    load_balancer_arn="arn:aws:elasticloadbalancing:us-east-1:333333333333:loadbalancer/app/it/0123456789abcdef",
    port=80,
    protocol="HTTP",
    default_actions=[
        aws.lb.ListenerDefaultActionArgs(
            type="fixed-response",
            fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(content_type="text/plain", status_code="404"),
        )
    ],
    opts=opts,
)
aws.lb.LoadBalancer(
    "guarded-balancers",
    name="guarded",
    drop_invalid_header_fields=True,
    enable_deletion_protection=True,
    opts=kept,
)
aws.iam.Policy("no-wildcard-admin", policy=allow(Action="*", Resource="*"), opts=opts)
aws.iam.Role("bounded-roles", assume_role_policy="{}", opts=opts)
aws.iam.Policy(
    "accepted-documents",
    policy=allow(Action="s3:GetObject", Resource=[f"arn:aws:s3:::{'a' * 50}/{number}" for number in range(100)]),
    opts=opts,
)
aws.iam.Role(
    "no-anonymous-access",
    assume_role_policy=allow(Action="sts:AssumeRole", Principal={"AWS": "*"}),
    permissions_boundary="arn:aws:iam::333333333333:policy/baseline/boundary",
    opts=opts,
)
aws.s3.BucketPublicAccessBlock(
    "no-public-buckets",
    bucket="it",
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=False,
    opts=opts,
)
volume = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs
metadata = aws.ec2.LaunchTemplateMetadataOptionsArgs
for name, encrypted, tokens in (
    ("guarded-instance-metadata", "true", "optional"),
    ("encrypted-volumes", "false", "required"),
):
    aws.ec2.LaunchTemplate(
        name,
        metadata_options=metadata(http_tokens=tokens, http_put_response_hop_limit=1),
        block_device_mappings=[
            aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name="/dev/xvda", ebs=volume(encrypted=encrypted))
        ],
        opts=opts,
    )
aws.sqs.Queue("encrypted-messages", opts=opts)
cluster = component("slipway:ecs:EcsCluster", "cluster")
aws.cloudwatch.LogGroup("encrypted-records", retention_in_days=30, opts=pulumi.ResourceOptions(parent=cluster))
aws.cloudwatch.LogGroup("log-retention", opts=opts)
aws.s3.Bucket("complete-buckets", opts=kept)
aws.kms.Key("protected-state", opts=opts)
service = component("slipway:ecs:EcsService", "service-alerts")
aws.cloudwatch.LogGroup("service-tags", retention_in_days=30, opts=pulumi.ResourceOptions(parent=service))
aws.ecs.TaskDefinition(
    "no-clear-secrets",
    family="it",
    container_definitions=json.dumps(
        [{"name": "it", "image": "it", "memory": 64, "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]
    ),
    opts=opts,
)
"""


def test_each_rule_is_enforced_by_its_name(workspace: Workspace) -> None:
    (workspace.project / "__main__.py").write_text(OUTLAWS)
    with workspace.edit("Pulumi.yaml") as project:
        del project["config"]["pulumi:disable-default-providers"]  # or the engine itself would be the first to refuse
    workspace.init("stage")
    output = workspace.run("up", "--stack", "stage", "--yes", "--policy-pack", "policies").refused().output
    found = re.findall(r"- \[mandatory\]  (\S+)  \(\S+: (\S+)\)", output)
    # The default provider, which is called after its version, is an outlaw in more than one way.
    assert [each for each in found if not each[1].startswith("default_")] == [(name, name) for name in JUDGED]
    assert workspace.cloud.records == {}


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_pass(lives: Results[Life], stack: str) -> None:
    assert "✅ slipway@" in lives(stack).first_preview.output
