"""A company outside us-east-1: nothing runs there, and what AWS has nowhere else still works."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from reach.engine import Environment, Principal, Query, Verdict, decide
from reach.policy import parse_policy

from tests.iam.planned import Stack, planned
from tests.iam.test_proofs import aws_managed
from tests.projects import copy_project, edit

# What makes each type that the stacks declare in us-east-1, whatever the company's region.
MADE_BY = {
    "aws:accessanalyzer/analyzer:Analyzer": "access-analyzer:CreateAnalyzer",
    "aws:cfg/deliveryChannel:DeliveryChannel": "config:PutDeliveryChannel",
    "aws:cfg/recorder:Recorder": "config:PutConfigurationRecorder",
    "aws:cfg/recorderStatus:RecorderStatus": "config:StartConfigurationRecorder",
    "aws:cloudwatch/eventRule:EventRule": "events:PutRule",
    "aws:cloudwatch/eventTarget:EventTarget": "events:PutTargets",
    "aws:ebs/encryptionByDefault:EncryptionByDefault": "ec2:EnableEbsEncryptionByDefault",
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": "ec2:EnableSnapshotBlockPublicAccess",
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": "ec2:DeleteNetworkAclEntry",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ec2:RevokeSecurityGroupIngress",
    "aws:ec2/defaultVpc:DefaultVpc": "ec2:CreateDefaultVpc",
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": "ec2:EnableImageBlockPublicAccess",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": "ec2:ModifyInstanceMetadataDefaults",
    "aws:kms/key:Key": "kms:CreateKey",
    "aws:securityhub/account:Account": "securityhub:EnableSecurityHub",
    "aws:securityhub/standardsSubscription:StandardsSubscription": "securityhub:BatchEnableStandards",
    "aws:sns/topic:Topic": "sns:CreateTopic",
    "aws:sns/topicPolicy:TopicPolicy": "sns:SetTopicAttributes",
    "aws:sns/topicSubscription:TopicSubscription": "sns:Subscribe",
}


@pytest.fixture(scope="module")
def european(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Stack]:
    root = copy_project(tmp_path_factory.mktemp("european"))
    edit(root / "Pulumi.yaml", r"us-east-1a, us-east-1b, us-east-1c", "eu-west-1a, eu-west-1b, eu-west-1c")
    edit(root / "Pulumi.yaml", r"^      region: us-east-1$", "      region: eu-west-1")
    edit(root / "Pulumi.yaml", r"allowed_regions: \[us-east-1\]", "allowed_regions: [eu-west-1]")
    return planned(root, ("ops", "prod"))


def allowed(ops: Stack, action: str, region: str) -> bool:
    """Whether the guardrails let an administrator of prod do this there."""
    everything = parse_policy(json.dumps(aws_managed()["AdministratorAccess"]["Document"]), "everything")
    guardrails = [
        parse_policy(policy.inputs["content"], policy.name)
        for policy in ops.all("aws:organizations/policy:Policy")
        if policy.inputs["type"] == "SERVICE_CONTROL_POLICY"
    ]
    administrator = Principal("arn:aws:iam::444444444444:role/administrator", [everything])
    query = Query(action, "*", {"aws:RequestedRegion": region, "ec2:MetadataHttpTokens": "required"})
    environment = Environment(scp_layers=[("root", [everything, *guardrails])])
    return decide(administrator, query, environment).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("action", ["ec2:RunInstances", "ecs:CreateCluster", "lambda:InvokeFunction", "s3:PutObject"])
def test_workloads_run_in_the_allowed_regions_alone(european: Mapping[str, Stack], action: str) -> None:
    assert {r for r in ("eu-west-1", "us-east-1", "us-west-2") if allowed(european["ops"], action, r)} == {"eu-west-1"}


@pytest.mark.parametrize("action", ["acm:RequestCertificate", "kms:CreateKey", "wafv2:CreateWebACL"])
def test_what_global_services_need_is_there(european: Mapping[str, Stack], action: str) -> None:
    assert allowed(european["ops"], action, "us-east-1")
    assert not allowed(european["ops"], action, "us-west-2")


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
@pytest.mark.parametrize("action", ["iam:CreateRole", "route53:ChangeResourceRecordSets", "sts:AssumeRole"])
def test_global_services_answer_wherever_they_are(european: Mapping[str, Stack], action: str, region: str) -> None:
    assert allowed(european["ops"], action, region)


def test_an_environment_is_made_with_all_that_it_declares_in_the_global_region(european: Mapping[str, Stack]) -> None:
    types = {r.type for r in european["prod"].resources if r.inputs.get("region") == "us-east-1"}
    assert types == MADE_BY.keys()
    assert [t for t in sorted(types) if not allowed(european["ops"], MADE_BY[t], "us-east-1")] == []
