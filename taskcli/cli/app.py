"""The Typer app: root options, and one command per task."""

from typing import Annotated

import typer

from taskcli import __version__
from taskcli.cli import models
from taskcli.cli.command import make_command
from taskcli.tasks import TASKS

_EPILOG = "In a pipe every command writes JSON Lines, and reads what another one wrote."

app = typer.Typer(
    name="taskcli",
    help="One command per task for what transformer models can do with the files on your disk.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"taskcli {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """One command per task for what transformer models can do with the files on your disk."""


for _task in TASKS:
    app.command(_task.name, short_help=_task.summary(), rich_help_panel=_task.panel)(
        make_command(_task)
    )
app.add_typer(models.app, name="models", rich_help_panel="Checkpoints")
app.command("schema", rich_help_panel="Checkpoints")(models.schema)
