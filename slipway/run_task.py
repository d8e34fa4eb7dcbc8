"""One task of a service, with a command of one's own: a migration, a look at something, a job before its time.

What runs where is known from the configuration: account, region, cluster, family, log group. ECS is asked only for
what a deploy decides: the revision that serves, which is not always the latest, and the cluster's capacity provider.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from plan.project import Project, ProjectError
from slipway.configuration import ChangeError, environment
from slipway.releases import absent

PAUSE_SECONDS = 3.0

# DescribeTasks may know nothing of a task that RunTask has just answered with.
# (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html, on eventual consistency)
_PATIENCE = 20

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (overrides)
_MOST_OVERRIDES = 8192

INTERRUPTED = 130
"""What a shell gives for Ctrl-C."""


class RunError(ProjectError):
    """AWS did not do it. The message is complete."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service in one environment, as far as the configuration knows it."""

    stack: str
    service: str
    kind: str
    account_id: str
    region: str
    cluster: str
    family: str
    log_group: str
    profile: str  # as `slipway access --aws-config` names it


def target(project: Project, service: str, stack: str) -> Target:
    """Where a service runs; raises ProjectError."""
    settings = environment(project, stack)
    present = settings.services.get(service)
    if present is None:
        raise absent(project, service, settings)
    return Target(
        stack=stack,
        service=service,
        kind=present.spec.kind,
        account_id=settings.account.id,
        region=settings.platform.region,
        cluster=present.spec.cluster,
        family=service,
        log_group=f"/ecs/{service}",
        profile=f"{settings.platform.company}-{stack}-developer",
    )


def run(at: Target, command: Sequence[str], profile: str | None, say: Callable[[str], None], *, wait: bool) -> int:
    """Start a task as whoever the shell is, and wait for its end. The task's exit code; raises RunError."""
    if not command and at.kind != "job":
        raise ChangeError(
            f"{at.service} runs for ever by itself: say after -- what to run instead, such as"
            f" slipway run {at.service} --stack {at.stack} -- bin/migrate"
        )
    # Imported here: only this asks AWS.
    import botocore.exceptions
    import botocore.session

    try:
        session = botocore.session.Session(profile=profile)
        person = _person(session, at)
        ecs: Any = session.create_client("ecs", region_name=at.region)
        task = _start(ecs, at, command, person)
        _say_where(at, task, profile, say)
        return _follow(ecs, at, task, say) if wait else 0
    except botocore.exceptions.ClientError as error:
        _refused(error, at)
    except botocore.exceptions.BotoCoreError as error:
        raise RunError(
            f"AWS cannot be asked: {str(error).rstrip('.')}. Name a profile of {at.stack} by --profile or AWS_PROFILE;"
            f" slipway access --aws-config YOU prints yours, such as {at.profile}."
        ) from None


def _person(session: Any, at: Target) -> str:
    """Who asks; raises RunError where that is not in the environment's account."""
    sts: Any = session.create_client("sts", region_name=at.region)
    caller = sts.get_caller_identity()
    if caller["Account"] != at.account_id:
        raise RunError(
            f"these credentials are of the account {caller['Account']}, and {at.stack} is {at.account_id}; nothing was"
            f" started. Name a profile of {at.stack} with --profile or AWS_PROFILE, such as {at.profile}."
        )
    return str(caller["Arn"]).rpartition("/")[2]


def _start(ecs: Any, at: Target, command: Sequence[str], person: str) -> str:
    """The ARN of a new task."""
    overrides = {"containerOverrides": [{"name": at.service, "command": list(command)}]} if command else {}
    if len(json.dumps(overrides)) > _MOST_OVERRIDES:
        raise RunError(
            f"the command is too long: AWS takes {_MOST_OVERRIDES:,} characters of JSON. Put it in a script."
        )
    answer = ecs.run_task(
        cluster=at.cluster,
        taskDefinition=at.family if at.kind == "job" else _serving(ecs, at),
        count=1,
        capacityProviderStrategy=[{"capacityProvider": _capacity_provider(ecs, at), "weight": 1}],
        overrides=overrides,
        enableExecuteCommand=True,
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
        startedBy=re.sub(r"[^A-Za-z0-9/_-]", "-", f"slipway-run/{person}")[:128],
    )
    if not answer["tasks"]:
        reasons = ", ".join(sorted({str(failure.get("reason")) for failure in answer["failures"]}))
        raise RunError(f"ECS started nothing on {at.cluster}: {reasons or 'it gives no reason'}.")
    return str(answer["tasks"][0]["taskArn"])


def _serving(ecs: Any, at: Target) -> str:
    """The revision that the service runs: after a rollback that is not the latest."""
    found = ecs.describe_services(cluster=at.cluster, services=[at.service])["services"]
    there = [service for service in found if service["status"] != "INACTIVE"]
    if not there:
        raise RunError(f"{at.service} is not on {at.cluster} in {at.stack} yet: deploy it first.")
    primary = [each for each in there[0]["deployments"] if each["status"] == "PRIMARY"]
    return str((primary or there)[0]["taskDefinition"])


def _capacity_provider(ecs: Any, at: Target) -> str:
    """Whose hosts the cluster's services run on."""
    (cluster, *_) = [*ecs.describe_clusters(clusters=[at.cluster])["clusters"], None]
    strategy = cluster["defaultCapacityProviderStrategy"] if cluster else []
    if not strategy:
        raise RunError(f"{at.stack} has no cluster {at.cluster} with hosts yet: deploy it first.")
    return str(strategy[0]["capacityProvider"])


def _say_where(at: Target, task: str, profile: str | None, say: Callable[[str], None]) -> None:
    identity = f"--region {at.region}{f' --profile {profile}' if profile else ''}"
    number = task.rpartition("/")[2]
    say(f"{at.service} in {at.stack}: task {number} on {at.cluster}")
    say(f"  logs: aws logs tail {at.log_group} --follow --log-stream-names task/{at.service}/{number} {identity}")
    say(f"  stop: aws ecs stop-task --cluster {at.cluster} --task {number} {identity}")


def _follow(ecs: Any, at: Target, task: str, say: Callable[[str], None]) -> int:
    """Until it has stopped."""
    status, unknown = "", 0
    try:
        while True:
            found = ecs.describe_tasks(cluster=at.cluster, tasks=[task])["tasks"]
            unknown = 0 if found else unknown + 1
            if unknown > _PATIENCE:
                raise RunError(f"ECS does not know {task} any more.")
            if found and found[0]["lastStatus"] != status:
                status = found[0]["lastStatus"]
                say(f"  {status.lower()}")
            if status == "STOPPED":
                return _exit_code(found[0], say)
            time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        say("  it goes on without you")
        return INTERRUPTED


def _exit_code(task: Mapping[str, Any], say: Callable[[str], None]) -> int:
    """The container's; 1 where it never ran."""
    container = task["containers"][0]
    code = container.get("exitCode")
    for reason in dict.fromkeys((container.get("reason"), task.get("stoppedReason"))):
        if reason and code != 0:
            say(f"  {reason}")
    say("  it never ran" if code is None else f"  exit code {code}")
    return 1 if code is None else int(code)


def _refused(error: Any, at: Target) -> NoReturn:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    remedy = ""
    if "AccessDenied" in code:
        remedy = f" The role developer of {at.stack} may: {at.profile}, as slipway access --aws-config YOU prints it."
    elif "Expired" in code:
        remedy = " Sign in again."
    raise RunError(f"AWS refused {error.operation_name}: {code}: {message}{remedy}") from None
