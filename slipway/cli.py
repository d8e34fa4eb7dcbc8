"""The `slipway` command: wiring only. Each subcommand reads its options and leaves the work to a module."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from plan.model import Plan
    from plan.project import Project
    from plan.revisions import Planned
    from policies.exceptions import PolicyException

T = TypeVar("T")

app = typer.Typer(
    help="The platform from outside: no cloud account, no credentials, no Pulumi CLI. `run` alone asks AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="FOLDER",
        help="The project's folder, where it is not this one or one above.",
        show_default=False,
    ),
]


@app.callback()
def slipway() -> None:
    """Each subcommand says what it does."""


@app.command()
def plan(
    stack: Annotated[str | None, typer.Argument(help="ops, or an environment.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Plan every stack.")] = False,
    details: Annotated[bool, typer.Option("--details", help="Every resource with every input.")] = False,
    policies: Annotated[bool, typer.Option("--policies", help="What breaks a rule of policies/.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where the program failed, in full.")] = False,
    root: Root = None,
) -> None:
    """Show what a stack declares, without calling anything."""
    project = _project(root)
    if bool(stack) == every:
        _stop(f"name one stack ({', '.join(project.stacks())}), or give --all for every stack.", 1)
    plans = _planned(project, project.stacks() if every else [str(stack)], traceback=traceback)

    if policies:
        raise typer.Exit(_judge(plans, _exceptions(project.root), as_json))
    if as_json:
        data = [plan.to_json() for plan in plans] if every else plans[0].to_json()
        typer.echo(json.dumps(data, indent=2, sort_keys=True))
        return
    from slipway import render

    out = render.console(sys.stdout)
    for number, each in enumerate(plans):
        if number:
            out.print()
        (render.details if details else render.overview)(each, out)


def _judge(plans: Sequence[Plan], exceptions: Sequence[PolicyException], as_json: bool) -> bool:
    """Writes what breaks a rule, and what is excepted; whether anything breaks one."""
    from policies.plan import check_all, once
    from slipway import render

    findings = check_all(plans, exceptions)
    if as_json:
        typer.echo(json.dumps([finding.to_json() for finding in findings], indent=2, sort_keys=True))
    else:
        render.findings(once(findings), [plan.stack for plan in plans], render.console(sys.stdout))
    return any(finding.exception is None for finding in findings)


def _exceptions(root: Path) -> Sequence[PolicyException]:
    """The company's; ends the command where its file is wrong."""
    from config.errors import ConfigError
    from policies import exceptions

    try:
        return exceptions.load(root)
    except ConfigError as error:
        _stop(str(error), 1)


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False, root: Root = None) -> None:
    """Judge the company's own files: valid, planned, alike, by the policies."""
    from slipway import check as checks
    from slipway import render

    checked = checks.check(_project_folder(root))
    if as_json:
        typer.echo(json.dumps(checked.to_json(), indent=2))
    else:
        render.check(checked, render.console(sys.stdout))
    raise typer.Exit(checked.exit_code)


