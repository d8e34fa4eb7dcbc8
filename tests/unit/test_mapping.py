"""Every setting of a company's files reaches the place in AWS and Datadog that it is for.

Each field has a value of its own that is not its default; PLACES says where the plan must have it, by the names of
AWS's and Datadog's APIs. A new field without a value or a place fails.
"""

from __future__ import annotations

import json
import shutil
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import yaml

from config.fields import Model
from config.platform import Platform
from config.service import SERVICE_KINDS
from config.stack import EnvironmentStack
from plan.model import Resource
from tests.projects import copy_project, jobs, plans

PLATFORM = """\
company: mapco
domain: mapping.example
root_zone_id: Z0MAPPINGZONE
region: eu-central-1
availability_zones: [eu-central-1a, eu-central-1b, eu-central-1c]
allowed_regions: [eu-central-1, eu-west-3]
repository: mapco/infra
repository_ids: { owner: 9001, repository: 9002 }
contacts:
  billing: { name: Bill Name, title: Bill Title, email: bill@contacts.example, phone: "+1 555 7001" }
  operations: { name: Ops Name, title: Ops Title, email: ops@contacts.example, phone: "+1 555 7002" }
  security: { name: Sec Name, title: Sec Title, email: sec@contacts.example, phone: "+1 555 7003" }
identity_center: { instance_arn: "arn:aws:sso:::instance/ssoins-0123456789abcdef", identity_store_id: d-0123456789 }
audit: { retention_days: 1001, object_lock_days: 731 }
ops:
  account: { id: "101010101010", email: root+ops@mapco.example, monthly_budget_usd: 5101 }
environments:
  dev:
    account: { id: "202020202020", email: root+dev@mapco.example, monthly_budget_usd: 5102, adopt: true }
    production: true
  stage:
    account: { id: "303030303030", email: root+stage@mapco.example, monthly_budget_usd: 5103 }
  prod:
    account: { id: "404040404040", email: root+prod@mapco.example, monthly_budget_usd: 5104 }
ssh_cidrs: [203.0.113.0/24]
ami_release: 2023.0.20261224-kernel-6.12
cpu_target_percent: 61
memory_target_percent: 62
log_retention_days: 14
quotas: { iam_roles: 1999, load_balancers: 77 }
clusters:
  edge:
    description: Whatever answers
    internal_balancers: 3
    public_balancers: 2
    more_families: [m6i, m7a]
    spot_percent: 35
    disk_gib: 117
  jobs:
    description: Whatever runs to its end
teams:
  makers: { email: makers@mapco.example, chat: "@slack-makers", pager: "@pagerduty-makers" }
  keepers: { email: keepers@mapco.example, chat: "@slack-keepers", pager: "@pagerduty-keepers" }
datadog:
  site: us5.datadoghq.com
  runbooks: https://runbooks.mapco.example
  owner: keepers
  agent_version: 7.72.9
  api_key_secret: mapco/api-key
  muted: [dev]
  collect_logs: true
  collect_processes: true
  collect_network: true
  collect_resources: false
  tag_filters: { AWS/EC2: ["team:makers"] }
  log_forwarder: { function: mapco-forwarder, sources: [elbv2] }
  event_bus: false
"""
STACK = """\
environment:
  cidr: 10.77.0.0/16
  bastion_public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJQtelmt7c9cnATeUCVoCoaE0Gkj7OZQh8uAXmPquYBk mapping
clusters:
  edge:
    instance_type: m7i.2xlarge
    instances: { min: 11, max: 33 }
    prewarm: { public2: 555 }
    night: { start: "11 21 * * *", end: "12 6 * * *", time_zone: Europe/Madrid }
  jobs: { instance_type: m7g.large, instances: { min: 22, max: 44 } }
services:
  site: { version: 1.0.1, tasks: { min: 4, max: 8 }, secret_versions: { TOKEN: site-v1 } }
  search: { version: 1.0.2, tasks: { min: 5, max: 10 }, secret_versions: { TOKEN: search-v1 } }
  mailer: { version: 1.0.3, tasks: { min: 6, max: 12 }, secret_versions: { TOKEN: mailer-v1 } }
  report: { version: 1.0.4, secret_versions: { TOKEN: report-v1 } }
"""
# A strategy excludes requests_per_target, so that there are two web services.
SERVICES = {
    "site": """\
kind: web
exposure: public
port: 8011
priority: 410
balancer: 2
health_check:
  path: /site-health
  interval_seconds: 41
  timeout_seconds: 13
  healthy_count: 3
  unhealthy_count: 7
  grace_seconds: 99
drain_seconds: 53
metrics_path: /site-metrics
scaling:
  cpu_percent: 51
  memory_percent: 52
  peaks:
    sale: { start: "cron(1 8 ? * MON *)", end: "cron(2 9 ? * MON *)", time_zone: Europe/Paris, percent: 75 }
strategy: { kind: linear, percent: 20, step_minutes: 9, bake_minutes: 15 }
rollback_error_percent: 17
availability_percent: 98.5
""",
    "search": """\
kind: web
port: 8012
priority: 420
balancer: 3
scaling: { requests_per_target: 1234 }
""",
    "mailer": """\
kind: worker
queue: mapped-queue
scaling:
  cpu_percent: 53
  memory_percent: 54
  messages_per_task: 87
  peaks:
    noon: { start: "cron(3 11 ? * TUE *)", end: "cron(4 13 ? * TUE *)", time_zone: Europe/Rome, percent: 84 }
""",
    "report": """\
kind: job
schedule: "cron(5 4 ? * WED *)"
time_zone: Europe/Vienna
""",
}
BASE = """\
description: About {name}
owner: {owner}
cluster: {cluster}
image: mapco/{name}
ecr: {{ pushed_by: mapco/{name}-code, ids: {{ owner: {n}31, repository: {n}32 }} }}
cpu: {n}33
memory_mib: {n}34
command: [run-{name}]
environment: {{ SETTING: {name}-setting }}
secrets: {{ TOKEN: {name}/token }}
permissions: [{{ actions: ["s3:Get{name}"], resources: ["arn:aws:s3:::{name}-bucket"] }}]
read_only_root: false
stop_seconds: 7{n}
profiling: true
alerts: {{ log_errors: {{ warning: {n}41, critical: {n}42 }} }}
runbook: https://own.example/{name}
"""


