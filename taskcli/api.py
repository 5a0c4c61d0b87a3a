"""The Python API, and the part of a run that it shares with the command line.

for record in taskcli.load("detect", "starter")(["a.jpg", "b.jpg"]):
    print(record.input, record.result)
"""

import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli import engine
from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.config import settings
from taskcli.engine.batching import broken_windows
from taskcli.engine.cores import usable_cores
from taskcli.errors import InputError, TaskcliError, UsageError, first_line
from taskcli.inputs.sources import Reading, Sources, resolve
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS, ImageInput, Item, Media
from taskcli.media.source import Source
from taskcli.results import Failure, Record
from taskcli.runtime.batching import BatchPolicy, policy_for
from taskcli.task import Task, WithWarnings
from taskcli.tasks import BY_NAME, TASKS

if TYPE_CHECKING:
    from taskcli.media.decode.decoder import Decoder
    from taskcli.runtime.pictures import EncodedPicture
    from taskcli.runtime.placement import Placement
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


@dataclass
class Model:
    """A loaded checkpoint of one task. Call it with inputs to get records, one per input."""

    task: type[Task[Any, Any, Any]]
    options: Any
    checkpoint: Checkpoint
    session: "Session"
    policy: BatchPolicy
    batch_size: str = "auto"
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    # What keeps inputs of the latest run apart; beyond two it does not matter how many.
    _keys: set[Hashable] = field(default_factory=set, init=False, repr=False)

    def __call__(
        self,
        inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        *,
        texts: Iterable[str] = (),
    ) -> Iterator[Record]:
        """Records in input order. `inputs` are paths, globs or folders; `texts` are literal.

        Raises UsageError for an input that does not exist; what cannot be decoded or answered
        becomes a record with `error`.
        """
        words = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
        reading = Reading(self.task.media, self.task.text_fields, chats=self.task.chats)
        sources = resolve([os.fspath(word) for word in words], reading, texts=list(texts))
        return self.records(sources.with_fields(self.task.variants(self.options)))

    def records(
        self, sources: Sources, *, ordered: bool = True, stop: threading.Event | None = None
    ) -> Iterator[Record]:
        """The engine's outcomes as records."""
        return (answered.record for answered in self.answers(sources, ordered=ordered, stop=stop))

    def answers(
        self,
        sources: Sources,
        *,
        ordered: bool = True,
        stop: threading.Event | None = None,
        heard: Callable[[Source, float], None] = lambda source, seconds: None,
    ) -> Iterator[RecordWithInput]:
        """Records with the inputs that they answer; none for what is answered already.

        `heard` is told of recordings how many further seconds of one are answered.
        """
        self._keys.clear()
        config = self._batching(live=sources.live, ordered=ordered)
        computed = broken_windows(sources.items, config.window)
        rate = self.session.rate if MEDIA[self.task.media].is_timed else None

        def advance(source: Source, progress: int) -> None:
            if rate is not None and not source.answered:
                heard(source, progress / rate)

        for outcome in engine.run(self._stages(), computed, config, stop, advance):
            if outcome.source.answered:
                continue
            record = to_record(self._in_words(outcome), self.task.name, self.checkpoint)
            yield RecordWithInput(record, outcome.source, outcome.item)

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

    @property
    def batching_note(self) -> str:
        """How the inputs of the latest run were batched where not all could share; else empty."""
        if self.batch_size == "1" or len(self._keys) < 2:
            return ""
        return policy_for(self.task, self.session.model_type).how

    @property
    def labels(self) -> dict[int, str]:
        """The checkpoint's own numbers for its labels."""
        return dict(getattr(self.session.task.model.config, "id2label", None) or {})

    def whole(self, answered: RecordWithInput) -> Item | None:
        """The item; a picture of which a smaller one was kept is decoded once more."""
        item = answered.item
        if isinstance(item, ImageInput) and item.image.size != item.size:
            with suppress(InputError):  # the file may have gone since
                return replace(self._decoder(), picture_side=None)(answered.source)
        return item

    def _decoder(self) -> "Decoder":
        from taskcli.media.decode.decoder import Decoder

        wanted = {name: getattr(self.session, name) for name in MEDIA[self.task.media].told}
        return Decoder(
            self.task.media,
            **wanted,
            final_newline=self.task.final_newline,
            task=self.task.name,
            readers=_readers(),
            **asdict(self.limits),
        )

    def _stages(self) -> engine.Stages:
        from taskcli.runtime.session import is_fatal, is_out_of_memory

        decoder = self._decoder()
        stages = engine.Stages(
            decode=decoder,
            encode=self._encoded,
            collate=self.session.collate,
            forward=self.session.forward,
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
            decode=PictureEncoder(decoder, self.session.encode, usable_cores()),
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

    def _batching(self, *, live: bool, ordered: bool) -> engine.BatchingConfig:
        media = self.task.media
        config = engine.BatchingConfig(
            window=window_of(media, self.batch_size),
            max_wait=_MAX_WAIT if live else None,
            ordered=ordered,
            threads=usable_cores(),
            chunk=1 if live else MEDIA[media].chunk,
        )
        if self.policy is BatchPolicy.NEVER:
            return replace(config, size=1, window=1)
        if self.batch_size != "auto":
            size = int(self.batch_size)
            return replace(config, size=size, budget=_UNBOUNDED)
        scale = 1 if self.session.placement.device.type == "cpu" else _ACCELERATOR
        budget = self.task.budget * scale
        return replace(config, size=budget, budget=budget)


def window_of(media: Media, batch_size: str) -> int:
    """How many inputs are planned together at most; every device plans the same."""
    usual = MEDIA[media].window
    return usual if batch_size == "auto" else max(usual, int(batch_size))


def load(
    task: str,
    model: str = "base",
    *,
    revision: str | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: str = "auto",
    **options: Any,
) -> Model:
    """Load a checkpoint for a task: a registry name, a Hub id, or a folder.

    `options` are the task's own, named as its flags with underscores. Raises UsageError for an
    unknown task or option and CheckpointError for a checkpoint that cannot be had or used.
    """
    if task not in BY_NAME:
        raise UsageError(f"unknown task {task!r}", f"known tasks: {', '.join(BY_NAME)}")
    task_class = BY_NAME[task]
    keys = settings.keys_of(task_class.Options)
    chosen = settings.fields_of(options, keys, f"load({task!r})")
    checkpoint = lock.resolve(task, model, revision)
    usual = settings.fields_of(checkpoint.options, keys, model)
    built = settings.build(task_class.Options, model, chosen, usual)
    task_class.refuse(built, checkpoint.languages)
    fetched = cache.fetch(checkpoint, offline=offline, allow_pickle=allow_pickle)
    return open_model(task_class, built, fetched, device, dtype, batch_size)


def open_model(
    task: type[Task[Any, Any, Any]],
    options: Any,
    checkpoint: Checkpoint,
    device: str,
    dtype: str,
    batch_size: str,
    limits: DecodeLimits | None = None,
    placed: "Callable[[Placement], None]" = lambda _: None,
) -> Model:
    """Bring a fetched checkpoint onto a device. This is where the heavy libraries load.

    `placed` hears which device, before the weights are read.
    """
    from taskcli.runtime.loader import load as load_session

    session = load_session(task, options, checkpoint, device=device, dtype=dtype, placed=placed)
    policy = policy_for(task, session.model_type).policy
    return Model(task, options, checkpoint, session, policy, batch_size, limits or DecodeLimits())


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
