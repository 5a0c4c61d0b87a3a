"""What records become, and what that needs of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskcli.cli.records.reading import with_item
from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.formats import Format
from taskcli.output.presentation import answers_of
from taskcli.results import Record
from taskcli.task import Task


@dataclass(frozen=True)
class Target:
    """What the records become."""

    task: type[Task[Any, Any, Any]]
    format: Format
    written: OutputOptions
    labels: Mapping[int, str]  # the checkpoint's


def complete(record: Record, target: Target, number: int) -> Record:
    """With what the format needs of the input. Raises UsageError where that is not here."""
    format = target.format
    if format.one_input and number:
        raise UsageError(f"{format.name} holds the subtitles of one recording", "give one record")
    if record.error is not None:
        return record
    if any(getattr(one, format.asks_field, "") is None for one in answers_of(record.result)):
        raise UsageError(
            f"{record.input}: the record has no {format.asks_field}, "
            f"of which {format.name} is made",
            f"run taskcli {target.task.name} with {format.asked_by}",
        )
    whole = with_item(record, target.task) if format.holds or format.quotes else record
    if format.asks_inputs and whole.item is None:
        raise UsageError(
            f"{format.name} wants the inputs themselves, and {record.input} is not here",
            "convert in the folder that the run was made in",
        )
    return whole