def _service(name: str) -> str:
    owner, cluster = ("keepers", "jobs") if name == "report" else ("makers", "edge")
    return BASE.format(name=name, n=list(SERVICES).index(name) + 2, owner=owner, cluster=cluster) + SERVICES[name]


DOCUMENTS: dict[str, dict[str, Any]] = {
    "platform": yaml.safe_load(PLATFORM),
    "dev": yaml.safe_load(STACK),
    **{name: yaml.safe_load(_service(name)) for name in SERVICES},
}
"""What is written, by stack or service."""

Places = Mapping[str, str | tuple[str, ...] | dict[str, object]]
"""Field -> where it must be, each as STACK TYPE NAME PATH, as it is given; or such places -> how it reads there, with
the given value in the place of {}. In a PATH, text that is JSON is read on, KEY=VALUE finds an item of a list, and
~WORDS the rest of a line that begins with them."""


def _of_each_service(name: str) -> Places:
    task = f"dev TaskDefinition {name}-task"
    container = f"{task} containerDefinitions/0"
    page = f"ops SoftwareCatalog {name}-page entity"
    pushes = f"ops Role images-push-{name} assumeRolePolicy/Statement/0/Condition/StringEquals"
    subject = f"{pushes}/token.actions.githubusercontent.com:sub/0"
    said, release = DOCUMENTS[name], DOCUMENTS["dev"]["services"][name]
    owner, code = said["ecr"]["ids"]["owner"], said["ecr"]["ids"]["repository"]
    return {
        "kind": f"{page}/spec/type",
        "description": {
            f"{page}/metadata/description": "{}",
            f"dev DashboardJson {name}-dashboard dashboard/description": f"{{}}. Owner: {said['owner']}.",
        },
        "owner": (f"{task} tags/owner", f"{page}/metadata/owner", f"dev Monitor {name}-log-errors message/~Owner: "),
        "image": {
            f"{container}/image": f"101010101010.dkr.ecr.eu-central-1.amazonaws.com/{{}}:{release['version']}",
            f"ops Repository images-mapco/{name} name": "{}",
        },
        "ecr.pushed_by": {subject: f"repo:mapco@{owner}/{name}-code@{code}:ref:refs/heads/main"},
        "ecr.ids.owner": {subject: f"repo:mapco@{{}}/{name}-code@{code}:ref:refs/heads/main"},
        "ecr.ids.repository": {subject: f"repo:mapco@{owner}/{name}-code@{{}}:ref:refs/heads/main"},
        "cpu": f"{container}/cpu",
        "memory_mib": f"{container}/memory",
        "command": f"{container}/command",
        "environment.SETTING": f"{container}/environment/name=SETTING/value",
        "secrets.TOKEN": {
            f"{container}/secrets/name=TOKEN/valueFrom": "arn:aws:secretsmanager:eu-central-1:202020202020:secret:{}",
            f"dev RolePolicy {name}-execution policy/Statement/Sid=Secrets/Resource/0": (
                "arn:aws:secretsmanager:eu-central-1:202020202020:secret:{}-??????"
            ),
        },
        "permissions.0.actions": f"dev RolePolicy {name}-task policy/Statement/Sid=Permission0/Action",
        "permissions.0.resources": f"dev RolePolicy {name}-task policy/Statement/Sid=Permission0/Resource",
        "read_only_root": f"{container}/readonlyRootFilesystem",
        "stop_seconds": f"{container}/stopTimeout",
        "profiling": {f"{container}/environment/name=DD_PROFILING_ENABLED/value": "true"},
        "alerts.log_errors.warning": {f"dev Monitor {name}-log-errors monitorThresholds/warning": "{}"},
        "alerts.log_errors.critical": {f"dev Monitor {name}-log-errors monitorThresholds/critical": "{}"},
        "runbook": (f"{page}/metadata/links/name=Runbook/url", f"dev Monitor {name}-log-errors message/~Runbook: "),
    }


