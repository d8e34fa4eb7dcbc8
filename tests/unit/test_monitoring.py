"""The monitors and dashboards of a company's stacks, each query against the resources that it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from datadog_api_client.v1.model.dashboard import Dashboard
from datadog_api_client.v2.model.entity_v3 import EntityV3

from functions import deploy_events
from plan.model import Plan, Resource
from tests import datadog_models, projects
from tests.datadog_queries import Selector, compared, metric_query, selectors_of
from tests.projects import COMPANY, OTHER_COMPANY, copy_project, edit, jobs, planned, plans

ENVIRONMENTS = ("dev", "stage", "prod")
STACKS = (*ENVIRONMENTS, "ops")
OTHERS = tuple(f"other {stack}" for stack in projects.project(OTHER_COMPANY).stacks())
OTHER_ENVIRONMENTS = tuple(other for other in OTHERS if other != "other ops")
MONITOR = "datadog:index/monitor:Monitor"
SERVICE = "slipway:ecs:EcsService"
ALERTS = "slipway:datadog:ServiceAlerts"

# What each kind of service is to be watched for; the last three where there is something to watch.
RUNNING = {"running_tasks", "restarts", "cpu", "memory", "deployment_failed"}
REQUESTS = {"error_rate", "latency_p95", "latency_p99", "unhealthy_targets", "traffic"}
OBJECTIVE = {"error_budget_fast", "error_budget_slow"}
ROWS = {"web": RUNNING | REQUESTS | OBJECTIVE, "worker": RUNNING, "job": {"job_failed", "job_missing"}}
CLUSTER = {"cpu_reservation", "memory_reservation", "agents_gone", "agents_silent", "host_unhealthy"} | {
    "instance_refresh",
    "instance_refresh_stuck",
}
ENVIRONMENT = {"bastion", "certificates", "budget", "schedules", "events", "events_gone"}

# Services that say nothing of monitoring. Where the second one's messages are is what it is for.
PLAIN = {
    "hello": "kind: web\ncluster: api\nport: 8080\npriority: 500\n",
    "consumer": "kind: worker\ncluster: api\nqueue: orders\n",
    "nightly": "kind: job\ncluster: app\nschedule: cron(0 3 * * ? *)\n",
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """All stacks of both companies; and `more`: stage with the plain services, and with logs in Datadog."""
    root = copy_project(tmp_path_factory.mktemp("project"))
    for name, text in PLAIN.items():
        rest = f"description: Says hello\nowner: platform\nimage: acme/{name}\ncpu: 64\nmemory_mib: 128\n"
        (root / f"services/{name}.yaml").write_text(text + rest)
    releases = '    hello: { version: "1.0.0", tasks: { min: 1, max: 2 } }\n'
    releases += '    consumer: { version: "1.0.0", tasks: { min: 1, max: 2 } }\n    nightly: { version: "1.0.0" }\n'
    edit(root / "Pulumi.stage.yaml", r"\Z", releases)
    edit(root / "Pulumi.yaml", r"^        muted:", "        collect_logs: true\n        muted:")
    more = plans(jobs(root, ["stage", "ops"]))
    others = {f"other {stack}": plan for stack, plan in planned(OTHER_COMPANY).items()}
    return {**planned(), **others, **dict(zip(("more", "more-ops"), more, strict=True))}


def company_of(name: str) -> Path:
    return OTHER_COMPANY if name in OTHERS else COMPANY


def of_type(plan: Plan, short_type: str) -> dict[str, Resource]:
    return {r.name: r for r in plan.resources if r.short_type == short_type}


def services(plan: Plan) -> dict[str, Resource]:
    return {r.name: r for r in plan.resources if r.type == SERVICE}


def alerts(plan: Plan, component: str) -> set[str]:
    """The monitors of a component by what they watch for."""
    (parent,) = (r.urn for r in plan.resources if (r.type, r.name) == (ALERTS, component))
    return {_alert(r) for r in plan.resources if r.type == MONITOR and r.parent == parent}


def _alert(monitor: Resource) -> str:
    (alert,) = (tag.removeprefix("alert:") for tag in monitor.inputs["tags"] if tag.startswith("alert:"))
    return str(alert)


# Which monitors there are -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", [*ENVIRONMENTS, *OTHER_ENVIRONMENTS, "more"])
def test_every_service_has_every_monitor_that_its_kind_asks_for(evaluated: dict[str, Plan], stack: str) -> None:
    plan = evaluated[stack]
    found = services(plan)
    assert len(found) > (14 if company_of(stack) == COMPANY else 4)
    for name, service in found.items():
        file = PLAIN.get(name) or (company_of(stack) / f"services/{name}.yaml").read_text()
        said = yaml.safe_load(file)
        expected = set(ROWS[service.outputs["kind"]])
        tasks = service.outputs["tasks"]
        if tasks["min"] < tasks["max"]:
            expected.add("at_maximum")
        if "queue" in said:
            expected.add("queue_age")
        if stack == "more" or stack in OTHERS:  # where Datadog has the logs
            expected.add("log_errors")
        expected -= {alert for alert, word in said.get("alerts", {}).items() if "disabled" in word}
        assert alerts(plan, name) == expected, name


@pytest.mark.parametrize(("name", "count"), [("hello", 14), ("consumer", 8), ("nightly", 3)])
def test_a_service_that_says_nothing_of_monitoring_has_all_of_it(
    evaluated: dict[str, Plan], name: str, count: int
) -> None:
    plan, ops = evaluated["more"], evaluated["more-ops"]
    assert len(alerts(plan, name)) == count
    assert f"{name}-dashboard" in of_type(plan, "DashboardJson")
    assert (f"{name}-availability" in of_type(plan, "ServiceLevelObjective")) == (name == "hello")
    entity = json.loads(of_type(ops, "SoftwareCatalog")[f"{name}-page"].inputs["entity"])
    datadog_models.accepted(entity, EntityV3)
    assert (entity["metadata"]["name"], entity["metadata"]["owner"]) == (name, "platform")
    (container,) = containers(plan, f"{name}-task")
    assert {"DD_ENV", "DD_SERVICE", "DD_VERSION", "DD_DOGSTATSD_URL", "DD_TRACE_AGENT_URL"} <= environment(container)


@pytest.mark.parametrize("stack", [*ENVIRONMENTS, *OTHER_ENVIRONMENTS])
def test_clusters_and_environment_are_watched(evaluated: dict[str, Plan], stack: str) -> None:
    monitors = [r for r in evaluated[stack].resources if r.type == MONITOR]
    for cluster in of_type(evaluated[stack], "Cluster"):
        name = cluster.removesuffix("-cluster")
        found = {_alert(monitor) for monitor in monitors if f"cluster:{name}" in monitor.inputs["tags"]}
        assert found >= CLUSTER
    found = {_alert(m) for m in monitors if not any(t.startswith(("cluster:", "service:")) for t in m.inputs["tags"])}
    assert found == ENVIRONMENT


@pytest.mark.parametrize("stack", ["ops", "other ops"])
def test_ops_watches_its_budget(evaluated: dict[str, Plan], stack: str) -> None:
    assert {_alert(r) for r in evaluated[stack].resources if r.type == MONITOR} == {"budget"}


@pytest.mark.parametrize("stack", [*STACKS, *OTHERS])
def test_each_account_is_in_datadog(evaluated: dict[str, Plan], stack: str) -> None:
    (account,) = of_type(evaluated[stack], "IntegrationAccount").values()
    assert account.inputs["accountTags"] == [f"env:{evaluated[stack].stack}"]
    (bus,) = of_type(evaluated[stack], "IntegrationEventBridge").values()
    assert bus.inputs["accountId"] == account.inputs["awsAccountId"]


def test_datadog_reads_the_organizations_trail_where_it_is(evaluated: dict[str, Plan]) -> None:
    statements = {
        stack: {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}
        for stack in STACKS
        for policy in [of_type(evaluated[stack], "RolePolicy")["datadog-permissions"]]
    }
    (trail,) = of_type(evaluated["ops"], "Trail").values()
    bucket = trail.inputs["s3BucketName"]
    assert statements["ops"]["ReadTrail"]["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    assert statements["ops"]["DecryptTrail"]["Resource"] == [trail.inputs["kmsKeyId"]]
    assert all("ReadTrail" not in statements[stack] for stack in ENVIRONMENTS)


def test_dev_alone_is_muted_by_one_setting(evaluated: dict[str, Plan]) -> None:
    mutes = {stack: of_type(evaluated[stack], "DowntimeSchedule") for stack in STACKS}
    assert {stack for stack, mute in mutes.items() if mute} == {"dev"}
    (mute,) = mutes["dev"].values()
    assert mute.inputs["monitorIdentifier"] == {"monitorTags": ["env:dev"]}


# What they say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", [*STACKS, *OTHERS, "more"])
def test_every_monitor_says_what_why_where_and_whom(evaluated: dict[str, Plan], stack: str) -> None:
    platform = projects.platform(company_of(stack))
    teams, site = platform["teams"], platform["datadog"]["site"]
    for monitor in (r for r in evaluated[stack].resources if r.type == MONITOR):
        model = datadog_models.monitor(dict(monitor.inputs))
        levels, message = model.options.thresholds, model.message
        query, operator, threshold = compared(model.query)
        assert threshold == levels.critical != levels.warning
        assert operator == (">" if levels.critical > levels.warning else "<")
        (owner,) = (tag.removeprefix("owner:") for tag in model.tags if tag.startswith("owner:"))
        for line in ("Impact: ", "Runbook: https://", "Last deploys: https://", f"Owner: {owner}"):
            assert f"\n{line}" in message, (monitor.name, line)
        assert (f"\nDashboard: https://app.{site}${{" in message) == (evaluated[stack].stack != "ops")
        assert f"{{{{#is_alert}}}}{teams[owner]['pager']}{{{{/is_alert}}}}" in message
        assert f"{{{{#is_warning}}}}{teams[owner]['chat']}{{{{/is_warning}}}}" in message
        if "burn_rate" not in query:
            recoveries = [levels.get("warning_recovery"), levels.get("critical_recovery")]
            assert any(recovery is not None for recovery in recoveries) or 0 in (levels.warning, levels.critical)


# What they ask ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Metrics of one origin: the CloudWatch namespace that Datadog reads them from, and the tags that they have."""

    namespace: str | None
    tags: set[str]