class Format(StrEnum):
    """How a diff is written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


@app.command()
def diff(
    base: Annotated[str, typer.Argument(help="A branch, tag or commit.", show_default=False)],
    head: Annotated[str | None, typer.Argument(help="The same; without it the files as they are.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TERMINAL,
    stacks: Annotated[list[str] | None, typer.Option("--stack", help="Only this stack; repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1000, help="Characters of the Markdown.")] = 60_000,
    root: Root = None,
) -> None:
    """Show what a change does to every stack: risks first, then each resource."""
    from slipway import diff_report, render

    folder = _project_folder(root)
    exceptions = _exceptions(folder)
    report = diff_report.build(*_compared(base, head, stacks or (), folder), exceptions)
    match form:
        case Format.JSON:
            typer.echo(json.dumps(report.to_json(), indent=2, sort_keys=True))
        case Format.MARKDOWN:
            typer.echo(diff_report.markdown(report, limit), nl=False)
        case Format.TERMINAL:
            diff_report.terminal(report, render.console(sys.stdout))
    raise typer.Exit(report.exit_code)


@app.command()
def report(
    base: Annotated[str | None, typer.Argument(help="A branch, tag or commit; without it no diff.")] = None,
    head: Annotated[str | None, typer.Argument(help="The same; without it the files as they are.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")] = Path("slipway-report.html"),
    root: Root = None,
) -> None:
    """Write one HTML file of all stacks as they are, or of what a change does to them."""
    from plan import revisions
    from slipway import report as reports

    folder = _project_folder(root)
    exceptions = _exceptions(folder)
    if base:
        before, after = _compared(base, head, (), folder)
    else:
        before = None
        after = revisions.plan_files(_project(folder))
    page = reports.page(after, before, exceptions)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        _stop(f"{output}: cannot be written: {error.strerror}. Name another file with --output.", 1)
    typer.echo(output)
    raise typer.Exit(max((failure.exit_code for failure in after.failures.values()), default=0))


@app.command()
def parity(root: Root = None) -> None:
    """Show how environments differ from those that they mirror; fails where it is more than sizes and versions."""
    from plan import revisions
    from slipway import render

    planned = revisions.plan_files(_project(root))
    if planned.failures:
        _stop("\n\n".join(dict.fromkeys(failure.message for failure in planned.failures.values())), 1)
    for each in planned.parities:
        render.parity(each, render.console(sys.stdout))
    raise typer.Exit(any(each.differences for each in planned.parities))


@app.command()
def access(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    person: Annotated[str | None, typer.Option("--aws-config", metavar="PERSON", help="Print AWS profiles.")] = None,
    stack: Annotated[str, typer.Option(help="The stack that holds the people.")] = "ops",
    root: Root = None,
) -> None:
    """Show who reaches which account with which role."""
    from config import read
    from plan.project import ProjectError
    from slipway import access as accesses
    from slipway import render

    project = _project(root)
    (plan,) = _planned(project, [stack])
    platform = read(project.root).platform
    if platform is None:
        _stop("Pulumi.yaml has no slipway:platform with accounts, so nobody's access can be told.", 1)
    try:
        reaches = accesses.matrix(plan, platform.account_ids)
        if person is not None:
            typer.echo(accesses.aws_config(reaches, person, platform))
        elif as_json:
            typer.echo(json.dumps(accesses.to_json(reaches), indent=2))
        else:
            accesses.table(reaches, platform, render.console(sys.stdout))
    except ProjectError as error:
        _stop(str(error), 1)


def _compared(base: str, head: str | None, stacks: Sequence[str], root: Path) -> tuple[Planned, Planned]:
    """Two revisions, planned; ends the command where there is no such revision or stack."""
    from plan import revisions
    from plan.project import Project, ProjectError

    try:
        repository = revisions.Repository(root)
        both = [repository.revision(base), repository.revision(head) if head else repository.working_tree()]
        if head and (note := repository.left_out(both[1])):
            typer.echo(note, err=True)
        before, after = repository.plan(both, stacks)
        known = {name for each in (before, after) for name in (*each.plans, *each.failures)}
        if stacks and "" not in known and (unknown := sorted(set(stacks) - known)):
            there = ", ".join(Project.load(repository.root).stacks())
            raise ProjectError(f"no revision has a stack {', '.join(unknown)}. The stacks are: {there}.")
    except (ProjectError, revisions.RevisionError) as error:
        _stop(str(error), 1)
    return before, after


Service = Annotated[str, typer.Argument(metavar="SERVICE", show_default=False)]
Stack = Annotated[
    str, typer.Option("--stack", metavar="STACK", help="An environment, such as stage.", show_default=False)
]
Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="N", help="How many tasks: 3, or 2-8.", show_default=False)
]


@app.command()
def release(
    name: Service,
    version: Annotated[str, typer.Argument(help="The image's tag or digest.", show_default=False)],
    stack: Stack,
    tasks: Tasks = None,
    root: Root = None,
) -> None:
    """Write a service's version into a stack file; with --tasks a service that is new there."""
    from slipway import releases

    project = _project(root)
    _say(_done(lambda: releases.release(project, name, version, stack, releases.tasks_of(tasks))))


@app.command()
def promote(
    name: Service,
    source: Annotated[str, typer.Option("--from", metavar="STACK", help="Whose version.", show_default=False)],
    target: Annotated[str, typer.Option("--to", metavar="STACK", help="Where it goes.", show_default=False)],
    tasks: Tasks = None,
    root: Root = None,
) -> None:
    """Write the version that one environment has of a service into the stack file of another."""
    from slipway import releases

    project = _project(root)
    _say(_done(lambda: releases.promote(project, name, source, target, releases.tasks_of(tasks))))