def _scaling(name: str, peak: str, tasks_in_peak: int) -> Places:
    start, end = f"dev ScheduledAction {name}-{peak}-start", f"dev ScheduledAction {name}-{peak}-end"
    target = "targetTrackingScalingPolicyConfiguration/targetValue"
    return {
        "scaling.cpu_percent": f"dev Policy {name}-scaling-cpu {target}",
        "scaling.memory_percent": f"dev Policy {name}-scaling-memory {target}",
        f"scaling.peaks.{peak}.start": f"{start} schedule",
        f"scaling.peaks.{peak}.end": f"{end} schedule",
        f"scaling.peaks.{peak}.time_zone": (f"{start} timezone", f"{end} timezone"),
        f"scaling.peaks.{peak}.percent": {f"{start} scalableTargetAction/minCapacity": tasks_in_peak},
    }


def _release(name: str) -> Places:
    key, container = f"services.{name}", f"dev TaskDefinition {name}-task containerDefinitions/0"
    of_all: Places = {
        f"{key}.version": (
            f"{container}/environment/name=DD_VERSION/value",
            f"{container}/dockerLabels/com.datadoghq.tags.version",
        ),
        f"{key}.secret_versions.TOKEN": f"{container}/dockerLabels/slipway.secret.TOKEN",
    }
    if "tasks" not in DOCUMENTS["dev"]["services"][name]:
        return of_all
    return {
        **of_all,
        f"{key}.tasks.min": (f"dev Service {name}-on-edge desiredCount", f"dev Target {name}-scaling minCapacity"),
        f"{key}.tasks.max": f"dev Target {name}-scaling maxCapacity",
    }


