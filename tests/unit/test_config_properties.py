"""What holds for every configuration: legal names fit AWS, order means nothing, and no input gives a traceback."""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import config
from components.security.names import delegate_role_name, state_key_alias
from config.fields import ClusterName, EnvironmentName, ServiceName, Slug, TeamName, UserName
from config.files import read_mapping
from config.schedules import expected_runs
from config.service import Schedule
from config.stack import Range, Release
from tests.cloud import Cloud
from tests.config_project import ConfigProject

STACKS = ("ops", "dev", "stage", "prod")


@contextmanager
def a_project() -> Generator[ConfigProject]:
    """A fresh project for each example."""
    root = Path(tempfile.mkdtemp())
    try:
        yield ConfigProject(root)
    finally:
        shutil.rmtree(root)


# Names ---------------------------------------------------------------------------------------------------------------


PARTS = st.text("az09", min_size=1, max_size=8) | st.sampled_from(["aws", "ecs", "fargate", "internal", "sg"])


def legal(kind: Any) -> st.SearchStrategy[str]:
    """Names that a kind of text allows, many of them as long as it allows."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    name = st.lists(PARTS, min_size=1, max_size=8).map("-".join)
    return (
        st.tuples(name, st.integers(2, 40))
        .map(lambda drawn: drawn[0][: drawn[1]])
        .filter(lambda value: accepts(adapter, value))
    )


def accepts(adapter: TypeAdapter[str], value: str) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


RANDOM = "-0a1b2c3"  # what Pulumi's auto-naming adds
# CreateTargetGroup and CreateLoadBalancer (Name) in the API reference of Elastic Load Balancing
TARGET_GROUP = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
LOAD_BALANCER = re.compile(r"(?!-)(?!internal-)[A-Za-z0-9-]{1,32}(?<!-)")
# RFC 1035, 2.3.1: a label of a DNS name
LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
# CreateService and RegisterTaskDefinition (family) in the API reference of ECS
ECS = re.compile(r"[A-Za-z0-9_-]{1,255}")
# CreateCapacityProvider (name) in the API reference of ECS
CAPACITY_PROVIDER = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}")
# CreateSecurityGroup (GroupName) in the API reference of EC2
SECURITY_GROUP = re.compile(r"(?!sg-)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}")
# CreateRole (RoleName) in the API reference of IAM, CreateSchedule (Name) in that of EventBridge Scheduler
ROLE = re.compile(r"[\w+=,.@-]{1,64}")


@given(legal(ServiceName))
@settings(deadline=None)
def test_every_legal_name_of_a_service_fits_what_is_named_after_it(name: str) -> None:
    assert TARGET_GROUP.fullmatch(f"{name}-tg{RANDOM}")
    assert LABEL.fullmatch(name)
    assert ECS.fullmatch(name)
    for role in ("task", "execution", "scheduler", "schedule"):
        assert ROLE.fullmatch(f"{name}-{role}{RANDOM}")


@given(legal(ClusterName))
@settings(deadline=None)
def test_every_legal_name_of_a_cluster_fits_what_is_named_after_it(name: str) -> None:
    for exposure in ("internal", "public"):
        assert LOAD_BALANCER.fullmatch(f"{name}-{exposure}{RANDOM}")
        assert SECURITY_GROUP.fullmatch(f"{name}-{exposure}{RANDOM}")
    assert SECURITY_GROUP.fullmatch(f"{name}-hosts{RANDOM}")
    assert CAPACITY_PROVIDER.fullmatch(f"{name}-hosts{RANDOM}")
    assert ECS.fullmatch(name)
    assert ROLE.fullmatch(f"{name}-host{RANDOM}")


# CreateBucket in the API reference of S3, CreateAccountAlias in that of IAM, CreateAlias in that of KMS
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ACCOUNT_ALIAS = re.compile(r"(?=.{3,63}$)[a-z0-9](?:(?:[a-z0-9]|-(?!-))*[a-z0-9])?")
KEY_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")


@given(legal(EnvironmentName))
@settings(deadline=None)
def test_every_legal_name_of_an_environment_fits_what_is_named_after_it(name: str) -> None:
    company = "a" * 20
    assert BUCKET.fullmatch(f"{company}-{name}-access-logs-111111111111")
    assert ACCOUNT_ALIAS.fullmatch(f"{company}-{name}")
    assert KEY_ALIAS.fullmatch(state_key_alias(name))
    assert LABEL.fullmatch(name)
    assert ROLE.fullmatch(delegate_role_name(name, "preview"))


@pytest.mark.parametrize("name", ["ops", "state", "x-preview", "dev-1", "dev--x", "1dev", "Dev", "dev_x", "dev."])
def test_no_environment_takes_a_name_that_the_platform_needs(name: str) -> None:
    assert not accepts(TypeAdapter(EnvironmentName), name)


NAMES = {
    "service": ServiceName,
    "cluster": ClusterName,
    "team": TeamName,
    "user": UserName,
    "company": Slug,
    "environment": EnvironmentName,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_as_many_characters_as_its_message_says(name: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(NAMES[name])
    (longest,) = map(int, re.findall(r"^2 to (\d+) characters", adapter.json_schema()["patternErrorMessage"]))
    for characters in ("aa" * 20, "a-" * 20):
        assert accepts(adapter, f"{characters[: longest - 1]}b")
        assert not accepts(adapter, f"{characters[:longest]}b")
    assert not accepts(adapter, "a")


# Characters that AWS allows a name, from the API reference of each service.
LONGEST = {
    "aws:autoscaling/group:Group": 255,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:ec2/launchTemplate:LaunchTemplate": 128,
    "aws:ec2/securityGroup:SecurityGroup": 255,
    "aws:ecs/capacityProvider:CapacityProvider": 255,
    "aws:ecs/cluster:Cluster": 255,
    "aws:ecs/service:Service": 255,
    "aws:iam/instanceProfile:InstanceProfile": 128,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:lambda/function:Function": 64,
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:scheduler/schedule:Schedule": 64,
    "aws:sns/topic:Topic": 256,
    "aws:sqs/queue:Queue": 80,
}


def test_everything_that_the_program_registers_fits_the_longest_names(
    tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, cluster = ConfigProject(tmp_path), "c" * 14
    project.set("Pulumi.yaml", "clusters", cluster, to={"description": "Long"})
    for stack in ("dev", "stage", "prod"):
        project.set(
            f"Pulumi.{stack}.yaml", "slipway:clusters", cluster, to={"instance_type": "m7i.large", "instances": 9}
        )
    for letter, like in (("g", "gateway"), ("l", "ledger"), ("d", "digest")):
        project.add_service(letter * 20, like, cluster=cluster)
        release = {"version": "1.0.0"} if like == "digest" else {"version": "1.0.0", "tasks": {"min": 1, "max": 2}}
        project.set("Pulumi.stage.yaml", "slipway:services", letter * 20, to=release)
    project.run("stage", cloud, monkeypatch)
    named = {
        (found.type, found.inputs.get("name") or f"{found.name}{RANDOM}")
        for found in cloud.resources
        if found.type in LONGEST
    }
    assert {(kind, name) for kind, name in named if len(name) > LONGEST[kind]} == set()
    assert ("aws:lb/targetGroup:TargetGroup", f"{'g' * 20}-tg{RANDOM}") in named
    assert ("aws:lb/loadBalancer:LoadBalancer", f"{cluster}-internal{RANDOM}") in named


# Values --------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 5000))
@settings(deadline=None)
def test_a_number_and_the_range_of_that_number_mean_the_same(number: int) -> None:
    bare, full = (
        Release.model_validate_json(json.dumps({"version": "1.0.0", "tasks": tasks}))
        for tasks in (number, {"min": number, "max": number})
    )
    assert bare == full
    assert bare.tasks == Range(min=number, max=number)
    assert bare.tasks and bare.tasks.fixed


SCHEDULE: TypeAdapter[str] = TypeAdapter(Schedule)


@given(st.from_regex(re.compile(SCHEDULE.json_schema()["pattern"], re.ASCII)).map(str.strip))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_legal_schedule_has_six_fields_or_a_rate_that_its_monitor_can_read(schedule: str) -> None:
    assert accepts(SCHEDULE, schedule)
    fields = schedule.split("(")[1].split()
    assert len(fields) == (6 if schedule.startswith("cron") else 2)
    if len(fields) == 6:
        assert [fields[2], fields[4]].count("?") == 1
    expected_runs(schedule)


# Order ---------------------------------------------------------------------------------------------------------------


def shuffled(value: Any, dice: random.Random) -> Any:
    """The value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(part, dice) for part in value] if isinstance(value, list) else value


