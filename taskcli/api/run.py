"""One run: sources through a session, and a record for each."""

import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli import engine
from taskcli.checkpoints.registry import Checkpoint
from taskcli.engine.batching import broken_windows
from taskcli.engine.cores import usable_cores
from taskcli.errors import InputError, TaskcliError, first_line
from taskcli.inputs.sources import Sources
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS, Item, Media
from taskcli.media.source import Source
from taskcli.results import Failure, Record
from taskcli.runtime.batching import BatchPolicy, policy_for
from taskcli.task import Task, WithWarnings
from taskcli.tasks import TASKS

if TYPE_CHECKING:
    from taskcli.media.decode.decoder import Decoder
    from taskcli.runtime.pictures import EncodedPicture
    from taskcli.runtime.session import Session

_ACCELERATOR = 16  # an accelerator's batch over a processor's
_MAX_WAIT = 0.2  # seconds to wait for more of a pipe when the device has nothing to do
_UNBOUNDED = sys.maxsize


@dataclass(frozen=True)
class DecodeLimits:
    """Guards and readings that the command line lets a user change, named as its options."""

    max_pixels: int = MOST_PIXELS
    max_duration: float = 6.0  # hours
    track: int | None = None  # of sound, from 1
    encoding: str = AUTO
    levels: str = "full"
    truncated: bool = False


class RecordWithInput(NamedTuple):
    """A record, its source, and the decoded item; None where decoding failed."""

    record: Record
    source: Source
    item: Item | None


@dataclass(eq=False)
class Run:
    """What is done once: sources through a model, and what is noted meanwhile."""

    task: type[Task[Any, Any, Any]]
    options: Any
    session: "Session"
    policy: BatchPolicy
    checkpoint: Checkpoint
    sources: Sources
    batch_size: str
    limits: DecodeLimits
    ordered: bool
    stop: threading.Event | None
    heard: Callable[[Source, float], None]
    looked_at: bool = True  # whether somebody wants to see the pictures that are answered
    # Hears generated text as it comes, where one input is answered while somebody looks on.
    listener: Callable[[str], None] | None = None
    # What keeps inputs apart; beyond two it does not matter how many.
    _keys: set[Hashable] = field(default_factory=set, init=False, repr=False)

    def answers(self) -> Iterator[RecordWithInput]:
        """Records with the inputs that they answer; none for what is answered already."""
        config = self._batching()
        computed = broken_windows(self.sources.items, config.window)
        rate = self.session.rate if MEDIA[self.task.media].is_timed else None

        def advance(source: Source, progress: int) -> None:
            if rate is not None and not source.answered:
                self.heard(source, progress / rate)

        for outcome in engine.run(self._stages(), computed, config, self.stop, advance):
            if outcome.source.answered:
                continue
            record = to_record(self._in_words(outcome), self.task.name, self.checkpoint)
            yield RecordWithInput(record, outcome.source, outcome.item)

    @property
    def batching_note(self) -> str:
        """How the inputs so far were batched where not all could share; else empty."""
        if self.batch_size == "1" or len(self._keys) < 2:
            return ""
        return policy_for(self.task, self.session.model_type).how

    def _in_words(self, outcome: engine.Outcome) -> engine.Outcome:
        """What allocators say of one input that is too large for the memory there is."""
        from taskcli.runtime.session import is_out_of_memory

        if outcome.error is None or not is_out_of_memory(outcome.error):
            return outcome
        where = self.session.placement.device_name
        way_out = MEDIA[self.task.media].less_memory
        if hasattr(self.options, "max_side"):
            way_out = "--max-side 640 computes it smaller"
        message = f"it needs more memory than there is ({where}): {first_line(outcome.error)}"
        return replace(outcome, error=InputError(message, way_out))

    def _stages(self) -> engine.Stages:
        from taskcli.runtime.session import is_fatal, is_out_of_memory

        decode = decoder(self.task, self.session, self.limits)
        stages = engine.Stages(
            decode=decode,
            encode=self._encoded,
            collate=self.session.collate,
            forward=lambda collated: self.session.forward(collated, self.listener),
            read=self.session.read,
            fold=self.session.fold,
            is_out_of_memory=is_out_of_memory,
            is_fatal=is_fatal,
        )
        if not MEDIA[self.task.media].is_bulky:
            return stages
        from taskcli.runtime.pictures import PictureEncoder

        return replace(
            stages,
            decode=PictureEncoder(decode, self.session.encode, usable_cores(), self.looked_at),
            encode=self._encoded_pictures,
            kept=lambda picture: picture.shown,
        )

    def _encoded(self, items: list[Any]) -> Iterator[tuple[int, engine.Encoded[Any]]]:
        """The parts of several items, as the engine plans them."""
        for place, part in self.session.encode(items):
            yield place, self._planned(part, getattr(part, "nbytes", 0))

    def _encoded_pictures(
        self, pictures: "list[EncodedPicture]"
    ) -> Iterator[tuple[int, engine.Encoded[Any]]]:
        """The parts of pictures, which were encoded as soon as they were decoded."""
        for place, picture in enumerate(pictures):
            yield place, self._planned(picture.part, picture.nbytes)

    def _planned(self, part: Any, weight: int) -> engine.Encoded[Any]:
        cost = self.session.cost(part)
        progress = getattr(part, "fresh", cost)
        return engine.Encoded(part, cost, self._batch_key(part), weight, progress)

    def _batch_key(self, item: Any) -> Hashable:
        """What must be equal for parts to share a batch, by the task and by the architecture."""
        key = self._key(item)
        if len(self._keys) < 2:
            self._keys.add(key)
        return key

    def _key(self, item: Any) -> Hashable:
        key = self.session.batch_key(item)
        return key if self.policy is BatchPolicy.PADDED else (key, self.session.padded_length(item))

    def _batching(self) -> engine.BatchingConfig:
        media, live = self.task.media, self.sources.live
        config = engine.BatchingConfig(
            window=window_of(media, self.batch_size),
            max_wait=_MAX_WAIT if live else None,
            ordered=self.ordered,
            threads=usable_cores(),
            chunk=1 if live else MEDIA[media].chunk,
        )
        if self.policy is BatchPolicy.NEVER:
            return replace(config, size=1, window=1)
        if self.batch_size != "auto":
            return replace(config, size=int(self.batch_size), budget=_UNBOUNDED)
        scale = 1 if self.session.placement.device.type == "cpu" else _ACCELERATOR
        budget = self.task.budget * scale
        return replace(config, size=budget, budget=budget)