def _contact(kind: str) -> Places:
    place = f"dev AlternativeContact account-{kind}-contact"
    return {
        f"contacts.{kind}.name": f"{place} name",
        f"contacts.{kind}.title": f"{place} title",
        f"contacts.{kind}.email": f"{place} emailAddress",
        f"contacts.{kind}.phone": f"{place} phoneNumber",
    }


def _of_both_groups(path: str) -> tuple[str, str]:
    return f"dev TargetGroup site-tg {path}", f"dev TargetGroup site-tg2 {path}"


_SITE = "dev Service site-on-edge"
_DEPLOYMENT = f"{_SITE} deploymentConfiguration"
_QUEUE = "dev Policy mailer-scaling-queue targetTrackingScalingPolicyConfiguration"
_AGENT = "dev TaskDefinition edge-datadog-agent-task containerDefinitions/0"
_INTEGRATION = "dev IntegrationAccount datadog-account"
_HOSTS, _HOST = "dev Group edge-hosts", "dev LaunchTemplate edge-hosts"
_MIXED = f"{_HOSTS} mixedInstancesPolicy"
_SUBJECT = (
    "dev Role account-deploy assumeRolePolicy/Statement/0/Condition/StringEquals"
    "/token.actions.githubusercontent.com:sub/0"
)
_SECRET = "arn:aws:secretsmanager:eu-central-1:202020202020:secret:{}"
_BUDGETS = "20410"
"""The sum of all accounts' budgets."""