@given(stack=st.sampled_from(STACKS), dice=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_neither_the_order_of_keys_nor_that_of_files_matters(stack: str, dice: random.Random) -> None:
    with a_project() as project, a_project() as other:
        other.files = shuffled(other.files, dice)
        expected, found = project.load(stack), other.load(stack)
        assert found == expected
        if isinstance(found, config.EnvironmentSettings) and isinstance(expected, config.EnvironmentSettings):
            assert list(found.services) == list(expected.services) == sorted(found.services)
            assert list(found.clusters) == list(expected.clusters) == sorted(found.clusters)


# Any input -----------------------------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["latest", "10.0.0.0/8", "web", "${x}", "$", "rate(1 day)", "Europe", "\x00", "\ud800", "é"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: what holds it, and under which key or index."""
    parts = list(value.items()) if isinstance(value, dict) else []
    parts += enumerate(value) if isinstance(value, list) else []
    return [place for key, part in parts for place in ((value, key), *places(part))]


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Callable[[ConfigProject], None]]:
    """A stack, and one to three changes somewhere in its files: another value, a key less, a key more."""
    changes = draw(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from("=-+"), VALUES), min_size=1, max_size=3))
    key = draw(st.text(max_size=10) | st.sampled_from(["version", "slipway:x", "aws:region", "DD_X"]))

    def mutate(project: ConfigProject) -> None:
        for number, kind, value in changes:
            platform = project.files["Pulumi.yaml"]["config"]["slipway:platform"]["value"]
            stacks = [project.files[f"Pulumi.{name}.yaml"]["config"] for name in STACKS]
            services = [content for file, content in project.files.items() if file.startswith("services/")]
            found = [place for file in (platform, *stacks, *services) for place in places(file)]
            holder, at = found[number % len(found)]
            if kind == "=":
                holder[at] = value
            elif kind == "-":
                del holder[at]
            elif isinstance(holder, dict):
                holder[key] = value
            else:
                holder.append(value)

    return draw(st.sampled_from(STACKS)), mutate


