"""CI's role can make what is declared: what it lacks would show at the next `up` only."""

from __future__ import annotations

from pathlib import Path

from components.account.permissions.deploy import deploy_services
from tests.iam.planned import stacks
from tests.projects import each_stack

# IAM's prefix of a module of the SDK, where they differ.
PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "appautoscaling": "application-autoscaling",
    "cfg": "config",
    "costexplorer": "ce",
    "ebs": "ec2",
    "lb": "elasticloadbalancing",
    "ssoadmin": "sso",
    "vpc": "ec2",
}
# The SDK's module cloudwatch holds three services.
CLOUDWATCH = {"EventRule": "events", "EventTarget": "events", "LogGroup": "logs", "LogMetricFilter": "logs"}


def prefix(type_: str) -> str:
    _, module, name = type_.split(":")
    module = module.partition("/")[0]
    return CLOUDWATCH.get(name, module) if module == "cloudwatch" else PREFIXES.get(module, module)


@each_stack
def test_deploy_may_call_the_service_of_every_resource(of: Path, stack: str) -> None:
    allowed = set(deploy_services(ops=stack == "ops")[0]["Action"])
    declared = {prefix(r.type) for r in stacks(of)[stack].resources if r.type.startswith("aws:")}
    assert len(declared) > 10
    # Identity has a policy of its own.
    assert sorted(f"{service}:*" for service in declared - {"iam"} if f"{service}:*" not in allowed) == []


@each_stack
def test_deploy_may_make_every_role_and_user_but_the_accounts_own(of: Path, stack: str) -> None:
    made = [r for r in stacks(of)[stack].resources if r.type in ("aws:iam/role:Role", "aws:iam/user:User")]
    unbounded = {r.inputs.get("name") for r in made if "permissionsBoundary" not in r.inputs}
    assert unbounded == {"administrator", "developer", "read-only", "deploy", "preview"}
    assert {r.inputs["permissionsBoundary"] for r in made if "permissionsBoundary" in r.inputs} == {
        "${account-boundary:Policy.arn}"
    }
