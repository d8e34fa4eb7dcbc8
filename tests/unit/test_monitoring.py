"""The monitors of the committed stacks, each query against the resources that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.alerts import alerts_of
from slipway.plan import Plan, Resource
from tests import datadog_models
from tests.datadog_queries import compared, metric_query
from tests.projects import copy_project, edit, jobs, plans

ENVIRONMENTS = ("dev", "stage", "prod")
MONITOR = "datadog:index/monitor:Monitor"
SERVICE = "slipway:ecs:EcsService"
ALERTS = "slipway:datadog:ServiceAlerts"

# A service that says nothing of monitoring.
PLAIN = """\
kind: web
description: Says hello
owner: platform
cluster: api
image: acme/hello
port: 8080
priority: 500
cpu: 128
memory_mib: 256
"""
# What a web service has with a fixed number of tasks and no logs in Datadog.
PLAIN_ALERTS = set(alerts_of("web")) - {"at_maximum", "log_errors"}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """Environment to plan; stage has a service more."""
    root = copy_project(tmp_path_factory.mktemp("project"))
    (root / "services/hello.yaml").write_text(PLAIN)
    edit(root / "Pulumi.stage.yaml", r"\Z", '    hello: { version: "1.0.0", tasks: 2 }\n')
    return dict(zip(ENVIRONMENTS, plans(jobs(root, ENVIRONMENTS)), strict=True))


def monitors(plan: Plan, component: str) -> Iterator[Resource]:
    (parent,) = (r.urn for r in plan.resources if (r.type, r.name) == (ALERTS, component))
    yield from (r for r in plan.resources if r.type == MONITOR and r.parent == parent)


def _instance_tags(plan: Plan) -> Iterator[dict[str, str]]:
    """The tags that hosts are started with: written out, or those of another resource."""
    named = {f"${{{r.name}:{r.short_type}.tagsAll.*}}": r for r in plan.resources}
    for template in (r for r in plan.resources if r.short_type == "LaunchTemplate"):
        for specification in template.inputs["tagSpecifications"]:
            tags = specification["tags"]
            if specification["resourceType"] == "instance":
                yield named[tags["*"]].inputs["tags"] if "*" in tags else tags


def services(plan: Plan) -> dict[str, Resource]:
    return {r.name: r for r in plan.resources if r.type == SERVICE}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_service_has_every_monitor_that_its_kind_asks_for(evaluated: dict[str, Plan], environment: str) -> None:
    plan = evaluated[environment]
    found = services(plan)
    assert len(found) > 14
    for name, service in found.items():
        tasks = service.outputs["tasks"]
        expected = set(alerts_of(service.outputs["kind"]))
        expected -= {"log_errors", "queue_age"}  # neither logs nor queues are configured
        if tasks["min"] == tasks["max"]:
            expected.discard("at_maximum")
        switched_off = (
            re.findall(r"^  (\w+):(?: \{|\n    )disabled", Path(f"services/{name}.yaml").read_text(), re.MULTILINE)
            if name != "hello"
            else []
        )
        have = {monitor.name.removeprefix(f"{name}-").replace("-", "_") for monitor in monitors(plan, name)}
        assert have == expected - set(switched_off), name


def test_a_service_that_says_nothing_has_all_of_it(evaluated: dict[str, Plan]) -> None:
    plan = evaluated["stage"]
    have = {m.name.removeprefix("hello-").replace("-", "_") for m in monitors(plan, "hello")}
    assert have == PLAIN_ALERTS
    for type_ in ("DashboardJson", "ServiceLevelObjective"):
        assert [r.name for r in plan.resources if r.short_type == type_ and r.name.startswith("hello-")]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_query_asks_for_what_the_stack_sends(evaluated: dict[str, Plan], environment: str) -> None:
    plan = evaluated[environment]
    hosts = {key: {tags[key] for tags in _instance_tags(plan) if key in tags} for key in ("Name", "cluster")}
    clusters = {r.inputs["name"] for r in plan.resources if r.type == "aws:ecs/cluster:Cluster"}
    ecs_services = {(r.inputs["name"]) for r in plan.resources if r.type == "aws:ecs/service:Service"}
    groups = {f"${{{r.name}:TargetGroup.arnSuffix}}" for r in plan.resources if r.short_type == "TargetGroup"}
    known = services(plan)
    (account,) = (r for r in plan.resources if r.short_type == "IntegrationAccount")
    assert account.inputs["accountTags"] == [f"env:{environment}"]
    count = 0
    for monitor in (r for r in plan.resources if r.type == MONITOR):
        model = datadog_models.monitor(dict(monitor.inputs))
        _, operator, threshold = compared(model.query)
        levels = model.options.thresholds
        assert threshold == levels.critical
        assert operator == (">" if levels.critical > levels.warning else "<")
        assert f"env:{environment}" in model.tags
        if str(model.type) != "query alert":
            continue
        for selector in metric_query(model.query).selectors:
            count += 1
            tags = dict(selector.tags)
            assert tags.pop("env") == environment
            if "servicename" in tags:
                name, cluster = tags.pop("servicename"), tags.pop("clustername")
                assert name in ecs_services and cluster in clusters
                if name in known:
                    assert known[name].outputs["cluster"] == cluster
                    assert monitor.name.startswith(f"{name}-")
            if "service" in tags:
                assert tags.pop("service") in known
            if "clustername" in tags:
                assert tags.pop("clustername") in clusters
            if "cluster" in tags:
                # On hosts, and on what DeployEvents counts.
                assert tags.pop("cluster") in hosts["cluster"] & clusters
            if "name" in tags:
                assert tags.pop("name") in hosts["Name"]
            if "targetgroup" in tags:
                assert tags.pop("targetgroup") in groups
            # Constants of this program.
            assert tags.items() <= {
                ("cause", "crash"),
                ("outcome", "failed"),
                ("outcome", "succeeded"),
                ("functionname", "deploy-events"),
            }, model.query
    assert count > 200
