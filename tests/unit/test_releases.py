"""Releases on a copy of the committed project: one line each, or nothing and the reason."""

from __future__ import annotations

import difflib
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plan.project import Project
from slipway import releases
from slipway.cli import app
from slipway.render import console
from tests.projects import copy_project, edit

STAGE, PROD = "Pulumi.stage.yaml", "Pulumi.prod.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project")


def files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in (*root.glob("*.yaml"), *root.glob("services/*"))}


def changed(before: dict[str, str], root: Path) -> list[str]:
    """FILE, then what was removed and added: a file that is as it was has nothing."""
    after, lines = files(root), []
    for name in sorted(before.keys() | after.keys()):
        diff = list(difflib.ndiff(before.get(name, "").splitlines(), after.get(name, "").splitlines()))
        if found := [f"{line[0]} {line[2:].strip()}" for line in diff if line[0] in "+-"]:
            lines += [name, *found]
    return lines


def slipway(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--root", str(root)])


def done(root: Path, *arguments: str) -> list[str]:
    """What a command changed; it succeeded."""
    before = files(root)
    result = slipway(root, *arguments)
    assert result.exit_code == 0, result.output
    return changed(before, root)


def refused(root: Path, *arguments: str) -> str:
    """Why a command changed nothing."""
    before = files(root)
    result = slipway(root, *arguments)
    assert result.exit_code == 1, result.output
    assert (result.stdout, changed(before, root)) == ("", [])
    return result.stderr


def test_a_release_changes_the_version_and_nothing_else(root: Path) -> None:
    result = slipway(root, "release", "search", "1.21.0", "--stack", "stage")
    assert result.stdout == (
        "search in stage: 1.20.0 -> 1.21.0\n"
        "Changed: Pulumi.stage.yaml. What that does: slipway diff HEAD --stack stage\n"
    )
    assert done(root, "release", "ledger", "1.9.2", "--stack", "prod") == [
        PROD,
        '- ledger: { version: "1.9.3", tasks: 2 }',
        '+ ledger: { version: "1.9.2", tasks: 2 }',
    ]


def test_an_older_version_is_called_older(root: Path) -> None:
    assert slipway(root, "release", "ledger", "1.9.2", "--stack", "prod").stdout.startswith(
        "ledger in prod: 1.9.3 -> 1.9.2 (older)\n"
    )


def test_a_promotion_takes_the_version_and_leaves_the_count(root: Path) -> None:
    assert done(root, "promote", "dashboard", "--from", "stage", "--to", "prod") == [
        PROD,
        '- dashboard: { version: "12.0.2", tasks: { min: 3, max: 9 } }',
        '+ dashboard: { version: "12.0.3", tasks: { min: 3, max: 9 } }',
    ]


def test_a_promotion_brings_a_service_to_where_it_is_new(root: Path) -> None:
    for name in ("orders", "digest"):
        edit(root / PROD, rf"^    {name}: .*\n", "")
    assert "say how many tasks: --tasks 2" in refused(root, "promote", "orders", "--from", "stage", "--to", "prod")
    assert done(root, "promote", "orders", "--from", "stage", "--to", "prod", "--tasks", "3-9") == [
        PROD,
        '+ orders: { version: "3.8.1", tasks: { min: 3, max: 9 } }',
    ]
    assert "a job, which has no number of tasks" in refused(
        root, "release", "digest", "1.14.0", "--stack", "prod", "--tasks", "2"
    )
    assert done(root, "release", "digest", "1.14.0", "--stack", "prod") == [PROD, '+ digest: { version: "1.14.0" }']


@pytest.mark.parametrize(
    ("service", "tasks", "expected"),
    [
        ("billing", "5", "billing: { version: \"2.4.0\", tasks: 5 }"),
        ("billing", "2-8", "billing: { version: \"2.4.0\", tasks: { min: 2, max: 8 } }"),
        ("search", "2-6", "search: { version: \"1.19.2\", tasks: { min: 2, max: 6 } }"),
        ("search", "4", "search: { version: \"1.19.2\", tasks: 4 }"),
        ("search", "4-4", "search: { version: \"1.19.2\", tasks: 4 }"),
    ],
)  # fmt: skip
def test_scaling_writes_a_number_or_a_range(root: Path, service: str, tasks: str, expected: str) -> None:
    file, _, added = done(root, "scale", service, "--tasks", tasks, "--stack", "prod")
    assert (file, added) == (PROD, f"+ {expected}")


def test_a_count_over_several_lines_keeps_them(root: Path) -> None:
    edit(
        root / PROD,
        r"^    search: .*\n",
        "    search:\n      version: '1.19.2'\n      tasks:\n        min: 2 # measured\n        max: 8\n",
    )
    assert done(root, "scale", "search", "--tasks", "3", "--stack", "prod") == [
        PROD,
        "- min: 2 # measured",
        "+ min: 3 # measured",
        "- max: 8",
        "+ max: 3",
    ]


def test_what_somebody_else_is_changing_in_the_file_stays(root: Path) -> None:
    edit(root / STAGE, r"^  slipway:services:\n", "  slipway:services: # mine, and not committed\n")
    before = files(root)
    assert done(root, "release", "search", "1.21.0", "--stack", "stage")[0] == STAGE
    assert "  slipway:services: # mine, and not committed\n" in files(root)[STAGE]
    assert len(changed(before, root)) == 3


def test_line_ends_and_a_byte_order_mark_stay(root: Path) -> None:
    content = b"\xef\xbb\xbf" + (root / STAGE).read_bytes().replace(b"\n", b"\r\n")
    (root / STAGE).write_bytes(content)
    assert slipway(root, "release", "search", "1.21.0", "--stack", "stage").exit_code == 0
    assert (root / STAGE).read_bytes() == content.replace(
        b'search: { version: "1.20.0"', b'search: { version: "1.21.0"'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("release", "gatway", "1.0.0", "--stack", "stage"), "there is no service 'gatway'; did you mean gateway?"),
        (("release", "zzz", "1.0.0", "--stack", "stage"), "the services are: accounts, admin, assets, "),
        (("release", "gateway", "1.0.0", "--stack", "stge"), "there is no stack 'stge'; did you mean stage?"),
        (("release", "gateway", "1.0.0", "--stack", "ops"), "runs no services. Those that do: dev, stage, prod."),
        (
            ("release", "gateway", "latest", "--stack", "stage"),
            "Nothing was written: the configuration would not be valid.\n\n"
            "Pulumi.stage.yaml: slipway:services.gateway.version\n"
            '  given:   "latest"\n'
            "  allowed: an image tag that never moves, such as 4.12.0 or a commit, or sha256:DIGEST; not latest\n",
        ),
        (("release", "gateway", "1 0", "--stack", "stage"), '  given:   "1 0"'),
        (
            ("release", "gateway", "4.12.0", "--stack", "prod"),
            "prod is to run gateway 4.12.0 already; there is nothing",
        ),
        (
            ("release", "gateway", "4.13.0", "--stack", "prod", "--tasks", "2"),
            "prod runs gateway already, tasks: 4-16. --tasks is for a service that is new there. To change the number:"
            " slipway scale gateway --tasks 2 --stack prod",
        ),
        (("promote", "gateway", "--from", "stage", "--to", "stage"), "--from and --to are both stage"),
        (
            ("promote", "gateway", "--from", "test", "--to", "prod"),
            "there is no stack 'test'; the stacks are: ops, dev, stage, prod.",
        ),
        (("promote", "orders", "--from", "stage", "--to", "prod"), "prod is to run orders 3.8.1 already"),
        (("promote", "nobody", "--from", "stage", "--to", "prod"), "there is no service 'nobody'"),
        (("scale", "nobody", "--tasks", "2", "--stack", "prod"), "there is no service 'nobody'"),
        (("scale", "billing", "--tasks", "4", "--stack", "prod"), "prod has tasks: 4 for billing already"),
        (("scale", "search", "--tasks", "2-8", "--stack", "prod"), "prod has tasks: 2-8 for search already"),
        (
            ("scale", "digest", "--tasks", "2", "--stack", "prod"),
            "digest is a job: it runs once each time its schedule",
        ),
        (("scale", "billing", "--tasks", "0", "--stack", "prod"), "--tasks 0: a number from 1, such as 3, or a range"),
        (("scale", "billing", "--tasks", "8-2", "--stack", "prod"), "--tasks 8-2: a number from 1"),
        (("scale", "billing", "--tasks", "two", "--stack", "prod"), "--tasks two: a number from 1"),
        (("scale", "billing", "--tasks", "9999", "--stack", "prod"), "a number from 1 to 5,000"),
        (
            ("scale", "billing", "--tasks", "2-90", "--stack", "prod"),
            "slipway:clusters.api.instances.max\n  given:   24",
        ),
    ],
)
def test_what_cannot_be_done_changes_nothing(root: Path, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(root, *arguments)


def test_a_promotion_from_where_the_service_does_not_run(root: Path) -> None:
    edit(root / STAGE, r"^    orders: .*\n", "")
    said = refused(root, "promote", "orders", "--from", "stage", "--to", "prod")
    assert said.startswith("stage does not run orders. The services that it runs: accounts, admin, assets, ")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("config: [\n", "Pulumi.prod.yaml\n  given:   line 2, column 1: did not find expected node content"),
        ("config: 1\n", "Pulumi.prod.yaml: config\n  given:   1\n  allowed: a mapping of keys"),
        (b"\xff", "Pulumi.prod.yaml\n  given:   byte 0: invalid start byte\n  allowed: UTF-8 text"),
    ],
)
@pytest.mark.parametrize("stack", ["stage", "prod"])
def test_a_file_that_nobody_can_read_stops_every_release(
    root: Path, broken: str | bytes, message: str, stack: str
) -> None:
    (root / PROD).write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    result = slipway(root, "release", "search", "1.21.0", "--stack", stack)
    assert result.exit_code == 1
    assert message in result.stderr
    assert ("nothing was registered" if stack == "prod" else "Nothing was written: ") in result.stderr
    assert 'search: { version: "1.20.0"' in (root / STAGE).read_text()