def window_of(media: Media, batch_size: str) -> int:
    """How many inputs are planned together at most; every device plans the same."""
    usual = MEDIA[media].window
    return usual if batch_size == "auto" else max(usual, int(batch_size))


def decoder(task: type[Task[Any, Any, Any]], session: "Session", limits: DecodeLimits) -> "Decoder":
    """What opens the inputs of a task as its checkpoint wants them."""
    from taskcli.media.decode.decoder import Decoder

    wanted = {name: getattr(session, name) for name in MEDIA[task.media].told}
    return Decoder(
        task.media,
        **wanted,
        final_newline=task.final_newline,
        task=task.name,
        readers=_readers(),
        **asdict(limits),
    )


def _readers() -> dict[Media, str]:
    """The tasks of each medium."""
    return {media: ", ".join(t.name for t in TASKS if t.media is media) for media in Media}


def to_record(outcome: engine.Outcome, task: str, checkpoint: Checkpoint) -> Record:
    told = outcome.result
    if not isinstance(told, WithWarnings):
        told = WithWarnings(told, ())
    return Record(
        outcome.source.id,
        task,
        checkpoint.name,
        checkpoint.revision,
        told.result,
        None if outcome.error is None else _failure(outcome.error),
        (*getattr(outcome.item, "warnings", ()), *told.warnings),
        windows=told.windows,
    )


def _failure(error: Exception) -> Failure:
    if isinstance(error, TaskcliError):
        return Failure(type(error).__name__, error.message, error.hint)
    return Failure(type(error).__name__, first_line(error))
