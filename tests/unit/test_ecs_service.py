import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.compute.ecs_service import EcsService, EcsServiceArgs
from components.network.load_balancer import LoadBalancer
from config.settings import DeployedService
from tests.cloud import Cloud
from tests.ecs_models import accepted_task_definition
from tests.unit.examples import a_load_balancer, a_placement, a_service

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
RULE = "aws:lb/listenerRule:ListenerRule"
RECORD = "aws:route53/record:Record"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SCHEDULE = "aws:scheduler/schedule:Schedule"


IMAGE = "333333333333.dkr.ecr.us-east-1.amazonaws.com/docker-hub/acme/gateway:4.12.0"


def deploy(
    cloud: Cloud, service: DeployedService, *, image: str = IMAGE, more_hosts: Sequence[str] = (), **placement: Any
) -> None:
    """`placement` are changes of `a_placement`. A web service finds one balancer of each exposure."""

    def program() -> None:
        if service.spec.kind == "web":
            placement["balancers"] = {
                exposure: LoadBalancer(f"api-{exposure}", a_load_balancer()) for exposure in ("internal", "public")
            }
        args = EcsServiceArgs(service=service, image=image, more_hosts=more_hosts, placement=a_placement(**placement))
        EcsService("gateway", args)

    cloud.deploy(program)


def container(cloud: Cloud) -> dict[str, Any]:
    (definition,) = json.loads(cloud.one(TASK)["containerDefinitions"])
    assert isinstance(definition, dict)
    return definition


def statements(cloud: Cloud, policy: str) -> dict[str, Mapping[str, Any]]:
    return {s["Sid"]: s for s in json.loads(cloud.one(ROLE_POLICY, policy)["policy"])["Statement"]}


def test_container_listens_on_the_configured_port(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", port=8080))
    assert container(cloud)["portMappings"] == [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}]


