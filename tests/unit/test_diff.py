"""Verdicts on small plans, exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from plan import risks
from plan.diff import Action, Effect, PropertyChange, StackDiff, compare_stack, merge
from plan.model import STACK_TYPE, Failure, Plan, Resource
from slipway.diff_report import LIMIT, Report, markdown

TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
STACK_URN = f"urn:pulumi:stage::p::{STACK_TYPE}::p-stage"


def resource(type_: str, name: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> Resource:
    return Resource(
        urn=f"urn:pulumi:stage::p::{type_}::{name}",
        type=type_,
        name=name,
        custom=True,
        parent=STACK_URN,
        inputs=inputs or {},
        **options,
    )


def plan(*resources: Resource, stack: str = "stage") -> Plan:
    root = Resource(urn=STACK_URN, type=STACK_TYPE, name="p-stage", custom=False)
    return Plan(stack=stack, resources=(root, *resources), exports={})


def compared(before: Resource | None, after: Resource | None) -> StackDiff:
    return compare_stack(*(plan(each) if each else plan() for each in (before, after)))


def verdict(type_: str, before: dict[str, Any], after: dict[str, Any], **options: Any) -> list[Any]:
    diff = compared(resource(type_, "it", before, **options), resource(type_, "it", after, **options))
    return [(pair.action, [(p.path, p.effect) for p in pair.properties]) for pair in diff.pairs]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: list[str] | str, where: list[str] | str = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": "One", "Effect": "Allow", "Action": actions, "Resource": where, **more}


# Verdicts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "before", "after", "expected"),
    [
        (TARGET_GROUP, {"port": 80}, {"port": 80}, []),
        (
            TARGET_GROUP,
            {"deregistrationDelay": 30},
            {"deregistrationDelay": 60},
            [(Action.UPDATE, [("deregistrationDelay", Effect.UPDATES)])],
        ),
        (TARGET_GROUP, {"port": 80}, {"port": 81}, [(Action.REPLACE, [("port", Effect.REPLACES)])]),
        (
            "aws:lambda/unheardOf:UnheardOf",
            {"a": 1},
            {"a": 2},
            [(Action.MAY_REPLACE, [("a", Effect.MAY_REPLACE)])],
        ),
        (
            "aws:ec2/instance:Instance",
            {"instanceType": "t3.micro"},
            {"instanceType": "t3.small"},
            [(Action.MAY_REPLACE, [("instanceType", Effect.MAY_REPLACE)])],
        ),
        (
            "aws:ecs/capacityProvider:CapacityProvider",
            {"autoScalingGroupProvider": {"autoScalingGroupArn": "a", "managedDraining": "DISABLED"}},
            {"autoScalingGroupProvider": {"autoScalingGroupArn": "a", "managedDraining": "ENABLED"}},
            [(Action.UPDATE, [("autoScalingGroupProvider.managedDraining", Effect.UPDATES)])],
        ),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"securityGroups": ["sg-1"]},
            {"securityGroups": ["sg-2"]},
            [(Action.UPDATE, [("securityGroups[]", Effect.UPDATES), ("securityGroups[]", Effect.UPDATES)])],
        ),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"loadBalancerType": "network", "securityGroups": ["sg-1"]},
            {"loadBalancerType": "network"},
            [(Action.MAY_REPLACE, [("securityGroups", Effect.MAY_REPLACE)])],
        ),
        ("pulumi:providers:aws", {"region": "a"}, {"region": "b"}, [(Action.UPDATE, [("region", Effect.UPDATES)])]),
    ],
)
def test_what_forces_replacement_is_looked_up(
    type_: str, before: dict[str, Any], after: dict[str, Any], expected: list[Any]
) -> None:
    assert verdict(type_, before, after) == expected


def test_what_is_ignored_is_no_change() -> None:
    service = "aws:ecs/service:Service"
    assert verdict(service, {"desiredCount": 1}, {"desiredCount": 2}, ignore_changes=("desiredCount",)) == []


def test_created_and_deleted_and_forgotten() -> None:
    one = resource(TARGET_GROUP, "it")
    assert [pair.action for pair in compared(None, one).pairs] == [Action.CREATE]
    assert [pair.action for pair in compared(one, None).pairs] == [Action.DELETE]
    assert [pair.action for pair in compared(replace(one, retain_on_delete=True), None).pairs] == [Action.FORGET]
    assert [pair.action for pair in compared(None, replace(one, import_id="tg-1")).pairs] == [Action.IMPORT]


def test_an_alias_makes_a_new_name_no_change() -> None:
    old = resource(TARGET_GROUP, "old", {"port": 80})
    assert compared(old, resource(TARGET_GROUP, "new", {"port": 80}, aliases=({"name": "old"},))).pairs == ()
    assert len(compared(old, resource(TARGET_GROUP, "new", {"port": 80})).pairs) == 2


def test_what_refers_to_something_renamed_does_not_change() -> None:
    topic, rule = "aws:sns/topic:Topic", "aws:lb/listenerRule:ListenerRule"
    before = plan(resource(topic, "old"), resource(rule, "rule", {"a": '["${old:Topic.arn}"]', "c": "${old:X.y}"}))
    new = resource(topic, "new", aliases=({"name": "old"},))
    after = plan(new, resource(rule, "rule", {"a": '["${new:Topic.arn}"]', "c": "${old:X.y}"}))
    assert compare_stack(before, after).pairs == ()


def test_the_children_of_a_renamed_component_move_along() -> None:
    """Their names follow where they begin with the component's; see inheritedChildAlias, step_generator.go."""

    def two(name: str, **options: Any) -> Plan:
        above = f"urn:pulumi:stage::p::a:b:Component::{name}"
        component = Resource(urn=above, type="a:b:Component", name=name, custom=False, parent=STACK_URN, **options)
        urn = f"urn:pulumi:stage::p::a:b:Component${TARGET_GROUP}::{name}-tg"
        child = Resource(urn=urn, type=TARGET_GROUP, name=f"{name}-tg", custom=True, parent=above, inputs={"port": 80})
        return plan(component, child)

    assert compare_stack(two("api"), two("web", aliases=({"name": "api"},))).pairs == ()
    assert len(compare_stack(two("api"), two("web")).pairs) == 2


