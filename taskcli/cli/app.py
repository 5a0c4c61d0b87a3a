"""The Typer app: root options, and one command per task."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from taskcli import __version__
from taskcli.cli import models
from taskcli.cli.command import make_command
from taskcli.task import Task
from taskcli.tasks import TASKS

_SUMMARY = "One command per task for what transformer models can do with the files on your disk."
_EPILOG = "In a pipe every command writes JSON Lines, and reads what another one wrote."


def make_app(words: Sequence[str]) -> typer.Typer:
    """The app for one call. Only the options of tasks among its words are built.

    Building all of them takes longer than parsing any; shell completion needs them all.
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
    completing = "_TASKCLI_COMPLETE" in os.environ
    for task in TASKS:
        made = make_command(task) if completing or task.name in words else _listed(task)
        app.command(task.name, short_help=task.summary(), rich_help_panel=task.panel)(made)
    app.add_typer(models.app, name="models", rich_help_panel="Checkpoints")
    app.command("schema", rich_help_panel="Checkpoints")(models.schema)
    return app


def _listed(task: type[Task[Any, Any, Any]]) -> Callable[[], None]:
    """A command that is only shown in the list of commands."""

    def command() -> None:
        raise NotImplementedError(f"{task.name} was not among the words of this call")

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