PLACES: dict[str, Places] = {
    "site": {
        **_of_each_service("site"),
        **_scaling("site", "sale", tasks_in_peak=6),
        "cluster": {f"{_SITE} cluster": "${{{}-cluster:Cluster.arn}}"},
        "exposure": {"dev ListenerRule site-rule listenerArn": "${{edge-{}2-https:Listener.arn}}"},
        "balancer": {
            "dev ListenerRule site-rule listenerArn": "${{edge-public{}-https:Listener.arn}}",
            "dev Record site-public-name aliases/0/name": "${{edge-public{}:LoadBalancer.dnsName}}",
        },
        "port": (
            f"{_SITE} loadBalancers/0/containerPort",
            "dev TaskDefinition site-task containerDefinitions/0/portMappings/0/containerPort",
        ),
        "priority": "dev ListenerRule site-rule priority",
        "health_check.path": _of_both_groups("healthCheck/path"),
        "health_check.interval_seconds": _of_both_groups("healthCheck/interval"),
        "health_check.timeout_seconds": _of_both_groups("healthCheck/timeout"),
        "health_check.healthy_count": _of_both_groups("healthCheck/healthyThreshold"),
        "health_check.unhealthy_count": _of_both_groups("healthCheck/unhealthyThreshold"),
        "health_check.grace_seconds": f"{_SITE} healthCheckGracePeriodSeconds",
        "drain_seconds": _of_both_groups("deregistrationDelay"),
        "metrics_path": {
            "dev TaskDefinition site-task containerDefinitions/0/dockerLabels/com.datadoghq.ad.checks/openmetrics"
            "/instances/0/openmetrics_endpoint": "http://%%host%%:8011{}"
        },
        "strategy.kind": {f"{_DEPLOYMENT}/strategy": "LINEAR"},
        "strategy.percent": f"{_DEPLOYMENT}/linearConfiguration/stepPercent",
        "strategy.step_minutes": {f"{_DEPLOYMENT}/linearConfiguration/stepBakeTimeInMinutes": "{}"},
        "strategy.bake_minutes": {f"{_DEPLOYMENT}/bakeTimeInMinutes": "{}"},
        "rollback_error_percent": "dev MetricAlarm site-rollback threshold",
        "availability_percent": (
            "dev ServiceLevelObjective site-availability targetThreshold",
            "dev ServiceLevelObjective site-availability thresholds/0/target",
        ),
    },
    "search": {
        **_of_each_service("search"),
        "cluster": {"dev Service search-on-edge cluster": "${{{}-cluster:Cluster.arn}}"},
        "port": "dev Service search-on-edge loadBalancers/0/containerPort",
        "priority": "dev ListenerRule search-rule priority",
        "balancer": {"dev ListenerRule search-rule listenerArn": "${{edge-internal{}-https:Listener.arn}}"},
        "scaling.requests_per_target": (
            "dev Policy search-scaling-requests targetTrackingScalingPolicyConfiguration/targetValue"
        ),
    },
    "mailer": {
        **_of_each_service("mailer"),
        **_scaling("mailer", "noon", tasks_in_peak=11),
        "cluster": {"dev Service mailer-on-edge cluster": "${{{}-cluster:Cluster.arn}}"},
        "queue": {
            f"{_QUEUE}/customizedMetricSpecification/metrics/id=waiting/metricStat/metric/dimensions/0/value": "{}",
            "dev Monitor mailer-queue-age query": (
                "min(last_10m):max:aws.sqs.approximate_age_of_oldest_message{{env:dev,queuename:{}}} > 900"
            ),
        },
        "scaling.messages_per_task": f"{_QUEUE}/targetValue",
    },
    "report": {
        **_of_each_service("report"),
        "cluster": {"dev Schedule report-schedule target/arn": "${{{}-cluster:Cluster.arn}}"},
        "schedule": "dev Schedule report-schedule scheduleExpression",
        "time_zone": (
            "dev Schedule report-schedule scheduleExpressionTimezone",
            "dev Monitor report-job-missing schedulingOptions/customSchedule/recurrence/timezone",
        ),
    },
    "dev": {
        "environment.cidr": "dev Vpc network-vpc cidrBlock",
        "environment.bastion_public_key": "dev KeyPair bastion-key publicKey",
        "clusters.edge.instance_type": (f"{_HOST} instanceType", f"{_MIXED}/launchTemplate/overrides/0/instanceType"),
        "clusters.edge.instances.min": (f"{_HOSTS} minSize", "dev Schedule edge-morning minSize"),
        "clusters.edge.instances.max": (f"{_HOSTS} maxSize", "dev Schedule edge-morning maxSize"),
        "clusters.edge.prewarm.public2": "dev LoadBalancer edge-public2 minimumLoadBalancerCapacity/capacityUnits",
        "clusters.edge.night.start": "dev Schedule edge-night recurrence",
        "clusters.edge.night.end": "dev Schedule edge-morning recurrence",
        "clusters.edge.night.time_zone": ("dev Schedule edge-night timeZone", "dev Schedule edge-morning timeZone"),
        "clusters.jobs.instance_type": "dev LaunchTemplate jobs-hosts instanceType",
        "clusters.jobs.instances.min": "dev Group jobs-hosts minSize",
        "clusters.jobs.instances.max": "dev Group jobs-hosts maxSize",
        **{field: place for name in SERVICES for field, place in _release(name).items()},
    },
    "platform": {
        **_contact("billing"),
        **_contact("operations"),
        **_contact("security"),
        "company": {"ops Account organization-dev name": "{}-dev"},
        "domain": "ops Zone root-zone-zone name",
        "root_zone_id": "dev Record dns-delegation zoneId",
        "region": "dev aws aws region",
        "availability_zones": {
            f"dev Subnet network-private-{zone} availabilityZone": f"eu-central-1{zone}" for zone in "abc"
        },
        "allowed_regions": {
            "ops Policy organization-regions-policy content/Statement/Sid=AllowedRegionsOnly/Condition/StringNotEquals"
            "/aws:RequestedRegion": ["eu-central-1", "eu-west-3", "us-east-1"]
        },
        "repository": {_SUBJECT: "repo:mapco@9001/infra@9002:environment:dev"},
        "repository_ids.owner": {_SUBJECT: "repo:mapco@{}/infra@9002:environment:dev"},
        "repository_ids.repository": {_SUBJECT: "repo:mapco@9001/infra@{}:environment:dev"},
        "identity_center.instance_arn": "ops PermissionSet people-administrator-set instanceArn",
        "identity_center.identity_store_id": "ops User people-ada identityStoreId",
        "audit.retention_days": "ops BucketLifecycleConfiguration audit-logs-lifecycle rules/0/expiration/days",
        "audit.object_lock_days": "ops BucketObjectLockConfiguration audit-logs-lock rule/defaultRetention/days",
        "ops.account.id": {"dev aws aws-root-zone allowedAccountIds": '["{}"]'},
        "ops.account.monthly_budget_usd": {"ops Budget account-budget limitAmount": "{}"},
        "environments.dev.account.id": {"dev aws aws allowedAccountIds": '["{}"]'},
        "environments.dev.account.email": "ops Account organization-dev email",
        "environments.dev.account.monthly_budget_usd": {"dev Budget account-budget limitAmount": "{}"},
        "environments.dev.account.adopt": {"ops Account organization-dev import_id": "202020202020"},
        "environments.dev.production": {
            "ops Account organization-dev parentId": "${{organization-production:OrganizationalUnit.id}}"
        },
        "environments.stage.account.id": "ops AccountAssignment people-stage-administrator-assignment targetId",
        "environments.stage.account.email": "ops Account organization-stage email",
        "environments.stage.account.monthly_budget_usd": {"ops Budget organization-budget limitAmount": _BUDGETS},
        "environments.prod.account.id": "ops AccountAssignment people-prod-administrator-assignment targetId",
        "environments.prod.account.email": "ops Account organization-prod email",
        "environments.prod.account.monthly_budget_usd": {"ops Budget organization-budget limitAmount": _BUDGETS},
        "ssh_cidrs": {"dev SecurityGroupIngressRule bastion-ssh-203.0.113.0-24 cidrIpv4": "203.0.113.0/24"},
        "ami_release": {
            f"{_HOST} imageId": "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/"
            "al2023-ami-ecs-hvm-{}-x86_64/image_id"
        },
        "cpu_target_percent": "dev Policy search-scaling-cpu targetTrackingScalingPolicyConfiguration/targetValue",
        "memory_target_percent": (
            "dev Policy search-scaling-memory targetTrackingScalingPolicyConfiguration/targetValue"
        ),
        "log_retention_days": (
            "dev LogGroup site-logs retentionInDays",
            "dev LogGroup edge-datadog-agent-logs retentionInDays",
            "dev LogGroup deploy-events-logs retentionInDays",
            "dev LogGroup firewall-logs retentionInDays",
            "dev LogGroup network-flow-log-group retentionInDays",
        ),
        "clusters.edge.internal_balancers": {"dev LoadBalancer edge-internal3 internal": True},
        "clusters.edge.public_balancers": {"dev LoadBalancer edge-public2 internal": False},
        "clusters.edge.more_families": {
            f"{_MIXED}/launchTemplate/overrides/1/instanceType": "m6i.2xlarge",
            f"{_MIXED}/launchTemplate/overrides/2/instanceType": "m7a.2xlarge",
        },
        "clusters.edge.spot_percent": {f"{_MIXED}/instancesDistribution/onDemandPercentageAboveBaseCapacity": 65},
        "clusters.edge.disk_gib": f"{_HOST} blockDeviceMappings/0/ebs/volumeSize",
        "teams.makers.email": "ops SoftwareCatalog site-page entity/metadata/contacts/0/contact",
        "teams.makers.chat": {"dev Monitor site-log-errors message/~{{#is_warning}}": "{}{{{{/is_warning}}}}"},
        "teams.makers.pager": {"dev Monitor site-log-errors message/~{{#is_alert}}": "{}{{{{/is_alert}}}}"},
        "teams.keepers.email": "ops SoftwareCatalog report-page entity/metadata/contacts/0/contact",
        "teams.keepers.chat": {"dev Monitor account-budget message/~{{#is_warning}}": "{}{{{{/is_warning}}}}"},
        "teams.keepers.pager": {"dev Monitor account-budget message/~{{#is_alert}}": "{}{{{{/is_alert}}}}"},
        "datadog.site": {
            f"{_AGENT}/environment/name=DD_SITE/value": "{}",
            "dev Function deploy-events-function environment/variables/DATADOG_API": "https://api.{}",
            "dev datadog datadog apiUrl": "https://api.{}/",
        },
        "datadog.runbooks": {"dev Monitor account-budget message/~Runbook: ": "{}/platform"},
        "datadog.owner": "dev Monitor account-budget message/~Owner: ",
        "datadog.agent_version": {f"{_AGENT}/image": "public.ecr.aws/datadog/agent:{}"},
        "datadog.api_key_secret": {
            "dev Function deploy-events-function environment/variables/API_KEY_SECRET": "{}",
            f"{_AGENT}/secrets/name=DD_API_KEY/valueFrom": _SECRET,
        },
        "datadog.muted": {"dev DowntimeSchedule account-mute monitorIdentifier/monitorTags/0": "env:dev"},
        "datadog.collect_logs": {
            f"{_AGENT}/environment/name=DD_LOGS_ENABLED/value": "true",
            "dev TaskDefinition site-task containerDefinitions/0/logConfiguration/logDriver": "json-file",
        },
        "datadog.collect_processes": {
            f"{_AGENT}/environment/name=DD_PROCESS_CONFIG_PROCESS_COLLECTION_ENABLED/value": "true"
        },
        "datadog.collect_network": {f"{_AGENT}/environment/name=DD_SYSTEM_PROBE_NETWORK_ENABLED/value": "true"},
        "datadog.collect_resources": f"{_INTEGRATION} resourcesConfig/extendedCollection",
        "datadog.tag_filters.AWS/EC2": f"{_INTEGRATION} metricsConfig/tagFilters/0/tags",
        "datadog.log_forwarder.function": {
            f"{_INTEGRATION} logsConfig/lambdaForwarder/lambdas/0": (
                "arn:aws:lambda:eu-central-1:202020202020:function:{}"
            )
        },
        "datadog.log_forwarder.sources": f"{_INTEGRATION} logsConfig/lambdaForwarder/sources",
        "datadog.event_bus": {"dev RolePolicy datadog-permissions policy/Statement/Sid=Notify": None},
    },
}
NOWHERE = {
    "quotas.iam_roles": "the limit of a check",
    "quotas.load_balancers": "the limit of a check",
    "clusters.edge.description": "for people who read the file",
    "clusters.jobs.description": "for people who read the file",
    "ops.account.email": "AWS has it: the management account is there before the program",
}
"""Fields of the platform that no resource has, and why."""
OMITTED = {
    "ops.account.adopt": "the management account is never created",
    "environments.dev.mirrors": "excludes a night; only the check of parity reads it",
    "alerts.log_errors.disabled": "excludes its thresholds",
    "migration": "its components' own tests",
}
"""Fields without a value, and why."""