def test_another_provider_replaces() -> None:
    one = resource(TARGET_GROUP, "it", provider="urn:pulumi:stage::p::pulumi:providers:aws::one")
    (pair,) = compared(one, replace(one, provider="urn:pulumi:stage::p::pulumi:providers:aws::two")).pairs
    assert pair.action is Action.REPLACE


def test_what_refers_to_something_replaced_follows() -> None:
    def three(port: int) -> Plan:
        return plan(
            resource(TARGET_GROUP, "tg", {"port": port}),
            resource("aws:lb/listenerRule:ListenerRule", "rule", {"actions": [{"arn": "${tg:TargetGroup.arn}"}]}),
            resource("aws:sns/topic:Topic", "topic", {"displayName": "x"}),
        )

    found = {pair.resource.name: pair for pair in compare_stack(three(80), three(81)).pairs}
    assert {name: pair.action for name, pair in found.items()} == {"tg": Action.REPLACE, "rule": Action.UPDATE}
    assert found["rule"].properties[0].because == "tg (TargetGroup) is replaced"


def test_replacement_goes_on_through_references_that_force_it() -> None:
    def chain(cidr: str) -> Plan:
        return plan(
            resource("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": cidr}),
            resource("aws:ec2/subnet:Subnet", "subnet", {"vpcId": "${vpc:Vpc.id}"}),
            resource("aws:ec2/natGateway:NatGateway", "nat", {"subnetId": "${subnet:Subnet.id}"}),
        )

    pairs = compare_stack(chain("10.0.0.0/16"), chain("10.1.0.0/16")).pairs
    assert {pair.resource.name: pair.action for pair in pairs} == dict.fromkeys(("vpc", "subnet", "nat"), "replace")


# Documents -----------------------------------------------------------------------------------------------------------


def test_changes_are_named_inside_documents() -> None:
    before = json.dumps([{"name": "app", "image": "a:1", "environment": [{"name": "A", "value": "1"}]}])
    after = json.dumps([{"environment": [{"name": "A", "value": "2"}], "name": "app", "image": "a:1"}], indent=1)
    diff = compared(
        resource(TASK, "it", {"containerDefinitions": before}), resource(TASK, "it", {"containerDefinitions": after})
    )
    assert diff.pairs[0].properties == (
        PropertyChange(
            path="containerDefinitions[app].environment[A].value", before="1", after="2", effect=Effect.REPLACES
        ),
    )


def test_an_element_in_place_of_another_is_named_by_its_place() -> None:
    def alias(name: str) -> dict[str, Any]:
        return {"aliases": [{"name": name, "evaluateTargetHealth": True}]}

    record = "aws:route53/record:Record"
    assert verdict(record, alias("a"), alias("b")) == [(Action.UPDATE, [("aliases[0].name", Effect.UPDATES)])]


