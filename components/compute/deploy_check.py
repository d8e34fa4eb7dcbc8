"""DeployCheck: an `up` that fails when ECS did not do as it was told, with the reasons that ECS itself gives.

What the AWS provider does of that alone (v6.58.0, internal/service/ecs/service.go): with `wait_for_steady_state` it
follows the new deployment and fails when ECS stopped it or rolled it back, but says only ECS's one sentence for it,
and its state then holds the task definition that was asked for. The next `up` has nothing to change for it, updates
nothing, and would be green while ECS runs the version before. So these hooks ask ECS itself after every create and
update, that empty one included, and for the reasons whenever one failed. What the provider read in the meantime is in
the state, so the `up` after that deploys again. (tests/engine/test_deploy_check.py goes through all of it.)
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.security.assumed_role import AssumedRole, client_errors, in_thread

# A deployment is followed for as long as the provider would.
PATIENCE_SECONDS = 30 * 60.0
PAUSE_SECONDS = 10.0

# Route 53 answers for an alias of a load balancer with a TTL of 60 seconds
# (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html).
NAME_SECONDS = 75.0

# DescribeTasks takes as many at once.
_MOST_TASKS = 100


class DeployFailed(Exception):
    """ECS does not run what it was asked to; the message is for people and says why."""


class DeployCheck:
    """The hooks of an environment's services; one object for all of them."""

    hooks: pulumi.ResourceHookBinding
    """For each aws.ecs.Service."""

    def __init__(
        self,
        name: str,
        role: AssumedRole,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        name_seconds: float = NAME_SECONDS,
    ) -> None:
        def connect() -> Any:
            return role.client("ecs")

        async def deployed(args: pulumi.ResourceHookArgs) -> None:
            inputs, outputs = args.new_inputs or {}, args.new_outputs or {}
            service, wanted = outputs["name"], inputs["taskDefinition"]
            try:
                await follow(connect, outputs["cluster"], service, wanted, patience_seconds)
            except client_errors() as error:
                raise DeployFailed(
                    f"{service}: ECS could not be asked whether it runs {_short(wanted)}: {error}\n"
                    "Mend that, and run `up --refresh`, which compares with what runs."
                ) from error

        async def failed(args: pulumi.ErrorHookArgs) -> bool:
            inputs = args.new_inputs or {}
            if args.failed_operation in ("create", "update"):
                service, wanted = inputs["name"], inputs["taskDefinition"]
                try:
                    said = await in_thread(explain, connect, inputs["cluster"], service, wanted)
                except client_errors() as error:
                    said = f"{service}: ECS could not be asked why {_short(wanted)} failed: {error}"
                if said:
                    pulumi.log.error(said)
            return False  # never tried again by itself

        async def leaving(args: pulumi.ResourceHookArgs) -> None:
            # Its name points elsewhere or nowhere by now. Who asked before still has the answer: serve them.
            if (args.old_inputs or {}).get("loadBalancers"):
                await asyncio.sleep(name_seconds)

        check = pulumi.ResourceHook(f"{name}-deployed", deployed)
        self.hooks = pulumi.ResourceHookBinding(
            after_create=[check],
            after_update=[check],
            before_delete=[pulumi.ResourceHook(f"{name}-leaving", leaving)],
            on_error=[pulumi.ErrorHook(f"{name}-failed", failed)],
        )


async def follow(
    connect: Callable[[], Any],
    cluster: str,
    service: str,
    task_definition: str,
    patience_seconds: float = PATIENCE_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Returns once ECS has deployed this task definition; raises DeployFailed when it has not."""
    wanted, end = _short(task_definition), time.monotonic() + patience_seconds
    while not await in_thread(is_deployed, connect, cluster, service, task_definition):
        if time.monotonic() > end:
            reasons = await in_thread(lambda: _reasons(connect(), cluster, service, wanted))
            raise DeployFailed(
                f"{service}: ECS has not deployed {wanted} in {patience_seconds / 60:.0f} minutes and goes on trying."
                f"{reasons}"
            )
        await asyncio.sleep(pause_seconds)


def is_deployed(connect: Callable[[], Any], cluster: str, service: str, task_definition: str) -> bool:
    """Whether ECS has, or still tries; raises DeployFailed when it has given up."""
    client = connect()
    primary = _primary(client, cluster, service)
    wanted, runs = _short(task_definition), _short(primary["taskDefinition"])
    if runs != wanted:
        raise DeployFailed(
            f"{service}: ECS rolled {wanted} back and runs {runs}.{_reasons(client, cluster, service, wanted)}\n"
            f"{runs} goes on serving. Correct {wanted} and run `up` again, or revert the change."
        )
    # A service without a rolling deployment of its own has none of these states.
    state = primary.get("rolloutState", "COMPLETED")
    if state == "FAILED":
        raise DeployFailed(
            f"{service}: ECS could not deploy {wanted}, and there is none before it to go back to."
            f"{_reasons(client, cluster, service, wanted)}"
        )
    return bool(state == "COMPLETED")


def explain(connect: Callable[[], Any], cluster: str, service: str, task_definition: str) -> str:
    """Why a deployment of this task definition failed, as far as ECS knows; nothing where there is no service."""
    client = connect()
    if not _services(client, cluster, service):
        return ""
    wanted = _short(task_definition)
    return f"{service}: {wanted} failed.{_reasons(client, cluster, service, wanted)}"


def _services(client: Any, cluster: str, service: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = client.describe_services(cluster=cluster, services=[service])["services"]
    return [each for each in found if each["status"] != "INACTIVE"]


def _primary(client: Any, cluster: str, service: str) -> Mapping[str, Any]:
    found = _services(client, cluster, service)
    primary = [d for each in found for d in each["deployments"] if d["status"] == "PRIMARY"]
    if not primary:
        raise DeployFailed(f"{service}: ECS has no such service on {_short(cluster)}, or no deployment of it.")
    return primary[0]


def _reasons(client: Any, cluster: str, service: str, wanted: str) -> str:
    """One line each for why its tasks stopped, the commonest first; without any, what ECS did last."""
    arns = client.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED", maxResults=_MOST_TASKS)[
        "taskArns"
    ]
    tasks = client.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    counted = Counter(_why(task) for task in tasks if _short(task["taskDefinitionArn"]) == wanted)
    lines = [f"{count} stopped: {why}" for why, count in counted.most_common(5)]
    if not lines:
        events = [event["message"] for each in _services(client, cluster, service) for event in each["events"][:3]]
        lines = [f"ECS says: {message}" for message in events]
    return "".join(f"\n  {line}" for line in lines)


def _why(task: Mapping[str, Any]) -> str:
    """ECS's sentence, and what it knows of each container that ended by itself."""
    parts = [task.get("stoppedReason") or "for no known reason"]
    for container in task["containers"]:
        details = [container["reason"]] if container.get("reason") else []
        details += [f"exit code {container['exitCode']}"] if container.get("exitCode") else []
        if details:
            parts.append(f"{container['name']}: {', '.join(details)}")
    return "; ".join(parts)


def _short(arn: str) -> str:
    """`gateway:42` of a task definition's ARN, `api` of a cluster's."""
    return arn.rpartition("/")[2]