def test_container_variables_are_sorted_and_tell_datadog_who_it_is(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", environment={"ZONE": "z", "API": "a"}, version="4.12.0"))
    assert container(cloud)["environment"] == [
        {"name": "API", "value": "a"},
        {"name": "DD_DOGSTATSD_URL", "value": "unix:///var/run/datadog/dsd.socket"},
        {"name": "DD_ENV", "value": "stage"},
        {"name": "DD_SERVICE", "value": "gateway"},
        {"name": "DD_TRACE_AGENT_URL", "value": "unix:///var/run/datadog/apm.socket"},
        {"name": "DD_VERSION", "value": "4.12.0"},
        {"name": "ZONE", "value": "z"},
    ]


def test_container_gets_secrets_by_reference(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", secrets={"STRIPE": "/billing/stripe", "DB": "billing/database"}))
    assert container(cloud)["secrets"] == [
        {"name": "DB", "valueFrom": "arn:aws:secretsmanager:us-east-1:333333333333:secret:billing/database"},
        {"name": "STRIPE", "valueFrom": "arn:aws:ssm:us-east-1:333333333333:parameter/billing/stripe"},
    ]


def test_container_is_confined(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"))
    definition = container(cloud)
    assert definition["readonlyRootFilesystem"] is True
    assert definition["linuxParameters"] == {
        "capabilities": {"add": [], "drop": ["ALL"]},
        "initProcessEnabled": True,
        "tmpfs": [
            {"containerPath": "/tmp", "mountOptions": ["nodev", "nosuid"], "size": 64},
            {"containerPath": "/var/lib/amazon/ssm", "mountOptions": ["nodev", "nosuid"], "size": 16},
        ],
    }


def test_container_may_write_where_the_service_says_so(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", read_only_root=False))
    definition = container(cloud)
    assert definition["readonlyRootFilesystem"] is False
    assert "tmpfs" not in definition["linuxParameters"]


def test_container_logs_without_blocking(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"), log_retention_days=14)
    assert cloud.one("aws:cloudwatch/logGroup:LogGroup")["retentionInDays"] == 14
    assert container(cloud)["logConfiguration"] == {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "/ecs/gateway",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "task",
            "max-buffer-size": "25m",
            "mode": "non-blocking",
        },
    }


@pytest.mark.parametrize(
    "service",
    [
        a_service("web", secrets={"DB": "billing/database"}, command=["serve", "--port", "8080"]),
        a_service("worker", environment={"A": "b"}),
        a_service("job", read_only_root=False),
    ],
    ids=["web", "worker", "job"],
)
def test_task_definition_is_accepted_by_botocore(cloud: Cloud, service: DeployedService) -> None:
    deploy(cloud, service)
    accepted_task_definition(cloud.one(TASK))


def test_task_definition_keeps_earlier_revisions_for_a_rollback(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"))
    task = cloud.one(TASK)
    assert (task["family"], task["skipDestroy"], task["networkMode"]) == ("gateway", True, "bridge")


def test_service_rolls_out_without_downtime_and_back_on_failure(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", tasks=(2, 2)))
    service = cloud.get(SERVICE)
    assert service.inputs == {
        "alarms": {"alarmNames": ["${gateway-rollback.name}"], "enable": True, "rollback": True},
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategies": [{"capacityProvider": "api-hosts", "weight": 1}],
        "cluster": "arn:aws:ecs:us-east-1:333333333333:cluster/api",
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "desiredCount": 2,
        "enableEcsManagedTags": True,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "loadBalancers": [{"containerName": "gateway", "containerPort": 8080, "targetGroupArn": "${gateway-tg.arn}"}],
        "name": "gateway",
        "orderedPlacementStrategies": [
            {"field": "attribute:ecs.availability-zone", "type": "spread"},
            {"field": "memory", "type": "binpack"},
        ],
        "propagateTags": "SERVICE",
        "tags": {"owner": "payments", "service": "gateway"},
        "taskDefinition": "${gateway-task.arn}",
        "waitForSteadyState": True,
    }


def test_service_waits_for_its_listener_rule_and_its_roles(cloud: Cloud) -> None:
    deploy(cloud, a_service("web"))
    names = {urn.rsplit("::", 1)[1] for urn in cloud.get(SERVICE).dependencies}
    assert {"gateway-rule", "gateway-execution", "gateway-task"} <= names


def test_a_fixed_count_is_the_programs_to_change(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", tasks=(3, 3)))
    assert cloud.get(SERVICE).ignore_changes == ()
    assert cloud.all("aws:appautoscaling/target:Target") == []


def test_a_range_of_tasks_is_autoscalings_to_change(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", tasks=(2, 6), scaling={"cpu_percent": 60}))
    assert cloud.get(SERVICE).ignore_changes == ("desiredCount",)
    assert cloud.one("aws:appautoscaling/target:Target") == {
        "maxCapacity": 6,
        "minCapacity": 2,
        "resourceId": "service/api/gateway",
        "scalableDimension": "ecs:service:DesiredCount",
        "serviceNamespace": "ecs",
    }
    policies = {
        r.name: r.inputs["targetTrackingScalingPolicyConfiguration"]
        for r in cloud.all("aws:appautoscaling/policy:Policy")
    }
    assert {name: p["targetValue"] for name, p in policies.items()} == {
        "gateway-scaling-cpu": 60,
        "gateway-scaling-memory": 75,
    }


def test_requests_scale_a_web_service_by_its_target_group(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", tasks=(2, 6), scaling={"requests_per_target": 1000}))
    policy = cloud.one("aws:appautoscaling/policy:Policy", "gateway-scaling-requests")
    assert policy["targetTrackingScalingPolicyConfiguration"] == {
        "predefinedMetricSpecification": {
            "predefinedMetricType": "ALBRequestCountPerTarget",
            "resourceLabel": "${api-internal.arnSuffix}/${gateway-tg.arnSuffix}",
        },
        "scaleInCooldown": 300,
        "scaleOutCooldown": 60,
        "targetValue": 1000,
    }


def test_target_group_drains_and_checks_as_the_service_says(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", drain_seconds=45))
    assert cloud.one(TARGET_GROUP) == {
        "deregistrationDelay": 45,
        "healthCheck": {
            "healthyThreshold": 2,
            "interval": 30,
            "matcher": "200-299",
            "path": "/healthz",
            "timeout": 5,
            "unhealthyThreshold": 2,
        },
        "loadBalancingAlgorithmType": "least_outstanding_requests",
        "port": 80,
        "protocol": "HTTP",
        "tags": {"balancer": "api-internal", "owner": "payments", "service": "gateway"},
        "targetType": "instance",
        "vpcId": "vpc",
    }


def test_every_name_of_a_service_is_routed_and_resolves_to_its_balancer(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", exposure="public", priority=20))
    rule = cloud.one(RULE)
    assert rule["priority"] == 20
    assert rule["conditions"] == [
        {"hostHeader": {"values": ["gateway.stage.acme.example", "gateway.internal.stage.acme.example"]}}
    ]
    assert rule["listenerArn"] == "${api-public-https.arn}"
    alias = {"evaluateTargetHealth": False, "name": "${api-public.dnsName}", "zoneId": "${api-public.zoneId}"}
    records = [r.inputs for r in cloud.all(RECORD)]
    assert [(r["name"], r["type"], r["zoneId"], r["aliases"]) for r in records] == [
        ("gateway.internal.stage.acme.example", "A", "private-zone", [alias]),
        ("gateway.stage.acme.example", "A", "public-zone", [alias]),
        ("gateway.stage.acme.example", "AAAA", "public-zone", [alias]),
    ]


def test_execution_role_reads_only_the_services_own_secrets(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", secrets={"STRIPE": "/billing/stripe", "DB": "billing/database"}))
    allowed = statements(cloud, "gateway-execution")
    assert allowed["Secrets"]["Resource"] == [
        "arn:aws:secretsmanager:us-east-1:333333333333:secret:billing/database-??????"
    ]
    assert allowed["Parameters"]["Resource"] == ["arn:aws:ssm:us-east-1:333333333333:parameter/billing/stripe"]
    assert allowed["Log"]["Resource"] == ["${gateway-logs.arn}:*"]


def test_execution_role_of_a_service_without_secrets_reads_none(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"))
    assert set(statements(cloud, "gateway-execution")) == {"Login", "Pull", "Log"}


@pytest.mark.parametrize(
    ("image", "repository", "imports"),
    [
        (
            "333333333333.dkr.ecr.us-east-1.amazonaws.com/docker-hub/acme/gateway:1",
            "333333333333:repository/docker-hub/acme/gateway",
            True,
        ),
        ("111111111111.dkr.ecr.us-east-1.amazonaws.com/acme/gateway:1", "111111111111:repository/acme/gateway", False),
    ],
    ids=["cached", "own"],
)
def test_execution_role_pulls_the_services_own_image_alone(
    cloud: Cloud, image: str, repository: str, imports: bool
) -> None:
    deploy(cloud, a_service("worker"), image=image)
    pull = statements(cloud, "gateway-execution")["Pull"]
    assert pull["Resource"] == [f"arn:aws:ecr:us-east-1:{repository}"]
    assert ({"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} <= {*pull["Action"]}) is imports
    assert "ecr:BatchGetImage" in pull["Action"]


def test_execution_role_needs_nothing_for_a_public_registry(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"), image="ghcr.io/acme/gateway:1")
    assert set(statements(cloud, "gateway-execution")) == {"Log"}


def test_task_role_has_the_services_permissions(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", permissions=[{"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:::q"]}]))
    assert statements(cloud, "gateway-task")["Permission0"] == {
        "Sid": "Permission0",
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": ["arn:aws:sqs:::q"],
    }


def test_roles_are_for_tasks_of_this_account_alone(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"))
    for role in cloud.all("aws:iam/role:Role"):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "333333333333"}


def test_a_worker_has_nothing_of_a_web_service(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"))
    assert [cloud.all(t) for t in (TARGET_GROUP, RULE, RECORD)] == [[], [], []]
    assert cloud.one(SERVICE)["loadBalancers"] == []
    assert "healthCheckGracePeriodSeconds" not in cloud.one(SERVICE)


def test_a_job_runs_on_its_schedule_and_has_no_service(cloud: Cloud) -> None:
    deploy(cloud, a_service("job", schedule="cron(0 4 1 * ? *)", time_zone="Europe/Berlin"))
    assert cloud.all(SERVICE) == []
    schedule = cloud.one(SCHEDULE)
    assert schedule["scheduleExpression"] == "cron(0 4 1 * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["target"]["arn"] == "arn:aws:ecs:us-east-1:333333333333:cluster/api"
    assert schedule["target"]["ecsParameters"] == {
        "capacityProviderStrategies": [{"capacityProvider": "api-hosts", "weight": 1}],
        "enableEcsManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
        "taskCount": 1,
        "taskDefinitionArn": "${gateway-task.arn}",
    }


def test_the_scheduler_may_run_this_task_on_this_cluster_alone(cloud: Cloud) -> None:
    deploy(cloud, a_service("job"))
    allowed = statements(cloud, "gateway-scheduler")
    assert allowed["Run"]["Resource"] == ["arn:aws:ecs:us-east-1:333333333333:task-definition/gateway:*"]
    assert allowed["Run"]["Condition"] == {
        "ArnEquals": {"ecs:cluster": "arn:aws:ecs:us-east-1:333333333333:cluster/api"}
    }
    assert allowed["Pass"]["Resource"] == ["${gateway-execution.arn}", "${gateway-task.arn}"]


@pytest.mark.parametrize(
    ("service", "kind", "address"),
    [
        (a_service("web"), "web", "https://gateway.internal.stage.acme.example"),
        (a_service("worker"), "worker", None),
        (a_service("job"), "job", None),
    ],
    ids=["web", "worker", "job"],
)
def test_outputs_say_what_a_person_wants_to_know(
    cloud: Cloud, service: DeployedService, kind: str, address: str | None
) -> None:
    deploy(cloud, service)
    (outputs,) = [o for urn, o in cloud.outputs.items() if "slipway:ecs:EcsService" in urn]
    assert outputs == {
        "kind": kind,
        "cluster": "api",
        "version": "4.12.0",
        "tasks": {"min": 2, "max": 2},
        "owner": "payments",
    } | ({"address": address} if address else {})


def test_another_version_of_a_secret_is_another_revision_and_the_reference_stays(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", secrets={"DB": "billing/database"}, secret_versions={"DB": "8c1f"}))
    definition = container(cloud)
    assert definition["dockerLabels"]["slipway.secret.DB"] == "8c1f"
    assert definition["secrets"] == [
        {"name": "DB", "valueFrom": "arn:aws:secretsmanager:us-east-1:333333333333:secret:billing/database"}
    ]


def labels(cloud: Cloud) -> dict[str, str]:
    return {name.removeprefix("com.datadoghq."): value for name, value in container(cloud)["dockerLabels"].items()}


def test_datadogs_agent_knows_whose_container_it_is(cloud: Cloud) -> None:
    deploy(cloud, a_service("web"))
    assert labels(cloud) == {
        "tags.env": "stage",
        "tags.service": "gateway",
        "tags.version": "4.12.0",
        "ad.tags": '["owner:payments"]',
    }


def test_datadogs_agent_reads_a_services_own_metrics(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", port=9000, metrics_path="/internal/metrics"))
    # https://docs.datadoghq.com/containers/docker/prometheus/
    assert json.loads(labels(cloud)["ad.checks"]) == {
        "openmetrics": {
            "instances": [
                {
                    "openmetrics_endpoint": "http://%%host%%:9000/internal/metrics",
                    "namespace": "gateway",
                    "metrics": [".*"],
                }
            ]
        }
    }


def test_datadogs_agent_reads_logs_that_stay_on_the_host(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"), collect_logs=True)
    assert json.loads(labels(cloud)["ad.logs"]) == [{"service": "gateway", "source": "gateway"}]
    assert container(cloud)["logConfiguration"] == {
        "logDriver": "json-file",
        "options": {"max-size": "10m", "max-file": "3"},
    }


@pytest.mark.parametrize("profiling", [True, False])
def test_a_program_is_profiled_by_setting(cloud: Cloud, profiling: bool) -> None:
    deploy(cloud, a_service("worker", profiling=profiling))
    variables = {one["name"]: one["value"] for one in container(cloud)["environment"]}
    assert variables.get("DD_PROFILING_ENABLED") == ("true" if profiling else None)


def test_logs_are_encrypted(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"), log_key_arn="key-arn")
    assert cloud.one("aws:cloudwatch/logGroup:LogGroup")["kmsKeyId"] == "key-arn"


def test_task_role_may_write_the_record_of_ecs_exec_where_there_is_one(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker"), exec_log_group_arn="log-group-arn")
    assert statements(cloud, "gateway-task")["ExecRecord"]["Resource"] == ["log-group-arn:*"]
    without = Cloud()
    deploy(without, a_service("worker"))
    assert set(statements(without, "gateway-task")) == {"Exec"}


def test_a_deployment_is_rolled_back_while_requests_fail(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", rollback_error_percent=3))
    alarm = cloud.one(ALARM)
    assert (alarm["threshold"], alarm["datapointsToAlarm"], alarm["evaluationPeriods"]) == (3, 2, 3)
    assert (alarm["comparisonOperator"], alarm["treatMissingData"]) == ("GreaterThanThreshold", "notBreaching")
    metrics = {query["id"]: query["metric"] for query in alarm["metricQueries"] if "metric" in query}
    assert {key: metric["metricName"] for key, metric in metrics.items()} == {
        "requests1": "RequestCount",
        "errors1": "HTTPCode_Target_5XX_Count",
        "refused1": "TargetConnectionErrorCount",
    }
    for metric in metrics.values():
        assert metric["dimensions"] == {
            "LoadBalancer": "${api-internal.arnSuffix}",
            "TargetGroup": "${gateway-tg.arnSuffix}",
        }
        assert (metric["namespace"], metric["period"], metric["stat"]) == ("AWS/ApplicationELB", 60, "Sum")
    (rate,) = [query for query in alarm["metricQueries"] if query.get("returnData")]
    assert rate["expression"] == (
        "IF(FILL(requests1, 0) >= 10, 100 * (FILL(errors1, 0) + FILL(refused1, 0)) / (FILL(requests1, 0)), 0)"
    )


def test_a_name_moves_when_the_service_is_there_to_answer(cloud: Cloud) -> None:
    deploy(cloud, a_service("web"))
    assert cloud.get(SERVICE).urn in cloud.get(RECORD).dependencies


@pytest.mark.parametrize(
    ("strategy", "configuration"),
    [
        ({"kind": "blue_green"}, {"bakeTimeInMinutes": "5", "strategy": "BLUE_GREEN"}),
        (
            {"kind": "linear", "percent": 25, "step_minutes": 2, "bake_minutes": 10},
            {
                "bakeTimeInMinutes": "10",
                "linearConfiguration": {"stepBakeTimeInMinutes": "2", "stepPercent": 25},
                "strategy": "LINEAR",
            },
        ),
        (
            {"kind": "canary", "percent": 5},
            {
                "bakeTimeInMinutes": "5",
                "canaryConfiguration": {"canaryBakeTimeInMinutes": "5", "canaryPercent": 5},
                "strategy": "CANARY",
            },
        ),
    ],
    ids=["blue_green", "linear", "canary"],
)
def test_a_strategy_shifts_weights_between_two_target_groups(
    cloud: Cloud, strategy: dict[str, Any], configuration: dict[str, Any]
) -> None:
    deploy(cloud, a_service("web", strategy=strategy))
    service = cloud.one(SERVICE)
    assert service["deploymentConfiguration"] == configuration
    assert "deploymentCircuitBreaker" not in service
    (balancer,) = service["loadBalancers"]
    assert balancer["targetGroupArn"] == "${gateway-tg.arn}"
    assert balancer["advancedConfiguration"] == {
        "alternateTargetGroupArn": "${gateway-tg2.arn}",
        "productionListenerRule": "${gateway-rule.arn}",
        "roleArn": "${gateway-traffic.arn}",
    }
    main, other = (group.inputs for group in cloud.all(TARGET_GROUP))
    assert main == other
    assert cloud.get(RULE).ignore_changes == ("actions",)
    expression = cloud.one(ALARM)["metricQueries"][-1]["expression"]
    assert all(f"{kind}{number}" in expression for kind in ("requests", "errors", "refused") for number in (1, 2))


@pytest.mark.parametrize(
    ("strategy", "longest"), [(None, "30m"), ({"kind": "linear"}, "90m")], ids=["rolling", "linear"]
)
def test_an_update_waits_for_all_of_a_deployment(cloud: Cloud, strategy: dict[str, Any] | None, longest: str) -> None:
    deploy(cloud, a_service("web", strategy=strategy))
    assert cloud.get(SERVICE).update_timeout == longest


def test_a_rolling_strategy_has_all_that_the_others_need_and_rolls(cloud: Cloud) -> None:
    deploy(cloud, a_service("web", strategy={"kind": "rolling"}))
    service = cloud.one(SERVICE)
    assert service["deploymentConfiguration"] == {"strategy": "ROLLING"}
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["loadBalancers"][0]["advancedConfiguration"]["alternateTargetGroupArn"] == "${gateway-tg2.arn}"
    assert cloud.get(RULE).ignore_changes == ("actions",)
    assert cloud.get(SERVICE).update_timeout == "30m"


def test_rolling_deployments_keep_the_rule_the_programs(cloud: Cloud) -> None:
    deploy(cloud, a_service("web"))
    assert cloud.get(RULE).ignore_changes == ()
    assert "deploymentConfiguration" not in cloud.one(SERVICE)


def test_a_queue_scales_its_worker(cloud: Cloud) -> None:
    deploy(cloud, a_service("worker", tasks=(1, 9), queue="invoices", scaling={"messages_per_task": 50}))
    policy = cloud.one("aws:appautoscaling/policy:Policy", "gateway-scaling-queue")
    configuration = policy["targetTrackingScalingPolicyConfiguration"]
    assert configuration["targetValue"] == 50
    waiting, running, backlog = configuration["customizedMetricSpecification"]["metrics"]
    assert waiting["metricStat"] == {
        "metric": {
            "dimensions": [{"name": "QueueName", "value": "invoices"}],
            "metricName": "ApproximateNumberOfMessagesVisible",
            "namespace": "AWS/SQS",
        },
        "stat": "Sum",
    }
    assert running["metricStat"]["metric"] == {
        "dimensions": [{"name": "ClusterName", "value": "api"}, {"name": "ServiceName", "value": "gateway"}],
        "metricName": "RunningTaskCount",
        "namespace": "ECS/ContainerInsights",
    }
    assert (backlog["expression"], backlog["returnData"]) == ("waiting / running", True)


def test_a_peak_keeps_more_tasks_from_start_to_end(cloud: Cloud) -> None:
    peak = {
        "start": "cron(0 7 ? * MON-FRI *)",
        "end": "cron(0 10 ? * MON-FRI *)",
        "time_zone": "Europe/Berlin",
        "percent": 60,
    }
    deploy(cloud, a_service("worker", tasks=(2, 9), scaling={"peaks": {"morning": peak}}))
    actions = {
        r.name: (r.inputs["schedule"], r.inputs["timezone"], r.inputs["scalableTargetAction"])
        for r in cloud.all("aws:appautoscaling/scheduledAction:ScheduledAction")
    }
    assert actions == {
        "gateway-morning-start": (
            "cron(0 7 ? * MON-FRI *)",
            "Europe/Berlin",
            {"maxCapacity": 9, "minCapacity": 6},
        ),
        "gateway-morning-end": (
            "cron(0 10 ? * MON-FRI *)",
            "Europe/Berlin",
            {"maxCapacity": 9, "minCapacity": 2},
        ),
    }


@pytest.mark.parametrize("role", ["tg", "tg2"])
def test_the_longest_name_of_a_target_group_fits(role: str) -> None:
    """AWS allows 32 characters, a service's name has 20 at most, and Pulumi appends a dash and seven random ones."""
    assert len(f"{'s' * 20}-{role}") + 8 <= 32


def test_a_service_answers_to_hosts_whose_records_are_elsewhere(cloud: Cloud) -> None:
    deploy(cloud, a_service("web"), more_hosts=["api.acme.example"])
    (condition,) = cloud.one(RULE)["conditions"]
    assert condition["hostHeader"]["values"] == ["gateway.internal.stage.acme.example", "api.acme.example"]
    assert len(cloud.all(RECORD)) == 1