@pytest.mark.parametrize("name", ["services/.#orders.yaml", "Pulumi.old.yaml"])
def test_what_an_editor_leaves_beside_a_file_does_not_matter(root: Path, name: str) -> None:
    (root / name).symlink_to("ada@laptop.4711:1764300000")  # as Emacs locks a file
    result = slipway(root, "release", "orders", "9.9.9", "--stack", "stage")
    assert result.exit_code == 0, result.output


def test_a_service_file_that_leads_nowhere_stops_a_release(root: Path) -> None:
    (root / "services/old.yaml").symlink_to("nowhere.yaml")
    result = slipway(root, "release", "orders", "9.9.9", "--stack", "stage")
    assert (result.exit_code, "services/old.yaml\n  given:   No such file" in result.stderr) == (1, True), result.output


def test_a_folder_is_no_stack_file(root: Path) -> None:
    (root / "Pulumi.old.yaml").mkdir()
    result = slipway(root, "release", "orders", "9.9.9", "--stack", "stage")
    assert result.exit_code == 0, result.output


def test_a_job_has_no_number_of_tasks(root: Path) -> None:
    said = refused(root, "release", "cleanup", "3", "--stack", "stage", "--tasks", "2")
    assert said == "cleanup is a job: it has a schedule and no number of tasks. Leave --tasks out.\n"


