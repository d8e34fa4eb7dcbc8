"""Environments are what the platform says: another one, one less, other names, another order."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config.platform import Platform
from tests.cloud import Cloud
from tests.config_project import ConfigProject, environment
from tests.unit.test_organization import CloudWithRoot

PROJECT, OPS = "Pulumi.yaml", "Pulumi.ops.yaml"
ACCOUNT = {"id": "555555555555", "email": "aws+load@acme.example", "monthly_budget_usd": 100}


@pytest.fixture
def project(tmp_path: Path) -> ConfigProject:
    return ConfigProject(tmp_path)


@pytest.fixture
def cloud() -> Cloud:
    return CloudWithRoot()


def two(project: ConfigProject) -> None:
    """The project with two environments of other names; the order is not that of the alphabet."""
    environments = project.files[PROJECT]["config"]["slipway:platform"]["value"]["environments"]
    prod, stage = environments.pop("prod"), environments.pop("stage")
    del environments["dev"]
    environments |= {"testing": {**stage, "mirrors": "live"}, "live": prod}
    for old, new in (("stage", "testing"), ("prod", "live")):
        project.files[f"Pulumi.{new}.yaml"] = project.files.pop(f"Pulumi.{old}.yaml")
    project.remove("Pulumi.dev.yaml")
    project.set(OPS, "slipway:people", "ada", "roles", to={"live": "administrator", "ops": "administrator"})
    project.set(OPS, "slipway:people", "grace", "roles", to={"testing": "developer"})


def platform(project: ConfigProject) -> Platform:
    return project.load("ops").platform


def test_environments_keep_the_order_in_which_they_are_written(project: ConfigProject) -> None:
    assert platform(project).stacks == ("ops", "dev", "stage", "prod")
    two(project)
    assert platform(project).stacks == ("ops", "testing", "live")
    assert platform(project).mirrors == {"testing": "live"}
    assert platform(project).account_ids == {
        "ops": "111111111111",
        "testing": "333333333333",
        "live": "444444444444",
    }


def test_one_more_environment(project: ConfigProject) -> None:
    project.set(PROJECT, "environments", "load", to={"account": ACCOUNT})
    project.files["Pulumi.load.yaml"] = environment(40)
    settings = project.load("load")
    assert isinstance(settings, config.EnvironmentSettings)
    assert (settings.account.id, settings.domain) == ("555555555555", "load.acme.example")
    assert project.problems("ops") == ()


def test_a_network_is_apart_from_those_of_all_environments(project: ConfigProject) -> None:
    project.set(PROJECT, "environments", "load", to={"account": ACCOUNT})
    project.files["Pulumi.load.yaml"] = environment(10)
    (problem,) = project.problems("stage")
    assert (problem.file, problem.key) == ("Pulumi.load.yaml", "slipway:environment.cidr")


def test_one_environment_less_is_no_stack_any_more(project: ConfigProject) -> None:
    two(project)
    (problem,) = project.problems("stage")
    assert (problem.file, problem.given, problem.allowed) == (
        "Pulumi.stage.yaml",
        "stage",
        "the stacks ops, testing, live",
    )


@pytest.mark.parametrize("stack", ["ops", "testing", "live"])
def test_the_program_declares_other_environments(
    project: ConfigProject, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    two(project)
    project.run(stack, cloud, monkeypatch)
    provider = cloud.one("pulumi:providers:aws", "aws")
    assert provider["allowedAccountIds"] == f'["{platform(project).account(stack).id}"]'


@pytest.mark.parametrize(("production", "unit"), [(True, "production"), (False, "nonproduction")])
def test_an_account_is_in_the_organizational_unit_that_its_environment_says(
    project: ConfigProject, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, production: bool, unit: str
) -> None:
    project.set(PROJECT, "environments", "stage", "production", to=production)
    project.run("ops", cloud, monkeypatch)
    account = cloud.one("aws:organizations/account:Account", "organization-stage")
    assert account["parentId"] == f"organization-{unit}-id"


def test_people_get_groups_in_each_stack_that_there_is(
    project: ConfigProject, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(project)
    project.run("ops", cloud, monkeypatch)
    groups = {resource.inputs["name"] for resource in cloud.resources if resource.type == "aws:iam/group:Group"}
    assert groups == {"people"} | {
        f"{stack}-{role}"
        for stack in ("ops", "testing", "live")
        for role in ("administrator", "developer", "read-only")
    }
    units = {
        resource.name: resource.inputs["parentId"]
        for resource in cloud.resources
        if resource.type == "aws:organizations/account:Account"
    }
    assert units.keys() == {"organization-testing", "organization-live"}
    assert len(set(units.values())) == 2


def test_where_nothing_mirrors_anything_each_may_have_nights(project: ConfigProject) -> None:
    night = {"start": "0 20 * * MON-FRI", "end": "0 7 * * MON-FRI"}
    project.set("Pulumi.prod.yaml", "slipway:clusters", "api", "night", to=night)
    assert len(project.problems("prod")) == 1
    project.remove(PROJECT, "environments", "stage", "mirrors")
    assert project.problems("prod") == ()
