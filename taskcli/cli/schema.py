"""taskcli schema: what a task's records look like, for the next program."""

import json

import typer

from taskcli.cli.models.named import TaskName, known_task
from taskcli.tasks import BY_NAME


def schema(task: TaskName) -> None:
    """Print the JSON Schema of a task's records."""
    from taskcli.output.schema import record_schema

    known = BY_NAME[known_task(task)]
    typer.echo(json.dumps(record_schema(known.result, known.more_fields), indent=2))
