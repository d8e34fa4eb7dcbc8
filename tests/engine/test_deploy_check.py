"""An `up` is green only when ECS runs what was asked for: on the real engine, with an ECS that rolls back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.projects import ROOT

from .aws_api import AwsApi, deployed, every_deploy_succeeds
from .ecs import SERVICE, Ecs, EcsProvider
from .workspace import Run, Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
PROGRAM = """\
import json
import pulumi
import pulumi_aws as aws
from components.security.assumed_role import AssumedRole
from components.compute.deploy_check import DeployCheck

ROLE = "arn:aws:iam::333333333333:role/deploy"
provider = aws.Provider(
    "aws", region="us-east-1", assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=ROLE)]
)
check = DeployCheck("deploy", AssumedRole(region="us-east-1", role_arn=ROLE), name_seconds=3)
task = aws.ecs.TaskDefinition(
    "gateway-task",
    family="gateway",
    container_definitions=json.dumps(
        [{"name": "gateway", "image": f"acme/gateway:{pulumi.Config().require('version')}", "memory": 64}]
    ),
    skip_destroy=True,
    opts=pulumi.ResourceOptions(provider=provider),
)
if pulumi.Config().get_bool("present") is not False:
    aws.ecs.Service(
        "gateway-service",
        name="gateway",
        cluster="api",
        task_definition=task.arn,
        desired_count=2,
        wait_for_steady_state=True,
        load_balancers=[
            aws.ecs.ServiceLoadBalancerArgs(
                container_name="gateway",
                container_port=8080,
                target_group_arn="arn:aws:elasticloadbalancing:us-east-1:333333333333:targetgroup/gateway/0",
            )
        ],
        opts=pulumi.ResourceOptions(provider=provider, hooks=check.hooks),
    )