def test_what_differs_and_also_refers_to_something_replaced_is_said_once() -> None:
    def two(port: int, period: int) -> Plan:
        queries = [{"id": "q", "period": period, "group": "${tg:TargetGroup.arn}/" + str(period)}]
        alarm = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", {"metricQueries": queries})
        return plan(resource(TARGET_GROUP, "tg", {"port": port}), alarm)

    found = {pair.resource.name: pair for pair in compare_stack(two(80, 60), two(81, 30)).pairs}
    assert [change.path for change in found["alarm"].properties] == [
        "metricQueries[q].group",
        "metricQueries[q].period",
    ]


def test_an_order_that_iam_does_not_keep_is_no_change() -> None:
    one = policy(allow(["s3:Get*", "s3:List*"], "*"))
    other = policy(allow(["s3:List*", "s3:Get*"], ["*"]))
    assert verdict(ROLE_POLICY, {"policy": one}, {"policy": other}) == []


# Risks ---------------------------------------------------------------------------------------------------------------


def risk_of(before: Resource | None, after: Resource | None) -> list[tuple[str, str]]:
    return [(risk.kind, risk.text) for risk in risks.of(compared(before, after))]


def policies(before: str, after: str, type_: str = ROLE_POLICY, key: str = "policy") -> list[tuple[str, str]]:
    return risk_of(resource(type_, "it", {key: before}), resource(type_, "it", {key: after}))


def test_a_new_action_is_told_and_a_narrower_one_is_not() -> None:
    narrow, wide = policy(allow("s3:GetObject", "arn:b")), policy(allow(["s3:GetObject", "s3:Put*"], "arn:b"))
    assert policies(narrow, wide) == [("iam", "new: s3:Put* on arn:b")]
    assert policies(wide, narrow) == []
    assert policies(policy(allow("s3:*")), narrow) == []
    assert policies(narrow, policy(allow("s3:GetObject", "*"))) == [("iam", "new: s3:GetObject on *")]


def test_a_lost_condition_widens_and_a_new_one_does_not() -> None:
    free = policy(allow("s3:GetObject"))
    bound = policy(allow("s3:GetObject", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    assert policies(bound, free) == [("iam", "action now under another condition: s3:GetObject on *")]
    assert policies(free, bound) == []


def test_a_new_trust() -> None:
    def trust(*accounts: str) -> str:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(accounts)}}
        return policy(statement)

    role = "aws:iam/role:Role"
    assert policies(trust("1"), trust("1", "2"), role, "assumeRolePolicy") == [
        ("iam", "new trust: AWS:2 (sts:AssumeRole)")
    ]
    new = resource(role, "it", {"assumeRolePolicy": trust("1")})
    assert risk_of(None, new) == [("iam", "new trust: AWS:1 (sts:AssumeRole)")]


def test_a_deny_that_goes() -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    assert policies(policy(allow("s3:Get*"), deny), policy(allow("s3:Get*"))) == [
        ("iam", "no longer denied: s3:DeleteBucket")
    ]


@pytest.mark.parametrize(
    ("type_", "before", "after", "expected"),
    [
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv4": "10.0.0.0/8", "fromPort": 22, "toPort": 22},
            {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
            [("public", "open to 0.0.0.0/0, ports 22 to 22")],
        ),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"blockPublicAcls": True},
            {"blockPublicAcls": False},
            [("protection", "blockPublicAcls: true -> false")],
        ),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"enableDeletionProtection": True},
            {"enableDeletionProtection": False},
            [("protection", "enableDeletionProtection: true -> false")],
        ),
        (
            "datadog:index/monitor:Monitor",
            {"message": "{{#is_alert}}@pagerduty-platform{{/is_alert}} @slack-platform. Or ask @ada@acme.example."},
            {"message": "{{#is_alert}}@slack-platform{{/is_alert}}, or ask ada@acme.example."},
            [("alerts", "no longer tells @ada@acme.example, @pagerduty-platform")],
        ),
    ],
)
def test_exposure_protection_and_alerts(
    type_: str, before: dict[str, Any], after: dict[str, Any], expected: list[Any]
) -> None:
    assert risk_of(resource(type_, "it", before), resource(type_, "it", after)) == expected
    assert risk_of(resource(type_, "it", after), resource(type_, "it", before)) == []


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("", "CANARY", "none -> CANARY"),
        ("CANARY", "", "CANARY -> none"),
        ("", "ROLLING", ""),
        ("ROLLING", "CANARY", ""),
        ("CANARY", "LINEAR", ""),
        ("CANARY", "ROLLING", ""),
        ("ROLLING", "", ""),
    ],
)
def test_a_strategy_comes_and_goes_by_way_of_rolling(before: str, after: str, text: str) -> None:
    def service(strategy: str) -> Resource:
        shifting = {"deploymentConfiguration": {"strategy": strategy}} if strategy else {}
        balancer = {"targetGroupArn": "one"} | ({"advancedConfiguration": {"roleArn": "arn"}} if strategy else {})
        return resource("aws:ecs/service:Service", "it", {"loadBalancers": [balancer], **shifting})

    said = [risk[1] for risk in risk_of(service(before), service(after)) if risk[0] == "strategy"]
    assert said == ([f"{text}, where AWS wants ROLLING in between: docs/deploys.md"] if text else [])


