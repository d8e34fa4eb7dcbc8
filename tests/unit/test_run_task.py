"""`slipway run` against moto's ECS: the task that it starts, what it prints, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from moto.ecs.models import ecs_backends
from moto.moto_api import state_manager
from typer.testing import CliRunner

from plan.project import Project, ProjectError
from slipway import run_task
from slipway.cli import app
from slipway.configuration import ChangeError
from slipway.run_task import RunError, Target
from tests.projects import copy_project, edit, planned, project

ACCOUNT, REGION = "333333333333", "us-east-1"


@pytest.fixture
def target() -> Target:
    return run_task.target(project(), "orders", "stage")


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An ECS client; the cluster api has a host, and runs orders:1 after orders:2 was rolled back."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # which takes seconds
    ends(monkeypatch, exitCode=0)
    with mock_aws():
        client = boto3.client("ecs", region_name=REGION)
        group = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:x:autoScalingGroupName/api-hosts"
        client.create_capacity_provider(
            name="api-hosts-1a2b3c4", autoScalingGroupProvider={"autoScalingGroupArn": group}
        )
        client.create_cluster(
            clusterName="api",
            capacityProviders=["api-hosts-1a2b3c4"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "api-hosts-1a2b3c4", "weight": 1}],
        )
        ec2: Any = boto3.resource("ec2", region_name=REGION)
        (host,) = ec2.create_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)
        client.register_container_instance(cluster="api", instanceIdentityDocument=json.dumps({"instanceId": host.id}))
        for family in ("orders", "orders", "invoices", "invoices"):
            client.register_task_definition(
                family=family, containerDefinitions=[{"name": family, "image": f"acme/{family}", "memory": 64}]
            )
        client.create_service(
            cluster="api", serviceName="orders", taskDefinition="orders:1", desiredCount=1, launchType="EC2"
        )
        state_manager.set_transition("ecs::task", {"progression": "manual", "times": 1})
        yield client
        state_manager.unset_transition("ecs::task")


def tasks() -> list[Any]:
    return [task for task in ecs_backends[ACCOUNT][REGION].tasks.get("api", {}).values() if task.started_by]


def ends(monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> None:
    """How every task's container will have ended."""

    def sleep(_: float) -> None:
        for task in tasks():
            task.stopped_reason = outcome.get("stoppedReason", "Essential container in task exited")
            container: Any = task.containers[0]
            container.exitCode, container.reason = outcome.get("exitCode"), outcome.get("reason")

    monkeypatch.setattr(time, "sleep", sleep)


def run(target: Target, *command: str, wait: bool = True, profile: str | None = None) -> tuple[int, list[str]]:
    said: list[str] = []
    return run_task.run(target, command, profile, said.append, wait=wait), said


# What is known without AWS -------------------------------------------------------------------------------------------


def test_what_runs_where_is_as_planned(target: Target) -> None:
    plan = planned()["stage"]
    names = {(r.type.rpartition(":")[2], r.name): r.inputs for r in plan.resources}
    assert target.cluster == names["Cluster", "api-cluster"]["name"]
    assert target.family == names["TaskDefinition", "orders-task"]["family"]
    assert target.log_group == names["LogGroup", "orders-logs"]["name"]
    assert (target.account_id, target.region) == (ACCOUNT, REGION)
    (container,) = json.loads(names["TaskDefinition", "orders-task"]["containerDefinitions"])
    assert container["name"] == target.service
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == "task"
    strategy = names["ClusterCapacityProviders", "api-capacity"]["defaultCapacityProviderStrategies"]
    assert len(strategy) == 1


@pytest.mark.parametrize(
    ("service", "stack", "message"),
    [
        ("ordres", "stage", "there is no service 'ordres'; did you mean orders?"),
        ("orders", "stg", "there is no stack 'stg'; did you mean stage?"),
        ("orders", "ops", "'ops' runs no services"),
    ],
)
def test_what_is_nowhere(service: str, stack: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message.replace("?", r"\?")):
        run_task.target(project(), service, stack)


def test_a_service_that_a_stack_does_not_run(tmp_path: Path) -> None:
    root = copy_project(tmp_path / "project")
    edit(root / "Pulumi.stage.yaml", r"^    orders: .*\n", "")
    with pytest.raises(ChangeError, match=r"stage does not run orders\. The services that it runs: accounts, "):
        run_task.target(Project.load(root), "orders", "stage")


@pytest.mark.parametrize("service", ["orders", "ledger"])
def test_what_runs_for_ever_needs_a_command(service: str) -> None:
    with pytest.raises(ChangeError, match=f"{service} runs for ever by itself: say after -- what to run instead"):
        run(run_task.target(project(), service, "stage"))


# What ECS is asked for -----------------------------------------------------------------------------------------------


def test_the_serving_revision_runs_the_command_on_the_clusters_hosts(ecs: Any, target: Target) -> None:
    code, said = run(target, "bin/migrate", "--to", "42")
    (task,) = tasks()
    number = task.task_arn.rpartition("/")[2]
    assert code == 0
    assert task.task_definition_arn.endswith(":task-definition/orders:1")  # 2 was rolled back
    assert task.overrides == {"containerOverrides": [{"name": "orders", "command": ["bin/migrate", "--to", "42"]}]}
    assert task.capacity_provider_name == "api-hosts-1a2b3c4"
    assert task.started_by.startswith("slipway-run/")
    assert said == [
        f"orders in stage: task {number} on api",
        f"  logs: aws logs tail /ecs/orders --follow --log-stream-names task/orders/{number} --region us-east-1",
        f"  stop: aws ecs stop-task --cluster api --task {number} --region us-east-1",
        "  deactivating",
        "  stopping",
        "  deprovisioning",
        "  stopped",
        "  exit code 0",
    ]


