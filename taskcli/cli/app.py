"""The Typer app of one call: root options, and the commands of the table."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from taskcli import __version__
from taskcli.cli.commands import CommandEntry, inside
from taskcli.cli.help import Command, Group

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
        cls=Group,
    )
    app.callback()(_root)
    words = [*words, *_words_to_complete()]
    for row in inside():
        if row.name in words and not row.home:
            app.add_typer(_group(row, words), rich_help_panel=row.panel)
        else:
            _add(app, row, words, row.panel)
    return app


def _group(row: CommandEntry, words: Sequence[str]) -> typer.Typer:
    group = typer.Typer(name=row.name, help=row.summary, no_args_is_help=True, cls=Group)
    group.callback()(_nothing)  # or Typer takes a group of one command for that command
    for command in inside(row.words):
        _add(group, command, words)
    return group


def _add(
    app: typer.Typer, row: CommandEntry, words: Sequence[str], panel: str | None = None
) -> None:
    made = row.load() if row.name in words else _listed(row.name)
    app.command(row.name, short_help=row.summary, rich_help_panel=panel, cls=Command)(made)


def _nothing() -> None:
    pass


def _words_to_complete() -> list[str]:
    """What stands on the line that a shell asks to complete; the variables are Typer's."""
    line = os.environ.get("COMP_WORDS", "") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split() if "_TASKCLI_COMPLETE" in os.environ else []


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
