"""taskcli models list and show: what there is, what it is good at, what of it is here."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.checkpoints.registry import Registry
from taskcli.cli.models.named import (
    Format,
    NamedCheckpoint,
    TaskName,
    chosen,
    complete_task,
    every,
    known_task,
    print_json,
)
from taskcli.tasks import BY_NAME, WITH_CHECKPOINTS

_MODEL = "--model NAME takes one; base is the default. "
_ROOMY = 100  # columns; below, only `show` tells the repository
_LEGEND = """
● here already   ○ fetched at first use, or by taskcli models pull TASK NAME
{takes}? is not known: taskcli models show
"""


def list_models(
    task: Annotated[
        str | None,
        typer.Argument(metavar="[TASK]", help="Only this task's.", autocompletion=complete_task),
    ] = None,
    format: Format = "rich",
) -> None:
    """List the named checkpoints: what each is good at, its size, its licence, if it is cached."""
    entries = list(every(task))
    if format == "json":
        print_json(entry.plain() for entry in entries)
        return
    console = Console(highlight=False)
    console.print(_table(entries, roomy=console.width >= _ROOMY))
    console.print(_LEGEND.format(takes=_takes(entries)), style="dim")


def _takes(entries: list[NamedCheckpoint]) -> str:
    """Which options take a name: a helper has one of its own, and no default."""
    helpers = dict.fromkeys(one.task for one in entries if one.task not in BY_NAME)
    models = "" if len(helpers) == len({one.task for one in entries}) else _MODEL
    return models + "".join(f"asr --{task} NAME takes one of {task}. " for task in helpers)


def _table(entries: list[NamedCheckpoint], *, roomy: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("name", no_wrap=True)
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("licence", no_wrap=True, max_width=14, overflow="ellipsis")
    table.add_column("good at", ratio=1)
    shown = ""
    for entry in entries:
        if entry.task != shown:
            if shown:
                table.add_row()
            shown = entry.task
            table.add_row("", Text(shown, style="bold cyan"))
        table.add_row(*_cells(entry, roomy))
    return table


def _cells(entry: NamedCheckpoint, roomy: bool) -> tuple[Text, ...]:
    checkpoint = entry.checkpoint
    here = entry.plain()["cached"]
    mark = Text("●", style="green") if here else Text("○", style="dim")
    about = Text(checkpoint.about)
    if roomy:
        about.append(f"\n{checkpoint.repo or 'ships with taskcli, or a folder'}", style="dim")
    name = Text(entry.name, style="bold")
    return mark, name, Text(size(checkpoint.size)), Text(checkpoint.license or "?"), about


def size(count: int | None) -> str:
    """Bytes as a person says them."""
    if count is None:
        return "?"
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def show(
    task: TaskName,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]")] = None,
    format: Format = "rich",
) -> None:
    """Show all that is known of a task's checkpoints."""
    known_task(task, WITH_CHECKPOINTS)
    entries = chosen([task, *(names or Registry(task).names)])
    if format == "json":
        print_json(entry.plain(options=dict(entry.checkpoint.options)) for entry in entries)
        return
    console = Console(highlight=False)
    for entry in entries:
        console.print(Text(entry.asked_by, style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for key, value in _facts(entry):
            table.add_row(key, Text(value))
        console.print(table)


def _facts(entry: NamedCheckpoint) -> list[tuple[str, str]]:
    checkpoint, plain = entry.checkpoint, entry.plain()
    facts = [
        ("about", checkpoint.about),
        ("checkpoint", checkpoint.repo or str(checkpoint.folder)),
        ("revision", checkpoint.revision or ("" if checkpoint.repo is None else "not pinned")),
        ("licence", checkpoint.license or "not known"),
        ("weights", "not known" if checkpoint.size is None else size(checkpoint.size)),
        ("", "" if checkpoint.safetensors else "pickled: they need --allow-pickle"),
        ("cached", "yes" if plain["cached"] else "no"),
        ("languages", " ".join(checkpoint.languages)),
        ("options", ", ".join(f"{key} = {value}" for key, value in checkpoint.options.items())),
        ("note", checkpoint.note),
    ]
    if not checkpoint.verified:
        facts.append(("verified", "no: taskcli models verify compares this with the Hub"))
    return [(key, value) for key, value in facts if value]