@app.command()
def scale(
    name: Service,
    tasks: Annotated[str, typer.Option("--tasks", metavar="N", help="How many: 3, or 2-8.", show_default=False)],
    stack: Stack,
    root: Root = None,
) -> None:
    """Write a service's number of tasks into a stack file."""
    from slipway import releases

    project = _project(root)
    _say(_done(lambda: releases.scale(project, name, tasks, stack)))


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False, root: Root = None) -> None:
    """Show the version of each service in each environment, and which is ahead."""
    from slipway import releases, render

    project = _project(root)
    stacks, services = _done(lambda: releases.status(project))
    if as_json:
        typer.echo(json.dumps(releases.to_json(stacks, services), indent=2))
    else:
        releases.table(stacks, services, render.console(sys.stdout))


@app.command()
def catalogue(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False, root: Root = None) -> None:
    """Write a page of all services: owner, names, versions, tasks, alerts, runbook."""
    from slipway import catalogue as catalogues
    from slipway import configuration

    project = _project(root)
    stacks = [*_done(lambda: configuration.stacks(project)), "ops"]
    plans = _planned(project, stacks)
    services = catalogues.catalogue(dict(zip(stacks, plans, strict=True)))
    if as_json:
        typer.echo(json.dumps(catalogues.to_json(services), indent=2))
    else:
        typer.echo(catalogues.markdown(services), nl=False)


@app.command()
def run(
    name: Service,
    stack: Stack,
    command: Annotated[list[str] | None, typer.Argument(help="What to run, after --.", show_default=False)] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile; else what the shell has.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait, and end with its exit code.")] = True,
    root: Root = None,
) -> None:
    """Run one task of a service with a command of your own, as yourself."""
    from slipway import run_task

    project = _project(root)
    target = _done(lambda: run_task.target(project, name, stack))
    raise typer.Exit(_done(lambda: run_task.run(target, command or (), profile, typer.echo, wait=wait)))


service = typer.Typer(help="Write a service's file, and its lines in the stack files.", no_args_is_help=True)
app.add_typer(service, name="service")


@service.command()
def new(
    name: Annotated[str, typer.Argument(show_default=False)],
    kind: Annotated[str | None, typer.Option(help="web, worker or job.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for, in one sentence.")] = None,
    owner: Annotated[str | None, typer.Option(help="A team of slipway:platform.")] = None,
    cluster: Annotated[str | None, typer.Option(help="A cluster of slipway:platform.")] = None,
    schedule: Annotated[str | None, typer.Option(help="When a job runs: rate(...) or cron(...).")] = None,
    image: Annotated[str | None, typer.Option(help="The image's repository; COMPANY/NAME unless said.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Reached from the internet.")] = False,
    port: Annotated[int | None, typer.Option(help="What a web service listens on; 8080 unless said.")] = None,
    cpu: Annotated[int, typer.Option(help="CPU units of a task; 1,024 are one vCPU.")] = 256,
    memory_mib: Annotated[int, typer.Option(help="Memory of a task in MiB.")] = 512,
    stacks: Annotated[list[str] | None, typer.Option("--stack", help="Where it runs first; repeatable.")] = None,
    version: Annotated[str | None, typer.Option(help="What runs there.")] = None,
    tasks: Tasks = None,
    root: Root = None,
) -> None:
    """Write a new service's file. A terminal asks for what is not given."""
    from slipway import releases, service_files

    project = _project(root)
    said = {"kind": kind, "description": description, "owner": owner, "cluster": cluster, "schedule": schedule}
    more = {"image": image, "public": public, "port": port, "cpu": cpu, "memory_mib": memory_mib}
    known = _done(lambda: service_files.answers(project, said, typer.prompt if sys.stdin.isatty() else None))
    answers = service_files.Answers(**known, **more)
    count = _done(lambda: releases.tasks_of(tasks))
    first = service_files.First(stacks=stacks or (), version=version, tasks=count)
    _say(_done(lambda: service_files.new(project, name, answers, first)))


