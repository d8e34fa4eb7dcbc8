"""What two environments may differ in, and that everything else is flagged."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plan.identity import Identity
from plan.model import STACK_TYPE, Plan, Resource
from plan.parity import Parity, parity
from plan.project import Project
from plan.revisions import Planned, plan_files
from slipway import render
from slipway.cli import app
from tests.projects import copy_project, edit, own_copy

ACCOUNTS = {"stage": "333333333333", "prod": "444444444444"}
NETWORKS = {"stage": "10.20.0.0/16", "prod": "10.30.64.0/18"}
SUMMARY = {"tasks": {"min": 1, "max": 1}, "version": "1.0.0"}


def plan(stack: str, *inputs: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]] | None = None) -> Plan:
    """A stack with a topic for each of `inputs`, and services with what they register."""
    root = f"urn:pulumi:{stack}::p::{STACK_TYPE}::p-{stack}"
    return Plan(
        stack=stack,
        exports={},
        resources=(
            Resource(urn=root, type=STACK_TYPE, name=f"p-{stack}", custom=False),
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
                    urn=f"urn:pulumi:{stack}::p::slipway:ecs:EcsService::{name}",
                    type="slipway:ecs:EcsService",
                    name=name,
                    custom=False,
                    parent=root,
                    outputs=outputs,
                )
                for name, outputs in (services or {}).items()
            ),
            *(
                Resource(
                    urn=f"urn:pulumi:{stack}::p::aws:sns/topic:Topic::it-{number}",
                    type="aws:sns/topic:Topic",
                    name=f"it-{number}",
                    custom=True,
                    parent=root,
                    inputs=each,
                )
                for number, each in enumerate(inputs)
            ),
        ),
    )


def found(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    twin = plan("stage", ours)
    return [each.path for each in parity(twin, twin, plan("prod", theirs)).differences]


def test_identity_is_no_difference() -> None:
    ours = {"a": "arn:aws:iam::333333333333:role/stage", "b": "10.20.32.0/19", "c": "stage.x", "e": "aws+stage@x"}
    theirs = {"a": "arn:aws:iam::444444444444:role/prod", "b": "10.30.72.0/21", "c": "prod.x", "e": "aws+prod@x"}
    assert found(ours, theirs) == []


def test_the_name_of_a_stack_in_a_text_that_both_have_is_no_difference() -> None:
    text = {"displayName": "The stage and the prod of a theatre"}
    assert found(text, text) == []


def test_a_name_that_comes_elsewhere_in_the_alphabet_is_no_difference_of_a_policy() -> None:
    def policy(*aliases: str) -> dict[str, str]:
        return {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Resource": aliases}]})}

    assert found(policy("pulumi-stage", "pulumi-q"), policy("pulumi-prod", "pulumi-q")) == []
    assert found(policy("pulumi-stage", "pulumi-q"), policy("pulumi-prod")) == ["inputs.policy.Statement[0].Resource[]"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("arn:aws:iam::444444444444:role/stage", "arn:aws:iam::444444444444:role/prod"),
        ("10.20.64.0/19", "10.30.72.0/21"),
        ("prod.x", "staging.x"),
    ],
)
def test_what_only_identity_can_explain_in_its_own_place_differs_elsewhere(ours: str, theirs: str) -> None:
    assert found({"a": ours}, {"a": theirs}) == ["inputs.a"]


def test_a_resource_that_only_one_has_is_a_difference() -> None:
    twin = plan("stage")
    (alone,) = parity(twin, twin, plan("prod", {})).differences
    assert (alone.resource.name, alone.path, alone.ours, alone.theirs) == ("it-0", "", None, "present")


def test_sizes_are_what_services_say_of_themselves() -> None:
    ours = {"a": SUMMARY, "b": SUMMARY, "new": SUMMARY}
    theirs = {"a": {"tasks": {"min": 2, "max": 6}, "version": "1.1.0"}, "b": SUMMARY, "old": SUMMARY}
    of = parity(plan("stage", services=ours), plan("stage", services=theirs), plan("prod", services=theirs))
    assert of.differences == ()
    assert [str(each) for each in of.sizes] == [
        "service a version: 1.0.0 / 1.1.0",
        "service a tasks: 1 / 2-6",
        "service new only in stage yet",
        "service old only in prod",
    ]


def rendered(of: Parity) -> list[str]:
    out = io.StringIO()
    render.parity(of, render.console(out))
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_the_table_says_what_differs_and_what_must_not() -> None:
    ours = plan("stage", services={"api": SUMMARY})
    twin, theirs = (
        plan(stack, {"a": value}, services={"api": {**SUMMARY, "version": "1.1.0"}})
        for stack, value in (("stage", 1), ("prod", 2))
    )
    assert rendered(parity(ours, twin, theirs)) == [
        "WHAT STAGE PROD",
        "service api version 1.0.0 1.1.0",
        "",
        "stage and prod must not differ in this:",
        "it-0: it-0 (Topic) inputs.a",
        "stage: 1",
        "prod: 2",
    ]


# The real program ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """A company whose stage has a service more than prod."""
    root = copy_project(tmp_path_factory.mktemp("parity") / "project")
    edit(root / "Pulumi.prod.yaml", r"^    search: .*\n", "")
    return plan_files(Project.load(root))


def of_stage(planned: Planned) -> Parity:
    (only,) = planned.parities
    assert (planned.failures, only.mirror, only.mirrored) == ({}, "stage", "prod")
    return only


def test_stage_with_the_sizes_of_prod_is_prod(planned: Planned) -> None:
    of = of_stage(planned)
    assert [each.to_json() for each in of.differences] == []
    assert [each.inputs for each in planned.plans["stage"].resources] != [
        each.inputs for each in planned.plans["prod"].resources
    ]
    said = [str(each) for each in of.sizes]
    assert "cluster api instance type: m7i.large / m7i.xlarge" in said
    assert "service gateway version: 4.13.0-rc.1 / 4.12.0" in said
    assert "service gateway tasks: 2-6 / 4-16" in said
    assert "service search only in stage yet" in said


def test_the_twin_of_a_mirror_has_the_sizes_of_the_mirrored_and_an_identity_of_its_own(planned: Planned) -> None:
    twin = planned.twins["stage"]
    (vpc,) = (each for each in twin.resources if each.type == "aws:ec2/vpc:Vpc")
    services = {each.name: each.outputs for each in twin.resources if each.type == "slipway:ecs:EcsService"}
    assert (twin.stack, vpc.inputs["cidrBlock"]) == ("stage", "10.20.0.0/16")
    assert (services["gateway"]["version"], services["gateway"]["tasks"]) == ("4.12.0", {"min": 4, "max": 16})
    assert "search" not in services


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("cdn-public-https", {"sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"}, "inputs.sslPolicy"),
        ("bastion-template", {"metadataOptions": {}}, "inputs.metadataOptions"),
        ("orders-logs", {"retentionInDays": 60}, "inputs.retentionInDays"),
        ("orders-tg", {"deregistrationDelay": 60}, "inputs.deregistrationDelay"),
        ("account-read-only-look", {"policyArn": "arn:aws:iam::aws:policy/ViewOnlyAccess"}, "inputs.policyArn"),
        (
            "orders-task",
            {"containerDefinitions": json.dumps([{"name": "orders", "readonlyRootFilesystem": False}])},
            "inputs.containerDefinitions",
        ),
        # What was taken for a size, because properties of its name often are one.
        ("api-hosts", {"maxSize": 99}, "inputs.maxSize"),
        ("orders-on-api", {"desiredCount": 99}, "inputs.desiredCount"),
    ],
)
def test_any_setting_of_one_environment_is_found(
    planned: Planned, name: str, inputs: dict[str, Any], path: str
) -> None:
    prod = planned.plans["prod"]
    resources = tuple(
        replace(each, inputs={**each.inputs, **inputs}) if each.name == name and each.custom else each
        for each in prod.resources
    )
    assert resources != prod.resources
    changed = parity(planned.plans["stage"], planned.twins["stage"], replace(prod, resources=resources))
    assert {each.resource.name for each in changed.differences} == {name}
    assert all(each.path.startswith(path) for each in changed.differences)


def test_a_program_that_knows_an_environment_by_its_name_is_found(tmp_path: Path) -> None:
    root = copy_project(tmp_path / "project")
    own_copy(root, "stacks")
    edit(root / "stacks/environment.py", r"retention_days=90", 'retention_days=90 + (settings.environment == "prod")')
    (only,) = plan_files(Project.load(root), ["stage", "prod"]).parities
    assert {(each.resource.name, each.ours, each.theirs) for each in only.differences} == {
        ("access-logs-lifecycle", 90, 91)
    }
    result = CliRunner().invoke(app, ["parity", "--root", str(root)])
    assert (result.exit_code, "stage and prod must not differ in this:" in result.output) == (1, True), result.output


def test_the_command_shows_what_differs(tmp_path: Path) -> None:
    root = copy_project(tmp_path / "project")
    result = CliRunner().invoke(app, ["parity", "--root", str(root)])
    assert result.exit_code == 0, result.output
    assert result.output.endswith("stage and prod differ in nothing but identity, sizes, counts and versions.\n")


def test_the_same_part_of_the_networks_of_two_stacks_reads_the_same() -> None:
    one = Identity(stack="stage", networks=(ip_network("10.20.0.0/16"), ip_network("2001:db8:a14::/56")))
    other = Identity(stack="prod", networks=(ip_network("10.30.0.0/16"), ip_network("2001:db8:a1e::/56")))
    assert one.neutral("10.20.32.0/20") == other.neutral("10.30.32.0/20") == "<network>[2]/+4"
    assert one.neutral("2001:db8:a14:40::/64") == other.neutral("2001:db8:a1e:40::/64") == "<network>[64]/+8"
    for text in ("2001:db8:a1e:40::/64", "::/0", "arn:aws:iam::333333333333:role/a", "aws:ecs/service:Service"):
        assert one.neutral(text) == text
