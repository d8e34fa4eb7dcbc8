"""What two environments may differ in, and that everything else is flagged."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from plan.model import STACK_TYPE, Plan, Resource
from plan.parity import compare, table
from slipway.render import console

ACCOUNTS = {"stage": "333333333333", "prod": "444444444444"}
NETWORKS = {"stage": "10.20.0.0/16", "prod": "10.30.64.0/18"}
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def plan(stack: str, *resources: tuple[str, str, dict[str, Any]], outputs: dict[str, Any] | None = None) -> Plan:
    root = f"urn:pulumi:{stack}::p::{STACK_TYPE}::p-{stack}"
    service = f"urn:pulumi:{stack}::p::slipway:ecs:EcsService::api"
    summary: dict[str, Any] = {"tasks": {"min": 1, "max": 1}, "version": "1.0.0"}
    return Plan(
        stack=stack,
        exports={},
        resources=(
            Resource(urn=root, type=STACK_TYPE, name=f"p-{stack}", custom=False),
            Resource(
                urn=service,
                type="slipway:ecs:EcsService",
                name="api",
                custom=False,
                parent=root,
                outputs=summary | (outputs or {}),
            ),
            Resource(
                urn=f"urn:pulumi:{stack}::p::pulumi:providers:aws::aws",
                type="pulumi:providers:aws",
                name="aws",
                custom=True,
                inputs={"allowedAccountIds": f'["{ACCOUNTS[stack]}"]'},
            ),
            Resource(
                urn=f"urn:pulumi:{stack}::p::aws:ec2/vpc:Vpc::network-vpc",
                type="aws:ec2/vpc:Vpc",
                name="network-vpc",
                custom=True,
                inputs={"cidrBlock": NETWORKS[stack]},
            ),
            *(
                Resource(
                    urn=f"urn:pulumi:{stack}::p::slipway:ecs:EcsService${type_}::{name}",
                    type=type_,
                    name=name,
                    custom=True,
                    parent=service,
                    inputs=inputs,
                )
                for type_, name, inputs in resources
            ),
        ),
    )


def kinds(type_: str, ours: dict[str, Any], theirs: dict[str, Any], **versions: str) -> list[tuple[str, str]]:
    one = plan("stage", (type_, "it", ours), outputs={"version": versions.get("stage", "1.0.0")})
    other = plan("prod", (type_, "it", theirs), outputs={"version": versions.get("prod", "1.0.0")})
    return [(each.path, each.kind) for each in compare(one, other) if not each.summary]


def test_identity_is_no_difference() -> None:
    ours = {"a": "arn:aws:iam::333333333333:role/stage", "b": "10.20.32.0/19", "c": "stage.x", "e": "aws+stage@x"}
    theirs = {"a": "arn:aws:iam::444444444444:role/prod", "b": "10.30.72.0/21", "c": "prod.x", "e": "aws+prod@x"}
    assert kinds("aws:sns/topic:Topic", ours, theirs) == []


def test_the_name_of_a_stack_in_a_text_that_both_have_is_no_difference() -> None:
    text = {"displayName": "The stage and the prod of a theatre"}
    assert kinds("aws:sns/topic:Topic", text, text) == []


def test_what_only_identity_can_explain_in_its_own_place_differs_elsewhere() -> None:
    for ours in ("arn:aws:iam::444444444444:role/stage", "10.20.64.0/19", "prod.x"):
        theirs = {"arn": "arn:aws:iam::444444444444:role/prod", "10.": "10.30.72.0/21", "pro": "staging.x"}[ours[:3]]
        assert kinds("aws:sns/topic:Topic", {"a": ours}, {"a": theirs}) == [("inputs.a", "")]


@pytest.mark.parametrize(
    ("type_", "ours", "theirs", "expected"),
    [
        ("aws:ecs/service:Service", {"desiredCount": 1}, {"desiredCount": 3}, [("inputs.desiredCount", "count")]),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"instanceType": "m7i.large"},
            {"instanceType": "m7i.xlarge"},
            [("inputs.instanceType", "instance type")],
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"blockDeviceMappings": [{"ebs": {"volumeSize": 60}}]},
            {"blockDeviceMappings": [{"ebs": {"volumeSize": 80}}]},
            [("inputs.blockDeviceMappings[0].ebs.volumeSize", "instance type")],
        ),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {},
            {"minimumLoadBalancerCapacity": {"capacityUnits": 100}},
            [("inputs.minimumLoadBalancerCapacity.capacityUnits", "count")],
        ),
        (
            "aws:ec2/keyPair:KeyPair",
            {"publicKey": "ssh-ed25519 one"},
            {"publicKey": "ssh-ed25519 other"},
            [("inputs.publicKey", "identity")],
        ),
        (
            TASK,
            {"containerDefinitions": '[{"name": "a", "dockerLabels": {"slipway.secret.KEY": "1"}}]'},
            {"containerDefinitions": '[{"name": "a", "dockerLabels": {"slipway.secret.KEY": "2"}}]'},
            [("inputs.containerDefinitions[a].dockerLabels.slipway.secret.KEY", "version")],
        ),
        (
            "aws:lb/targetGroup:TargetGroup",
            {"deregistrationDelay": 30},
            {"deregistrationDelay": 60},
            [("inputs.deregistrationDelay", "")],
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv4": "0.0.0.0/0"},
            {"cidrIpv4": "10.30.0.0/16"},
            [("inputs.cidrIpv4", "")],
        ),
    ],
)
def test_sizes_counts_and_versions_may_differ_and_nothing_else(
    type_: str, ours: dict[str, Any], theirs: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert kinds(type_, ours, theirs) == expected


@pytest.mark.parametrize(
    ("stage", "prod", "ours", "theirs", "expected"),
    [
        ("1.0.0", "1.1.0-rc.1", "a:1.0.0", "a:1.1.0-rc.1", "version"),
        ("sha256:0f", "sha256:1e", "a@sha256:0f", "a@sha256:1e", "version"),
        ("1.0.0", "1.1.0", "a:1.0.0", "b:1.1.0", ""),
        ("1.0.0", "1.1.0", "a:1.0.0", "a:2.0.0", ""),
    ],
)
def test_only_the_services_own_version_is_one(stage: str, prod: str, ours: str, theirs: str, expected: str) -> None:
    one, other = ({"containerDefinitions": json.dumps([{"name": "a", "image": image}])} for image in (ours, theirs))
    found = kinds(TASK, one, other, stage=stage, prod=prod)
    assert found == [("inputs.containerDefinitions[a].image", expected)]


def test_a_resource_of_one_environment_is_flagged_unless_it_scales_a_range_of_tasks() -> None:
    target = ("aws:appautoscaling/target:Target", "api-target", {})
    alone = compare(plan("stage"), plan("prod", target))
    assert [(each.resource.name, each.ours, each.theirs, each.kind) for each in alone] == [
        ("api-target", None, "present", "")
    ]
    ranged = plan("prod", target, outputs={"tasks": {"min": 1, "max": 4}})
    assert {(each.path, each.kind) for each in compare(plan("stage"), ranged)} == {
        ("", "scaling"),
        ("outputs.tasks.max", "count"),
    }


def test_the_table_says_what_differs_and_what_must_not() -> None:
    one = plan("stage", ("aws:sns/topic:Topic", "it", {"a": 1}), outputs={"version": "1.1.0"})
    other = plan("prod", ("aws:sns/topic:Topic", "it", {"a": 2}), outputs={"version": "1.0.0"})
    out = io.StringIO()
    table(compare(one, other), "stage", "prod", console(out))
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert lines == [
        "What stage prod",
        "service api version 1.1.0 1.0.0",
        "",
        "stage and prod must not differ in this:",
        "service api: it (Topic) inputs.a",
        "stage: 1",
        "prod: 2",
    ]