# The metrics of https://docs.datadoghq.com/integrations/: amazon-ecs, amazon-elb (application), amazon-sqs, amazon-ec2,
# amazon-certificate-manager, amazon-billing, amazon-lambda, system, agent_metrics and container, each under "Data
# Collected". The dimensions of a CloudWatch metric are its tags, in lower case.
SENT = {
    r"aws\.ecs\.service\.(cpuutilization|memory_utilization)(\.maximum)?": Sent(
        namespace="AWS/ECS", tags={"clustername", "servicename"}
    ),
    r"aws\.ecs\.service\.(running|desired|pending)": Sent(namespace="AWS/ECS", tags={"clustername", "servicename"}),
    r"aws\.ecs\.cluster\.(cpu|memory_)(reservation|utilization)": Sent(namespace="AWS/ECS", tags={"clustername"}),
    r"aws\.ecs\.(registered|remaining)_(cpu|memory)": Sent(namespace="AWS/ECS", tags={"clustername", "host"}),
    r"aws\.applicationelb\.(request_count|httpcode_target_[2-5]xx|(un_)?healthy_host_count)": Sent(
        namespace="AWS/ApplicationELB", tags={"targetgroup"}
    ),
    r"aws\.applicationelb\.target_response_time\.p(50|95|99)": Sent(
        namespace="AWS/ApplicationELB", tags={"targetgroup"}
    ),
    r"aws\.sqs\.approximate_(age_of_oldest_message|number_of_messages_(not_)?visible)": Sent(
        namespace="AWS/SQS", tags={"queuename"}
    ),
    r"aws\.ec2\.status_check_failed": Sent(namespace="AWS/EC2", tags={"host", "cluster", "name"}),
    r"aws\.certificatemanager\.days_to_expiry": Sent(namespace="AWS/CertificateManager", tags={"certificatearn"}),
    r"aws\.billing\.(actual_spend|forecasted_spend|budget_limit)": Sent(namespace="AWS/Billing", tags={"budget_name"}),
    r"aws\.billing\.estimated_charges": Sent(namespace="AWS/Billing", tags={"servicename"}),
    r"aws\.lambda\.errors": Sent(namespace="AWS/Lambda", tags={"functionname"}),
    r"aws\.scheduler\.invocation_dropped_count": Sent(namespace="AWS/Scheduler", tags=set()),
    r"system\.(cpu\.idle|load\.norm\.5|mem\.pct_usable|uptime)": Sent(namespace=None, tags={"cluster", "host"}),
    r"system\.(disk|fs\.inodes)\.in_use": Sent(namespace=None, tags={"cluster", "host", "device"}),
    r"datadog\.agent\.running": Sent(namespace=None, tags={"cluster", "host"}),
    r"container\.(cpu\.usage|memory\.(usage|limit))": Sent(
        namespace=None, tags={"cluster", "service", "owner", "ecs_cluster_name"}
    ),
    r"slipway\.ecs\.deployments": Sent(namespace=None, tags={"cluster", "service", "outcome"}),
    r"slipway\.ecs\.task_stops": Sent(namespace=None, tags={"cluster", "service", "cause"}),
    r"slipway\.job\.runs": Sent(namespace=None, tags={"cluster", "service", "outcome"}),
    r"slipway\.instance_refreshes": Sent(namespace=None, tags={"cluster", "outcome"}),
    r"slipway\.instance_refreshes\.minutes": Sent(namespace=None, tags={"cluster"}),
    r"slipway\.events\.alive": Sent(namespace=None, tags=set()),
}
OUTCOMES = {
    "slipway.ecs.deployments": set(deploy_events.DEPLOYMENTS.values()),
    "slipway.job.runs": {"succeeded", "failed"},
    "slipway.instance_refreshes": set(deploy_events.REFRESHES.values()),
}


