"""New services and new names, on a copy of the committed project; what a rename does to the cloud, by its plans."""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from config.checks import free_priority
from plan.force_new import FORCE_NEW
from plan.model import Plan, Resource
from plan.project import Project
from slipway import service_files
from slipway.service_files import Answers, First
from tests.projects import COMPANY, changed, copy_project, edit, jobs, plans, project
from tests.unit.test_releases import changed as lines_changed
from tests.unit.test_releases import done, files, refused, slipway

WEB = ("--kind", "web", "--owner", "platform", "--cluster", "api", "--description", "Says hello")
WORKER = ("--kind", "worker", *WEB[2:])
JOB = ("--kind", "job", *WEB[2:], "--schedule", "rate(6 hours)")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


# New services --------------------------------------------------------------------------------------------------------


def test_a_new_web_service_is_complete_and_takes_a_free_priority(root: Path) -> None:
    first = ("--stack", "dev", "--stack", "stage", "--version", "1.0.0")
    assert done(root, "service", "new", "hello", *WEB, *first) == [
        "Pulumi.dev.yaml",
        '+ hello: { version: "1.0.0", tasks: 2 }',
        "Pulumi.stage.yaml",
        '+ hello: { version: "1.0.0", tasks: 2 }',
        "services/hello.yaml",
        "+ # yaml-language-server: $schema=../config/schemas/service.schema.json",
        "+ kind: web",
        "+ description: Says hello",
        "+ owner: platform",
        "+ cluster: api",
        "+ image: acme/hello",
        "+ port: 8080",
        "+ priority: 60",
        "+ cpu: 256",
        "+ memory_mib: 512",
    ]


@pytest.mark.parametrize("kind", ["web", "worker", "job"])
def test_a_new_file_reads_like_the_committed_ones(root: Path, kind: str) -> None:
    """Same keys in the same order."""
    own = {"web": (*WEB, "--public"), "worker": WORKER, "job": JOB}[kind]
    done(root, "service", "new", "hello", *own)
    text = (root / "services/hello.yaml").read_text()
    alike = [
        committed for committed in ((COMPANY / "services").glob("*.yaml")) if f"kind: {kind}\n" in committed.read_text()
    ]
    assert alike
    keys = list(yaml.safe_load(text))
    for committed in alike:
        assert text.splitlines()[0] == committed.read_text().splitlines()[0]
        theirs = [key for key in yaml.safe_load(committed.read_text()) if key in keys]
        assert [key for key in keys if key in theirs] == theirs


def test_priorities_are_free_on_the_balancer_that_the_service_stands_behind(root: Path) -> None:
    done(root, "service", "new", "hello", *WEB, "--public")
    assert yaml.safe_load((root / "services/hello.yaml").read_text())["priority"] == 20  # gateway has 10
    done(root, "service", "new", "again", *WEB, "--public")
    assert yaml.safe_load((root / "services/again.yaml").read_text())["priority"] == 30


@pytest.mark.parametrize(
    ("taken", "expected"), [([], 10), ([10, 30], 40), ([34], 40), ([50_000], 1), ([1, 2, 50_000], 3)]
)
def test_a_free_priority_leaves_a_gap_where_it_can(taken: list[int], expected: int) -> None:
    assert free_priority(taken) == expected


def test_a_new_service_goes_to_the_balancer_that_has_room(root: Path) -> None:
    one = yaml.safe_load((root / "services/orders.yaml").read_text())
    for number in range(96):  # beside accounts, orders, billing and search
        other = yaml.safe_dump(one | {"priority": 1000 + number})
        (root / f"services/s{number}.yaml").write_text(other)
    edit(root / "Pulumi.yaml", r"^        api: { ", "        api: { internal_balancers: 2, ")
    done(root, "service", "new", "hello", *WEB)
    said = yaml.safe_load((root / "services/hello.yaml").read_text())
    assert (said["priority"], said["balancer"]) == (10, 2)


def test_a_stack_that_is_named_twice_counts_once(root: Path) -> None:
    done(root, "service", "new", "hello", *WORKER, "--stack", "dev", "--stack", "dev", "--version", "1")


