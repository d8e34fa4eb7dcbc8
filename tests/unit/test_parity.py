"""What two environments may differ in, and that everything else is flagged."""

from __future__ import annotations

import io
from typing import Any

import pytest

from slipway.parity import Identity, compare, table
from slipway.plan import STACK_TYPE, Plan, Resource
from slipway.project import StackConfig
from slipway.render import console

STAGE, PROD = (
    Identity.of(
        stack,
        StackConfig(
            values={
                "slipway:platform": (
                    '{"accounts": {"stage": {"id": "333333333333", "email": "s@x", "monthly_budget_usd": 30},'
                    ' "prod": {"id": "444444444444", "email": "p@x", "monthly_budget_usd": 120}}}'
                ),
                "slipway:environment": f'{{"cidr": "{cidr}", "bastion_public_key": "ssh {stack}key"}}',
            },
            secret_keys=(),
        ),
    )
    for stack, cidr in (("stage", "10.20.0.0/16"), ("prod", "10.30.0.0/16"))
)


def plan(stack: str, *resources: tuple[str, str, dict[str, Any]], outputs: dict[str, Any] | None = None) -> Plan:
    root = f"urn:pulumi:{stack}::p::{STACK_TYPE}::p-{stack}"
    service = f"urn:pulumi:{stack}::p::slipway:ecs:EcsService::api"
    tasks = {"tasks": {"min": 1, "max": 1}}
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
                outputs={**tasks, **(outputs or {})},
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


def kinds(type_: str, ours: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[str, str]]:
    one, other = plan("stage", (type_, "it", ours)), plan("prod", (type_, "it", theirs))
    return [(each.path, each.kind) for each in compare(one, other, STAGE, PROD)]


def test_identity_is_no_difference() -> None:
    ours = {"a": "arn:aws:iam::333333333333:role/stage", "b": "10.20.4.0/22", "c": "stage.x", "d": "30", "e": "s@x"}
    theirs = {"a": "arn:aws:iam::444444444444:role/prod", "b": "10.30.4.0/22", "c": "prod.x", "d": "120", "e": "p@x"}
    assert kinds("aws:sns/topic:Topic", ours, theirs) == []


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
            "aws:ecs/taskDefinition:TaskDefinition",
            {"containerDefinitions": '[{"name": "a", "image": "a:1.0.0"}]'},
            {"containerDefinitions": '[{"name": "a", "image": "a:1.1.0-rc.1"}]'},
            [("inputs.containerDefinitions[a].image", "version")],
        ),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            {"containerDefinitions": '[{"name": "a", "image": "a:1.0.0"}]'},
            {"containerDefinitions": '[{"name": "a", "image": "b:1.0.0"}]'},
            [("inputs.containerDefinitions[a].image", "")],
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


def test_a_resource_of_one_environment_is_flagged_unless_it_scales_a_range_of_tasks() -> None:
    target = ("aws:appautoscaling/target:Target", "api-target", {})
    alone = compare(plan("stage"), plan("prod", target), STAGE, PROD)
    assert [(each.name, each.ours, each.theirs, each.kind) for each in alone] == [("api-target", None, "present", "")]
    ranged = plan("prod", target, outputs={"tasks": {"min": 1, "max": 4}})
    assert {(each.path, each.kind) for each in compare(plan("stage"), ranged, STAGE, PROD)} == {
        ("", "scaling"),
        ("outputs.tasks.max", "count"),
    }


def test_the_table_says_what_differs_and_what_must_not() -> None:
    one = plan("stage", ("aws:sns/topic:Topic", "it", {"a": 1}), outputs={"version": "1.1.0"})
    other = plan("prod", ("aws:sns/topic:Topic", "it", {"a": 2}), outputs={"version": "1.0.0"})
    out = io.StringIO()
    table(compare(one, other, STAGE, PROD), "stage", "prod", console(out))
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
