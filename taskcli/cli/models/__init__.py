"""taskcli models: the checkpoints that tasks know by name, found, fetched, checked and kept."""

import typer

from taskcli.cli.models.entries import add, remove
from taskcli.cli.models.listing import list_models, show
from taskcli.cli.models.lock import lock_models
from taskcli.cli.models.pull import pull
from taskcli.cli.models.verify import verify

app = typer.Typer(help="The checkpoints that tasks know by name.", no_args_is_help=True)
app.command("list")(list_models)
app.command("lock")(lock_models)
for _command in (show, pull, verify, add, remove):
    app.command()(_command)