def containers(plan: Plan, task: str) -> list[dict[str, Any]]:
    return list(json.loads(of_type(plan, "TaskDefinition")[task].inputs["containerDefinitions"]))


def environment(container: dict[str, Any]) -> set[str]:
    return {one["name"] for one in container["environment"]}


def _instance_tags(plan: Plan) -> Iterator[dict[str, str]]:
    """The tags that hosts are started with: written out, or those of another resource."""
    named = {f"${{{r.name}:{r.short_type}.tagsAll.*}}": r for r in plan.resources}
    for template in of_type(plan, "LaunchTemplate").values():
        for specification in template.inputs["tagSpecifications"]:
            tags = specification["tags"]
            if specification["resourceType"] == "instance":
                yield dict(named[tags["*"]].inputs["tags"]) if "*" in tags else tags


class World:
    """What a stack sends: the values that each tag can have, and which of them belong together."""

    def __init__(self, plan: Plan, of: Path) -> None:
        stack = plan.stack
        (account,) = of_type(plan, "IntegrationAccount").values()
        self.unread = set(account.inputs["metricsConfig"]["namespaceFilters"]["excludeOnlies"])
        self.cluster_of = {r.name: r.outputs["cluster"] for r in services(plan).values()}
        hosts = list(_instance_tags(plan))
        clusters = {r.inputs["name"] for r in of_type(plan, "Cluster").values()}
        agents = [
            self._agent(container) for name in clusters for container in containers(plan, f"{name}-datadog-agent-task")
        ]
        assert {tag for tags, _ in agents for tag in tags} == {f"cluster:{name}" for name in clusters}
        assert {env for _, env in agents} == ({stack} if agents else set())
        self.values = {
            "env": {stack},
            "cluster": {tags["cluster"] for tags in hosts if "cluster" in tags} & clusters,
            "clustername": clusters,
            "servicename": {r.inputs["name"] for r in plan.resources if r.type == "aws:ecs/service:Service"},
            "service": set(self.cluster_of),
            "name": {tags["Name"] for tags in hosts if "Name" in tags},
            "targetgroup": {f"${{{name}:TargetGroup.arnSuffix}}" for name in of_type(plan, "TargetGroup")},
            "functionname": {r.inputs["name"] for r in of_type(plan, "Function").values()},
            "queuename": {queue for service in projects.services(of).values() if (queue := service.get("queue"))}
            | {"orders"},
            "cause": {"crash", "scheduler"},
        }

    @staticmethod
    def _agent(container: dict[str, Any]) -> tuple[list[str], str]:
        variables = {one["name"]: one["value"] for one in container["environment"]}
        return variables["DD_TAGS"].split(), variables["DD_ENV"]

    def check(self, selector: Selector, service: str | None) -> None:
        """That something sends this metric with these tags; and, with `service`, that it is about that one."""
        (sent,) = (sent for pattern, sent in SENT.items() if re.fullmatch(pattern, selector.metric))
        assert sent.namespace not in self.unread
        assert selector.tags.keys() <= {"env", *sent.tags}, selector
        assert set(selector.groups) <= {*sent.tags, "service"}, selector
        assert "env" in selector.tags, selector
        for key, value in selector.tags.items():
            known = OUTCOMES[selector.metric] if key == "outcome" else self.values[key]
            assert value in known, f"{key}:{value} of {selector}"
        tags = selector.tags
        if "servicename" in tags:
            assert tags["clustername"] == self.cluster_of.get(tags["servicename"], tags["clustername"])
        if service is not None:
            about = {tags.get("servicename"), tags.get("service")} - {None}
            assert about <= {service}, selector
            assert tags.get("targetgroup", f"${{{service}-tg:").startswith(f"${{{service}-tg")


