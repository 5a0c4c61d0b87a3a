"""One run: sources through a session, and a record for each."""

import threading
import warnings
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from taskcli import engine
from taskcli.api.batching import batching_config
from taskcli.api.decoding import DecodeOptions, decoder, fetched
from taskcli.api.records import RecordWithInput, in_words, to_record
from taskcli.checkpoints.registry import Checkpoint
from taskcli.inputs.sources import Sources
from taskcli.media import MEDIA
from taskcli.media.source import Source
from taskcli.runtime.batching import BatchPolicy, policy_for
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.runtime.pictures import Weighed
    from taskcli.runtime.session import Session


# Is told of recordings how many further seconds of one are answered.
Heard = Callable[[Source, float], None]
# Is told of recordings the last words that are known of one, while it is answered.
Said = Callable[[Source, str], None]
# Is told of a device that is used no more, and why, in one line.
Lost = Callable[[str], None]


def warn_of(line: str) -> None:
    warnings.warn(line, RuntimeWarning, stacklevel=2)


@dataclass(eq=False)
class Run:
    """What is done once: sources through a model, and what is noted meanwhile."""

    task: type[Task[Any, Any, Any]]
    options: Any
    sessions: "tuple[Session, ...]"  # one for each device that has the weights
    policy: BatchPolicy
    checkpoint: Checkpoint
    sources: Sources
    batch_size: str
    decode_options: DecodeOptions
    ordered: bool
    gaps: bool
    stop: threading.Event | None
    heard: Heard
    looked_at: bool = True  # whether somebody wants to see the pictures that are answered
    lost: Lost = warn_of
    said: Said | None = None
    # Hears generated text as it comes, where one input is answered while somebody looks on.
    listener: Callable[[str], None] | None = None
    # What keeps inputs apart; beyond two it does not matter how many.
    _keys: set[Hashable] = field(default_factory=set, init=False, repr=False)

    @property
    def session(self) -> "Session":
        """The one of the first device: it does what the others need not do, too."""
        return self.sessions[0]

    def answers(self) -> Iterator[RecordWithInput]:
        """Records with the inputs that they answer; none for what is answered already."""
        config = self.batching_config()
        computed = fetched(
            engine.broken_windows(self.sources.items, config.window, config.first),
            self.sources.live,
        )
        rate = self.session.rate if MEDIA[self.task.media].is_timed else None

        def advance(source: Source, progress: int) -> None:
            if rate is not None and not source.answered:
                self.heard(source, progress / rate)

        def lost(loss: engine.Loss) -> None:
            self.lost(loss.told)

        for outcome in engine.run(
            self._stages(config.threads), computed, config, self.stop, advance, lost
        ):
            if outcome.source.answered:
                continue
            outcome = in_words(outcome, self.task, self.options, self.sessions)
            record = to_record(outcome, self.task.name, self.checkpoint)
            yield RecordWithInput(record, outcome.source, outcome.item)

    def batching_config(self) -> engine.BatchingConfig:
        return batching_config(
            self.task,
            self.policy,
            self.batch_size,
            min(session.affordable for session in self.sessions),
            on_cpu=self.session.placement.device.type == "cpu",
            live=self.sources.live,
            ordered=self.ordered,
            gaps=self.gaps,
        )

    @property
    def batching_note(self) -> str:
        """How the inputs so far were batched where not all could share; else empty."""
        if self.batch_size == "1" or len(self._keys) < 2:
            return ""
        return policy_for(self.task, self.session.model_type).how

    def _stages(self, threads: int) -> engine.Stages:
        from taskcli.runtime.session import is_device_error, is_out_of_memory

        decode = decoder(self.task, self.session, self.decode_options)
        stages = engine.Stages(
            decode=decode,
            encode=self._encoded,
            collate=self.session.collate,
            devices=[self._device(session) for session in self.sessions],
            read=self.session.read,
            fold=self.session.fold,
            latest=None if self.said is None else self._latest,
            is_out_of_memory=is_out_of_memory,
            is_device_error=is_device_error,
        )
        if not MEDIA[self.task.media].is_bulky:
            return stages
        from taskcli.runtime.pictures import PartsEncoder, PictureEncoder

        encoder = PartsEncoder if self.session.task.in_parts else PictureEncoder
        pictures: Any = encoder(decode, self.session.encode, threads, self.looked_at)
        return replace(
            stages,
            decode=pictures,
            encode=lambda decoded: self._weighed(pictures.parts(decoded)),
            kept=lambda picture: picture.shown,
        )

    def _latest(self, source: Source, item: Any, results: list[Any]) -> None:
        assert self.said is not None
        if not source.answered:
            self.said(source, self.session.latest_text(item, results))

    def _device(self, session: "Session") -> engine.Device:
        return engine.Device(
            session.placement.device_name,
            lambda collated: session.forward(collated, self.listener),
            session.check,
        )

    def _encoded(self, items: list[Any]) -> Iterator[tuple[int, engine.Encoded[Any]]]:
        """The parts of several items, as the engine plans them."""
        for place, part in self.session.encode(items):
            yield place, self._planned(part, getattr(part, "nbytes", 0))

    def _weighed(self, parts: "Iterator[Weighed]") -> Iterator[tuple[int, engine.Encoded[Any]]]:
        for place, part, weight in parts:
            yield place, self._planned(part, weight)

    def _planned(self, part: Any, weight: int) -> engine.Encoded[Any]:
        cost, key = self.session.plan(part, self.policy is BatchPolicy.PADDED)
        if len(self._keys) < 2:
            self._keys.add(key)
        return engine.Encoded(part, cost, key, weight, getattr(part, "fresh", cost))