@service.command()
def rename(
    old: Annotated[str, typer.Argument(show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NEW", show_default=False)],
    keep: Annotated[bool, typer.Option("--keep", help="Run it under both names until its callers have moved.")] = False,
    root: Root = None,
) -> None:
    """Give a service another name, and say what that does to the cloud."""
    from slipway import service_files

    project = _project(root)
    said, stacks = _done(lambda: service_files.rename(project, old, name, keep=keep))
    _say(said)
    if stacks:
        (plan,) = _planned(project, stacks[-1:])
        typer.echo(service_files.consequences(plan, old, name, keep=keep))


ci = typer.Typer(help="What the workflows in .github/ ask of the program.", no_args_is_help=True)
app.add_typer(ci, name="ci", hidden=True)


@ci.command()
def stacks(
    environments: Annotated[bool, typer.Option("--environments", help="Without ops.")] = False, root: Root = None
) -> None:
    """Print the stacks as a JSON list, in the order in which they are deployed."""
    from slipway import ci as cis

    project = _project(root)
    typer.echo(json.dumps(_done(lambda: cis.stacks(project, environments=environments))))


@ci.command()
def facts(stack: str, role: str, root: Root = None) -> None:
    """Print a stack's account, role and state as outputs of a step."""
    from slipway import ci as cis
    from slipway import configuration

    project = _project(root)
    for name, value in _done(lambda: cis.facts(configuration.platform(project), stack, role)).items():
        typer.echo(f"{name}={value}")


@ci.command()
def bump(
    key: Annotated[str, typer.Argument(help="A key of slipway:platform, such as ami_release.")],
    version: str,
    root: Root = None,
) -> None:
    """Write a release of what all stacks run into Pulumi.yaml."""
    from slipway import ci as cis

    project = _project(root)
    _say(_done(lambda: cis.bump(project, key, version)))


@ci.command()
def rotate(stack: str, root: Root = None) -> None:
    """Write the current versions of secrets into a stack file, as AWS has them."""
    import boto3

    from slipway import ci as cis

    project = _project(root)
    _say(_done(lambda: cis.rotate(project, stack, boto3.Session())))


@ci.command()
def event(stack: str, root: Root = None) -> None:
    """Tell Datadog of the newest entry of `pulumi stack history --json` on standard input."""
    from slipway import ci as cis
    from slipway import configuration

    project = _project(root)
    site = _done(lambda: configuration.platform(project).datadog.site)
    body = cis.event(stack, json.load(sys.stdin)[0])
    cis.post(body, site)
    typer.echo(body["title"])


def _done(work: Callable[[], T]) -> T:
    """What some work on the project gives; ends the command with the reason where it cannot be done."""
    from plan.project import ProjectError

    try:
        return work()
    except ProjectError as error:
        _stop(str(error), 1)


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line)


def _project_folder(root: Path | None) -> Path:
    """Ends the command where there is no project; what its files say is not asked."""
    from plan.project import PROJECT_FILE, Project, ProjectError

    if root and not (root / PROJECT_FILE).is_file():
        _stop(f"{root}: there is no {PROJECT_FILE}. A project's folder has one; --root names it.", 1)
    try:
        return root.resolve() if root else Project.find(Path.cwd())
    except ProjectError as error:
        _stop(str(error), 1)


def _project(root: Path | None) -> Project:
    """The project; ends the command where there is none."""
    from plan.project import Project, ProjectError

    try:
        return Project.load(_project_folder(root))
    except ProjectError as error:
        _stop(str(error), 1)


def _planned(project: Project, stacks: Sequence[str], *, traceback: bool = False) -> list[Plan]:
    """Plans of stacks as their files are; ends the command where one has none."""
    from plan import evaluate
    from plan.model import Failure
    from plan.project import ProjectError

    try:
        jobs = evaluate.jobs_for(project, stacks)
    except ProjectError as error:
        _stop(str(error), 1)
    results = evaluate.evaluate(jobs)
    if failures := [result for result in results if isinstance(result, Failure)]:
        # What is wrong in a shared file is wrong in every stack: say it once.
        said = dict.fromkeys(failure.message + failure.traceback * traceback for failure in failures)
        _stop("\n\n".join(said), max(failure.exit_code for failure in failures))
    return [result for result in results if not isinstance(result, Failure)]