_MISSING = object()


def _fields(model: type[Model], given: Any, path: str, *, complete: bool) -> Iterator[tuple[str, Any, Any]]:
    """Each field's path, value and default. Of items that repeat, the first must have every field."""
    for name, field in model.model_fields.items():
        if f"{path}{name}" not in OMITTED:
            value = _MISSING if given is _MISSING else given.get(name, _MISSING)
            yield from _values(field.annotation, value, field.default, f"{path}{name}", complete=complete)


def _values(kind: Any, given: Any, default: Any, path: str, *, complete: bool) -> Iterator[tuple[str, Any, Any]]:
    kind = _bare(kind)
    items: dict[Any, Any] | None = None
    if get_origin(kind) is dict:
        items = {"*": _MISSING} if given is _MISSING else given
        item = _bare(get_args(kind)[1])
    elif get_origin(kind) is tuple and _is_model(item := _bare(get_args(kind)[0])):
        items = {"*": _MISSING} if given is _MISSING else dict(enumerate(given))
    if _is_model(kind):
        yield from _fields(kind, given, f"{path}.", complete=complete)
    elif items is not None:
        for number, (key, value) in enumerate(items.items()):
            yield from _values(item, value, _MISSING, f"{path}.{key}", complete=complete and number == 0)
    elif complete or given is not _MISSING:
        yield path, given, default


