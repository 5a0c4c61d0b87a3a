"""What records become, and what that needs of each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from taskcli.cli.records.reading import Records, with_item
from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.formats import FORMATS, Format
from taskcli.output.presentation import answers_of
from taskcli.results import Chunk, Record, Transcript, parts_of
from taskcli.task import Task


@dataclass(frozen=True)
class Target:
    """What the records become."""

    task: type[Task[Any, Any, Any]]
    format: Format
    written: OutputOptions
    labels: Mapping[int, str]  # the checkpoint's


def target_of(
    found: Records, chosen: str, output: Path | None, overwrite: bool, asked: Mapping[str, Any]
) -> Target:
    """The records in a format, as a run of their task with the `asked` output options writes them.

    Raises UsageError for options that the format does not have.
    """
    task, format = found.task, FORMATS[chosen]
    given = {name: value for name, value in asked.items() if value}
    own = {field.name for field in fields(task.Output)}
    for name in given:
        if name not in own or not format.holds:
            flag = name.replace("_", "-")
            raise UsageError(
                f"--{flag} is for subtitles of asr, not for {chosen} of {task.name}", "leave it out"
            )
    written = task.Output(chosen, output, overwrite=overwrite, **given)
    if given:
        task.for_output(task.Options(), chosen, written)
    return Target(task, format, written, found.labels)


def _asked_by(target: Target) -> str:
    """How a run of the task is to be called for answers of which the format can be made."""
    held = parts_of(target.task.result)
    return next(words for kind, words in target.format.asked_by.items() if kind in held)


def _timed(record: Record) -> Record:
    """With the turns of speakers as chunks, where nothing smaller has times."""
    said = record.result
    if not isinstance(said, Transcript) or said.chunks is not None or said.turns is None:
        return record
    chunks = tuple(Chunk(turn.text, turn.timestamp, speaker=turn.speaker) for turn in said.turns)
    return replace(record, result=replace(said, chunks=chunks))


def complete(record: Record, target: Target, number: int) -> Record:
    """With what the format needs of the input. Raises UsageError where that is not here."""
    format = target.format
    if format.one_input and number:
        raise UsageError(f"{format.name} holds the subtitles of one input", "give one record")
    if record.error is not None:
        return record
    if format.asks_field == "chunks":
        record = _timed(record)
    if any(getattr(one, format.asks_field, "") is None for one in answers_of(record.result)):
        raise UsageError(
            f"{record.input}: the record has no {format.asks_field}, "
            f"of which {format.name} is made",
            f"run taskcli {target.task.name} {_asked_by(target)}",
        )
    whole = with_item(record, target.task) if format.holds or format.quotes else record
    if format.asks_inputs and whole.item is None:
        raise UsageError(
            f"{format.name} wants the inputs themselves, and {record.input} is not here",
            "convert in the folder that the run was made in",
        )
    return whole