def test_what_is_asked_of_ecs_is_what_its_model_takes(
    ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore refuses a parameter that its model does not have; these are the ones that moto does not keep."""
    asked: dict[str, Any] = {}
    at_run_task(monkeypatch, asked.update)
    run(target, "ls", wait=False)
    assert {key: asked[key] for key in ("count", "propagateTags", "enableECSManagedTags", "enableExecuteCommand")} == {
        "count": 1,
        "propagateTags": "TASK_DEFINITION",
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
    }
    assert asked["capacityProviderStrategy"] == [{"capacityProvider": "api-hosts-1a2b3c4", "weight": 1}]


def at_run_task(monkeypatch: pytest.MonkeyPatch, look: Callable[[dict[str, Any]], object], **answer: Any) -> None:
    """Look at what RunTask is asked for on its way, or answer in its place."""
    client: Any = BaseClient
    original = client._make_api_call

    def call(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation != "RunTask":
            return original(self, operation, arguments)
        look(arguments)
        return answer or original(self, operation, arguments)

    monkeypatch.setattr(client, "_make_api_call", call)


def test_a_job_runs_as_it_is_before_its_time(ecs: Any) -> None:
    code, _ = run(run_task.target(project(), "invoices", "stage"))
    (task,) = tasks()
    assert (code, task.overrides) == (0, {})
    assert task.task_definition_arn.endswith(":task-definition/invoices:2")


@pytest.mark.parametrize(
    ("outcome", "code", "last"),
    [
        ({"exitCode": 3}, 3, ["  Essential container in task exited", "  exit code 3"]),
        (
            {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
            137,
            [
                "  OutOfMemoryError: Container killed due to memory usage",
                "  Essential container in task exited",
                "  exit code 137",
            ],
        ),
        (
            {"stoppedReason": "CannotPullContainerError: manifest unknown"},
            1,
            ["  CannotPullContainerError: manifest unknown", "  it never ran"],
        ),
    ],
)
def test_it_ends_as_the_task_does(
    ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch, outcome: dict[str, Any], code: int, last: list[str]
) -> None:
    ends(monkeypatch, **outcome)
    ended, said = run(target, "false")
    assert ended == code
    assert said[-len(last) - 1 :] == ["  stopped", *last]


def test_without_waiting_it_ends_at_once(ecs: Any, target: Target) -> None:
    code, said = run(target, "bin/long", wait=False)
    assert (code, len(said)) == (0, 3)


def test_whoever_stops_waiting_stops_no_task(ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    code, said = run(target, "bin/long")
    assert (code, said[-1]) == (130, "  it goes on without you")
    assert [task.desired_status for task in tasks()] == ["RUNNING"]


# What goes wrong -----------------------------------------------------------------------------------------------------


def test_the_wrong_account_starts_nothing(ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    prod = run_task.target(project(), "orders", "prod")
    with pytest.raises(
        RunError, match=f"account {ACCOUNT}, and prod is 444444444444; nothing was started.*acme-prod-d"
    ):
        run(prod, "ls")
    assert not tasks()


def test_without_credentials(target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = CliRunner().invoke(
        app, ["run", "orders", "--stack", "stage", "--root", str(project().root), "--", "ls", "-l"]
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "AWS cannot be asked: Unable to locate credentials. Name a profile of stage by --profile or AWS_PROFILE;"
        " slipway access --aws-config YOU prints yours, such as acme-stage-developer.\n"
    )
    with pytest.raises(RunError, match=r"The config profile \(acme-stage-boss\) could not be found\. Name a profile"):
        run(target, "ls", profile="acme-stage-boss")


def test_a_service_that_is_not_deployed_yet(ecs: Any, target: Target) -> None:
    ecs.update_service(cluster="api", service="orders", desiredCount=0)
    ecs.delete_service(cluster="api", service="orders")
    with pytest.raises(RunError, match="orders is not on api in stage yet: deploy it first"):
        run(target, "ls")


def test_a_cluster_that_is_not_there_yet(ecs: Any) -> None:
    with pytest.raises(RunError, match="stage has no cluster app with hosts yet: deploy it first"):
        run(run_task.target(project(), "digest", "stage"))


def test_ecs_that_starts_nothing_says_why(ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [{"reason": "RESOURCE:MEMORY"}, {"reason": "RESOURCE:MEMORY"}]
    at_run_task(monkeypatch, lambda _: None, tasks=[], failures=failures)
    with pytest.raises(RunError, match=r"ECS started nothing on api: RESOURCE:MEMORY\."):
        run(target, "ls")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (
            "AccessDeniedException",
            r"AccessDeniedException: no\. The role developer of stage may: acme-stage-developer,",
        ),
        ("ExpiredTokenException", r"ExpiredTokenException: no\. Sign in again\."),
        ("ClientException", r"ClientException: no\.$"),
    ],
)
def test_a_refusal_says_what_was_asked_and_what_to_do(
    ecs: Any, target: Target, monkeypatch: pytest.MonkeyPatch, code: str, remedy: str
) -> None:
    def refuse(_: object) -> None:
        raise botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no."}}, "RunTask")

    at_run_task(monkeypatch, refuse)
    with pytest.raises(RunError, match=f"AWS refused RunTask: {remedy}"):
        run(target, "ls")


def test_a_command_that_ecs_would_not_take(ecs: Any, target: Target) -> None:
    with pytest.raises(RunError, match="the command is too long: AWS takes 8,192 characters"):
        run(target, "x" * 8192)
