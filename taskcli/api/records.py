"""What became of an input, as its record."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli import engine
from taskcli.checkpoints.registry import Checkpoint
from taskcli.errors import InputError, TaskcliError, first_line
from taskcli.media import MEDIA
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.results import Failure, Record
from taskcli.task import Task, WithWarnings

if TYPE_CHECKING:
    from taskcli.runtime.session import Session


class RecordWithInput(NamedTuple):
    """A record, its source, and the decoded item; None where decoding failed."""

    record: Record
    source: Source
    item: Item | None


def in_words(
    outcome: engine.Outcome,
    task: type[Task[Any, Any, Any]],
    options: Any,
    sessions: "Sequence[Session]",
) -> engine.Outcome:
    """What allocators say of one input that is too large for the memory there is."""
    from taskcli.runtime.session import is_out_of_memory

    if outcome.error is None or not is_out_of_memory(outcome.error):
        return outcome
    where = ", ".join(session.placement.device_name for session in sessions)
    way_out = MEDIA[task.media].less_memory
    if hasattr(options, "max_side"):
        way_out = "--max-side 640 computes it smaller"
    message = f"it needs more memory than there is ({where}): {first_line(outcome.error)}"
    return replace(outcome, error=InputError(message, way_out))


def to_record(outcome: engine.Outcome, task: str, checkpoint: Checkpoint) -> Record:
    told = outcome.result
    if not isinstance(told, WithWarnings):
        told = WithWarnings(told, ())
    frame = outcome.source.frame
    return Record(
        outcome.source.id,
        task,
        checkpoint.name,
        checkpoint.revision,
        told.result,
        None if outcome.error is None else _failure(outcome.error),
        (*getattr(outcome.item, "warnings", ()), *told.warnings),
        window=told.window,
        windows=told.windows,
        frame=None if frame is None else frame.number,
        time=None if frame is None else frame.time,
        shard=outcome.source.shard,
        fields=outcome.source.kept,
    )


def _failure(error: Exception) -> Failure:
    if isinstance(error, TaskcliError):
        return Failure(type(error).__name__, error.message, error.hint)
    return Failure(type(error).__name__, first_line(error))
