"""Bad configuration: each mistake is answered once, by file, key path, what is allowed and the remedy."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import set_all_config
from pulumi.runtime.config import CONFIG

import config
from tests.cloud import Cloud
from tests.config_project import ConfigProject

PLATFORM = "Pulumi.yaml"
OPS = "Pulumi.ops.yaml"
STAGE = "Pulumi.stage.yaml"
GATEWAY = "services/gateway.yaml"
LEDGER = "services/ledger.yaml"
DIGEST = "services/digest.yaml"

Break = Callable[[ConfigProject], None]


def setting(file: str, *path: str | int, to: object) -> Break:
    return lambda project: project.set(file, *path, to=to)


def removing(file: str, *path: str | int) -> Break:
    return lambda project: project.remove(file, *path)


def writing(file: str, text: str | bytes) -> Break:
    return lambda project: project.write(file, text)


def adding(name: str, like: str, *, tasks: int | None = None, **changes: object) -> Break:
    return lambda project: project.add_service(name, like, tasks=tasks, **changes)


def each(*breaks: Break) -> Break:
    def apply(project: ConfigProject) -> None:
        for change in breaks:
            change(project)

    return apply


def sharing(key: str, value: object) -> Break:
    return lambda project: project.files[PLATFORM]["config"].update({key: {"value": value}})


def encrypting(key: str) -> Break:
    return lambda project: project.secret_keys.append(key)


def case(
    name: str,
    change: Break,
    *,
    file: str,
    key: str,
    allowed: str,
    remedy: str,
    given: str = "",
    stack: str = "stage",
) -> Any:
    return pytest.param(change, stack, file, key, allowed, remedy, given, id=name)


OTHER_ACCOUNT = {"id": "555555555555", "email": "aws+more@acme.example", "monthly_budget_usd": 100}
NIGHT = {"start": "0 20 * * MON-FRI", "end": "0 7 * * MON-FRI", "time_zone": "Europe/Berlin"}
PEAK = {"start": "cron(0 8 ? * MON-FRI *)", "end": "cron(0 18 ? * MON-FRI *)", "percent": 50}
SMALL = {"instance_type": "t3.large", "instances": 3}
CANARY = setting(GATEWAY, "strategy", to={"kind": "canary"})
PEER = {
    "account_id": "999999999999",
    "region": "us-west-2",
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "172.31.0.0/16",
    "role": "slipway-peering",
    "route_table_ids": ["rtb-0123456789abcdef0"],
    "security_group_id": "sg-0123456789abcdef0",
    "port": 5432,
}
OLD = {
    "target": "old-1234567890.us-east-1.elb.amazonaws.com",
    "target_zone_id": "Z35SXDOTRQ7X7K",
    "health_host": "old.acme.example",
    "health_path": "/",
}
SHIFT = {"host": "www.acme.example", "service": "gateway", "new_percent": 10, "old": OLD}


def migrating(**migration: object) -> Break:
    return setting(STAGE, "slipway:migration", to=migration)


CASES = [
    # Keys ----------------------------------------------------------------------------------------------------------
    case(
        "a misspelt key in a service",
        setting(GATEWAY, "memory_mb", to=512),
        file=GATEWAY,
        key="memory_mb",
        given="512",
        allowed="memory_mib",
        remedy="did you mean memory_mib?",
    ),
    case(
        "a key that is nothing like an allowed one",
        setting(GATEWAY, "volumes", to=[]),
        file=GATEWAY,
        key="volumes",
        allowed="these keys: alerts, availability_percent, balancer, cluster, command, cpu,",
        remedy="remove the key",
    ),
    case(
        "a misspelt key inside",
        setting(GATEWAY, "health_check", to={"pth": "/"}),
        file=GATEWAY,
        key="health_check.pth",
        allowed="grace_seconds, healthy_count, interval_seconds, path,",
        remedy="did you mean path?",
    ),
    case(
        "a key of another kind of service",
        setting(LEDGER, "port", to=80),
        file=LEDGER,
        key="port",
        allowed="these keys: ",
        remedy="remove the key",
    ),
    case(
        "requests per target of a worker",
        setting(LEDGER, "scaling", to={"requests_per_target": 10}),
        file=LEDGER,
        key="scaling.requests_per_target",
        allowed="these keys: cpu_percent, memory_percent, messages_per_task, peaks",
        remedy="did you mean messages_per_task?",
    ),
    case(
        "a missing key",
        removing(GATEWAY, "port"),
        file=GATEWAY,
        key="port",
        allowed="the port that the container listens on",
        remedy="add the key",
    ),
    case(
        "a key of the environment in a service's release",
        setting(STAGE, "slipway:services", "gateway", "cpu", to=512),
        file=STAGE,
        key="slipway:services.gateway.cpu",
        allowed="these keys: secret_versions, tasks, version",
        remedy="remove the key",
    ),
    case(
        "an unknown key of the stack file",
        setting(STAGE, "slipway:servces", to={}),
        file=STAGE,
        key="slipway:servces",
        allowed="slipway:environment, slipway:clusters, slipway:services, slipway:migration, slipway:access_role",
        remedy="did you mean services?",
    ),
    case(
        "people in an environment",
        setting(STAGE, "slipway:people", to={}),
        file=STAGE,
        key="slipway:people",
        allowed="slipway:environment, slipway:clusters, slipway:services",
        remedy="pulumi config rm slipway:people --stack stage",
    ),
    case(
        "what all stacks share, changed in one",
        setting(STAGE, "slipway:platform", to={}),
        file=STAGE,
        key="slipway:platform",
        allowed="slipway:environment, slipway:clusters, slipway:services",
        remedy="changed in Pulumi.yaml alone",
    ),
    case(
        "another provider's configuration in a stack",
        setting(STAGE, "aws:region", to="eu-west-1"),
        file=STAGE,
        key="aws:region",
        allowed="slipway:environment, slipway:clusters, slipway:services",
        remedy="pulumi config rm aws:region --stack stage",
    ),
    case(
        "default providers allowed in a stack",
        setting(STAGE, "pulumi:disable-default-providers", to=[]),
        file=STAGE,
        key="pulumi:disable-default-providers",
        allowed="slipway:environment, slipway:clusters, slipway:services",
        remedy="remove it",
    ),
    case(
        "an unknown key of the project",
        lambda project: project.files[PLATFORM]["config"].update({"slipway:platfrom": {"value": {}}}),
        file=PLATFORM,
        key="slipway:platfrom",
        allowed="slipway:platform, slipway:access_role",
        remedy="did you mean platform?",
    ),
    case(
        "an unknown key of the stack file without a namespace",
        setting(STAGE, "foo", to="a"),
        file=STAGE,
        key="foo",
        allowed="these keys: slipway:environment, slipway:clusters",
        remedy="pulumi config rm foo --stack stage",
    ),
    case(
        "a number as key of the stack file",
        writing(STAGE, "config:\n  5: a\n"),
        file=STAGE,
        key="",
        given="line 2, column 3: the key '5' is not text; put it in quotes",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "a key beside config: in a stack file",
        lambda project: project.files[STAGE].update({"foo": 1}),
        file=STAGE,
        key="foo",
        allowed="these keys: config, environment, secretsprovider, encryptedkey, encryptionsalt",
        remedy="remove it",
    ),
    case(
        "a misspelt config: in a stack file",
        lambda project: project.files[STAGE].update({"confg": project.files[STAGE].pop("config")}),
        file=STAGE,
        key="confg",
        allowed="these keys: config, environment",
        remedy="did you mean config?",
    ),
    case(
        "an outdented key in a stack file",
        lambda project: project.files[STAGE].update(
            {"slipway:services": project.files[STAGE]["config"].pop("slipway:services")}
        ),
        file=STAGE,
        key="slipway:services",
        allowed="these keys: config, environment",
        remedy="indent it below config:",
    ),
    case(
        "services in the project",
        sharing("slipway:services", {"nonsense": 1}),
        file=PLATFORM,
        key="slipway:services",
        allowed="these keys: slipway:platform, slipway:access_role",
        remedy="remove it; what a stack has of its own stands in Pulumi.STACK.yaml",
    ),
    case(
        "clusters without a namespace in the project",
        sharing("clusters", {"api": "nonsense"}),
        file=PLATFORM,
        key="clusters",
        allowed="these keys: slipway:platform, slipway:access_role",
        remedy="remove it; what a stack has of its own stands in Pulumi.STACK.yaml",
    ),
    case(
        "a migration in the project, which no stack has",
        sharing("slipway:migration", {"nonsense": 1}),
        file=PLATFORM,
        key="slipway:migration",
        allowed="these keys: slipway:platform, slipway:access_role",
        remedy="remove it; what a stack has of its own stands in Pulumi.STACK.yaml",
    ),
    case(
        "a list as role in the project",
        sharing("slipway:access_role", [1]),
        file=PLATFORM,
        key="slipway:access_role",
        given='"[1]"',
        allowed="the name of an IAM role, such as deploy or preview",
        remedy="write the name of a role, or remove the key",
    ),
    case(
        "an unreadable project",
        writing(PLATFORM, "config: {\n"),
        file=PLATFORM,
        key="",
        given="line 2, column 1",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "a misspelt key of the platform",
        setting(PLATFORM, "log_retention", to=30),
        file=PLATFORM,
        key="slipway:platform.log_retention",
        allowed="log_retention_days",
        remedy="did you mean log_retention_days?",
    ),
    # Types ---------------------------------------------------------------------------------------------------------
    case(
        "a number as version",
        setting(STAGE, "slipway:services", "gateway", "version", to=4.1),
        file=STAGE,
        key="slipway:services.gateway.version",
        given="4.1",
        allowed="text",
        remedy="put it in quotes",
    ),
    case(
        "true as the value of a variable",
        setting(GATEWAY, "environment", "DEBUG", to=True),
        file=GATEWAY,
        key="environment.DEBUG",
        given="true",
        allowed="text",
        remedy="put it in quotes as you mean it; without them YAML reads true or false",
    ),
    case(
        "text as port",
        setting(GATEWAY, "port", to="8080"),
        file=GATEWAY,
        key="port",
        given='"8080"',
        allowed="a whole number",
        remedy="correct port, the port that the container listens on",
    ),
    case(
        "half a CPU unit",
        setting(GATEWAY, "cpu", to=256.5),
        file=GATEWAY,
        key="cpu",
        allowed="a whole number",
        remedy="1,024 are one vCPU",
    ),
    case(
        "an availability that nothing has",
        setting(GATEWAY, "availability_percent", to=100),
        file=GATEWAY,
        key="availability_percent",
        given="100",
        allowed="a number below 100",
        remedy="correct availability_percent, how many requests of 30 days must get no 5xx status",
    ),
    case(
        "text as a switch",
        setting(GATEWAY, "read_only_root", to="no"),
        file=GATEWAY,
        key="read_only_root",
        allowed="true or false",
        remedy="whether the root file system is read-only",
    ),
    case(
        "text as list",
        setting(LEDGER, "command", to="bin/ledger"),
        file=LEDGER,
        key="command",
        allowed="a list",
        remedy="the command, where",
    ),
    case(
        "a list as mapping",
        setting(GATEWAY, "environment", to=["A=b"]),
        file=GATEWAY,
        key="environment",
        allowed="a mapping of keys",
        remedy="variables of the container, by name",
    ),
    case(
        "text where `pulumi config set` should have had a path",
        setting(STAGE, "slipway:environment", to="10.20.0.0/16"),
        file=STAGE,
        key="slipway:environment",
        given='"10.20.0.0/16"',
        allowed="a mapping of keys",
        remedy="pulumi config set --path slipway:environment.KEY VALUE",
    ),
    case(
        "the platform as text",
        lambda project: project.files[PLATFORM]["config"].update({"slipway:platform": {"value": "acme"}}),
        file=PLATFORM,
        key="slipway:platform",
        given='"acme"',
        allowed="a mapping of keys",
        remedy="write its keys below it",
    ),
    case(
        "nothing where services should be",
        setting(STAGE, "slipway:services", to=None),
        file=STAGE,
        key="slipway:services",
        allowed="the version and the number of tasks of each service",
        remedy="add the key",
    ),
    case(
        "no platform",
        lambda project: project.files[PLATFORM]["config"].pop("slipway:platform"),
        file=PLATFORM,
        key="slipway:platform",
        allowed="a mapping of keys",
        remedy="slipway:platform: {value:",
    ),
    *(
        case(
            f"the control character {character!a} in the value of a variable",
            setting(GATEWAY, "environment", "GREETING", to=f"a{character}b"),
            file=GATEWAY,
            key="environment.GREETING",
            allowed="text without control characters other than tab and newline",
            remedy="correct environment, variables of the container, by name",
        )
        for character in ("\0", "\x08", "\r", "\x1b", "\x7f", "\x9b")
    ),
    # Secrets -------------------------------------------------------------------------------------------------------
    case(
        "an encrypted value in the configuration",
        each(
            setting(STAGE, "slipway:environment", "bastion_public_key", to={"secure": "v1:hunter2"}),
            encrypting("slipway:environment"),
        ),
        file=STAGE,
        key="slipway:environment",
        allowed="plain values",
        remedy="a service names its secrets in services/NAME.yaml",
    ),
    case(
        "an encrypted platform",
        encrypting("slipway:platform"),
        file=PLATFORM,
        key="slipway:platform",
        allowed="plain values",
        remedy="their values stay in AWS",
    ),
    case(
        "a cipher text in a service",
        setting(GATEWAY, "environment", "TOKEN", to={"secure": "v1:abc"}),
        file=GATEWAY,
        key="environment.TOKEN",
        allowed="a plain value",
        remedy="a service names its secrets in services/NAME.yaml",
    ),
    case(
        "a value in place of a secret's name",
        setting(GATEWAY, "secrets", "STRIPE_KEY", to="sk_live_+abc="),
        file=GATEWAY,
        key="secrets.STRIPE_KEY",
        allowed="the name of a secret: billing/stripe-key for Secrets Manager",
        remedy="names, never values",
    ),
    case(
        "a variable both in the open and secret",
        setting(GATEWAY, "environment", "SIGNING_KEY", to="x"),
        file=GATEWAY,
        key="secrets",
        allowed="variables that are not in environment too: SIGNING_KEY",
        remedy="names, never values",
    ),
    # Files ---------------------------------------------------------------------------------------------------------
    case(
        "a missing stack file",
        removing(STAGE),
        file=STAGE,
        key="",
        given="no such file",
        allowed="slipway:environment, slipway:clusters, slipway:services",
        remedy="restore it from git",
    ),
    case(
        "an unreadable stack file",
        writing(STAGE, "config: {\n"),
        file=STAGE,
        key="",
        given="line 2, column 1",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "an unreadable service",
        writing(GATEWAY, "kind: web\n  port: 80\n"),
        file=GATEWAY,
        key="",
        given="line 2, column 7: mapping values are not allowed in this context",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "an empty service",
        writing(GATEWAY, ""),
        file=GATEWAY,
        key="",
        allowed="a mapping of keys",
        remedy="write the file; it is empty",
    ),
    case(
        "a list as service",
        writing(GATEWAY, "- kind: web\n"),
        file=GATEWAY,
        key="",
        allowed="a mapping of keys",
        remedy="KEY: VALUE",
    ),
    case(
        "a key twice",
        writing(GATEWAY, "kind: web\nport: 80\nport: 81\n"),
        file=GATEWAY,
        key="",
        given="line 3, column 1: the key 'port' stands here a second time",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "a number as key",
        writing(GATEWAY, "kind: web\nenvironment:\n  8080: x\n"),
        file=GATEWAY,
        key="",
        given="line 3, column 3: the key '8080' is not text; put it in quotes",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "an infinite number in a service",
        writing(GATEWAY, "kind: web\ncpu: " + "1e400" + "\n"),
        file=GATEWAY,
        key="",
        given="line 2, column 6: 1e400 is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "5,000 digits in a service",
        writing(GATEWAY, "kind: web\ncpu: " + "-" + "9" * 5000 + "\n"),
        file=GATEWAY,
        key="",
        given="line 2, column 6: -9999999999999999... is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "400 digits in a service",
        writing(GATEWAY, "kind: web\ncpu: " + "9" * 400 + "\n"),
        file=GATEWAY,
        key="",
        given="line 2, column 6: 99999999999999999... is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "an infinite number in a stack file",
        writing(STAGE, "config:\n  slipway:clusters: " + "1e400" + "\n"),
        file=STAGE,
        key="",
        given="line 2, column 21: 1e400 is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "an infinite number in the project",
        writing(PLATFORM, "name: slipway\nconfig: " + "-1e400" + "\n"),
        file=PLATFORM,
        key="",
        given="line 2, column 9: -1e400 is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "no number at all in a service",
        writing(GATEWAY, "kind: web\ncpu: " + "!!int many" + "\n"),
        file=GATEWAY,
        key="",
        given="line 2, column 6: many is no number that can be used",
        allowed="a number that a computer can count to",
        remedy="correct that line",
    ),
    case(
        "a Python object",
        writing(GATEWAY, "kind: !!python/object/apply:os.system [id]\n"),
        file=GATEWAY,
        key="",
        given="the tag !!python/object/apply:os.system is not allowed",
        allowed="valid YAML",
        remedy="correct that line",
    ),
    case(
        "a mapping that holds itself",
        writing(GATEWAY, "kind: web\nenvironment: &a\n  b: *a\n"),
        file=GATEWAY,
        key="",
        allowed="valid YAML",
        remedy="correct the file",
    ),
    case(
        "no UTF-8",
        writing(GATEWAY, b"kind: web\ndescription: caf\xe9\n"),
        file=GATEWAY,
        key="",
        given="byte 26",
        allowed="UTF-8 text",
        remedy="save it as UTF-8",
    ),
    case(
        "a folder with a service's name",
        lambda project: (project.root / "services/pages.yaml").mkdir(parents=True),
        file="services/pages.yaml",
        key="",
        given="Is a directory",
        allowed="a readable file",
        remedy="check its path and rights",
    ),
    case(
        "the other ending",
        writing("services/pages.yml", "kind: web"),
        file="services/pages.yml",
        key="",
        given=".yml",
        allowed=".yaml",
        remedy="rename it to pages.yaml",
    ),
    case(
        "two services with one name",
        writing("services/gateway.yml", "kind: web"),
        file="services/gateway.yml",
        key="",
        given="a second service named gateway",
        allowed="services/gateway.yaml is there",
        remedy="rename or remove one of the two files",
    ),
    case(
        "an unknown kind",
        setting(GATEWAY, "kind", to="cron"),
        file=GATEWAY,
        key="kind",
        given='"cron"',
        allowed="web, worker, job",
        remedy="say what kind of service it is",
    ),
    case(
        "a misspelt kind",
        setting(LEDGER, "kind", to="wroker"),
        file=LEDGER,
        key="kind",
        allowed="web, worker, job",
        remedy="did you mean worker?",
    ),
    case(
        "a list as kind",
        setting(LEDGER, "kind", to=["worker"]),
        file=LEDGER,
        key="kind",
        given='["worker"]',
        allowed="web, worker, job",
        remedy="say what kind",
    ),
    case(
        "no kind",
        removing(LEDGER, "kind"),
        file=LEDGER,
        key="kind",
        allowed="web, worker, job",
        remedy="say what kind of service it is",
    ),
    # Names ---------------------------------------------------------------------------------------------------------
    case(
        "a service's name too long for a target group",
        adding("a" * 21, "gateway", priority=20),
        file=f"services/{'a' * 21}.yaml",
        key="",
        given="a" * 21,
        allowed="2 to 20 characters",
        remedy="rename the file",
    ),
    case(
        "a service's name with capitals",
        adding("Pages", "gateway", priority=20),
        file="services/Pages.yaml",
        key="",
        allowed="a-z, 0-9 and single dashes inside",
        remedy="rename the file",
    ),
    case(
        "a name that the platform uses itself",
        adding("bastion", "gateway", priority=20),
        file="services/bastion.yaml",
        key="",
        given="bastion",
        allowed="any name but bastion, datadog-agent, internal",
        remedy="rename the file",
    ),
    case(
        "a cluster's name too long for a load balancer",
        lambda project: project.set(PLATFORM, "clusters", "a" * 15, to={"description": "Long"}),
        file=PLATFORM,
        key=f"slipway:platform.clusters.{'a' * 15}",
        allowed="2 to 14 characters",
        remedy="rename the key",
    ),
    *(
        case(
            f"a cluster's name that AWS refuses: {name}",
            setting(PLATFORM, "clusters", name, to={"description": "No"}),
            file=PLATFORM,
            key=f"slipway:platform.clusters.{name}",
            given=f'"{name}"',
            allowed="not starting with aws, ecs, fargate, internal- or sg-",
            remedy="rename the key",
        )
        for name in ("ecs-main", "internal", "internal-api", "sg", "aws")
    ),
    case(
        "a team's name with a space",
        setting(PLATFORM, "teams", "on call", to={"email": "a@b.example", "chat": "@a", "pager": "@b"}),
        file=PLATFORM,
        key="slipway:platform.teams.on call",
        allowed="2 to 30 characters",
        remedy="rename the key",
    ),
    case(
        "a service's name in a stack that is no name",
        setting(STAGE, "slipway:services", "Gate Way", to={"version": "1", "tasks": 1}),
        file=STAGE,
        key="slipway:services.Gate Way",
        allowed="2 to 20 characters",
        remedy="rename the key",
    ),
    case(
        "a variable of the platform",
        setting(GATEWAY, "environment", "DD_ENV", to="x"),
        file=GATEWAY,
        key="environment.DD_ENV",
        allowed="not starting with AWS_, DD_ or ECS_, which the platform sets",
        remedy="rename the key",
    ),
    case(
        "a secret variable of the platform",
        setting(GATEWAY, "secrets", "AWS_SECRET_ACCESS_KEY", to="x"),
        file=GATEWAY,
        key="secrets.AWS_SECRET_ACCESS_KEY",
        allowed="not starting with AWS_, DD_ or ECS_, which the platform sets",
        remedy="rename the key",
    ),
    case(
        "a variable with a dash",
        setting(GATEWAY, "environment", "LOG-LEVEL", to="x"),
        file=GATEWAY,
        key="environment.LOG-LEVEL",
        allowed="letters, digits and underscores, no digit first",
        remedy="rename the key",
    ),
    # One service ---------------------------------------------------------------------------------------------------
    case(
        "an image with a tag",
        setting(GATEWAY, "image", to="acme/gateway:1.0"),
        file=GATEWAY,
        key="image",
        given='"acme/gateway:1.0"',
        allowed="without tag or digest",
        remedy="the image's repository, without a tag",
    ),
    case(
        "an image with capitals",
        setting(GATEWAY, "image", to="Acme/gateway"),
        file=GATEWAY,
        key="image",
        allowed="in lower case",
        remedy="correct image",
    ),
    case(
        "an unknown exposure",
        setting(GATEWAY, "exposure", to="publc"),
        file=GATEWAY,
        key="exposure",
        allowed="internal or public",
        remedy="did you mean public?",
    ),
    case(
        "a port beyond the last",
        setting(GATEWAY, "port", to=65536),
        file=GATEWAY,
        key="port",
        allowed="at most 65535",
        remedy="the port that the container listens on",
    ),
    case(
        "a drain longer than AWS waits",
        setting(GATEWAY, "drain_seconds", to=3601),
        file=GATEWAY,
        key="drain_seconds",
        allowed="at most 3600",
        remedy="0 to 3600",
    ),
    case(
        "a negative drain",
        setting(GATEWAY, "drain_seconds", to=-1),
        file=GATEWAY,
        key="drain_seconds",
        allowed="at least 0",
        remedy="0 to 3600",
    ),
    case(
        "a health check that outlasts its interval",
        setting(GATEWAY, "health_check", to={"interval_seconds": 5, "timeout_seconds": 5}),
        file=GATEWAY,
        key="health_check",
        allowed="a timeout_seconds that is smaller than interval_seconds",
        remedy="how the load balancer checks a task",
    ),
    case(
        "a health check without a slash",
        setting(GATEWAY, "health_check", to={"path": "healthz"}),
        file=GATEWAY,
        key="health_check.path",
        allowed='begins with "/"',
        remedy="answers 200",
    ),
    case(
        "a target above everything",
        setting(GATEWAY, "scaling", to={"cpu_percent": 120}),
        file=GATEWAY,
        key="scaling.cpu_percent",
        allowed="at most 100",
        remedy="the CPU utilization to aim at",
    ),
    case(
        "no description",
        setting(GATEWAY, "description", to=""),
        file=GATEWAY,
        key="description",
        allowed="1 or more characters",
        remedy="what the service is for",
    ),
    case(
        "a runbook without TLS",
        setting(GATEWAY, "runbook", to="http://wiki.acme.example"),
        file=GATEWAY,
        key="runbook",
        allowed="an https:// address",
        remedy="the runbook",
    ),
    case(
        "an unknown placeholder",
        setting(GATEWAY, "environment", "URL", to="https://${env}.example"),
        file=GATEWAY,
        key="environment.URL",
        allowed="${account_id}, ${domain}, ${environment}, ${internal_domain}, ${region}",
        remedy="variables of the container, by name",
    ),
    case(
        "a lone dollar sign",
        setting(GATEWAY, "environment", "PRICE", to="5 $"),
        file=GATEWAY,
        key="environment.PRICE",
        allowed="any other dollar sign is written $$",
        remedy="variables of the container, by name",
    ),
    case(
        "a permission on everything",
        setting(LEDGER, "permissions", 0, "resources", to=["*"]),
        file=LEDGER,
        key="permissions[0].resources[0]",
        given='"*"',
        allowed="never a bare *",
        remedy="the ARNs that the actions are allowed on",
    ),
    case(
        "a permission with an unknown placeholder",
        setting(LEDGER, "permissions", 0, "resources", 0, to="arn:aws:sqs:${zone}:1:x"),
        file=LEDGER,
        key="permissions[0].resources[0]",
        allowed="${region}",
        remedy="the ARNs that the actions are allowed on",
    ),
    case(
        "a permission to everything",
        setting(LEDGER, "permissions", 0, "actions", to=["*"]),
        file=LEDGER,
        key="permissions[0].actions[0]",
        allowed="an IAM action, such as s3:GetObject",
        remedy="what may be done, as IAM actions",
    ),
    case(
        "a permission to nothing",
        setting(LEDGER, "permissions", 0, "actions", to=[]),
        file=LEDGER,
        key="permissions[0].actions",
        given="[]",
        allowed="1 or more entries",
        remedy="what may be done, as IAM actions",
    ),
    *(
        case(
            f"a schedule that EventBridge refuses: {schedule}",
            setting(DIGEST, "schedule", to=schedule),
            file=DIGEST,
            key="schedule",
            given=f'"{schedule}"',
            allowed="rate(15 minutes), or cron(0 3 * * ? *)",
            remedy="as EventBridge Scheduler reads it",
        )
        for schedule in (
            "0 7 * * MON",
            "cron(0 7 * * MON)",
            "cron(0 7 * * MON *)",
            "cron(0 7 ? * ? *)",
            "cron(0 24 * * ? *)",
            "cron(60 7 * * ? *)",
            "cron(0 7 ? * MONDAY *)",
            "rate(0 minutes)",
            "rate(5 weeks)",
        )
    ),
    *(
        case(
            f"a time zone that nobody knows: {zone}",
            setting(DIGEST, "time_zone", to=zone),
            file=DIGEST,
            key="time_zone",
            allowed="a time zone of the IANA database, such as UTC or Europe/Berlin",
            remedy="the IANA time zone that the schedule is read in",
        )
        for zone in ("Mars/Olympus", "Europe", "../etc/passwd", "")
    ),
    # Alerts --------------------------------------------------------------------------------------------------------
    case(
        "an alert that nobody knows",
        setting(GATEWAY, "alerts", to={"latency": {"critical": 1}}),
        file=GATEWAY,
        key="alerts.latency",
        allowed="latency_p95",
        remedy="did you mean latency_p9",
    ),
    case(
        "an alert of another kind of service",
        setting(LEDGER, "alerts", to={"latency_p95": {"critical": 1}}),
        file=LEDGER,
        key="alerts.latency_p95",
        allowed="the monitors of a worker: running_tasks",
        remedy="correct or remove it",
    ),
    case(
        "a threshold out of its range",
        setting(GATEWAY, "alerts", to={"memory": {"warning": 85, "critical": 101}}),
        file=GATEWAY,
        key="alerts.memory.critical",
        given="101",
        allowed="0 to 100 percent of the memory limit",
        remedy="correct or remove it",
    ),
    case(
        "thresholds in the wrong order",
        setting(GATEWAY, "alerts", to={"memory": {"warning": 95, "critical": 90}}),
        file=GATEWAY,
        key="alerts.memory",
        given="warning 95, critical 90",
        allowed="a warning that is less than critical",
        remedy="correct or remove it",
    ),
    case(
        "an alert that says nothing",
        setting(GATEWAY, "alerts", to={"memory": {}}),
        file=GATEWAY,
        key="alerts.memory",
        allowed="`warning`, `critical` or both, or `disabled` with the reason",
        remedy="monitors tuned or switched off",
    ),
    case(
        "an alert both tuned and switched off",
        setting(GATEWAY, "alerts", to={"memory": {"critical": 95, "disabled": "because of reasons"}}),
        file=GATEWAY,
        key="alerts.memory",
        allowed="`warning`, `critical` or both, or `disabled` with the reason",
        remedy="monitors tuned or switched off",
    ),
    case(
        "an alert switched off for no reason",
        setting(GATEWAY, "alerts", to={"memory": {"disabled": "no"}}),
        file=GATEWAY,
        key="alerts.memory.disabled",
        allowed="10 or more characters",
        remedy="the reason why the monitor is switched off",
    ),
    case(
        "an alert switched off by a switch",
        setting(GATEWAY, "alerts", to={"memory": {"disabled": True}}),
        file=GATEWAY,
        key="alerts.memory.disabled",
        given="true",
        allowed="a reason of 10 or more characters, not a switch",
        remedy="the reason why the monitor is switched off",
    ),
    # Across files --------------------------------------------------------------------------------------------------
    case(
        "an unknown cluster",
        setting(GATEWAY, "cluster", to="apis"),
        file=GATEWAY,
        key="cluster",
        given='"apis"',
        allowed="the clusters of slipway:platform: api, app",
        remedy="did you mean api?",
    ),
    case(
        "an unknown owner",
        setting(GATEWAY, "owner", to="sales"),
        file=GATEWAY,
        key="owner",
        given='"sales"',
        allowed="the teams of slipway:platform: payments, platform",
        remedy="choose one of them, or add it to Pulumi.yaml",
    ),
    case(
        "a priority twice",
        adding("pages", "gateway"),
        file="services/pages.yaml",
        key="priority",
        given="10",
        allowed="a priority of its own on the public balancer of api; gateway has 10",
        remedy="take a free one, such as 20",
    ),
    case(
        "an unknown service",
        setting(STAGE, "slipway:services", "gatway", to={"version": "1", "tasks": 1}),
        file=STAGE,
        key="slipway:services.gatway",
        allowed="the services of services/: digest, gateway, ledger",
        remedy="did you mean gateway?",
    ),
    case(
        "a service without a file",
        setting(STAGE, "slipway:services", "invoices", to={"version": "1", "tasks": 1}),
        file=STAGE,
        key="slipway:services.invoices",
        allowed="the services of services/: digest, gateway, ledger",
        remedy="write services/invoices.yaml, or remove the entry",
    ),
    case(
        "an unknown cluster's size",
        setting(STAGE, "slipway:clusters", "cdn", to={"instance_type": "t3.large", "instances": 3}),
        file=STAGE,
        key="slipway:clusters.cdn",
        allowed="the clusters of slipway:platform: api, app",
        remedy="choose one of them, or add it to Pulumi.yaml",
    ),
    case(
        "a cluster without a size",
        removing(STAGE, "slipway:clusters", "app"),
        file=STAGE,
        key="slipway:clusters.app",
        allowed="a size for every cluster of slipway:platform",
        remedy="add instance_type and instances",
    ),
    case(
        "tasks of a job",
        setting(STAGE, "slipway:services", "digest", "tasks", to=1),
        file=STAGE,
        key="slipway:services.digest.tasks",
        allowed="no tasks: a job runs once each time its schedule says so",
        remedy="remove the key",
    ),
    case(
        "a service without tasks",
        removing(STAGE, "slipway:services", "ledger", "tasks"),
        file=STAGE,
        key="slipway:services.ledger.tasks",
        allowed="a number, or {min: 2, max: 10}",
        remedy="add the key",
    ),
    # Sizes, counts, versions ---------------------------------------------------------------------------------------
    *(
        case(
            f"a version that moves or is none: {version}",
            setting(STAGE, "slipway:services", "gateway", "version", to=version),
            file=STAGE,
            key="slipway:services.gateway.version",
            given=f'"{version}"',
            allowed="an image tag that never moves, such as 4.12.0 or a commit, or sha256:DIGEST; not latest",
            remedy="the image's tag or digest",
        )
        for version in ("latest", "1.0/2", "sha256:abc", "")
    ),
    *(
        case(
            f"a count that is none: {count}",
            setting(STAGE, "slipway:services", "gateway", "tasks", to=count),
            file=STAGE,
            key="slipway:services.gateway.tasks",
            allowed="a number from 1 to 5,000, or {min: 2, max: 10}",
            remedy="how many tasks",
        )
        for count in (0, -1, 5001, 2.5, "3", True, [1, 2])
    ),
    case(
        "no task at the least",
        setting(STAGE, "slipway:services", "gateway", "tasks", to={"min": 0, "max": 2}),
        file=STAGE,
        key="slipway:services.gateway.tasks.min",
        allowed="at least 1",
        remedy="the smallest number, at least 1",
    ),
    case(
        "a range the wrong way round",
        setting(STAGE, "slipway:services", "gateway", "tasks", to={"min": 5, "max": 2}),
        file=STAGE,
        key="slipway:services.gateway.tasks",
        allowed="min no greater than max; 5 is greater than 2",
        remedy="how many tasks",
    ),
    case(
        "half a range",
        setting(STAGE, "slipway:clusters", "api", "instances", to={"min": 5}),
        file=STAGE,
        key="slipway:clusters.api.instances.max",
        allowed="the largest number",
        remedy="add the key",
    ),
    case(
        "an instance type that is no name",
        setting(STAGE, "slipway:clusters", "api", "instance_type", to="large"),
        file=STAGE,
        key="slipway:clusters.api.instance_type",
        allowed="an EC2 instance type as FAMILY.SIZE, such as m7i.large",
        remedy="the EC2 instance type of every host",
    ),
    case(
        "an instance type of an unknown family",
        setting(STAGE, "slipway:clusters", "api", "instance_type", to="x2gd.large"),
        file=STAGE,
        key="slipway:clusters.api.instance_type",
        given='"x2gd.large"',
        allowed="the families c, m and r from generation 5 on",
        remedy="choose one of them",
    ),
    case(
        "an instance type in a size that it does not have",
        setting(STAGE, "slipway:clusters", "api", "instance_type", to="m7i.9xlarge"),
        file=STAGE,
        key="slipway:clusters.api.instance_type",
        allowed="m7i in the sizes large, xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge, 24xlarge, 48xlarge",
        remedy="choose one of them",
    ),
    case(
        "a task that fits on no host",
        setting(LEDGER, "memory_mib", to=8192),
        file=LEDGER,
        key="memory_mib",
        given="8192",
        allowed="at most 7060, what one m7i.large of the cluster api in stage offers to tasks",
        remedy="ask for less, or give slipway:clusters.api a larger instance_type in Pulumi.stage.yaml",
    ),
    case(
        "a task with more CPU than a host",
        setting(LEDGER, "cpu", to=2048),
        file=LEDGER,
        key="cpu",
        given="2048",
        allowed="at most 1792, what one m7i.large of the cluster api in stage offers to tasks",
        remedy="ask for less",
    ),
    case(
        "a rollout that does not fit",
        setting(STAGE, "slipway:services", "ledger", "tasks", to=12),
        file=STAGE,
        key="slipway:clusters.api.instances.max",
        given="9",
        # 6 gateways of 256 units and 24 ledgers of 512 on hosts of 2 x 1,024 - 256 = 1,792 units: three ledgers and
        # a gateway each make 8 hosts; of 9 hosts in three zones 6 are left without a zone.
        allowed="30 tasks at their maximum, with ledger doubled while it rolls out, reserve 13,824 CPU units and "
        "27,648 MiB;\none m7i.large offers 1,792 CPU units and 7,060 MiB to tasks, so they need 8 hosts;\n"
        "9 hosts at most, less the 3 of a lost zone, leave 6",
        remedy="raise it to 12, choose a larger instance_type, or lower the services' tasks",
    ),
    case(
        "more rules than a load balancer may have",
        each(
            *(adding(f"page-{n}", "gateway", tasks=1, priority=100 + n, cpu=64, memory_mib=64) for n in range(100)),
            setting(STAGE, "slipway:clusters", "api", "instances", to=100),
        ),
        file=STAGE,
        key="slipway:services",
        given="101 services on the public load balancer of the cluster api",
        allowed="100 services, because AWS allows a load balancer as many rules",
        remedy="set public_balancers: 2 for api in Pulumi.yaml, and balancer: 2 in the new services",
    ),
    case(
        "more targets than a load balancer may have",
        each(
            setting(GATEWAY, "cpu", to=64),
            setting(GATEWAY, "memory_mib", to=64),
            setting(STAGE, "slipway:services", "gateway", "tasks", to=501),
            setting(STAGE, "slipway:clusters", "api", "instances", to=100),
        ),
        file=STAGE,
        key="slipway:services",
        given="1,002 targets on the public load balancer of the cluster api",
        allowed="1,000 targets, as many as AWS allows a load balancer",
        remedy="lower the services' tasks, or set public_balancers: 2 for api",
    ),
    case(
        "more target groups than a load balancer may have",
        each(
            setting(GATEWAY, "scaling", to={}),
            *(
                adding(f"page-{n}", "gateway", tasks=1, priority=100 + n, cpu=64, memory_mib=64, strategy=shifting)
                for n in range(51)
                for shifting in [{"kind": "canary"}]
            ),
            setting(STAGE, "slipway:clusters", "api", "instances", to=100),
        ),
        file=STAGE,
        key="slipway:services",
        given="103 target groups on the public load balancer of the cluster api: one of each of its 52 services, and a "
        "second one of 51 with a strategy",
        allowed="100 target groups, as many as AWS allows a load balancer",
        remedy="set public_balancers: 2 for api in Pulumi.yaml, and balancer: 2 in the new services",
    ),
    case(
        "more certificates than a load balancer may have",
        each(
            *(adding(f"page-{n}", "gateway", tasks=1, priority=100 + n, cpu=64, memory_mib=64) for n in range(13)),
            setting(STAGE, "slipway:clusters", "api", "instances", to=100),
            setting(
                STAGE,
                "slipway:migration",
                to={
                    "shifts": {
                        f"name-{n}": {"host": f"name-{n}.acme.example", "service": f"page-{n // 2}", "new_percent": 100}
                        for n in range(26)
                    }
                },
            ),
        ),
        file=STAGE,
        key="slipway:migration.shifts",
        given="26 names that move to services on the public load balancer of the cluster api",
        allowed="25, because each has a certificate",
        remedy="finish some of them first, or set public_balancers: 2 for api in Pulumi.yaml",
    ),
    case(
        "more load balancers than an account may have",
        each(
            *(
                change
                for n in range(6)
                for change in (
                    setting(PLATFORM, "clusters", f"c{n}", to={"description": "Many", "internal_balancers": 9}),
                    *(
                        setting(f"Pulumi.{stack}.yaml", "slipway:clusters", f"c{n}", to=SMALL)
                        for stack in ("dev", "stage", "prod")
                    ),
                )
            ),
        ),
        file=PLATFORM,
        key="slipway:platform.quotas.load_balancers",
        given="57 load balancers in stage",
        allowed="50, as many as AWS allows the account",
        remedy="have the quota raised in the account 333333333333 (Service Quotas), then write it here",
    ),
    case(
        "more roles than an account may have",
        each(
            *(adding(f"page-{n}", "digest", cpu=64, memory_mib=64) for n in range(330)),
            *(setting(STAGE, "slipway:services", f"page-{n}", to={"version": "1.0.0"}) for n in range(330)),
            setting(STAGE, "slipway:clusters", "app", "instances", to=100),
        ),
        file=PLATFORM,
        key="slipway:platform.quotas.iam_roles",
        given="1,031 IAM roles in stage",
        allowed="1,000, as many as AWS allows the account",
        remedy="have the quota raised in the account 333333333333 (Service Quotas), then write it here",
    ),
    case(
        "more roles that push images than an account may have",
        each(
            *(
                adding(f"page-{n}", "digest", image=f"acme/page-{n}", ecr={"pushed_by": "acme/pages"})
                for n in range(971)
            ),
        ),
        stack="ops",
        file=PLATFORM,
        key="slipway:platform.quotas.iam_roles",
        given="1,001 IAM roles in ops",
        allowed="1,000, as many as AWS allows the account",
        remedy="have the quota raised in the account 111111111111 (Service Quotas), then write it here",
    ),
    case(
        "a quota beyond what AWS gives anybody",
        setting(PLATFORM, "quotas", to={"iam_roles": 5001}),
        file=PLATFORM,
        key="slipway:platform.quotas.iam_roles",
        given="5001",
        allowed="at most 5000",
        remedy="IAM roles of an account",
    ),
    case(
        "a load balancer that a cluster does not have",
        setting(GATEWAY, "balancer", to=2),
        file=GATEWAY,
        key="balancer",
        given="2",
        allowed="1, because api has one public load balancer",
        remedy="set public_balancers for api in Pulumi.yaml",
    ),
    case(
        "a load balancer beyond those that a cluster has",
        each(setting(GATEWAY, "balancer", to=4), setting(PLATFORM, "clusters", "api", "public_balancers", to=3)),
        file=GATEWAY,
        key="balancer",
        given="4",
        allowed="1 to 3, as many public load balancers as api has",
        remedy="set public_balancers for api in Pulumi.yaml",
    ),
    case(
        "the tenth load balancer",
        setting(PLATFORM, "clusters", "api", "internal_balancers", to=10),
        file=PLATFORM,
        key="slipway:platform.clusters.api.internal_balancers",
        given="10",
        allowed="at most 9",
        remedy="how many internal load balancers it has",
    ),
    case(
        "a priority twice on the second load balancer",
        each(
            setting(PLATFORM, "clusters", "api", "public_balancers", to=2),
            setting(GATEWAY, "balancer", to=2),
            adding("pages", "gateway", balancer=2),
        ),
        file="services/pages.yaml",
        key="priority",
        given="10",
        allowed="a priority of its own on the public2 balancer of api; gateway has 10",
        remedy="take a free one, such as 20",
    ),
    case(
        "more rules than nine load balancers may have",
        each(
            setting(PLATFORM, "clusters", "api", "public_balancers", to=9),
            *(adding(f"page-{n}", "gateway", tasks=1, priority=100 + n, cpu=64, memory_mib=64) for n in range(100)),
            setting(STAGE, "slipway:clusters", "api", "instances", to=100),
        ),
        file=STAGE,
        key="slipway:services",
        given="101 services on the public load balancer of the cluster api",
        allowed="100 services",
        remedy="move services to another cluster",
    ),
    *(
        case(
            f"a family that cannot stand in: {families[-1]}",
            setting(PLATFORM, "clusters", "api", "more_families", to=families),
            file=PLATFORM,
            key=f"slipway:platform.clusters.api.more_families[{len(families) - 1}]",
            given=f'"{families[-1]}"',
            allowed=allowed,
            remedy=f"choose another family than {families[-1]}; Pulumi.stage.yaml says m7i.large",
        )
        for families, allowed in (
            (["m6i", "m7g"], "a family of the architecture x86_64, as m7i.large; m7g.large is arm64"),
            (["c7i"], "hosts as large as m7i.large, with 2 vCPU and 8,192 MiB; c7i.large has 2 and 4,096"),
            (["m7i"], "a family besides m7i, which every host can have"),
            (["x2gd"], "the families c, m and r from generation 5 on"),
        )
    ),
    case(
        "a family in a size that it does not have",
        each(
            setting(PLATFORM, "clusters", "api", "more_families", to=["m7i-flex"]),
            setting(STAGE, "slipway:clusters", "api", "instance_type", to="m7i.48xlarge"),
        ),
        file=PLATFORM,
        key="slipway:platform.clusters.api.more_families[0]",
        given='"m7i-flex"',
        allowed="m7i-flex in the sizes large, xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge",
        remedy="choose another family",
    ),
    case(
        "an instance type as family",
        setting(PLATFORM, "clusters", "api", "more_families", to=["m6i.large"]),
        file=PLATFORM,
        key="slipway:platform.clusters.api.more_families[0]",
        given='"m6i.large"',
        allowed="a family of EC2 instance types, such as m6i",
        remedy="further instance families",
    ),
    case(
        "a family twice",
        setting(PLATFORM, "clusters", "api", "more_families", to=["m6i", "m6i"]),
        file=PLATFORM,
        key="slipway:platform.clusters.api.more_families",
        allowed="each only once; m6i stands there again",
        remedy="further instance families",
    ),
    case(
        "Spot hosts of one family",
        each(
            setting(PLATFORM, "clusters", "api", "spot_percent", to=50),
            setting(PLATFORM, "clusters", "api", "more_families", to=["m6i"]),
        ),
        file=PLATFORM,
        key="slipway:platform.clusters.api.spot_percent",
        given="50",
        allowed="0 with fewer than 2 more_families",
        remedy="add families to more_families, or remove the key",
    ),
    case(
        "more Spot hosts than hosts",
        setting(PLATFORM, "clusters", "api", "spot_percent", to=101),
        file=PLATFORM,
        key="slipway:platform.clusters.api.spot_percent",
        given="101",
        allowed="at most 100",
        remedy="how many of the hosts are Spot instances",
    ),
    case(
        "a volume too small for the image",
        setting(PLATFORM, "clusters", "api", "disk_gib", to=20),
        file=PLATFORM,
        key="slipway:platform.clusters.api.disk_gib",
        given="20",
        allowed="at least 30",
        remedy="root volume",
    ),
    case(
        "a night in stage",
        setting(STAGE, "slipway:clusters", "api", "night", to=NIGHT),
        file=STAGE,
        key="slipway:clusters.api.night",
        given="0 20 * * MON-FRI",
        allowed="no night: stage mirrors prod, so both have hosts at all times",
        remedy="remove the key; an environment that mirrors none and that none mirrors can do without hosts",
    ),
    *(
        case(
            f"a night that Auto Scaling refuses: {start}",
            setting("Pulumi.dev.yaml", "slipway:clusters", "api", "night", to={**NIGHT, "start": start}),
            stack="dev",
            file="Pulumi.dev.yaml",
            key="slipway:clusters.api.night.start",
            given=f'"{start}"',
            allowed="five fields as cron has them, such as 0 20 * * MON-FRI",
            remedy="when it begins",
        )
        for start in ("20:00", "0 25 * * *", "0 20 * *", "cron(0 20 ? * MON-FRI *)", "0 20 ? * MON")
    ),
    case(
        "a night in a time zone that nobody knows",
        setting("Pulumi.dev.yaml", "slipway:clusters", "api", "night", to={**NIGHT, "time_zone": "Mars/Olympus"}),
        stack="dev",
        file="Pulumi.dev.yaml",
        key="slipway:clusters.api.night.time_zone",
        allowed="a time zone of the IANA database, such as UTC or Europe/Berlin",
        remedy="the IANA time zone that both are read in",
    ),
    case(
        "a load balancer prewarmed that is none",
        setting(STAGE, "slipway:clusters", "api", "prewarm", to={"external": 100}),
        file=STAGE,
        key="slipway:clusters.api.prewarm.external",
        allowed="a load balancer of the cluster: internal, public, internal2 ...",
        remedy="rename the key",
    ),
    case(
        "a load balancer prewarmed that the cluster does not have",
        setting(STAGE, "slipway:clusters", "app", "prewarm", to={"public2": 100}),
        file=STAGE,
        key="slipway:clusters.app.prewarm.public2",
        given='"public2"',
        allowed="the load balancers of the cluster: internal, public",
        remedy="choose one of them, or set public_balancers for app in Pulumi.yaml",
    ),
    case(
        "an unknown cluster of the one public service behind a prewarmed load balancer",
        each(
            setting(STAGE, "slipway:clusters", "api", "prewarm", to={"public": 100}),
            setting(GATEWAY, "cluster", to="apis"),
        ),
        file=GATEWAY,
        key="cluster",
        given='"apis"',
        allowed="the clusters of slipway:platform: api, app",
        remedy="did you mean api?",
    ),
    case(
        "a load balancer prewarmed for less than AWS reserves",
        setting(STAGE, "slipway:clusters", "api", "prewarm", to={"public": 99}),
        file=STAGE,
        key="slipway:clusters.api.prewarm.public",
        given="99",
        allowed="at least 100",
        remedy="the capacity units (LCU)",
    ),
    # Scaling, deployments, secrets ---------------------------------------------------------------------------------
    case(
        "messages of no queue",
        setting(LEDGER, "scaling", to={"messages_per_task": 100}),
        file=LEDGER,
        key="scaling",
        allowed="no messages_per_task without a queue",
        remedy="what autoscaling aims at",
    ),
    case(
        "no message for a task",
        each(setting(LEDGER, "queue", to="ledger"), setting(LEDGER, "scaling", to={"messages_per_task": 0})),
        file=LEDGER,
        key="scaling.messages_per_task",
        given="0",
        allowed="at least 1",
        remedy="messages that wait in the worker's queue for each task",
    ),
    case(
        "a queue's address in place of its name",
        setting(LEDGER, "queue", to="https://sqs.us-east-1.amazonaws.com/1/ledger"),
        file=LEDGER,
        key="queue",
        allowed="the name of an SQS queue",
        remedy="the SQS queue that it empties",
    ),
    *(
        case(
            f"a peak's beginning that Application Auto Scaling refuses: {start}",
            setting(GATEWAY, "scaling", "peaks", to={"sale": {**PEAK, "start": start}}),
            file=GATEWAY,
            key="scaling.peaks.sale.start",
            given=f'"{start}"',
            allowed="cron(0 8 ? * MON-FRI *): minute, hour, day of month, month, day of week, year",
            remedy="when it begins",
        )
        for start in ("rate(1 day)", "0 8 * * *", "cron(0 8 * * MON-FRI *)")
    ),
    case(
        "a peak of nothing",
        setting(GATEWAY, "scaling", "peaks", to={"sale": {**PEAK, "percent": 0}}),
        file=GATEWAY,
        key="scaling.peaks.sale.percent",
        given="0",
        allowed="at least 1",
        remedy="how much of the stack's largest number of tasks is kept",
    ),
    case(
        "a peak's name with a space",
        setting(GATEWAY, "scaling", "peaks", to={"black friday": PEAK}),
        file=GATEWAY,
        key="scaling.peaks.black friday",
        allowed="2 to 20 characters",
        remedy="rename the key",
    ),
    case(
        "a strategy of an internal service",
        each(setting(GATEWAY, "exposure", to="internal"), setting(GATEWAY, "scaling", to={}), CANARY),
        file=GATEWAY,
        key="strategy",
        given='"canary"',
        allowed="no strategy: only public services shift requests",
        remedy="remove the key, or set exposure: public",
    ),
    case(
        "a strategy beside scaling by requests",
        CANARY,
        file=GATEWAY,
        key="scaling.requests_per_target",
        given="3000",
        allowed="no requests_per_target with a strategy",
        remedy="remove one of the two keys",
    ),
    case(
        "a strategy that nobody knows",
        setting(GATEWAY, "strategy", to={"kind": "blue-green"}),
        file=GATEWAY,
        key="strategy.kind",
        given='"blue-green"',
        allowed="blue_green, linear or canary",
        remedy="did you mean blue_green?",
    ),
    *(
        case(
            f"a strategy with {key} {value}",
            each(setting(GATEWAY, "scaling", to={}), setting(GATEWAY, "strategy", to={"kind": "linear", key: value})),
            file=GATEWAY,
            key=f"strategy.{key}",
            given=str(value),
            allowed=allowed,
            remedy=f"correct {key}",
        )
        for key, value, allowed in (
            ("percent", 2, "at least 3"),
            ("step_minutes", 61, "at most 60"),
            ("bake_minutes", -1, "at least 0"),
        )
    ),
    case(
        "a shift for which no update waits",
        each(
            setting(GATEWAY, "scaling", to={}),
            setting(GATEWAY, "strategy", to={"kind": "linear", "percent": 9, "step_minutes": 5, "bake_minutes": 10}),
        ),
        file=GATEWAY,
        key="strategy",
        allowed="60 minutes in all, for which `up` waits; 12 times 5 and 10 are 70",
        remedy="how requests move to a new version",
    ),
    *(
        case(
            f"an image in ECR by the name {image}",
            each(setting(LEDGER, "image", to=image), setting(LEDGER, "ecr", to={"pushed_by": "acme/ledger"})),
            file=LEDGER,
            key="ecr",
            given="acme/ledger",
            allowed=f"an image that names no registry, such as acme/gateway, with single . _ - between letters and "
            f"digits; {image} is not one",
            remedy="keeps the image in the company's own ECR",
        )
        for image in ("ghcr.io/acme/ledger", "docker-hub/acme/ledger", "acme/led__ger", "x")
    ),
    case(
        "an image in ECR that nobody pushes",
        setting(LEDGER, "ecr", to={}),
        file=LEDGER,
        key="ecr.pushed_by",
        allowed="the GitHub repository as OWNER/NAME whose main branch pushes the image",
        remedy="add the key",
    ),
    case(
        "an image in ECR that is pushed by no repository of GitHub's",
        setting(LEDGER, "ecr", to={"pushed_by": "https://github.com/acme/ledger"}),
        file=LEDGER,
        key="ecr.pushed_by",
        given="https://github.com/acme/ledger",
        allowed="a GitHub repository as OWNER/NAME",
        remedy="the GitHub repository as OWNER/NAME whose main branch pushes the image",
    ),
    case(
        "one image in two registries",
        each(adding("audit", "ledger", tasks=1), setting(LEDGER, "ecr", to={"pushed_by": "acme/ledger"})),
        file=LEDGER,
        key="ecr",
        given="acme/ledger",
        allowed="the same as in services/audit.yaml, because both run acme/ledger, and an image is in one registry",
        remedy="write it in both files, or in neither",
    ),
    case(
        "a rollback at no error at all",
        setting(GATEWAY, "rollback_error_percent", to=0),
        file=GATEWAY,
        key="rollback_error_percent",
        given="0",
        allowed="at least 1",
        remedy="a deployment is rolled back when",
    ),
    case(
        "the version of a secret that the service does not have",
        setting(STAGE, "slipway:services", "gateway", "secret_versions", to={"SIGNING_KEI": "1"}),
        file=STAGE,
        key="slipway:services.gateway.secret_versions.SIGNING_KEI",
        given='"SIGNING_KEI"',
        allowed="the secrets of services/gateway.yaml: SIGNING_KEY",
        remedy="did you mean SIGNING_KEY?",
    ),
    case(
        "the version of a secret where there are none",
        setting(STAGE, "slipway:services", "ledger", "secret_versions", to={"TOKEN": "1"}),
        file=STAGE,
        key="slipway:services.ledger.secret_versions.TOKEN",
        given='"TOKEN"',
        allowed="the secrets of services/ledger.yaml: there are none",
        remedy="remove it",
    ),
    case(
        "a secret's value in place of its version",
        setting(STAGE, "slipway:services", "gateway", "secret_versions", to={"SIGNING_KEY": "sk_live_+abc="}),
        file=STAGE,
        key="slipway:services.gateway.secret_versions.SIGNING_KEY",
        allowed="a secret's version id, or a parameter's version number, quoted",
        remedy="variable to its secret's current version",
    ),
    # Migration -----------------------------------------------------------------------------------------------------
    *(
        case(
            f"a peer's network that is taken: {cidr}",
            migrating(peers={"old": {**PEER, "cidr": cidr}, **more}),
            file=STAGE,
            key=f"slipway:migration.peers.{name}.cidr",
            given=cidr,
            allowed=f"a network apart from all others; {other}",
            remedy="networks that overlap cannot be peered",
        )
        for cidr, more, name, other in (
            ("10.20.0.0/24", {}, "old", "the environment stage has 10.20.0.0/16"),
            ("172.31.0.0/16", {"older": PEER}, "older", "the peer old has 172.31.0.0/16"),
        )
    ),
    *(
        case(
            f"a wrong {key} of a peer: {value}",
            migrating(peers={"old": {**PEER, key: value}}),
            file=STAGE,
            key=f"slipway:migration.peers.old.{key}{inside}",
            given=given,
            allowed=allowed,
            remedy="correct",
        )
        for key, value, inside, given, allowed in (
            ("account_id", "12", "", '"12"', "12 digits, quoted"),
            ("region", "virginia", "", '"virginia"', "an AWS region, such as us-east-1"),
            ("vpc_id", "old", "", '"old"', "a VPC's id, such as vpc-0123456789abcdef0"),
            ("cidr", "172.31.0.1/16", "", '"172.31.0.1/16"', "an IPv4 network with no bits set behind the prefix"),
            ("role", "a role", "", '"a role"', "the name of an IAM role"),
            ("route_table_ids", ["main"], "[0]", '"main"', "a route table's id, such as rtb-0123456789abcdef0"),
            ("route_table_ids", [], "", "[]", "1 or more entries"),
            ("security_group_id", "database", "", '"database"', "a security group's id, such as sg-0123456789abcdef0"),
            ("port", 0, "", "0", "at least 1"),
        )
    ),
    *(
        case(
            f"a shift with a wrong {inside or key}: {value if isinstance(value, str) else allowed}",
            migrating(shifts={"site": {**SHIFT, key: value}}),
            file=STAGE,
            key=f"slipway:migration.shifts.site.{inside or key}",
            given=given,
            allowed=allowed,
            remedy=remedy,
        )
        for key, value, inside, given, allowed, remedy in (
            (
                "host",
                "www.other.example",
                "",
                '"www.other.example"',
                "acme.example, or a name below it, and of none of dev.acme.example, stage.acme.example",
                "only the root zone's can be shifted",
            ),
            ("host", "www.stage.acme.example", "", '"www.stage', "of none of dev.acme.example", "only the root"),
            ("host", "Acme", "", '"Acme"', "a domain name in lower case", "correct host"),
            ("service", "ledger", "", '"ledger"', "the public web services of this stack: gateway", "choose one"),
            ("service", "gatway", "", '"gatway"', "the public web services of this stack: gateway", "gateway?"),
            ("new_percent", 33, "", "33", "0, 1, 5, 10, 25, 50, 75 or 100", "how many of the requests"),
            ("old", None, "", "", "where the name led before, until new_percent is 100", "as long as 10 percent"),
            (
                "old",
                {**OLD, "target_zone_id": None},
                "old.target_zone_id",
                "",
                "the hosted zone of the old load balancer, because alias is true",
                "set alias: false for a CNAME",
            ),
            ("old", {**OLD, "target": "old"}, "old.target", '"old"', "a DNS name, such as old-1", "correct target"),
            (
                "old",
                {**OLD, "health_host": "www.acme.example"},
                "old.health_host",
                '"www.acme.example"',
                "another name than www.acme.example, which leads to either end",
                "name one that leads to the old endpoint alone",
            ),
        )
    ),
    case(
        "a CNAME of the root domain",
        migrating(shifts={"site": {**SHIFT, "host": "acme.example", "alias": False}}),
        file=STAGE,
        key="slipway:migration.shifts.site.alias",
        given="false",
        allowed="true, because acme.example is a zone's own name",
        remedy="remove the key",
    ),
    case(
        "one name shifted twice",
        migrating(shifts={"again": SHIFT, "site": SHIFT}),
        file=STAGE,
        key="slipway:migration.shifts.site.host",
        given='"www.acme.example"',
        allowed="a name that moves once; again moves it",
        remedy="remove one of the two",
    ),
    case(
        "more names to a service than its rule takes",
        migrating(shifts={f"site-{n}": {**SHIFT, "host": f"www{n}.acme.example"} for n in range(4)}),
        file=STAGE,
        key="slipway:migration.shifts.site-3.service",
        given='"gateway"',
        allowed="3 shifts to one service: a listener rule takes 5 names, of which the service has two",
        remedy="finish one of site-0, site-1, site-2 first",
    ),
    # Identity ------------------------------------------------------------------------------------------------------
    case(
        "networks that overlap",
        setting(STAGE, "slipway:environment", "cidr", to="10.10.128.0/20"),
        file=STAGE,
        key="slipway:environment.cidr",
        given='"10.10.128.0/20"',
        allowed="dev has 10.10.0.0/16",
        remedy="choose a free one",
    ),
    *(
        case(
            f"no network for a VPC: {cidr}",
            setting(STAGE, "slipway:environment", "cidr", to=cidr),
            file=STAGE,
            key="slipway:environment.cidr",
            given=f'"{cidr}"',
            allowed="10.20.0.0/16",
            remedy="no other environment overlaps",
        )
        for cidr in (
            "10.0.0.0/8",
            "10.20.0.0/24",
            "10.20.0.1/16",
            "8.8.0.0/16",
            "127.0.0.0/16",
            "172.17.0.0/16",
            "ten",
            "10.20.0.0/33",
            "fd00::/16",
        )
    ),
    case(
        "a private key",
        setting(STAGE, "slipway:environment", "bastion_public_key", to="-----BEGIN OPENSSH PRIVATE KEY-----"),
        file=STAGE,
        key="slipway:environment.bastion_public_key",
        allowed="an OpenSSH public key",
        remedy="of the environment's bastion",
    ),
    case(
        "a role that is no name",
        setting(STAGE, "slipway:access_role", to="arn:aws:iam::1:role/deploy"),
        file=STAGE,
        key="slipway:access_role",
        allowed="the name of an IAM role, such as deploy or preview",
        remedy="pulumi config set slipway:access_role deploy --stack stage",
    ),
    # Platform ------------------------------------------------------------------------------------------------------
    case(
        "an account id twice",
        setting(PLATFORM, "environments", "prod", "account", "id", to="333333333333"),
        file=PLATFORM,
        key="slipway:platform.environments.prod.account.id",
        given='"333333333333"',
        allowed="an id that no other account has; stage has 333333333333",
        remedy="give prod an account of its own",
    ),
    case(
        "an account's address twice",
        setting(PLATFORM, "environments", "prod", "account", "email", to="AWS+stage@acme.example"),
        file=PLATFORM,
        key="slipway:platform.environments.prod.account.email",
        allowed="an email that no other account has; stage has aws+stage@acme.example",
        remedy="give prod an account of its own",
    ),
    case(
        "an account id without quotes",
        setting(PLATFORM, "environments", "prod", "account", "id", to=444444444444),
        file=PLATFORM,
        key="slipway:platform.environments.prod.account.id",
        given="444444444444",
        allowed="text",
        remedy="put it in quotes",
    ),
    case(
        "an account's address that AWS does not take",
        setting(PLATFORM, "environments", "prod", "account", "email", to=f"{'a' * 52}@acme.example"),
        file=PLATFORM,
        key="slipway:platform.environments.prod.account.email",
        allowed="an e-mail address of 6 to 64 characters",
        remedy="the address of the account's root user",
    ),
    case(
        "a repository whose jobs would have no subject",
        setting(PLATFORM, "repository", to=""),
        file=PLATFORM,
        key="slipway:platform.repository",
        given='""',
        allowed="a GitHub repository as OWNER/NAME",
        remedy="the GitHub repository of this platform",
    ),
    case(
        "an account id of 11 digits",
        setting(PLATFORM, "environments", "prod", "account", "id", to="44444444444"),
        file=PLATFORM,
        key="slipway:platform.environments.prod.account.id",
        allowed="an AWS account id: 12 digits, quoted",
        remedy="the account's 12-digit id, quoted",
    ),
    case(
        "a missing account",
        removing(PLATFORM, "environments", "dev", "account"),
        file=PLATFORM,
        key="slipway:platform.environments.dev.account",
        allowed="the environment's account",
        remedy="add the key",
    ),
    *(
        case(
            f"an environment named {name}",
            setting(PLATFORM, "environments", name, to={"account": OTHER_ACCOUNT}),
            file=PLATFORM,
            key=f"slipway:platform.environments.{name}",
            given=f'"{name}"',
            allowed="2 to 11 characters: a-z, 0-9 and single dashes inside",
            remedy="rename the key",
        )
        for name in ("ops", "Prod", "eu_prod", "stage-preview", "a", "a" * 12)
    ),
    case(
        "no environment",
        setting(PLATFORM, "environments", to={}),
        file=PLATFORM,
        key="slipway:platform.environments",
        allowed="1 or more entries",
        remedy="in the order in which a version goes through them",
    ),
    case(
        "more environments than the state bucket's policy has room for",
        each(
            *(
                setting(PLATFORM, "environments", name, to={"account": {**OTHER_ACCOUNT, "id": digit * 12}})
                for name, digit in (("test", "5"), ("demo", "6"))
            )
        ),
        file=PLATFORM,
        key="slipway:platform.environments",
        allowed="4 or fewer entries",
        remedy="in the order in which a version goes through them",
    ),
    case(
        "an environment whose name is too long below the domain",
        each(
            setting(PLATFORM, "domain", to=f"{'a' * 50}.example"),
            setting(PLATFORM, "environments", "staging", to={"account": OTHER_ACCOUNT}),
        ),
        file=PLATFORM,
        key="slipway:platform.environments.staging",
        given='"staging"',
        allowed="a name of at most 5 characters",
        remedy="rename the environment, or choose a shorter domain",
    ),
    case(
        "an environment that mirrors none that there is",
        setting(PLATFORM, "environments", "stage", "mirrors", to="prd"),
        file=PLATFORM,
        key="slipway:platform.environments.stage.mirrors",
        given='"prd"',
        allowed="another environment that mirrors none itself: dev, prod",
        remedy="did you mean prod?",
    ),
    case(
        "a mirror of a mirror",
        setting(PLATFORM, "environments", "dev", "mirrors", to="stage"),
        file=PLATFORM,
        key="slipway:platform.environments.dev.mirrors",
        given='"stage"',
        allowed="another environment that mirrors none itself: prod",
        remedy="name the one that both are like, or remove the key",
    ),
    case(
        "a mirror of itself",
        setting(PLATFORM, "environments", "dev", "mirrors", to="dev"),
        file=PLATFORM,
        key="slipway:platform.environments.dev.mirrors",
        given='"dev"',
        allowed="another environment that mirrors none itself: prod",
        remedy="name the one that both are like, or remove the key",
    ),
    case(
        "a night where another environment mirrors this one",
        setting("Pulumi.prod.yaml", "slipway:clusters", "api", "night", to=NIGHT),
        stack="prod",
        file="Pulumi.prod.yaml",
        key="slipway:clusters.api.night",
        allowed="no night: stage mirrors prod, so both have hosts at all times",
        remedy="remove the key",
    ),
    case(
        "alerts muted in an environment that there is not",
        setting(PLATFORM, "datadog", "muted", to=["dev", "production"]),
        file=PLATFORM,
        key="slipway:platform.datadog.muted[1]",
        given='"production"',
        allowed="the environments of slipway:platform: dev, stage, prod",
        remedy="did you mean prod?",
    ),
    case(
        "an unknown environment among roles, seen from an environment",
        setting(OPS, "slipway:people", "grace", "roles", to={"tsage": "developer"}),
        file=OPS,
        key="slipway:people.grace.roles.tsage",
        given='"tsage"',
        allowed="the stacks of slipway:platform: ops, dev, stage, prod",
        remedy="did you mean stage?",
    ),
    *(
        case(
            f"SSH from everywhere or nowhere: {cidr}",
            setting(PLATFORM, "ssh_cidrs", to=["198.51.100.0/24", cidr]),
            file=PLATFORM,
            key="slipway:platform.ssh_cidrs[1]",
            given=f'"{cidr}"',
            allowed="an IPv4 network of /16 or smaller",
            remedy="the networks that may reach the bastions' SSH port",
        )
        for cidr in ("0.0.0.0/0", "10.0.0.0/8", "office", "10.0.0.1/24", "", "::/0")
    ),
    case(
        "SSH from one network twice",
        setting(PLATFORM, "ssh_cidrs", to=["198.51.100.7", "198.51.100.7/32"]),
        file=PLATFORM,
        key="slipway:platform.ssh_cidrs",
        allowed="each only once; 198.51.100.7/32 stands there again",
        remedy="the networks that may reach the bastions' SSH port",
    ),
    case(
        "a zone of another region",
        setting(PLATFORM, "availability_zones", 2, to="us-west-2c"),
        file=PLATFORM,
        key="slipway:platform.availability_zones[2]",
        given='"us-west-2c"',
        allowed="a zone of the region us-east-1, such as us-east-1a",
        remedy="choose three zones of the region",
    ),
    case(
        "two zones",
        setting(PLATFORM, "availability_zones", to=["us-east-1a", "us-east-1b"]),
        file=PLATFORM,
        key="slipway:platform.availability_zones",
        allowed="3 or more entries",
        remedy="the three zones that every network spreads over",
    ),
    case(
        "four zones",
        setting(PLATFORM, "availability_zones", to=[f"us-east-1{letter}" for letter in "abcd"]),
        file=PLATFORM,
        key="slipway:platform.availability_zones",
        allowed="3 or fewer entries",
        remedy="the three zones that every network spreads over",
    ),
    case(
        "one zone twice",
        setting(PLATFORM, "availability_zones", 2, to="us-east-1a"),
        file=PLATFORM,
        key="slipway:platform.availability_zones",
        allowed="each only once; us-east-1a stands there again",
        remedy="the three zones that every network spreads over",
    ),
    case(
        "a region that is not allowed",
        setting(PLATFORM, "allowed_regions", to=["eu-west-1"]),
        file=PLATFORM,
        key="slipway:platform.region",
        given='"us-east-1"',
        allowed="one of allowed_regions: eu-west-1",
        remedy="choose one of them, or add it to allowed_regions",
    ),
    case(
        "no region",
        setting(PLATFORM, "allowed_regions", 1, to="Ireland"),
        file=PLATFORM,
        key="slipway:platform.allowed_regions[1]",
        allowed="an AWS region, such as us-east-1",
        remedy="the regions in which anything may run",
    ),
    case(
        "a domain too long for its certificates",
        setting(PLATFORM, "domain", to=f"{'a' * 51}.example"),
        file=PLATFORM,
        key="slipway:platform.domain",
        allowed="at most 58 characters",
        remedy="the root domain",
    ),
    *(
        case(
            f"a wrong {path[-1]} of the platform",
            setting(PLATFORM, *path, to=value),
            file=PLATFORM,
            key=f"slipway:platform.{'.'.join(path)}",
            given=f'"{value}"',
            allowed=allowed,
            remedy=remedy,
        )
        for path, value, allowed, remedy in (
            (("company",), "Acme Inc.", "2 to 20 characters", "the company's short name"),
            (("domain",), "acme", "a domain name in lower case", "the root domain"),
            (("root_zone_id",), "acme.example", "a Route 53 hosted zone id", "the root domain's zone"),
            (("region",), "virginia", "an AWS region, such as us-east-1", "the AWS region"),
            (("repository",), "platform", "a GitHub repository as OWNER/NAME", "the GitHub repository"),
            (
                ("ami_release",),
                "latest",
                "such as 2023.0.20261110-kernel-6.1",
                "the ECS-optimized AL2023 release",
            ),
            (
                ("contacts", "billing", "phone"),
                "call me",
                "a phone number, such as +1",
                "the contact's phone number",
            ),
            (("contacts", "billing", "email"), "ada", "an e-mail address", "the contact's address"),
            (("teams", "payments", "chat"), "slack", "such as @slack-payments", "that warnings notify"),
            (
                ("datadog", "site"),
                "datadoghq.org",
                "datadoghq.com, us3.datadoghq.com",
                "did you mean datadoghq.com?",
            ),
            (("datadog", "runbooks"), "wiki", "an https:// address", "each service's runbook"),
        )
    ),
    *(
        case(
            f"a wrong setting of Datadog: {'.'.join(path)}",
            setting(PLATFORM, "datadog", path[0], to=value),
            file="Pulumi.yaml",
            key=f"slipway:platform.datadog.{'.'.join(path)}",
            allowed=allowed,
            remedy=remedy,
        )
        for path, value, allowed, remedy in (
            (("tag_filters", "EC2"), {"EC2": ["team:growth"]}, "such as AWS/EC2", "rename the key"),
            (("tag_filters", "AWS/EC2[0]"), {"AWS/EC2": ["growth"]}, "a tag as KEY:VALUE", "by namespace"),
            (("tag_filters", "AWS/EC2"), {"AWS/EC2": []}, "1 or more", "by namespace"),
            (
                ("log_forwarder", "function"),
                {"function": "datadog forwarder", "sources": ["elbv2"]},
                "the name of a Lambda function",
                "the same in each account",
            ),
            (
                ("log_forwarder", "sources"),
                {"function": "datadog-forwarder", "sources": ["s3", "s3"]},
                "each only once; s3 stands there again",
                "the AWS services that Datadog subscribes it to",
            ),
            (
                ("log_forwarder", "sources[0]"),
                {"function": "datadog-forwarder", "sources": ["S3 logs"]},
                "such as elbv2, s3 or waf",
                "the AWS services that Datadog subscribes it to",
            ),
        )
    ),
    *(
        case(
            f"a wrong {key} of Identity Center",
            setting(
                PLATFORM,
                "identity_center",
                to={
                    "instance_arn": "arn:aws:sso:::instance/ssoins-1234567890abcdef",
                    "identity_store_id": "d-1234567890",
                    key: "x",
                },
            ),
            file=PLATFORM,
            key=f"slipway:platform.identity_center.{key}",
            given='"x"',
            allowed=allowed,
            remedy="correct i",
        )
        for key, allowed in (
            ("instance_arn", "arn:aws:sso:::instance/ssoins-"),
            ("identity_store_id", "an identity store id, such as d-1234567890"),
        )
    ),
    case(
        "logs kept for a time that CloudWatch does not know",
        setting(PLATFORM, "log_retention_days", to=31),
        file=PLATFORM,
        key="slipway:platform.log_retention_days",
        given="31",
        allowed="1, 3, 5, 7, 14, 30, 60, 90",
        remedy="correct log_retention_days, how many days",
    ),
    # People --------------------------------------------------------------------------------------------------------
    case(
        "a person without a role",
        setting(OPS, "slipway:people", "grace", "roles", to={}),
        stack="ops",
        file=OPS,
        key="slipway:people.grace.roles",
        given="{}",
        allowed="1 or more entries",
        remedy="administrator, developer or read_only",
    ),
    case(
        "an unknown role",
        setting(OPS, "slipway:people", "grace", "roles", "dev", to="readonly"),
        stack="ops",
        file=OPS,
        key="slipway:people.grace.roles.dev",
        given='"readonly"',
        allowed="administrator, developer or read_only",
        remedy="did you mean read_only?",
    ),
    case(
        "an unknown environment",
        setting(OPS, "slipway:people", "grace", "roles", to={"production": "developer"}),
        stack="ops",
        file=OPS,
        key="slipway:people.grace.roles.production",
        given='"production"',
        allowed="the stacks of slipway:platform: ops, dev, stage, prod",
        remedy="did you mean prod?",
    ),
    case(
        "one person twice",
        setting(
            OPS,
            "slipway:people",
            "hopper",
            to={"name": "G", "email": "Grace@acme.example", "roles": {"dev": "developer"}},
        ),
        stack="ops",
        file=OPS,
        key="slipway:people.hopper.email",
        given='"Grace@acme.example"',
        allowed="an address that nobody else has; grace has it",
        remedy="remove one of the two entries, or correct the address",
    ),
    case(
        "a key that no environment could let in",
        setting(OPS, "slipway:people", "grace", "ssh_public_key", to="ssh-dss AAAA"),
        file=OPS,
        key="slipway:people.grace.ssh_public_key",
        given='"ssh-dss AAAA"',
        allowed="an OpenSSH public key, ssh-ed25519 or ssh-rsa",
        remedy="the person's OpenSSH public key",
    ),
    case(
        "more keys than a parameter takes",
        setting(
            OPS,
            "slipway:people",
            to={
                f"p{number}": {
                    "name": "P",
                    "email": f"p{number}@acme.example",
                    "ssh_public_key": f"ssh-rsa {'A' * 700}",
                    "roles": {"stage": "developer"},
                }
                for number in range(9)
            },
        ),
        file=OPS,
        key="slipway:people",
        given="9 SSH keys for stage of 6,372 characters",
        allowed="6,000 characters of them for an environment",
        remedy="replace ssh-rsa keys, which are long, by ssh-ed25519",
    ),
    case(
        "a user name with a space",
        setting(
            OPS,
            "slipway:people",
            "ada lovelace",
            to={"name": "A", "email": "al@acme.example", "roles": {"dev": "developer"}},
        ),
        stack="ops",
        file=OPS,
        key="slipway:people.ada lovelace",
        allowed="2 to 32 characters",
        remedy="rename the key",
    ),
    case(
        "services in ops",
        setting(OPS, "slipway:services", to={}),
        stack="ops",
        file=OPS,
        key="slipway:services",
        allowed="these keys: slipway:people, slipway:access_role",
        remedy="pulumi config rm slipway:services --stack ops",
    ),
    case(
        "overlapping networks seen from ops",
        setting("Pulumi.prod.yaml", "slipway:environment", "cidr", to="10.10.0.0/16"),
        stack="ops",
        file="Pulumi.prod.yaml",
        key="slipway:environment.cidr",
        allowed="dev has 10.10.0.0/16",
        remedy="choose a free one",
    ),
    case(
        "a stack that nobody knows",
        lambda project: None,
        stack="production",
        file="Pulumi.production.yaml",
        key="",
        given='"production"',
        allowed="the stacks ops, dev, stage, prod",
        remedy="did you mean prod?",
    ),
]


@pytest.fixture
def project(tmp_path: Path) -> ConfigProject:
    return ConfigProject(tmp_path)


@pytest.mark.parametrize("stack", ["ops", "dev", "stage", "prod"])
def test_the_project_that_the_cases_break_is_valid(project: ConfigProject, stack: str) -> None:
    assert project.problems(stack) == ()


@pytest.mark.parametrize(("change", "stack", "file", "key", "allowed", "remedy", "given"), CASES)
def test_a_mistake_is_answered_once_by_file_key_and_remedy(
    project: ConfigProject,
    change: Break,
    stack: str,
    file: str,
    key: str,
    allowed: str,
    remedy: str,
    given: str,
) -> None:
    change(project)
    with pytest.raises(config.ConfigError) as raised:
        project.load(stack)
    (problem,) = raised.value.problems
    assert (problem.file, problem.key) == (file, key)
    assert allowed in problem.allowed
    assert remedy in problem.remedy
    message = str(raised.value)
    assert message.startswith("1 problem in the configuration; nothing was registered\n\n")
    assert f"{file}: {key}\n" in message if key else f"{file}\n" in message
    assert given in message
    assert "hunter2" not in message


def test_a_value_of_a_variable_has_lines_and_tabs(project: ConfigProject) -> None:
    project.set(GATEWAY, "environment", "GREETING", to="a\tb\nc é ${domain} $$")
    assert project.problems("stage") == ()


def test_a_load_balancer_is_prewarmed_before_its_first_service(project: ConfigProject) -> None:
    project.set(STAGE, "slipway:clusters", "api", "prewarm", to={"public": 100})
    project.set(STAGE, "slipway:services", to={})
    assert project.problems("stage") == ()


def test_all_mistakes_of_a_run_are_reported_at_once(project: ConfigProject) -> None:
    project.set(PLATFORM, "region", to="eu-central-1")
    project.set(GATEWAY, "prot", to=80)
    project.set(GATEWAY, "cluster", to="cdn")
    project.write(LEDGER, "kind: worker\n\tcpu: 1\n")
    project.set(STAGE, "slipway:services", "digest", "tasks", to=3)
    project.set(STAGE, "slipway:services", "invoices", to={"version": "1.0.0", "tasks": 1})
    project.set(STAGE, "slipway:clusters", "api", "instance_type", to="p5.48xlarge")
    project.remove(STAGE, "slipway:clusters", "app")
    with pytest.raises(config.ConfigError) as raised:
        project.load("stage")
    assert [(problem.file, problem.key) for problem in raised.value.problems] == [
        (STAGE, "slipway:clusters.api.instance_type"),
        (STAGE, "slipway:clusters.app"),
        (STAGE, "slipway:services.digest.tasks"),
        (STAGE, "slipway:services.invoices"),
        (PLATFORM, "slipway:platform.availability_zones[0]"),
        (PLATFORM, "slipway:platform.availability_zones[1]"),
        (PLATFORM, "slipway:platform.availability_zones[2]"),
        (PLATFORM, "slipway:platform.region"),
        (GATEWAY, "prot"),
        (LEDGER, ""),
    ]
    assert str(raised.value).startswith("10 problems in the configuration; nothing was registered\n\n")


def test_an_error_reads_as_file_key_given_allowed_and_remedy(project: ConfigProject) -> None:
    project.set(GATEWAY, "cluster", to="apis")
    with pytest.raises(config.ConfigError) as raised:
        project.load("stage")
    assert str(raised.value) == (
        "1 problem in the configuration; nothing was registered\n"
        "\n"
        "services/gateway.yaml: cluster\n"
        '  given:   "apis"\n'
        "  allowed: the clusters of slipway:platform: api, app\n"
        "  remedy:  did you mean api?"
    )


def test_pulumi_prints_the_error_without_a_traceback() -> None:
    assert issubclass(config.ConfigError, pulumi.RunError)


def from_elsewhere(project: ConfigProject, **values: str) -> config.Problem:
    """What is answered where Pulumi hands the program other values than the files say."""
    project.configure("stage")
    set_all_config({**CONFIG.get(), **{f"slipway:{key}": value for key, value in values.items()}})
    with pytest.raises(config.ConfigError) as raised:
        config.load(project.root, stack="stage")
    (problem,) = raised.value.problems
    return problem


def test_another_value_than_the_file_says_is_refused(project: ConfigProject) -> None:
    services = {**project.files[STAGE]["config"]["slipway:services"], "digest": {"version": "2.0.0"}}
    problem = from_elsewhere(project, services=json.dumps(services))
    assert (problem.file, problem.key, problem.given) == (STAGE, "slipway:services.digest.version", "2.0.0")
    assert problem.allowed == 'what the file says: "1.14.0"'
    assert problem.remedy == (
        "change the file; of --config and --config-file the program takes slipway:access_role alone"
    )


def test_another_platform_than_the_file_says_is_refused(project: ConfigProject) -> None:
    platform = {**project.files[PLATFORM]["config"]["slipway:platform"]["value"], "log_retention_days": 7}
    problem = from_elsewhere(project, platform=json.dumps(platform))
    assert (problem.file, problem.key, problem.given) == (PLATFORM, "slipway:platform.log_retention_days", 7)
    assert problem.allowed == "what the file says: no such key"


def test_a_key_that_the_file_does_not_have_is_refused(project: ConfigProject) -> None:
    problem = from_elsewhere(project, servces="{}")
    assert (problem.file, problem.key, problem.given) == (STAGE, "slipway:servces", {})


def test_a_key_that_pulumi_does_not_hand_on_is_missed(project: ConfigProject) -> None:
    project.configure("stage")
    set_all_config({key: value for key, value in CONFIG.get().items() if key != "slipway:services"})
    with pytest.raises(config.ConfigError) as raised:
        config.load(project.root, stack="stage")
    (problem,) = raised.value.problems
    assert (problem.file, problem.key) == (STAGE, "slipway:services")
    assert problem.allowed.startswith('what the file says: {"gateway": ')


def test_a_value_that_pulumi_alone_has_as_a_secret_is_shown_to_nobody(project: ConfigProject) -> None:
    project.configure("stage")
    set_all_config({**CONFIG.get(), "slipway:environment": "hunter2"}, ["slipway:environment"])
    with pytest.raises(config.ConfigError) as raised:
        config.load(project.root, stack="stage")
    assert "hunter2" not in str(raised.value)
    (problem,) = raised.value.problems
    assert (problem.file, problem.key) == (STAGE, "slipway:environment")


def test_the_role_alone_may_come_from_elsewhere(project: ConfigProject) -> None:
    project.set(STAGE, "slipway:access_role", to="deploy")
    project.configure("stage")
    set_all_config({**CONFIG.get(), "slipway:access_role": "preview"})
    assert config.load(project.root, stack="stage").access_role == "preview"


def test_a_role_from_elsewhere_is_judged_too(project: ConfigProject) -> None:
    problem = from_elsewhere(project, access_role="no role")
    assert (problem.file, problem.key, problem.given) == (STAGE, "slipway:access_role", "no role")


def test_a_missing_stack_file_is_missed_wherever_its_values_come_from(project: ConfigProject) -> None:
    project.configure("stage")
    (project.root / STAGE).unlink()
    with pytest.raises(config.ConfigError) as raised:
        config.load(project.root, stack="stage")
    (problem,) = raised.value.problems
    assert (problem.file, problem.key, problem.given) == (STAGE, "", "no such file")


@pytest.mark.parametrize("value", ["012", "1_000", "0x1f", "2026-01-31", ".inf"])
def test_what_pulumi_would_read_otherwise_has_to_stand_in_quotes(project: ConfigProject, value: str) -> None:
    project.configure("stage")
    text = (project.root / STAGE).read_text()
    (project.root / STAGE).write_text(text.replace('"4.12.0"', value))
    (problem,) = project.read_problems()
    assert problem.file == STAGE
    assert f"{value} is a number or a date to Pulumi" in str(problem.given)
    assert problem.remedy == "put it in quotes"


@pytest.mark.parametrize(
    ("stack", "given"),
    [
        ("stage", "No such file or directory"),
        ("stage", "Not a directory"),
        ("ops", "Not a directory"),
        ("stage", "Permission denied"),
        ("ops", "Permission denied"),
    ],
)
def test_services_that_cannot_be_listed_are_one_mistake(
    project: ConfigProject, monkeypatch: pytest.MonkeyPatch, stack: str, given: str
) -> None:
    project.configure(stack)
    services = project.root / "services"
    if given == "Permission denied":

        def refuse(_: Path) -> Iterator[Path]:
            raise PermissionError(errno.EACCES, given)

        monkeypatch.setattr(Path, "iterdir", refuse)
    else:
        shutil.rmtree(services)
    if given == "Not a directory":
        services.write_text("gateway")
    with pytest.raises(config.ConfigError) as raised:
        config.load(project.root, stack=stack)
    (problem,) = raised.value.problems
    assert (problem.file, problem.key, problem.given) == ("services/", "", given)
    assert problem.allowed == "a readable folder with one file a service, NAME.yaml"
    assert problem.remedy == "restore it from git, or check its rights"


def test_git_keeps_no_folder_of_services_where_there_are_none(project: ConfigProject) -> None:
    project.configure("ops")
    shutil.rmtree(project.root / "services")
    settings = config.load(project.root, stack="ops")
    assert isinstance(settings, config.OpsSettings)
    assert settings.catalogue == {}


def test_the_program_registers_what_a_valid_project_says(
    project: ConfigProject, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run("stage", cloud, monkeypatch)
    assert cloud.get("slipway:ecs:EcsService", "gateway")


@pytest.mark.parametrize(
    ("stack", "change"),
    [
        pytest.param("stage", setting(GATEWAY, "memory_mb", to=512), id="a misspelt key"),
        pytest.param("stage", setting(GATEWAY, "port", to="8080"), id="a wrong type"),
        pytest.param("stage", setting(GATEWAY, "cluster", to="cdn"), id="an unknown cluster"),
        pytest.param("stage", removing(STAGE), id="a missing stack file"),
        pytest.param("stage", writing(GATEWAY, "kind: ["), id="an unreadable service"),
        pytest.param("stage", writing("services/gateway.yml", "kind: web"), id="two services with one name"),
        pytest.param("stage", setting(STAGE, "slipway:clusters", "api", "instances", to=1), id="no room"),
        pytest.param("ops", setting(OPS, "slipway:people", "grace", "roles", to={}), id="no role"),
    ],
)
def test_nothing_is_registered_before_the_whole_configuration_is_valid(
    project: ConfigProject, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, stack: str, change: Break
) -> None:
    change(project)
    with pytest.raises(config.ConfigError):
        project.run(stack, cloud, monkeypatch)
    assert cloud.resources == []