@pytest.mark.parametrize("failing", ["services/books.yaml", "Pulumi.stage.yaml", "Pulumi.prod.yaml"])
def test_where_one_file_cannot_be_written_none_is(root: Path, failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, failed = Path.write_bytes, []

    def full(path: Path, content: bytes) -> int:
        if path == root / failing and not failed:
            failed.append(path)
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    said = refused(root, "service", "rename", "ledger", "books")  # which compares all files before and after
    assert said.startswith(f"Nothing was written. {failing}: cannot be written: No space left on device. Make ")


def test_workers_and_jobs(root: Path) -> None:
    assert done(root, "service", "new", "hello", *WORKER, "--stack", "dev", "--version", "v1", "--tasks", "1-3")[
        :2
    ] == [
        "Pulumi.dev.yaml",
        '+ hello: { version: "v1", tasks: { min: 1, max: 3 } }',
    ]
    assert done(root, "service", "new", "bye", *JOB, "--stack", "dev", "--version", "v1") == [
        "Pulumi.dev.yaml",
        '+ bye: { version: "v1" }',
        "services/bye.yaml",
        "+ # yaml-language-server: $schema=../config/schemas/service.schema.json",
        "+ kind: job",
        "+ description: Says hello",
        "+ owner: platform",
        "+ cluster: api",
        "+ image: acme/bye",
        "+ schedule: rate(6 hours)",
        "+ cpu: 256",
        "+ memory_mib: 512",
    ]


def test_a_service_without_a_stack_says_how_to_go_on(root: Path) -> None:
    result = slipway(root, "service", "new", "hello", *WORKER)
    assert result.stdout == (
        "Wrote services/hello.yaml.\nIt runs nowhere yet: slipway release hello VERSION --stack dev --tasks 2\n"
    )
    assert done(root, "release", "hello", "1.0.0", "--stack", "dev", "--tasks", "2") == [
        "Pulumi.dev.yaml",
        '+ hello: { version: "1.0.0", tasks: 2 }',
    ]


@pytest.mark.parametrize("text", ["a: b #c", "- x", "12:30", "on", '"it\'s" é', "x: {y}", "1e5 of them", "true story"])
def test_any_description_is_read_as_it_is_meant(root: Path, text: str) -> None:
    service_files.new(
        Project.load(root), "hello", Answers(kind="worker", description=text, owner="platform", cluster="api"), First()
    )
    assert yaml.safe_load((root / "services/hello.yaml").read_text())["description"] == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hello",), "Not said: --kind, --description, --owner, --cluster. In a terminal,"),
        (("hello", *JOB[:-2]), "Not said: --schedule."),
        (("Hello", *WEB), "'Hello' cannot be a service's name: 2 to 20 characters: a-z, 0-9 and single dashes inside"),
        (("../hello", *WEB), "'../hello' cannot be a service's name"),
        (("a" * 21, *WEB), "cannot be a service's name"),
        (("orders", *WEB), "there is a service orders already: services/orders.yaml."),
        (("bastion", *WEB), "'bastion' is a name that the platform uses: any name but bastion, datadog-agent, "),
        (("hello", "--kind", "web", "--owner", "x-y", *WEB[4:]), "services/hello.yaml: owner\n  given:   \"x-y\""),
        (("hello", "--kind", "wev", *WEB[2:]), "services/hello.yaml: kind\n  given:   \"wev\""),
        (("hello", *WEB, "--image", "acme/hello:1"), "services/hello.yaml: image\n"),
        (("hello", *WEB, "--port", "0"), "services/hello.yaml: port\n"),
        (("hello", *WEB, "--cpu", "9000", "--stack", "dev", "--version", "1"), "services/hello.yaml: cpu\n"),
        (("hello", *WEB, "--stack", "dev"), "give both, or neither."),
        (("hello", *WEB, "--version", "1"), "give both, or neither."),
        (("hello", *WEB, "--tasks", "2"), "--tasks goes with --stack."),
        (("hello", *JOB, "--stack", "dev", "--version", "1", "--tasks", "2"), "not with a job, which has a schedule."),
        (("hello", *WORKER, "--port", "80"), "--public and --port are for web services; this is a worker."),
        (("hello", *WORKER, "--schedule", "rate(1 hour)"), "--schedule is for jobs; this is a worker."),
        (("hello", *WEB, "--stack", "prd", "--version", "1"), "there is no stack 'prd'; did you mean prod?"),
        (("hello", *WEB, "--stack", "ops", "--version", "1"), "'ops' runs no services"),
        (("hello", *WEB, "--stack", "dev", "--version", "latest"), "Pulumi.dev.yaml: slipway:services.hello.version"),
    ],
)  # fmt: skip
def test_a_service_that_cannot_be_is_not_written(root: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(root, "service", "new", *arguments)


def test_a_terminal_asks_for_what_is_not_given() -> None:
    asked = iter(["jobs", "job", "growth", "rate(1 day)"])
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return next(asked)

    said = {"kind": None, "description": "x", "owner": None, "cluster": "app", "schedule": None}
    assert service_files.answers(project(), said, ask) == {
        "kind": "job",
        "description": "x",
        "owner": "growth",
        "cluster": "app",
        "schedule": "rate(1 day)",
    }
    assert questions == ["Kind (web, worker, job)"] * 2 + ["Owner (growth, payments, platform)", "Schedule"]
    said |= {"kind": "worker", "owner": "growth"}
    assert "schedule" not in service_files.answers(project(), said, ask)


# Another name --------------------------------------------------------------------------------------------------------


def renamed(root: Path, old: str, name: str, *, keep: bool = False) -> list[str]:
    """What a rename changes, the new file compared with the old one."""
    moved = {f"services/{name}.yaml": (root / f"services/{old}.yaml").read_text()}
    before = {file: text for file, text in files(root).items() if keep or file != f"services/{old}.yaml"} | moved
    service_files.rename(Project.load(root), old, name, keep=keep)
    return lines_changed(before, root)


def test_a_rename_moves_the_file_and_renames_its_lines_in_place(root: Path) -> None:
    assert renamed(root, "ledger", "books") == [
        "Pulumi.dev.yaml",
        '- ledger: { version: "1.10.0-rc.1", tasks: 1 }',
        '+ books: { version: "1.10.0-rc.1", tasks: 1 }',
        "Pulumi.prod.yaml",
        '- ledger: { version: "1.9.3", tasks: 2 }',
        '+ books: { version: "1.9.3", tasks: 2 }',
        "Pulumi.stage.yaml",
        '- ledger: { version: "1.9.3", tasks: 1 }',
        '+ books: { version: "1.9.3", tasks: 1 }',
    ]
    assert not (root / "services/ledger.yaml").exists()


def test_a_renamed_web_service_takes_a_priority_of_its_own(root: Path) -> None:
    """AWS refuses a rule whose priority is in use, and the old rule goes last."""
    assert renamed(root, "website", "site")[-3:] == ["services/site.yaml", "- priority: 10", "+ priority: 30"]


def test_both_names_until_callers_have_moved(root: Path) -> None:
    """gateway calls orders by its name, so that a rename at once would leave it alone."""
    said = refused(root, "service", "rename", "orders", "purchases")
    assert said.startswith("gateway would call orders by a name that is gone.")
    assert "slipway service rename orders purchases --keep" in said
    assert renamed(root, "orders", "purchases", keep=True) == [
        "Pulumi.dev.yaml",
        '+ purchases: { version: "3.8.1", tasks: 1 }',
        "Pulumi.prod.yaml",
        '+ purchases: { version: "3.8.1", tasks: { min: 3, max: 9 } }',
        "Pulumi.stage.yaml",
        '+ purchases: { version: "3.8.1", tasks: 2 }',
        "services/purchases.yaml",
        "- priority: 30",
        "+ priority: 60",
    ]


def test_a_name_that_moves_here_follows(root: Path) -> None:
    edit(
        root / "Pulumi.stage.yaml",
        r"\Z",
        "  slipway:migration:\n"
        "    shifts:\n"
        "      shop: { host: shop.acme.example, service: website, new_percent: 100 } # the old shop\n",
    )
    assert "+ shop: { host: shop.acme.example, service: site, new_percent: 100 } # the old shop" in renamed(
        root, "website", "site"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "hello"), "there is no service 'nobody'"),
        (("ledger", "orders"), "there is a service orders already"),
        (("ledger", "ledger"), "there is a service ledger already"),
        (("ledger", "Ledger"), "'Ledger' cannot be a service's name"),
        (("ledger", "internal"), "'internal' is a name that the platform uses"),
        (("ledger", "books", "--keep"), "ledger is a worker, which nobody calls by its name"),
        (("digest", "weekly", "--keep"), "digest is a job, which nobody calls by its name"),
    ],
)
def test_a_rename_that_cannot_be_changes_nothing(root: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(root, "service", "rename", *arguments)


def test_what_a_rename_says_is_what_the_plans_say(root: Path, tmp_path: Path) -> None:
    """Everything is made anew, nothing of another service changes, and no rule takes a priority that is in use."""
    for stack in ("dev", "prod"):
        edit(root / f"Pulumi.{stack}.yaml", r"^    website: .*\n", "")
    as_before = shutil.copytree(root, tmp_path / "before", symlinks=True)
    result = slipway(root, "service", "rename", "website", "site")
    before, after = plans([*jobs(as_before, ["stage"]), *jobs(root, ["stage"])])
    added, gone, differing = changed(before, after)
    made, deleted = (Counter(r.short_type for r in found if r.custom) for found in (added, gone))
    assert made == deleted
    assert all(resource.name == "site" or resource.name.startswith("site-") for resource in added)
    # What shows all services is the environment's own.
    assert {resource.type for _, resource in differing} <= {"datadog:index/dashboardJson:DashboardJson"}
    rules = {r.urn: r for plan in (before, after) for r in plan.resources if r.short_type == "ListenerRule"}
    places = {(rule.inputs["listenerArn"], rule.inputs["priority"]) for rule in rules.values()}
    assert len(places) == len(rules)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:3] == [
        "Changed: Pulumi.stage.yaml, services/site.yaml, services/website.yaml.",
        "Nothing in AWS or Datadog is renamed: each environment makes site anew, as stage does:",
        "  " + ", ".join(f"{count} {type_}" for type_, count in sorted(made.items())),
    ]
    assert "all that was website is deleted, its names and its logs (/ecs/website) included" in result.stdout


