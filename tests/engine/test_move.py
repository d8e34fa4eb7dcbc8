"""A service that moves to another cluster: on the real engine, in which order what is made, moved and deleted."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.projects import ROOT

from .workspace import Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
PROGRAM = """\
import pulumi
import pulumi_aws as aws
from components.security.assumed_role import AssumedRole
from components.compute.deploy_check import DeployCheck
from components.compute.ecs_service import EcsService, EcsServiceArgs, HealthCheckArgs, NameArgs, WebArgs

ROLE = "arn:aws:iam::333333333333:role/deploy"
cluster = pulumi.Config().require("cluster")
provider = aws.Provider("aws", region="us-east-1", assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=ROLE)])
elb = "arn:aws:elasticloadbalancing:us-east-1:333333333333"
EcsService(
    "gateway",
    EcsServiceArgs(
        environment="dev",
        account_id="333333333333",
        region="us-east-1",
        vpc_id="vpc-0123456789abcdef0",
        cluster_arn=f"arn:aws:ecs:us-east-1:333333333333:cluster/{cluster}",
        cluster_name=cluster,
        capacity_provider=f"{cluster}-hosts",
        owner="platform",
        image="acme/gateway:1",
        version="1",
        cpu=256,
        memory_mib=256,
        tasks_min=2,
        tasks_max=4,
        command=[],
        variables={},
        secrets={},
        permissions=[],
        read_only_root=True,
        stop_seconds=30,
        log_retention_days=30,
        cpu_target_percent=75,
        memory_target_percent=75,
        web=WebArgs(
            port=8080,
            priority=10,
            names=[NameArgs(role="internal", host="gateway.internal.dev.acme.example", zone_id="Z0123456789")],
            health_check=HealthCheckArgs(
                path="/", interval_seconds=30, timeout_seconds=5, healthy_count=2, unhealthy_count=2, grace_seconds=60
            ),
            drain_seconds=30,
            listener_arn=f"{elb}:listener/app/{cluster}-internal/0123456789abcdef/0123456789abcdef",
            balancer_dns_name=f"internal-{cluster}.us-east-1.elb.amazonaws.com",
            balancer_zone_id="Z35SXDOTRQ7X7K",
            balancer_arn_suffix=f"app/{cluster}-internal/0123456789abcdef",
            balancer=f"{cluster}-internal",
        ),
        deploy_check=DeployCheck("deploy", AssumedRole(region="us-east-1", role_arn=ROLE), name_seconds=3),
    ),
    pulumi.ResourceOptions(providers=[provider]),
)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    project = tmp_path / "committed"
    shutil.copytree(ROOT / "components", project / "components", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "Pulumi.yaml").write_text(
        "name: slipway\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (project / "__main__.py").write_text(PROGRAM)
    made = Workspace(project, tmp_path)
    yield made
    made.close()


def test_it_serves_there_before_its_name_moves_and_leaves_here_at_last(workspace: Workspace) -> None:
    workspace.init(STACK)
    workspace.run("config", "set", "cluster", "api", "--stack", STACK).ok()
    workspace.up(STACK).ok()
    before = len(workspace.cloud.calls)
    workspace.run("config", "set", "cluster", "app", "--stack", STACK).ok()
    start = time.monotonic()
    workspace.up(STACK).ok()
    assert time.monotonic() - start > 3  # the old one served whoever remembered its name

    done = [
        (call.method, call.urn.rpartition("::")[2])
        for call in workspace.cloud.calls[before:]
        if call.method in ("Create", "Update", "Delete")
    ]
    order = [
        ("Create", "gateway-tg"),
        ("Create", "gateway-rule"),
        ("Create", "gateway-on-app"),
        ("Update", "gateway-internal-name"),
        ("Delete", "gateway-on-api"),
        ("Delete", "gateway-rule"),
        ("Delete", "gateway-tg"),
    ]
    assert [step for step in done if step in order] == order
    # What it keeps, it keeps as it is: its roles, its log, its revision.
    assert {name for method, name in done if method == "Create"} == {
        "gateway-on-app",
        "gateway-rule",
        "gateway-scaling",
        "gateway-scaling-cpu",
        "gateway-scaling-memory",
        "gateway-tg",
    }
    assert workspace.preview(STACK, "--expect-no-changes").ok().changes == []
