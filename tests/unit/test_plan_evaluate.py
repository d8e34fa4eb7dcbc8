"""What the offline plan records of a program, and that each program runs in a process of its own."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from plan import program
from plan.evaluate import evaluate, jobs_for
from plan.model import Failure, Plan, Resource
from plan.project import Project
from tests.projects import each_company, jobs, planned, plans, project

PRELUDE = "import pulumi, pulumi_aws as aws\nfrom pulumi import ResourceOptions as Opts\n"

Run = Callable[..., Plan | Failure]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Evaluates a program of one file as the stack dev."""

    def run(code: str, *, config: str = "", name: str = "project") -> Plan | Failure:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n", encoding="utf-8")
        (folder / "Pulumi.dev.yaml").write_text(f"config:\n{config}\n", encoding="utf-8")
        (folder / "__main__.py").write_text(PRELUDE + textwrap.dedent(code), encoding="utf-8")
        (result,) = evaluate(jobs_for(Project.load(folder), ["dev"]))
        return result

    return run


def plan_of(result: Plan | Failure) -> Plan:
    assert isinstance(result, Plan), result
    return result


def failure_of(result: Plan | Failure) -> Failure:
    assert isinstance(result, Failure), result
    return result


def named(plan: Plan | Failure, name: str) -> Resource:
    (resource,) = [resource for resource in plan_of(plan).resources if resource.name == name]
    return resource


# References ----------------------------------------------------------------------------------------------------------


def test_an_output_of_the_cloud_reads_as_name_type_and_property(run: Run) -> None:
    plan = run("""
        group = aws.lb.TargetGroup("api-tg", port=80)
        aws.sns.Topic("topic", policy=pulumi.Output.json_dumps({"Resource": group.arn, "Id": group.id}))
    """)
    policy = json.loads(named(plan, "topic").inputs["policy"])
    assert policy == {"Resource": "${api-tg:TargetGroup.arn}", "Id": "${api-tg:TargetGroup.id}"}


def test_lists_and_nested_types_of_outputs_have_placeholders_to_walk_through(run: Run) -> None:
    plan = run("""
        certificate = aws.acm.Certificate("site", domain_name="acme.example", validation_method="DNS")
        option = certificate.domain_validation_options[0]
        group = aws.lb.TargetGroup("tg")
        pulumi.export("name", option.resource_record_name)
        pulumi.export("count", certificate.domain_validation_options.apply(len))
        pulumi.export("arns", group.load_balancer_arns)
        pulumi.export("tags", group.tags_all)
    """)
    assert plan_of(plan).exports == {
        "name": "${site:Certificate.domainValidationOptions[0].resourceRecordName}",
        "count": 1,
        "arns": ["${tg:TargetGroup.loadBalancerArns[0]}"],
        "tags": {"*": "${tg:TargetGroup.tagsAll.*}"},
    }


def test_inputs_come_back_as_outputs_and_what_was_not_asked_for_is_null(run: Run) -> None:
    plan = run("""
        group = aws.lb.TargetGroup("tg", port=80, health_check=aws.lb.TargetGroupHealthCheckArgs(path="/up"))
        pulumi.export("port", group.port.apply(lambda port: port + 1))
        pulumi.export("path", group.health_check.path)
        pulumi.export("slow start", group.slow_start.apply(lambda value: value is None))
    """)
    assert plan_of(plan).exports == {"port": 81, "path": "/up", "slow start": True}


def test_a_reference_depends_on_nothing_but_its_own_resource(run: Run) -> None:
    code = """
        first = aws.lb.TargetGroup("api")
        {more}
        pulumi.export("arn", first.arn)
    """
    alone = plan_of(run(code.format(more="")))
    crowded = plan_of(run(code.format(more='aws.sns.Topic("api"), aws.lb.LoadBalancer("api")')))
    assert alone.exports == crowded.exports == {"arn": "${api:TargetGroup.arn}"}


def test_one_name_and_type_under_two_kinds_of_parents_are_two_references(run: Run) -> None:
    plan = run("""
        class Component(pulumi.ComponentResource):
            def __init__(self, kind):
                super().__init__(f"slipway:ecs:{kind}", "api")
                self.arn = aws.sns.Topic("api-topic", opts=Opts(parent=self)).arn

        pulumi.export("arns", [Component(kind).arn for kind in ("EcsCluster", "EcsService")])
    """)
    assert plan_of(plan).exports["arns"] == ["${api-topic:Topic.arn}", "${api-topic:EcsService$Topic.arn}"]