def test_what_is_wrong_elsewhere_stops_a_release_with_every_reason(root: Path) -> None:
    edit(root / PROD, r"m7i\.xlarge, instances: { min: 3, max: 24", "m7i.huge, instances: { min: 3, max: 24")
    edit(root / "services/orders.yaml", r"^port: .*", "port: 80801")
    said = refused(root, "release", "search", "1.21.0", "--stack", "stage")
    assert "services/orders.yaml: port" in said  # in stage too, so that it cannot be read
    edit(root / "services/orders.yaml", r"^port: .*", "port: 8080")
    said = refused(root, "release", "search", "1.21.0", "--stack", "stage")
    assert 'Pulumi.prod.yaml: slipway:clusters.api.instance_type\n  given:   "m7i.huge"' in said


# Status --------------------------------------------------------------------------------------------------------------


def steps(root: Path) -> dict[str, list[str]]:
    _, services = releases.status(Project.load(root))
    return {service.service: [str(step) for step in service.ahead] for service in services if service.ahead}


def test_status_of_the_committed_stacks(root: Path) -> None:
    stacks, services = releases.status(Project.load(root))
    assert (stacks, len(services)) == (["dev", "stage", "prod"], len(list((root / "services").iterdir())))
    assert steps(root) == {
        "dashboard": ["dev is ahead of stage", "stage is ahead of prod"],
        "gateway": ["dev is ahead of stage", "stage is ahead of prod"],
        "ledger": ["dev is ahead of stage"],
        "search": ["stage is ahead of prod"],
    }


