"""taskcli config: every setting, its value, and where it comes from."""

import os
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.checkpoints import lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.models.named import Format, complete_task, known_task, print_json
from taskcli.config import settings
from taskcli.config.flags import flags_of
from taskcli.config.options import ClusterOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.config.settings import Setting
from taskcli.output.terminal.views import safe
from taskcli.tasks import BY_NAME, every_group

# What the Hub's own client reads; the token's value is nobody's business.
_HUB_VARIABLES = ("HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_TOKEN")


def show(
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASK]", help="With this task's own options.", autocompletion=complete_task
        ),
    ] = None,
    format: Format = "rich",
) -> None:
    """Show every setting with its value and the place that it comes from.

    Strongest first: a flag, TASKCLI_<OPTION>, ./taskcli.toml, the user's taskcli.toml, what suits
    the checkpoint, the default.
    """
    rows = [*(_of_task(known_task(task)) if task else _shared()), *_of_hub()]
    if format == "json":
        print_json(rows)
        return
    console = Console(highlight=False)
    for path in (settings.PROJECT_FILE, settings.user_file(), lock.FILE):
        state = "read" if path.exists() else "not there"
        console.print(Text(f"{path}: {state}", style="dim"), soft_wrap=True)
    console.print(_table(rows))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("setting", "value", "from"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        value = "" if row["value"] is None else str(row["value"])
        style = "dim" if row["from"] == "default" else "bold"
        table.add_row(row["setting"], Text(safe(value), style), Text(safe(row["from"]), style))
    return table


def _shared() -> Iterator[dict[str, Any]]:
    """The settings that every command has; a file's [task] tables are not looked into."""
    groups = (ModelOptions, RunOptions, ClusterOptions, OutputOptions)
    return _rows("", groups, None)


def _of_task(task: str) -> Iterator[dict[str, Any]]:
    groups = BY_NAME[task].groups()
    model = settings.build(ModelOptions, "taskcli.toml", *_layers(task, groups))
    return _rows(task, groups, lock.resolve(task, model.model, model.revision))


def _layers(task: str, groups: tuple[type[Any], ...]) -> tuple[dict[str, Any], ...]:
    return tuple({name: one.value for name, one in part.items()} for part in _parts(task, groups))


def _parts(task: str, groups: tuple[type[Any], ...]) -> list[dict[str, Setting]]:
    """The environment's settings, then the files'."""
    settings.check_environment(*every_group())
    files = settings.found_in_files(task, groups, every_group(), BY_NAME)
    return [settings.found_in_environment(*groups), files]


def _rows(
    task: str, groups: tuple[type[Any], ...], checkpoint: Checkpoint | None
) -> Iterator[dict[str, Any]]:
    parts = _parts(task, groups)
    if checkpoint is not None:
        usual = settings.named(groups[0], checkpoint.options, f"configs/{task}.toml")
        where = f"what suits {checkpoint.name}"
        parts.append({name: Setting(value, where) for name, value in usual.items()})
    layers = [{name: one.value for name, one in part.items()} for part in parts]
    for group in groups:
        built = settings.build(group, "settings", *layers)
        for name, flag in flags_of(group).items():
            found = next((part[name] for part in parts if name in part), None)
            where = "default" if found is None else found.where
            yield {"setting": flag, "value": _plain(getattr(built, name)), "from": where}
    if checkpoint is not None:
        where = str(lock.FILE) if checkpoint.note else f"configs/{task}.toml"
        yield {"setting": "checkpoint", "value": checkpoint.name, "from": where}
        yield {"setting": "commit", "value": checkpoint.revision, "from": where}


def _plain(value: object) -> bool | int | float | str | None:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _of_hub() -> Iterator[dict[str, Any]]:
    for name in _HUB_VARIABLES:
        value = os.environ.get(name)
        shown = "set, not shown" if value and name == "HF_TOKEN" else value
        yield {"setting": name, "value": shown, "from": name if value else "default"}