# What is recorded ----------------------------------------------------------------------------------------------------


def test_a_registration_is_recorded_as_the_engine_receives_it(run: Run) -> None:
    plan = run("""
        class Outer(pulumi.ComponentResource):
            def __init__(self, name, opts):
                super().__init__("slipway:ecs:Outer", name, None, opts)
                inner = Inner(f"{name}-inner", Opts(parent=self))
                self.register_outputs({"topic": inner.topic.arn, "tasks": {"min": 1, "max": 3}})

        class Inner(pulumi.ComponentResource):
            def __init__(self, name, opts):
                super().__init__("slipway:ecs:Inner", name, None, opts)
                other = aws.sns.Topic("other", opts=Opts(parent=self))
                self.topic = aws.sns.Topic(
                    "topic",
                    display_name=other.name,
                    fifo_topic=True,
                    tags={"b": "1", "a": "2"},
                    opts=Opts(
                        parent=self,
                        protect=True,
                        ignore_changes=["displayName"],
                        replace_on_changes=["name"],
                        delete_before_replace=False,
                        retain_on_delete=True,
                        deleted_with=other,
                        import_="arn:aws:sns:topic",
                        aliases=[pulumi.Alias(name="old"), pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)],
                        custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h"),
                        hooks=pulumi.ResourceHookBinding(after_update=[pulumi.ResourceHook("check", print)]),
                    ),
                )

        provider = aws.Provider("main", region="eu-west-1")
        Outer("outer", Opts(providers=[provider]))
    """)
    outer = "urn:pulumi:dev::slipway::slipway:ecs:Outer"
    assert named(plan, "topic") == Resource(
        urn=f"{outer}$slipway:ecs:Inner$aws:sns/topic:Topic::topic",
        type="aws:sns/topic:Topic",
        name="topic",
        custom=True,
        parent=f"{outer}$slipway:ecs:Inner::outer-inner",
        inputs={"displayName": "${other:Topic.name}", "fifoTopic": True, "tags": {"a": "2", "b": "1"}},
        provider="urn:pulumi:dev::slipway::pulumi:providers:aws::main",
        dependencies=(f"{outer}$slipway:ecs:Inner$aws:sns/topic:Topic::other",),
        protect=True,
        ignore_changes=("displayName",),
        replace_on_changes=("name",),
        delete_before_replace=False,
        retain_on_delete=True,
        deleted_with=f"{outer}$slipway:ecs:Inner$aws:sns/topic:Topic::other",
        import_id="arn:aws:sns:topic",
        aliases=({"name": "old"}, {"noParent": True}),
        custom_timeouts={"create": "5m", "delete": "1h"},
        hooks={"afterUpdate": ("check",)},
    )
    assert named(plan, "outer").outputs == {"topic": "${topic:Topic.arn}", "tasks": {"min": 1, "max": 3}}
    assert not named(plan, "outer").custom


def test_a_plan_survives_its_way_through_json(run: Run) -> None:
    plan = plan_of(
        run("""
            topic = aws.sns.Topic("topic", opts=Opts(protect=True, aliases=[pulumi.Alias(name="old")]))
            aws.sns.Topic("second", display_name=topic.name, opts=Opts(ignore_changes=["tags"]))
            pulumi.export("arn", topic.arn)
        """)
    )
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_secrets_are_masked_wherever_they_go(run: Run) -> None:
    plan = run(
        """
        config = pulumi.Config()
        token = config.require_secret("token")
        first = aws.sns.Topic("first", display_name=token, tags={"token": token, "own": pulumi.Output.secret("s3cret")})
        aws.sns.Topic("second", display_name=first.display_name, policy=pulumi.Output.concat("a-", token))
        pulumi.export("token", {"nested": [token]})
        """,
        config="  token: {secure: v1:abcdef}",
    )
    text = json.dumps(plan_of(plan).to_json())
    assert "v1:abcdef" not in text
    assert "s3cret" not in text
    assert named(plan, "first").inputs["displayName"] == "[secret]"
    assert named(plan, "second").inputs == {"displayName": "[secret]", "policy": "[secret]"}
    assert plan_of(plan).exports["token"] == {"nested": ["[secret]"]}


def test_a_resource_that_is_only_read_keeps_its_id(run: Run) -> None:
    plan = run("""
        topic = aws.sns.Topic.get("topic", "arn:aws:sns:eu-west-1:1:existing")
        pulumi.export("id", topic.id)
        pulumi.export("name", topic.name)
    """)
    assert named(plan, "topic").read_id == "arn:aws:sns:eu-west-1:1:existing"
    assert plan_of(plan).exports == {"id": "arn:aws:sns:eu-west-1:1:existing", "name": "${topic:Topic.name}"}


