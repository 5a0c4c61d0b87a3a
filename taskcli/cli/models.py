"""taskcli models: which checkpoints a task has, and fetching them ahead of time."""

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from taskcli import hub
from taskcli.checkpoints import Checkpoint, Registry
from taskcli.errors import UsageError
from taskcli.tasks import BY_NAME

app = typer.Typer(help="The checkpoints that tasks know by name.", no_args_is_help=True)

_TaskName = Annotated[str | None, typer.Argument(metavar="[TASK]", help="Only this task's.")]


@app.command("list")
def list_models(
    task: _TaskName = None,
    format: Annotated[
        Literal["rich", "json"], typer.Option("--format", "-f", help="A table, or a JSON list.")
    ] = "rich",
) -> None:
    """List the named checkpoints, and whether each is cached."""
    found = [(name, known, _entry(name, known)) for name in _tasks(task) for known in _names(name)]
    if format == "json":
        typer.echo(_as_json(found))
        return
    Console(highlight=False).print(_table(found))


def _table(found: list[tuple[str, str, Checkpoint]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("task", "--model", "checkpoint", "size", "cached"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "size" else "left")
    shown = ""
    for task, name, checkpoint in found:
        title = f"[bold cyan]{task}[/bold cyan]" if task != shown else ""
        cached = "[green]yes[/green]" if hub.is_cached(checkpoint) else "[dim]no[/dim]"
        where = checkpoint.repo or "ships with taskcli"
        table.add_row(title, f"[bold]{name}[/bold]", where, _size(checkpoint), cached)
        shown = task
    return table


@app.command()
def pull(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task to prepare.")],
    name: Annotated[
        str, typer.Argument(metavar="[NAME|ORG/REPO]", help="A name or a Hub id.")
    ] = "base",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit.")] = None,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Fetch .bin weights too.")
    ] = False,
) -> None:
    """Download a checkpoint, so that later runs need no network."""
    checkpoint = Registry(_tasks(task)[0]).resolve(name, revision)
    fetched = hub.fetch(checkpoint, offline=False, allow_pickle=allow_pickle)
    typer.echo(fetched.folder)


def schema(
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="The task whose records to describe.")
    ],
) -> None:
    """Print the JSON Schema of a task's records."""
    import json

    from taskcli.output.schema import record_schema

    typer.echo(json.dumps(record_schema(BY_NAME[_tasks(task)[0]].result), indent=2))


def _tasks(task: str | None) -> list[str]:
    if task is None:
        return list(BY_NAME)
    if task not in BY_NAME:
        raise UsageError(f"unknown task {task!r}", f"known tasks: {', '.join(BY_NAME)}")
    return [task]


def _names(task: str) -> list[str]:
    return Registry(task).names


def _entry(task: str, name: str) -> Checkpoint:
    return Registry(task).resolve(name)


def _size(checkpoint: Checkpoint) -> str:
    return "?" if checkpoint.size is None else f"{checkpoint.size / 1e6:,.0f} MB"


def _as_json(found: list[tuple[str, str, Checkpoint]]) -> str:
    import json

    return json.dumps(
        [
            {
                "task": task,
                "name": name,
                "repo": checkpoint.repo,
                "revision": checkpoint.revision,
                "license": checkpoint.license,
                "bytes": checkpoint.size,
                "cached": hub.is_cached(checkpoint),
            }
            for task, name, checkpoint in found
        ],
        indent=2,
    )
