"""What the workflows ask of the program, for each of their jobs."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from components.account.account_baseline import CI_SECONDS
from components.security.iam import role_arn
from components.security.names import state_bucket_name
from config.estate import PROJECT_FILE, stack_file
from config.fields import OPS
from config.platform import Platform
from plan.project import Project, ProjectError
from slipway import configuration
from slipway.configuration import Change
from slipway.yaml_edit import Quoted

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a version looks like: whatever else was found there does not get into a file, a branch or a title."""

_COUNTED = ("create", "update", "replace", "delete")


def stacks(project: Project, *, environments: bool = False) -> list[str]:
    """In the order in which they are deployed; those that have a file."""
    there = project.stacks()
    return [
        stack
        for stack in configuration.platform(project).stacks
        if stack in there and not (environments and stack == OPS)
    ]


def facts(platform: Platform, stack: str, role: str) -> dict[str, str]:
    """The account, the role in it that a job assumes, and where the stack's state is; raises ProjectError."""
    if stack not in platform.stacks or role not in CI_SECONDS:
        raise ProjectError(f"{stack} {role}: not one of {', '.join(platform.stacks)} and {', '.join(CI_SECONDS)}.")
    account = platform.account(stack).id
    return {
        "account-id": account,
        "role-arn": role_arn(account, role),
        # As long as the role allows: an apply may take longer than the hour that is usual.
        "role-seconds": str(CI_SECONDS[role]),
        "region": platform.region,
        "backend": f"s3://{state_bucket_name(platform.company, platform.ops.account.id)}?region={platform.region}",
    }


def bump(project: Project, key: str, version: str) -> list[str]:
    """Writes a version into slipway:platform, and says which file changed; raises ProjectError."""
    if not _PLAIN.fullmatch(version):
        raise ProjectError(f"{version!r} is no version.")
    change = Change(project)
    file = change.file(PROJECT_FILE)
    path = ("config", "slipway:platform", "value", *key.split("."))
    if not isinstance(file.value(path), str):
        raise ProjectError(f"{PROJECT_FILE}: slipway:platform.{key} holds no version. Name a key that does.")
    file.set(path, version)
    return change.apply()


# Secrets -------------------------------------------------------------------------------------------------------------


def versions(project: Project, stack: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where the stack's file says the version of a secret, and the secret's name.

    One whose version does not stand there is left alone: whoever writes one asks for deploys.
    """
    services = configuration.environment(project, stack).services
    for name, service in services.items():
        for variable in service.secret_versions:
            path = ("config", "slipway:services", name, "secret_versions", variable)
            yield path, service.spec.secrets[variable]


def rotate(project: Project, stack: str, aws: Any) -> list[str]:
    """Writes the current versions of secrets into a stack's file; says which files changed. Raises ProjectError.

    `aws`: a session of boto3 in the stack's account.
    """
    change = Change(project)
    file = change.file(stack_file(stack))
    for path, secret in versions(project, stack):
        version = current_version(secret, aws)
        if version != file.value(path):
            file.set(path, Quoted(version))
    return change.apply()


def current_version(secret: str, aws: Any) -> str:
    """Which version of a secret tasks get that start now, by name as in a service's file. Its value is not read."""
    if secret.startswith("/"):
        equals = [{"Key": "Name", "Option": "Equals", "Values": [secret]}]
        found = aws.client("ssm").describe_parameters(ParameterFilters=equals)["Parameters"]
        if not found:
            raise ProjectError(f"There is no parameter {secret}.")
        return str(found[0]["Version"])
    stages = aws.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    return str(next(version for version, names in stages.items() if "AWSCURRENT" in names))


# Datadog -------------------------------------------------------------------------------------------------------------


def event(stack: str, update: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `pulumi stack history --json` as https://docs.datadoghq.com/api/latest/events/#post-an-event (v1)."""
    result, about = update["result"], update.get("environment", {})
    who = about.get("ci.pr.author") or about.get("git.author") or "unknown"
    changes = update.get("resourceChanges", {})
    counted = ", ".join(f"{changes[kind]} {kind}" for kind in _COUNTED if changes.get(kind)) or "nothing changed"
    commit = about.get("git.head", "")[:12]
    return {
        "title": f"Pulumi {update['kind']} of {stack}: {result}",
        "text": f"{counted}\nBy: {who}\nCommit: {commit or 'unknown'} {update.get('message', '')}".rstrip(),
        "alert_type": "success" if result == "succeeded" else "error",
        "date_happened": int(datetime.fromisoformat(update["endTime"].replace("Z", "+00:00")).timestamp()),
        "aggregation_key": f"pulumi:{stack}",
        "tags": [f"env:{stack}", "event:stack_update", f"outcome:{result}", "source:slipway", f"who:{who}"],
    }


def post(body: Mapping[str, Any], site: str) -> None:
    """The API key comes from DD_API_KEY, as for the provider."""
    request = urllib.request.Request(
        os.environ.get("DATADOG_API", f"https://api.{site}") + "/api/v1/events",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "DD-API-KEY": os.environ["DD_API_KEY"]},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=10).close()