def test_the_order_of_registration_does_not_show(run: Run) -> None:
    declarations = [f'aws.sns.Topic("topic-{name}", tags={{"name": "{name}"}})' for name in "cab"]
    forwards = plan_of(run("\n".join(declarations)))
    backwards = plan_of(run("\n".join(reversed(declarations))))
    assert forwards == backwards
    assert [resource.name for resource in forwards.resources] == ["slipway-dev", "topic-a", "topic-b", "topic-c"]


def test_registering_in_between_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        previous = None
        for number in range(12):
            name = previous.name if previous else "none"
            previous = aws.sns.Topic(f"topic-{number}", display_name=name, opts=Opts(depends_on=previous))
            previous.name.apply(lambda name, number=number: aws.sns.Topic(f"inner-{number}", display_name=name))
        pulumi.export("last", previous.name)
    """
    monkeypatch.setattr(program._RegisterInBetween, "every", 1000)
    at_the_end = plan_of(run(code))
    monkeypatch.setattr(program._RegisterInBetween, "every", 2)
    in_between = plan_of(run(code))
    assert at_the_end == in_between
    assert len(at_the_end.resources) == 1 + 2 * 12


@each_company
def test_a_plan_is_the_same_without_the_shortcuts(of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_shortcuts = planned(of)
    monkeypatch.setattr(program.shortcuts, "take", lambda: None)
    assert plans(jobs(project(of).root, project(of).stacks())) == [*with_shortcuts.values()]


def test_an_asynchronous_program_is_awaited(run: Run) -> None:
    plan = run("""
        import asyncio

        async def main():
            await asyncio.sleep(0)
            return {"arn": aws.sns.Topic("topic").arn}

        pulumi.run(main)
    """)
    assert plan_of(plan).exports == {"arn": "${topic:Topic.arn}"}


# What the engine would refuse, or only the cloud could answer --------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('aws.sns.Topic("a")\naws.sns.Topic("a")', "Duplicate resource URN"),
        ("aws.get_region()", "aws:index/getRegion:getRegion: a look-up has no answer offline"),
        ("pulumi.export('r', aws.get_region_output().name)", "aws:index/getRegion:getRegion: a look-up has no answer"),
        ('pulumi.StackReference("acme/slipway/ops")', "acme/slipway/ops: the outputs of another stack are not known"),
        ("pulumi.runtime.register_resource_transform(lambda args: None)", "Transforms run inside the engine"),
    ],
)
def test_what_cannot_be_known_offline_is_an_error(run: Run, code: str, message: str) -> None:
    failure = failure_of(run(code))
    assert message in failure.message
    assert failure.exit_code == 2


def test_a_resource_without_explicit_provider_is_refused_where_defaults_are_disabled(run: Run) -> None:
    failure = failure_of(run('aws.sns.Topic("a")', config="  pulumi:disable-default-providers: [aws, datadog]"))
    assert "__main__.py:3: Default provider for 'aws' disabled." in failure.message
    assert "'a' has none" in failure.message
    explicit = 'aws.sns.Topic("a", opts=Opts(provider=aws.Provider("p")))'
    plan_of(run(explicit, config='  pulumi:disable-default-providers: ["*"]'))


# Failures ------------------------------------------------------------------------------------------------------------


def test_an_error_names_the_line_of_the_program(run: Run) -> None:
    failure = failure_of(run('value = {}\nvalue["missing"]'))
    assert failure.message == "stack dev: the program failed at __main__.py:4: KeyError: 'missing'"
    assert failure.exit_code == 2
    assert "Traceback" in failure.traceback


def test_an_error_inside_apply_is_the_programs_too(run: Run) -> None:
    failure = failure_of(run('aws.sns.Topic("a").name.apply(lambda name: name.missing)'))
    assert "__main__.py:3: AttributeError: 'str' object has no attribute 'missing'" in failure.message


def test_an_output_in_an_f_string_is_an_error(run: Run) -> None:
    failure = failure_of(run("topic = aws.sns.Topic('a')\nprint(f'arn: {topic.arn}')"))
    assert "__main__.py:4: _OutputToStringError" in failure.message


def test_a_syntax_error_names_its_line(run: Run) -> None:
    assert "__main__.py:4: SyntaxError" in failure_of(run("a = 1\nb = (")).message


def test_a_run_error_is_the_whole_message(run: Run) -> None:
    failure = failure_of(run('raise pulumi.RunError("services/a.yaml: port: must be a number")'))
    assert failure.message == "services/a.yaml: port: must be a number"
    assert failure.exit_code == 1


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "was ended by signal SIGTERM"),
        ("import os; os._exit(3)", "ended with code 3"),
        ("raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_a_program_that_ends_its_process_is_reported(run: Run, code: str, how: str) -> None:
    failure = failure_of(run(code))
    assert how in failure.message
    assert failure.exit_code == 2


def test_a_program_that_waits_for_itself_is_ended(run: Run) -> None:
    failure = failure_of(run("import asyncio\npulumi.export('never', pulumi.Output.from_input(asyncio.Future()))"))
    assert "it waits for an output that nothing will ever resolve" in failure.message


# Processes -----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_program_stays_behind(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    folder, modules, environment = Path.cwd(), set(sys.modules), dict(os.environ)
    plan_of(run("import os, colorsys\nos.environ['LEFT'] = '1'\nprint('said')"))
    assert Path.cwd() == folder
    assert dict(os.environ) == environment
    assert "colorsys" not in set(sys.modules) - modules
    captured = capfd.readouterr()
    assert captured.out == ""  # what a program prints is not part of its plan
    assert captured.err == "said\n"


def test_two_projects_with_modules_of_one_name_each_get_their_own(tmp_path: Path) -> None:
    jobs = []
    for version in ("old", "new"):
        folder = tmp_path / version
        (folder / "config").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
        (folder / "Pulumi.dev.yaml").write_text("", encoding="utf-8")
        (folder / "config" / "__init__.py").write_text(f"VERSION = {version!r}\n", encoding="utf-8")
        (folder / "__main__.py").write_text(
            "import config, pulumi\npulumi.export('version', config.VERSION)\n", encoding="utf-8"
        )
        jobs += jobs_for(Project.load(folder), ["dev"])
    assert [plan_of(result).exports for result in evaluate(jobs)] == [{"version": "old"}, {"version": "new"}]


@pytest.mark.parametrize("module", ["stacks.environment", "components.network.network"])
def test_a_module_that_a_project_lacks_is_not_taken_from_another(run: Run, module: str) -> None:
    message = failure_of(run(f"import {module}")).message
    assert f"No module named '{module.partition('.')[0]}'" in message


def test_credentials_and_regions_of_the_shell_do_not_reach_a_plan(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code = 'aws.Provider("main")'
    bare = plan_of(run(code))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "DD_API_KEY", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(name, "from-the-shell")
    assert plan_of(run(code)) == bare
    assert "from-the-shell" not in json.dumps(bare.to_json())


def test_a_failing_program_does_not_take_the_others_along(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    for stack in ("a", "b", "c"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("", encoding="utf-8")
    code = "if pulumi.get_stack() == 'b': os.kill(os.getpid(), 9)\npulumi.export('stack', pulumi.get_stack())\n"
    (tmp_path / "__main__.py").write_text(f"import os, pulumi\n{code}", encoding="utf-8")
    project = Project.load(tmp_path)
    first, second, third = evaluate(jobs_for(project, project.stacks()))
    assert plan_of(first).exports == {"stack": "a"}
    assert re.search(r"stack b: the program was ended by signal SIGKILL", failure_of(second).message)
    assert plan_of(third).exports == {"stack": "c"}


def test_stacks_after_the_first_share_what_their_code_names(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n", encoding="utf-8")
    for stack in ("a", "b", "c"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("", encoding="utf-8")
    code = "import pulumi_aws as aws\naws.sqs.Queue, aws.sqs.Nothing, aws.nowhere.Queue, aws.Nothing  # \N{SNOWMAN}\n"
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "text.py").write_bytes(code.encode("utf-16"))
    (tmp_path / "components" / "folder.py").mkdir()
    (tmp_path / "components" / "queues.py").write_text(code, encoding="utf-8")
    (tmp_path / "__main__.py").write_text(
        "import pulumi, sys\n"
        "for name in ('queue', 'queue_policy'):\n"
        "    pulumi.export(name, f'pulumi_aws.sqs.{name}' in sys.modules)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "slipway", "plan", "--all", "--json", "--root", str(tmp_path)]
    plans = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert [plan["exports"] for plan in plans] == [
        {"queue": False, "queue_policy": False},
        {"queue": True, "queue_policy": False},
        {"queue": True, "queue_policy": False},
    ]