@pytest.mark.parametrize("stack", [*STACKS, *OTHERS, "more"])
def test_every_query_asks_for_what_the_stack_sends(evaluated: dict[str, Plan], stack: str) -> None:
    plan = evaluated[stack]
    name = plan.stack
    world, count = World(plan, company_of(stack)), 0
    for monitor in (r for r in plan.resources if r.type == MONITOR):
        model = datadog_models.monitor(dict(monitor.inputs))
        assert f"env:{name}" in model.tags
        tagged = [tag.removeprefix("service:") for tag in model.tags if tag.startswith("service:")]
        about = next((service for service in tagged if service in world.cluster_of), None)
        count += 1
        match str(model.type):
            case "query alert":
                for selector in metric_query(model.query).selectors:
                    world.check(selector, about)
            case "slo alert":
                (objective,) = re.findall(r'^burn_rate\("(.+?)"\)', model.query)
                assert objective == f"${{{about}-availability:ServiceLevelObjective.id}}"
                assert f"{about}-availability" in of_type(plan, "ServiceLevelObjective")
            case "log alert":
                (search,) = re.findall(r'^logs\("(.+?)"\)', model.query)
                assert search.startswith(f"env:{name} service:{about} status:(")
            case other:
                raise AssertionError(f"{monitor.name} is a {other}")
    assert count > (0 if name == "ops" else 180 if company_of(stack) == COMPANY else 50)


