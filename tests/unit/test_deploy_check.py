"""The questions that a deploy ends with, asked of moto's ECS."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import boto3
import pulumi
import pytest
from moto import mock_aws
from moto.ecs.models import ecs_backends

from components.compute.deploy_check import DeployCheck, DeployFailed, explain, follow
from components.security.assumed_role import AssumedRole, in_thread

T = TypeVar("T")

ACCOUNT, REGION = "333333333333", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An ECS client; `gateway` runs version 1 on `api`, and version 2 is registered."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "2")  # the first deployment is complete
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    with mock_aws():
        ecs = boto3.client("ecs", region_name=REGION)
        ecs.create_cluster(clusterName="api")
        for version in (1, 2):
            ecs.register_task_definition(
                family="gateway",
                containerDefinitions=[{"name": "gateway", "image": f"acme/gateway:{version}", "memory": 64}],
            )
        ecs.create_service(
            cluster="api", serviceName="gateway", taskDefinition="gateway:1", desiredCount=2, launchType="EC2"
        )
        yield ecs


def arn(version: int) -> str:
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/gateway:{version}"


def deployment(**changes: Any) -> None:
    """Change the primary deployment as ECS would."""
    (service,) = ecs_backends[ACCOUNT][REGION].services.values()
    service.deployments[0].update(changes)


def event(message: str) -> None:
    (service,) = ecs_backends[ACCOUNT][REGION].services.values()
    service.events = [{"id": "1", "createdAt": 0, "message": message}]


def stop(ecs: Any, version: int, reason: str, exit_code: int = 0) -> None:
    (task,) = ecs.run_task(cluster="api", taskDefinition=f"gateway:{version}", launchType="FARGATE")["tasks"]
    ecs.stop_task(cluster="api", task=task["taskArn"], reason=reason)
    container: Any = ecs_backends[ACCOUNT][REGION].tasks["api"][task["taskArn"]].containers[0]
    container.exitCode = exit_code


def finished(hooked: Coroutine[Any, Any, T]) -> T:
    # A loop of its own, left alone by Pulumi's.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(hooked)
    finally:
        loop.close()


def followed(ecs: Any, cluster: str, service: str, wanted: str, **limits: float) -> None:
    finished(follow(lambda: ecs, cluster, service, wanted, **limits))


def test_a_completed_deployment_is_success(aws: Any) -> None:
    followed(aws, "api", "gateway", arn(1))


def test_a_rollback_is_a_failure_with_the_reasons_of_the_stopped_tasks(aws: Any) -> None:
    stop(aws, 2, "Essential container in task exited", exit_code=137)
    stop(aws, 2, "Essential container in task exited", exit_code=137)
    stop(aws, 2, "CannotPullContainerError: manifest unknown")
    stop(aws, 1, "Scaling activity initiated by deployment")
    with pytest.raises(DeployFailed) as failure:
        followed(aws, "api", "gateway", arn(2))
    assert str(failure.value) == (
        "gateway: ECS rolled gateway:2 back and runs gateway:1.\n"
        "  2 stopped: Essential container in task exited; gateway: exit code 137\n"
        "  1 stopped: CannotPullContainerError: manifest unknown\n"
        "gateway:1 goes on serving. Correct gateway:2 and run `up` again, or revert the change."
    )


def test_without_stopped_tasks_what_ecs_did_last_is_said(aws: Any) -> None:
    event("(service gateway) was unable to place a task because no container instance met all requirements.")
    with pytest.raises(DeployFailed, match=r"ECS says: .* was unable to place a task"):
        followed(aws, "api", "gateway", arn(2))


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to(aws: Any) -> None:
    deployment(rolloutState="FAILED")
    with pytest.raises(DeployFailed, match="could not deploy gateway:1, and there is none before it"):
        followed(aws, "api", "gateway", arn(1))


def test_a_deployment_in_progress_is_waited_for(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment(rolloutState="IN_PROGRESS")
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            deployment(rolloutState="COMPLETED")

    monkeypatch.setattr(asyncio, "sleep", pause)
    followed(aws, "api", "gateway", arn(1))
    assert pauses == [10.0, 10.0, 10.0]


def test_patience_ends(aws: Any) -> None:
    deployment(rolloutState="IN_PROGRESS")
    with pytest.raises(DeployFailed, match="has not deployed gateway:1 in 0 minutes"):
        followed(aws, "api", "gateway", arn(1), patience_seconds=0.0, pause_seconds=0.01)


def test_a_service_that_is_not_there_is_a_failure(aws: Any) -> None:
    with pytest.raises(DeployFailed, match="no such service on api"):
        followed(aws, "arn:aws:ecs:us-east-1:333333333333:cluster/api", "orders", arn(1))


def test_an_explanation_needs_a_service(aws: Any) -> None:
    stop(aws, 2, "OutOfMemoryError: Container killed due to memory usage")
    assert explain(lambda: aws, "api", "gateway", arn(2)) == (
        "gateway: gateway:2 failed.\n  1 stopped: OutOfMemoryError: Container killed due to memory usage"
    )
    assert explain(lambda: aws, "api", "orders", arn(2)) == ""


def test_ecs_is_asked_as_the_providers_role(aws: Any) -> None:
    client = AssumedRole(region=REGION, role_arn=ROLE).client("ecs")
    assert client.meta.region_name == REGION
    # The caller's own key is "testing"; STS gives out temporary ones.
    assert client._request_signer._credentials.access_key.startswith("ASIA")


def test_asking_needs_none_of_the_threads_in_which_registrations_wait() -> None:
    async def with_all_threads_taken() -> str:
        answered = threading.Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        registration = loop.run_in_executor(None, answered.wait)
        try:
            return await asyncio.wait_for(in_thread(lambda: "yes"), timeout=10)
        finally:
            answered.set()
            await registration
            await loop.shutdown_default_executor()

    assert finished(with_all_threads_taken()) == "yes"


# The hooks ------------------------------------------------------------------------------------------------------------


def _registered(hook: object) -> None:
    """No engine."""


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> DeployCheck:
    """As in a plan made offline: registered, and never called by an engine."""
    monkeypatch.setattr(pulumi.resource_hooks, "register_resource_hook", _registered)
    monkeypatch.setattr(pulumi.resource_hooks, "register_error_hook", _registered)
    return DeployCheck("deploy", AssumedRole(region=REGION, role_arn=ROLE), name_seconds=0.25)


def service(version: int, **more: Any) -> dict[str, Any]:
    return {"cluster": "api", "name": "gateway", "taskDefinition": arn(version), **more}


def run(hook: Any, **args: Any) -> Any:
    async def hooked() -> Any:
        kind = pulumi.ErrorHookArgs if isinstance(hook, pulumi.ErrorHook) else pulumi.ResourceHookArgs
        return await hook(kind(urn="urn", id="id", name="gateway-service", type="aws:ecs/service:Service", **args))

    return finished(hooked())


def test_create_and_update_are_checked(hooks: DeployCheck, aws: Any) -> None:
    (created,) = hooks.hooks.after_create or []
    assert hooks.hooks.after_update == [created]
    run(created, new_inputs=service(1), new_outputs=service(1))
    # The provider read back what ECS runs; what counts is what was asked for.
    with pytest.raises(DeployFailed, match="ECS rolled gateway:2 back"):
        run(created, new_inputs=service(2), new_outputs=service(1))


def test_a_failed_operation_is_explained_and_not_tried_again(
    hooks: DeployCheck, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    stop(aws, 2, "Task failed ELB health checks")
    (failed,) = hooks.hooks.on_error or []
    assert run(failed, new_inputs=service(2), failed_operation="update", errors=["rolled back"]) is False
    assert said == ["gateway: gateway:2 failed.\n  1 stopped: Task failed ELB health checks"]
    assert run(failed, old_inputs=service(2), failed_operation="delete", errors=["denied"]) is False
    assert len(said) == 1


def test_an_ecs_that_cannot_be_asked_is_a_failure_that_says_what_to_do(
    hooks: DeployCheck, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", said.append)
    (created,), (failed,) = hooks.hooks.after_create or [], hooks.hooks.on_error or []
    elsewhere = service(2, cluster="gone")
    with pytest.raises(DeployFailed, match=r"could not be asked whether it runs gateway:2: .*Cluster not found") as why:
        run(created, new_inputs=elsewhere, new_outputs=elsewhere)
    assert str(why.value).endswith("Mend that, and run `up --refresh`, which compares with what runs.")
    # The error that was there before stands; this one does not take its place.
    assert run(failed, new_inputs=elsewhere, failed_operation="create", errors=["denied"]) is False
    assert ["could not be asked why gateway:2 failed" in each for each in said] == [True]


@pytest.mark.parametrize(("balancers", "waits"), [([{"containerPort": 8080}], True), ([], False)])
def test_a_leaving_service_is_kept_while_its_name_is_remembered(
    hooks: DeployCheck, balancers: list[Any], waits: bool
) -> None:
    (leaving,) = hooks.hooks.before_delete or []
    start = time.monotonic()
    run(leaving, old_inputs=service(1, loadBalancers=balancers))
    assert (time.monotonic() - start >= 0.25) is waits