@given(mutations())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_change_of_a_valid_project_gives_anything_but_a_configuration_error(
    mutation: tuple[str, Callable[[ConfigProject], None]],
) -> None:
    stack, mutate = mutation
    with a_project() as project:
        mutate(project)
        for problem in project.problems(stack):
            assert problem.file
            assert problem.allowed
            assert problem.remedy
            assert str(problem)


INDICATORS = [
    *"{}[],&*!|>'\"%@`#\\",
    "\n",
    "\n",
    "  ",
    "\t",
    "- ",
    ": ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "&a ",
    "*a",
    "<<: ",
]
TAGS = [
    f"!!{tag} " for tag in ("binary", "bool", "float", "int", "map", "null", "omap", "set", "str", "python/object:x")
]
PLAIN = [
    "kind: web",
    "a",
    "null",
    "~",
    "yes",
    "0x1F",
    "1e999",
    ".inf",
    ".nan",
    "2026-01-31",
    "12:30",
    "\0",
    "\x85",
    "\ufeff",
    "é",
]


@given(st.lists(st.sampled_from(INDICATORS + TAGS + PLAIN) | st.text(max_size=5), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_text_in_a_service_file_gives_anything_but_a_problem(text: str) -> None:
    with a_project() as project:
        (project.root / "x.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
        found = read_mapping(project.root / "x.yaml", file="x.yaml")
        if isinstance(found, config.Problem):
            assert found.allowed and found.remedy and str(found)
        else:
            assert json.loads(json.dumps(found)) == found


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_no_bytes_in_a_service_file_give_anything_but_a_problem(content: bytes) -> None:
    with a_project() as project:
        (project.root / "x.yaml").write_bytes(content)
        assert isinstance(read_mapping(project.root / "x.yaml", file="x.yaml"), (dict, config.Problem))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="a deep list"),
        pytest.param("a: " * 100_000, id="mappings in a line"),
        pytest.param("".join(f"{' ' * n}a:\n" for n in range(3000)), id="a deep mapping"),
        pytest.param("a: " + "1" * 5000, id="a number of 5,000 digits"),
        pytest.param("a: &a [*a]", id="a list that holds itself"),
        pytest.param("a: &a {b: *a}", id="a mapping that holds itself"),
        pytest.param("? [1]\n: 2", id="a list as key"),
        pytest.param("? {a: 1}\n: 2", id="a mapping as key"),
        pytest.param("~: 1", id="null as key"),
        pytest.param("true: 1", id="true as key"),
        pytest.param("a: !!bool maybe", id="no bool"),
        pytest.param("a: !!int ''", id="no number"),
        pytest.param("<<: 1", id="a merge of a number"),
        pytest.param("---\na: 1\n---\nb: 2", id="two documents"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    found = read_mapping(tmp_path / "x.yaml", file="x.yaml")
    assert isinstance(found, config.Problem)
    assert found.file == "x.yaml" and found.allowed and found.remedy and str(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: yes", "yes"),
        ("a: 2026-01-31", "2026-01-31"),
        ("a: 12:30:45", "12:30:45"),
        ("a: 007", "007"),
        ("a: 1_000", "1_000"),
        ("a: .inf", ".inf"),
        ("a: true", True),
        ("a: 42", 42),
        ("a: -1.5e3", -1500.0),
        ("a: null", None),
        ("a:", None),
        ("a: '42'", "42"),
    ],
)
def test_plain_scalars_are_read_as_yaml_1_2_reads_them(tmp_path: Path, text: str, expected: object) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    found = read_mapping(tmp_path / "x.yaml", file="x.yaml")
    assert found == {"a": expected}
    assert isinstance(found, dict) and type(found["a"]) is type(expected)


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\n", encoding="utf-8")
    assert read_mapping(tmp_path / "x.yaml", file="x.yaml") == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}