@pytest.mark.parametrize("stack", [*ENVIRONMENTS, *OTHER_ENVIRONMENTS])
def test_every_objective_counts_the_requests_of_its_service(evaluated: dict[str, Plan], stack: str) -> None:
    world = World(evaluated[stack], company_of(stack))
    for name, objective in of_type(evaluated[stack], "ServiceLevelObjective").items():
        for part in objective.inputs["query"].values():
            for selector in selectors_of(part):
                world.check(selector, name.removesuffix("-availability"))


@pytest.mark.parametrize("stack", [*ENVIRONMENTS, *OTHER_ENVIRONMENTS])
def test_every_dashboard_asks_for_what_the_stack_sends(evaluated: dict[str, Plan], stack: str) -> None:
    plan = evaluated[stack]
    world, count = World(plan, company_of(stack)), 0
    pages = of_type(plan, "DashboardJson")
    assert pages.keys() == {f"{name}-dashboard" for name in [*services(plan), "environment", "fleet"]}
    for name, resource in pages.items():
        page = json.loads(resource.inputs["dashboard"])
        datadog_models.accepted(page, Dashboard)
        about = name.removesuffix("-dashboard")
        for widget in (widget for group in page["widgets"] for widget in group["definition"]["widgets"]):
            for request in widget["definition"].get("requests", []):
                for query in request.get("queries", []):
                    count += 1
                    # One metric, plainly; arithmetic is the formulas' business.
                    assert re.fullmatch(
                        r"(?:avg|max|min|sum):\S+\{.+\}(?: by \{[\w,]+\})?(?:\.as_count\(\))?", query["query"]
                    )
                    for selector in selectors_of(query["query"]):
                        world.check(selector, about if about in world.cluster_of else None)
                names = {query["name"] for query in request.get("queries", [])}
                used = {used for one in request.get("formulas", []) for used in re.findall(r"\bq\d+\b", one["formula"])}
                assert used == names
    assert count > (200 if company_of(stack) == COMPANY else 100)


def test_logs_are_where_the_agent_reads_them_when_datadog_collects_them(evaluated: dict[str, Plan]) -> None:
    plan = evaluated["more"]
    for name in services(plan):
        (container,) = containers(plan, f"{name}-task")
        assert container["logConfiguration"]["logDriver"] == "json-file"
        (logs,) = json.loads(container["dockerLabels"]["com.datadoghq.ad.logs"])
        assert logs["service"] == name
    (agent,) = containers(plan, "api-datadog-agent-task")
    assert "/var/lib/docker/containers" in {mount["containerPath"] for mount in agent["mountPoints"]}