def _bare(kind: Any) -> Any:
    """A type without what annotates it, and without None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (each for each in get_args(kind) if each is not type(None))
        return _bare(kind)
    return kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Model)


def _given(document: str) -> dict[str, tuple[Any, Any]]:
    """Path -> value and default of every field; of `search`, of those that it says."""
    models: dict[str, type[Model]] = {"platform": Platform, "dev": EnvironmentStack}
    model = models.get(document) or SERVICE_KINDS[DOCUMENTS[document]["kind"]]
    complete = document != "search"
    return {
        path: (given, default) for path, given, default in _fields(model, DOCUMENTS[document], "", complete=complete)
    }


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_field_has_a_value_that_is_not_its_default(document: str) -> None:
    elsewhere = _given("search") if document == "site" else {}
    for path, (given, default) in _given(document).items():
        assert given is not _MISSING or path in elsewhere, f"{path} has no value"
        assert given != default, f"{path} has its default"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_two_fields_have_the_same_value(document: str) -> None:
    given = [str(given) for given, _ in _given(document).values() if given is not _MISSING]
    values = [value for value in given if value not in ("True", "False")]
    assert sorted(values) == sorted(set(values))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_value_has_a_place(document: str) -> None:
    given = {path for path, (value, _) in _given(document).items() if value is not _MISSING}
    assert set(PLACES[document]) == given - NOWHERE.keys()


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str, str], Resource]:
    """All of dev and ops, by stack, type and name."""
    root = copy_project(tmp_path_factory.mktemp("mapping") / "project")
    shutil.rmtree(root / "services")
    (root / "services").mkdir()
    for name in SERVICES:
        (root / f"services/{name}.yaml").write_text(_service(name))
    _write(root / "Pulumi.yaml", {"slipway:platform": {"value": DOCUMENTS["platform"]}})
    _write(root / "Pulumi.dev.yaml", {f"slipway:{key}": value for key, value in DOCUMENTS["dev"].items()})
    return {
        (plan.stack, resource.short_type, resource.name): resource
        for plan in plans(jobs(root, ["dev", "ops"]))
        for resource in plan.resources
        if resource.custom
    }


def _write(file: Path, config: Mapping[str, Any]) -> None:
    content = yaml.safe_load(file.read_text())
    content["config"] |= config
    file.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.mark.parametrize(
    ("document", "field"), [(document, field) for document, fields in PLACES.items() for field in fields]
)
def test_the_value_is_in_its_place(
    resources: Mapping[tuple[str, str, str], Resource], document: str, field: str
) -> None:
    given, places = _given(document)[field][0], PLACES[document][field]
    if isinstance(places, dict):
        expected = {place: how.format(given) if isinstance(how, str) else how for place, how in places.items()}
    else:
        expected = dict.fromkeys((places,) if isinstance(places, str) else places, given)
    found = {}
    for place in expected:
        stack, type_, name, path = place.split(" ", 3)
        resource = resources[stack, type_, name]
        found[place] = _look({**resource.inputs, "import_id": resource.import_id}, path)
    assert found == expected


def _look(value: Any, path: str) -> Any:
    """What is at a path; None where a list has no such item, or a mapping no such key."""
    while path and value is not None:
        if path.startswith("~"):
            (line,) = (line for line in value.splitlines() if line.startswith(path[1:]))
            return line.removeprefix(path[1:])
        part, _, path = path.partition("/")
        if isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, Mapping):
            value = value.get(part)
        elif "=" in part:
            key, _, wanted = part.partition("=")
            value = next((item for item in value if item.get(key) == wanted), None)
        else:
            value = value[int(part)]
    return value