@pytest.mark.parametrize(
    ("type_", "property_"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", "name"),
        ("aws:ecs/service:Service", "name"),
        ("aws:ecs/taskDefinition:TaskDefinition", "family"),
        ("aws:route53/record:Record", "name"),
    ],
)
def test_an_alias_would_not_keep_what_has_a_name(type_: str, property_: str) -> None:
    """Why rename makes all anew: whatever people type is replaced with an alias too, and the old name's rule is not."""
    _, properties = FORCE_NEW[type_]
    assert property_ in properties
    _, of_rules = FORCE_NEW["aws:lb/listenerRule:ListenerRule"]
    assert "conditions" not in of_rules


def test_what_is_said_is_of_the_service_and_not_of_a_cluster_of_the_same_name() -> None:
    def resource(type_: str, name: str, parent: str | None = None) -> Resource:
        custom = not type_.startswith("slipway:")
        return Resource(urn=f"{parent}${type_}::{name}", type=type_, name=name, custom=custom, parent=parent)

    cluster, own = resource("slipway:ecs:EcsCluster", "api"), resource("slipway:ecs:EcsService", "api")
    alerts = resource("slipway:datadog:ServiceAlerts", "api")
    monitors = [resource("datadog:index/monitor:Monitor", f"api-{n}", alerts.urn) for n in "ab"]
    tree = (
        cluster,
        resource("aws:ecs/cluster:Cluster", "api-cluster", cluster.urn),
        own,
        resource("aws:ecs/taskDefinition:TaskDefinition", "api-task", own.urn),
        alerts,
        *monitors,
    )
    said = service_files.consequences(Plan(stack="prod", resources=tree, exports={}), "old", "api", keep=True)
    assert said.splitlines()[1:3] == [
        "  2 Monitor, 1 TaskDefinition",
        "old goes on beside it. When nobody calls old any more, delete services/old.yaml and its lines.",
    ]
