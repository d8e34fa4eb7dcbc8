"""Prints what a job has to know of a stack's account, from Pulumi.yaml, as step outputs: facts.py STACK ROLE."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from components.account.account_baseline import CI_SECONDS
from components.security.iam import role_arn
from components.security.names import state_bucket_name


def facts(platform: dict[str, Any], stack: str, role: str) -> dict[str, str]:
    """The account, the role in it that the job assumes, and where the stack's state is."""
    stacks, region = {"ops": platform["ops"], **platform["environments"]}, platform["region"]
    account = stacks[stack]["account"]["id"]
    return {
        "account-id": account,
        "role-arn": role_arn(account, role),
        # As long as the role allows: an apply may take longer than the hour that is usual.
        "role-seconds": str(CI_SECONDS[role]),
        "region": region,
        "backend": f"s3://{state_bucket_name(platform['company'], stacks['ops']['account']['id'])}?region={region}",
        "datadog-site": platform["datadog"].get("site", "datadoghq.com"),
    }


if __name__ == "__main__":
    project = yaml.safe_load(Path("Pulumi.yaml").read_text())
    for name, value in facts(project["config"]["slipway:platform"]["value"], *sys.argv[1:]).items():
        print(f"{name}={value}")
