"""The `slipway` command: wiring only. Each subcommand reads its options and leaves the work to a module."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

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
    """Keeps `plan` a subcommand while it is the only one."""


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
    from slipway import evaluate
    from slipway.plan import Plan
    from slipway.project import Project, ProjectError

    try:
        project = Project.load(root.resolve()) if root else Project.find(Path.cwd())
        if bool(stack) == every:
            known = ", ".join(project.stacks())
            raise ProjectError(f"name one stack ({known}), or give --all for every stack.")
        jobs = evaluate.jobs_for(project, project.stacks() if every else [str(stack)])
    except ProjectError as error:
        _stop(str(error), 1)

    results = evaluate.evaluate(jobs)
    failures = [result for result in results if isinstance(result, evaluate.Failure)]
    if failures:
        # What is wrong in a shared file is wrong in every stack: say it once.
        said = dict.fromkeys(failure.message + failure.traceback * traceback for failure in failures)
        _stop("\n\n".join(said), max(failure.exit_code for failure in failures))
    plans = [result for result in results if isinstance(result, Plan)]

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