def test_status_of_what_is_missing_older_or_has_no_order(root: Path) -> None:
    for name in ("orders", "search"):
        edit(root / PROD, rf"^    {name}: .*\n", "")
        edit(root / "Pulumi.dev.yaml", rf"^    {name}: .*\n", "")
    edit(root / STAGE, r"^    search: .*\n", "")
    edit(root / PROD, r'billing: { version: "2.4.0"', 'billing: { version: "2.5.0"')
    edit(root / PROD, r'admin: { version: "5.1.0"', 'admin: { version: "sha256:' + "0" * 64 + '"')
    found = steps(root)
    assert found["orders"] == ["in stage, not in dev", "not in prod"]
    assert found["billing"] == ["prod is ahead of stage"]
    assert found["admin"] == ["stage and prod differ"]
    assert "search" not in found


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("4.13.0-rc.2", "4.13.0-rc.1", "newer"),
        ("4.13.0-rc.10", "4.13.0-rc.9", "newer"),
        ("4.13.0-rc.1", "4.13.0", "older"),
        ("1.10.0", "1.9.3", "newer"),
        ("v2", "v1.9", "newer"),
        ("3f2c1a9", "77aa001", "different"),
        ("1.0.0", "sha256:00", "different"),
    ],
)
def test_versions_are_compared_as_semver_says(root: Path, one: str, other: str, order: str) -> None:
    edit(root / STAGE, r'admin: { version: "5.1.0"', f'admin: {{ version: "{one}"')
    edit(root / PROD, r'admin: { version: "5.1.0"', f'admin: {{ version: "{other}"')
    if other == "sha256:00":
        edit(root / PROD, "sha256:00", f"sha256:{'0' * 64}")
    _, services = releases.status(Project.load(root))
    (admin,) = (service for service in services if service.service == "admin")
    assert admin.ahead[-1].order == order


def test_status_in_a_table_and_as_json(root: Path) -> None:
    stacks, services = releases.status(Project.load(root))
    out = io.StringIO()
    releases.table(stacks, services, console(out))
    lines = {line.split()[0]: line.split() for line in out.getvalue().splitlines()}
    assert lines["Service"] == ["Service", "Owner", "dev", "stage", "prod", "Ahead"]
    assert lines["digest"] == ["digest", "growth", "1.14.0", "1.14.0", "1.14.0"]
    assert lines["search"] == ["search", "growth", "1.20.0", "1.20.0", "1.19.2", "stage", "is", "ahead", "of", "prod"]
    said = json.loads(slipway(root, "status", "--json").stdout)
    assert said["environments"] == stacks
    (search,) = (service for service in said["services"] if service["service"] == "search")
    assert search == {
        "service": "search",
        "owner": "growth",
        "kind": "web",
        "versions": {"dev": "1.20.0", "stage": "1.20.0", "prod": "1.19.2"},
        "tasks": {"dev": {"min": 1, "max": 1}, "stage": {"min": 2, "max": 4}, "prod": {"min": 2, "max": 8}},
        "ahead": [{"source": "stage", "target": "prod", "order": "newer"}],
    }
