"""The `slipway` command: wiring only. Each subcommand reads its options and leaves the work to a module."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.plan import Plan
    from slipway.project import Project, StackConfig
    from slipway.revisions import Planned

app = typer.Typer(
    help="Reads the platform program from outside: no cloud account, no credentials, no Pulumi CLI.",
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
    stack: Annotated[str | None, typer.Argument(help="dev, stage, prod, ...", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Plan every stack.")] = False,
    details: Annotated[bool, typer.Option("--details", help="Every resource with every input.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where the program failed, in full.")] = False,
    root: Root = None,
) -> None:
    """Show what a stack declares, without calling anything."""
    project = _project(root)
    if bool(stack) == every:
        _stop(f"name one stack ({', '.join(project.stacks())}), or give --all for every stack.", 1)
    plans, _ = _planned(project, project.stacks() if every else [str(stack)], traceback=traceback)

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


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


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

    report = diff_report.build(*_compared(base, head, stacks or (), root))
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
    from slipway import report as reports
    from slipway import revisions
    from slipway.project import ProjectError

    if base:
        before, after = _compared(base, head, (), root)
    else:
        project = _project(root)
        plans, configs = _planned(project, project.stacks())
        before = None
        after = revisions.Planned(
            revision=revisions.Revision(name="the working tree", project_folder="", tree=None),
            plans={plan.stack: plan for plan in plans},
            failures={},
            platform=next(iter(configs), None),
        )
    try:
        output.write_text(reports.page(after, before), encoding="utf-8")
    except ProjectError as error:
        _stop(str(error), 1)
    except OSError as error:
        _stop(f"{output}: cannot be written: {error.strerror}. Name another file with --output.", 1)
    typer.echo(output)
    raise typer.Exit(max((failure.exit_code for failure in after.failures.values()), default=0))


@app.command()
def parity(
    one: Annotated[str, typer.Argument(help="A stack, such as stage.")],
    other: Annotated[str, typer.Argument(help="Another, such as prod.")],
    root: Root = None,
) -> None:
    """Show how two environments differ; fails where it is more than sizes, counts and versions."""
    from slipway import parity as parities
    from slipway import render

    (ours, theirs), _ = _planned(_project(root), [one, other])
    found = parities.compare(ours, theirs)
    parities.table(found, one, other, render.console(sys.stdout))
    raise typer.Exit(any(not difference.kind for difference in found))


@app.command()
def access(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    person: Annotated[str | None, typer.Option("--aws-config", metavar="PERSON", help="Print AWS profiles.")] = None,
    stack: Annotated[str, typer.Option(help="The stack that holds the people.")] = "ops",
    root: Root = None,
) -> None:
    """Show who reaches which account with which role."""
    from slipway import access as accesses
    from slipway import render
    from slipway.project import ProjectError

    (plan,), (config,) = _planned(_project(root), [stack])
    try:
        platform = accesses.Platform.of(config)
        reaches = accesses.matrix(plan, platform.accounts)
        if person is not None:
            typer.echo(accesses.aws_config(reaches, person, platform))
        elif as_json:
            typer.echo(json.dumps(accesses.to_json(reaches), indent=2))
        else:
            accesses.table(reaches, platform, render.console(sys.stdout))
    except ProjectError as error:
        _stop(str(error), 1)


@app.command()
def dashboards(
    stacks: Annotated[list[str] | None, typer.Argument(help="Every stack where none is named.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the page.")] = Path(
        "dashboards.html"
    ),
    root: Root = None,
) -> None:
    """Draw every Datadog dashboard as one page: layout, titles, queries."""
    from slipway import dashboards as pages

    project = _project(root)
    plans, _ = _planned(project, stacks or project.stacks())
    drawn = {plan.stack: found for plan in plans if (found := pages.dashboards(plan))}
    try:
        out.write_text(pages.page(drawn), encoding="utf-8")
    except OSError as error:
        _stop(f"{out} cannot be written: {error.strerror}. Name another file with --out.", 1)
    typer.echo(f"{sum(map(len, drawn.values()))} dashboards of {', '.join(drawn) or 'no stack'}: {out}")


def _compared(base: str, head: str | None, stacks: Sequence[str], root: Path | None) -> tuple[Planned, Planned]:
    """Two revisions, planned; ends the command where there is no such revision or stack."""
    from slipway import revisions
    from slipway.project import Project, ProjectError

    try:
        repository = revisions.Repository(_project_folder(root))
        both = [repository.revision(base), repository.revision(head) if head else repository.working_tree()]
        before, after = repository.plan(both, stacks)
        known = {name for each in (before, after) for name in (*each.plans, *each.failures)}
        if stacks and "" not in known and (unknown := sorted(set(stacks) - known)):
            there = ", ".join(Project.load(repository.root).stacks())
            raise ProjectError(f"no revision has a stack {', '.join(unknown)}. The stacks are: {there}.")
    except (ProjectError, revisions.RevisionError) as error:
        _stop(str(error), 1)
    return before, after


def _project_folder(root: Path | None) -> Path:
    """Raises ProjectError where there is none; what its files say is not asked."""
    from slipway.project import Project

    return root.resolve() if root else Project.find(Path.cwd())


def _project(root: Path | None) -> Project:
    """The project; ends the command where there is none."""
    from slipway.project import Project, ProjectError

    try:
        return Project.load(_project_folder(root))
    except ProjectError as error:
        _stop(str(error), 1)


def _planned(
    project: Project, stacks: Sequence[str], *, traceback: bool = False
) -> tuple[list[Plan], list[StackConfig]]:
    """Plans and configuration of stacks as their files are; ends the command where one has none."""
    from slipway import evaluate
    from slipway.plan import Failure
    from slipway.project import ProjectError

    try:
        jobs = evaluate.jobs_for(project, stacks)
    except ProjectError as error:
        _stop(str(error), 1)
    results = evaluate.evaluate(jobs)
    if failures := [result for result in results if isinstance(result, Failure)]:
        # What is wrong in a shared file is wrong in every stack: say it once.
        said = dict.fromkeys(failure.message + failure.traceback * traceback for failure in failures)
        _stop("\n\n".join(said), max(failure.exit_code for failure in failures))
    return [result for result in results if not isinstance(result, Failure)], [job.config for job in jobs]