def test_protection_that_is_taken_off_is_an_option_and_a_risk() -> None:
    key = resource("aws:kms/key:Key", "it", protect=True)
    diff = compared(key, replace(key, protect=False))
    assert [pair.action for pair in diff.pairs] == [Action.OPTIONS]
    assert [(risk.kind, risk.text) for risk in risks.of(diff)] == [("protection", "no longer protected")]
    assert risk_of(key, None) == [("state", "delete: protected, so Pulumi refuses")]


# Several stacks, and the comment -------------------------------------------------------------------------------------


def test_the_same_change_of_two_stacks_is_one() -> None:
    def diff(stack: str, after: str) -> StackDiff:
        plans = (plan(resource(TARGET_GROUP, "it", {"path": text}), stack=stack) for text in (f"/{stack}", after))
        return compare_stack(*plans)

    def without(stack: str) -> Callable[[str], str]:
        return lambda text: text.replace(stack, "*")

    neutral = {stack: without(stack) for stack in ("stage", "prod", "dev")}
    same = merge([diff("stage", "/stage/a"), diff("prod", "/prod/a"), diff("dev", "/dev/b")], {}, neutral)
    assert [change.stacks for change in same.changes] == [("stage", "prod"), ("dev",)]
    assert same.counts() == {Action.UPDATE: 3}


def test_a_comment_on_a_thousand_services_fits_and_names_what_is_lost() -> None:
    before = [resource(TARGET_GROUP, f"service-{i}-tg", {"port": 80, "tags": {"x": "a" * 300}}) for i in range(1000)]
    after = [replace(each, inputs={"port": 81, "tags": {"x": "b" * 300}}) for each in before]
    logs = [
        resource("aws:cloudwatch/logGroup:LogGroup", f"service-{i}-logs", {"name": f"/ecs/{i}"}) for i in range(700)
    ]
    diff = compare_stack(plan(*before, *logs), plan(*after))
    found = merge([diff], {"stage": risks.of(diff)}, {})
    text = markdown(Report(base="main", head="change", diff=found))
    assert len(text) <= LIMIT
    assert text.startswith("### 1000 to replace, 700 to delete\n")
    assert [i for i in range(700) if f"`service-{i}-logs (LogGroup)`" not in text] == []
    assert "groups of details are left out" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_comment_is_no_markup_of_what_it_shows() -> None:
    evil = "``` @team <img src=x> </details>\n# title"
    diff = compare_stack(
        plan(resource(TARGET_GROUP, "`it`", {"a": "x"})), plan(resource(TARGET_GROUP, "`it`", {"a": evil}))
    )
    text = markdown(Report(base="a`b", head="h", diff=merge([diff], {}, {})))
    assert "````diff\n" in text
    assert "\n# title" not in text
    assert "``a`b`` → `h`" in text


def test_a_comment_says_that_the_base_could_not_be_planned() -> None:
    failure = Failure(stack="stage", message="services/a.yaml: port: wrong", exit_code=1)
    report = Report(
        base="main", head="x", diff=merge([], {}, {}), base_failures=(failure, failure), resources={"stage": 7}
    )
    text = markdown(report)
    assert text.count("**The base could not be planned.**\n\n```\nservices/a.yaml: port: wrong\n```") == 1
    assert "Resources that the head declares: stage 7." in text
    assert report.exit_code == 0


def test_what_fails_alike_in_several_stacks_is_said_once() -> None:
    failures = [Failure(stack=name, message=f"stack {name}: the program failed: X", exit_code=2) for name in "ab"]
    failures.append(Failure(stack="c", message="stack c: the program failed: Y", exit_code=2))
    text = markdown(Report(base="a", head="b", diff=merge([], {}, {}), head_failures=tuple(failures)))
    assert re.findall(r"^```\n(.*)\n```$", text, re.MULTILINE) == [
        "a, b: the program failed: X",
        "c: the program failed: Y",
    ]


def test_nothing_changed() -> None:
    diff = merge([compare_stack(plan(), plan())], {}, {})
    assert markdown(Report(base="a", head="b", diff=diff)) == "### No changes\n\n`a` → `b`\n\n"
