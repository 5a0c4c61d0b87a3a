"""The Typer app: root options, and one command per task."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from taskcli import __version__
from taskcli.cli.help import Command, Group
from taskcli.task import Task
from taskcli.tasks import TASKS

_SUMMARY = "One command per task for what transformer models can do with the files on your disk."
_EPILOG = """\
[bold]Examples[/bold]
  $ taskcli classify-image photo.jpg
  $ taskcli detect 'shots/**/*.jpg' -o boxes.jsonl
  $ taskcli asr talk.wav | taskcli summarize -
  $ taskcli detect --help

In a pipe every command writes JSON Lines, and reads what another one wrote.
More: docs/commands.md has every option, README.md tells the rest."""


def make_app(words: Sequence[str]) -> typer.Typer:
    """The app for one call. Only the commands among its words are built; the others are listed.

    Building all of them takes longer than parsing any.
    """
    app = typer.Typer(
        name="taskcli",
        help=_SUMMARY,
        epilog=_EPILOG,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_root)
    words = [*words, *_words_to_complete()]
    for task in TASKS:
        made = _command_of(task) if task.name in words else _listed(task.name)
        app.command(task.name, short_help=task.summary(), rich_help_panel=task.panel)(made)
    for name, (summary, add) in _OTHERS.items():
        if name in words:
            add(app)
        else:
            app.command(name, short_help=summary, rich_help_panel=_PANEL)(_listed(name))
    _show_help_our_way(app)
    return app


def _show_help_our_way(app: typer.Typer) -> None:
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.cls = Group
            _show_help_our_way(group.typer_instance)


def _words_to_complete() -> list[str]:
    """What stands on the line that a shell asks to complete; the variables are Typer's."""
    line = os.environ.get("COMP_WORDS", "") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split() if "_TASKCLI_COMPLETE" in os.environ else []


def _add_models(app: typer.Typer) -> None:
    from taskcli.cli import models

    app.add_typer(models.app, name="models", rich_help_panel=_PANEL)


def _add_config(app: typer.Typer) -> None:
    from taskcli.cli import config

    app.add_typer(config.app, name="config", rich_help_panel=_PANEL)


def _add_doctor(app: typer.Typer) -> None:
    from taskcli.cli.doctor import doctor

    app.command("doctor", rich_help_panel=_PANEL)(doctor)


def _add_schema(app: typer.Typer) -> None:
    from taskcli.cli.schema import schema

    app.command("schema", rich_help_panel=_PANEL)(schema)


_PANEL = "Checkpoints and settings"
_OTHERS: dict[str, tuple[str, Callable[[typer.Typer], None]]] = {
    "models": ("The checkpoints that tasks know by name.", _add_models),
    "config": ("Settings: what holds, and where it comes from.", _add_config),
    "doctor": ("Look at versions, devices, the cache, the network and the settings.", _add_doctor),
    "schema": ("Print the JSON Schema of a task's records.", _add_schema),
}


def _command_of(task: type[Task[Any, Any, Any]]) -> Callable[..., None]:
    from taskcli.cli.command import make_command  # a list of commands needs no options

    return make_command(task)


def _listed(name: str) -> Callable[[], None]:
    """A command that is only shown in the list of commands."""

    def command() -> None:
        raise NotImplementedError(f"{name} was not among the words of this call")

    return command


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"taskcli {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


_root.__doc__ = _SUMMARY