"""


class Deploys:
    """Says what to run, and counts what ECS was told."""

    def __init__(self, workspace: Workspace, ecs: Ecs, api: AwsApi) -> None:
        self.workspace, self.ecs, self.api = workspace, ecs, api

    def set(self, **config: str) -> None:
        file = self.workspace.project / f"Pulumi.{STACK}.yaml"
        content = yaml.safe_load(file.read_text())
        content.setdefault("config", {}).update({f"slipway:{key}": value for key, value in config.items()})
        file.write_text(yaml.safe_dump(content))

    @property
    def image(self) -> str:
        """What ECS runs."""
        records = self.workspace.cloud.of("aws:ecs/taskDefinition:TaskDefinition")
        (runs,) = [record for record in records if record.outputs["arn"] == self.ecs.runs]
        return str(runs.inputs["containerDefinitions"]).partition("gateway:")[2].partition('"')[0]

    def up(self, *args: str) -> Run:
        return self.workspace.up(STACK, *args)


@pytest.fixture
def deploys(tmp_path: Path) -> Iterator[Deploys]:
    project = tmp_path / "committed"
    shutil.copytree(ROOT / "components", project / "components", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "Pulumi.yaml").write_text(
        "name: slipway\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (project / "__main__.py").write_text(PROGRAM)
    workspace, ecs = Workspace(project, tmp_path), Ecs()
    provider, api = EcsProvider("aws", workspace.cloud, ecs), AwsApi(ecs.answer)
    workspace.env |= {"PULUMI_DEBUG_PROVIDERS": f"aws:{provider.port}", **api.env}
    workspace.init(STACK)
    yield Deploys(workspace, ecs, api)
    provider.stop()
    api.stop()
    workspace.close()


def test_a_good_deploy_is_green_and_asked_about_as_the_providers_role(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.set(version="2")
    deploys.up().ok()
    assert deploys.image == "2"
    assert deploys.api.asked_as == {"DEPLOYXXXXXXXXXX"}
    assert deploys.workspace.preview(STACK, "--expect-no-changes").ok().changes == []


def test_a_rollback_fails_with_its_reasons_and_no_later_up_is_green_before_it_is_deployed(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.set(version="2-broken")

    first = deploys.up().refused()
    assert "1 stopped: Essential container in task exited; gateway: exit code 3" in first.output
    # ECS was told, rolled back, and the state does not know it: the engine has an update to make that changes nothing.
    second = deploys.up().refused()
    assert deploys.ecs.updates == 2
    assert "ECS rolled gateway:2 back and runs gateway:1" in second.output
    # By now the provider has read what runs, so ECS is told again.
    third = deploys.up().refused()
    assert deploys.ecs.updates == 3
    assert "1 stopped: Essential container in task exited" in third.output
    assert deploys.image == "1"

    deploys.ecs.broken.clear()  # what it needed is there now
    deploys.up().refused()
    deploys.up().ok()
    assert deploys.image == "2-broken"
    assert deploys.workspace.preview(STACK, "--expect-no-changes").ok().changes == []


def test_after_a_refresh_the_next_up_deploys_again_at_once(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.set(version="2-broken")
    deploys.up().refused()
    deploys.ecs.broken.clear()
    deploys.up("--refresh").ok()
    assert deploys.ecs.updates == 3
    assert deploys.image == "2-broken"


def test_a_rollback_that_the_provider_does_not_notice_fails_as_well(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.ecs.provider_notices = False
    deploys.set(version="2-broken")
    for update in (2, 3):
        assert "ECS rolled gateway:2 back and runs gateway:1" in deploys.up().refused().output
        assert deploys.ecs.updates == update
    deploys.ecs.broken.clear()
    deploys.up().ok()
    assert deploys.image == "2-broken"


def test_a_revert_is_green(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.set(version="2-broken")
    deploys.up().refused()
    deploys.set(version="1")
    deploys.up().ok()
    assert deploys.image == "1"
    assert deploys.workspace.preview(STACK, "--expect-no-changes").ok().changes == []


def test_a_first_deploy_that_fails_stays_red_until_it_is_mended(deploys: Deploys) -> None:
    deploys.set(version="1-broken")
    deploys.up().refused()
    assert "could not deploy gateway:1, and there is none before it" in deploys.up().refused().output
    deploys.set(version="2")
    deploys.up().ok()
    assert deploys.image == "2"


def test_a_service_that_leaves_serves_on_while_its_name_is_remembered(deploys: Deploys) -> None:
    deploys.set(version="1")
    deploys.up().ok()
    deploys.set(present="false")
    gone = deploys.up().ok()
    assert [step.op for step in gone.changes if step.type == SERVICE] == ["delete"]
    assert gone.seconds > 3


def test_a_committed_stack_is_red_when_an_image_is_missing_and_when_ecs_rolls_back(workspace: Workspace) -> None:
    workspace.shrink(["gateway"])
    workspace.init(STACK)
    workspace.up(STACK).ok()
    (service,) = (s for s in workspace.cloud.of(SERVICE) if s.outputs["name"] == "gateway")
    before, running = service.outputs["taskDefinition"], every_deploy_succeeds(workspace.cloud)

    def rolled_back(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListTasks":
            return {"taskArns": [f"{before}/task"]}
        if operation == "DescribeTasks":
            stopped = {"taskDefinitionArn": before.replace(":1", ":2"), "stoppedReason": "Exited", "containers": []}
            return {"tasks": [stopped]}
        return deployed(before) if request["services"] == ["gateway"] else running(operation, request)

    with workspace.edit(f"Pulumi.{STACK}.yaml") as content:
        content["config"]["slipway:services"]["gateway"]["version"] = "9.9.9"
    api = AwsApi(rolled_back, missing="9.9.9")
    workspace.env |= api.env
    refused = workspace.up(STACK).refused()
    api.stop()
    assert "acme/gateway has no 9.9.9. Push it first, or correct the version." in refused.output
    assert workspace.cloud.created(service.urn) == 1
    assert service.outputs["taskDefinition"] == before

    api = AwsApi(rolled_back)
    workspace.env |= api.env
    refused = workspace.up(STACK).refused()
    api.stop()
    assert "gateway: ECS rolled gateway:2 back and runs gateway:1.\n" in refused.output
    assert "1 stopped: Exited" in refused.output
