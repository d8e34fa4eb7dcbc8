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
import types

import pulumi
import pulumi_aws as aws
from components.compute.deploy_check import DeployCheck
from components.compute.ecs_service import EcsService, EcsServiceArgs
from components.compute.placement import Placement, Zone
from components.security.assumed_role import AssumedRole
from config.platform import Team
from config.service import WebService
from config.settings import DeployedService
from config.stack import Range

ROLE = "arn:aws:iam::333333333333:role/deploy"
cluster = pulumi.Config().require("cluster")
provider = aws.Provider("aws", region="us-east-1", assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=ROLE)])
elb = "arn:aws:elasticloadbalancing:us-east-1:333333333333"
# What a LoadBalancer says of itself, known beforehand.
balancer = types.SimpleNamespace(
    name=f"{cluster}-internal",
    arn_suffix=f"app/{cluster}-internal/0123456789abcdef",
    dns_name=f"internal-{cluster}.us-east-1.elb.amazonaws.com",
    listener_arn=f"{elb}:listener/app/{cluster}-internal/0123456789abcdef/0123456789abcdef",
    zone_id="Z35SXDOTRQ7X7K",
)
EcsService(
    "gateway",
    EcsServiceArgs(
        service=DeployedService(
            name="gateway",
            spec=WebService(
                kind="web",
                description="The gateway",
                owner="platform",
                cluster=cluster,
                image="acme/gateway",
                cpu=256,
                memory_mib=256,
                port=8080,
                priority=10,
            ),
            version="1",
            tasks=Range(min=2, max=4),
            secret_versions={},
            owner=Team(email="platform@acme.example", chat="@slack-platform", pager="@pagerduty-platform"),
            runbook="https://wiki.acme.example/runbooks/gateway",
        ),
        image="acme/gateway:1",
        placement=Placement(
            environment="dev",
            account_id="333333333333",
            region="us-east-1",
            vpc_id="vpc-0123456789abcdef0",
            cluster_name=cluster,
            cluster_arn=f"arn:aws:ecs:us-east-1:333333333333:cluster/{cluster}",
            capacity_provider=f"{cluster}-hosts",
            balancers={"internal": balancer},
            public_zone=Zone(domain="dev.acme.example", id="Z1234567890"),
            internal_zone=Zone(domain="internal.dev.acme.example", id="Z0123456789"),
            cpu_target_percent=75,
            memory_target_percent=75,
            log_retention_days=30,
            deploy_check=DeployCheck("deploy", AssumedRole(region="us-east-1", role_arn=ROLE), name_seconds=3),
        ),
    ),
    pulumi.ResourceOptions(providers=[provider]),
)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    project = tmp_path / "committed"
    for package in ("components", "config"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
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
