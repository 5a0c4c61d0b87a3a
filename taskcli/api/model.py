"""A loaded checkpoint that can be called."""

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskcli.api.decoding import DecodeOptions, decoder, reading, whole
from taskcli.api.records import RecordWithInput
from taskcli.api.run import Heard, Lost, Run, Said, warn_of
from taskcli.checkpoints.registry import Checkpoint
from taskcli.config import settings
from taskcli.inputs.sources import Sources, resolve
from taskcli.media.items import Item
from taskcli.results import Record
from taskcli.runtime.batching import BatchPolicy
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.runtime.loaded import LoadedModel
    from taskcli.runtime.session import Session


@dataclass
class Model:
    """A loaded checkpoint of one task. Call it with inputs to get records, one per input.

    It may be called from several threads, and again while earlier records are still to come.
    """

    options: Any
    checkpoint: Checkpoint
    loaded: "LoadedModel"
    sessions: "tuple[Session, ...]"  # one for each device that has the weights
    policy: BatchPolicy
    batch_size: str
    decode_options: DecodeOptions

    @property
    def task(self) -> type[Task[Any, Any, Any]]:
        return self.loaded.task

    @property
    def session(self) -> "Session":
        """The one of the first device."""
        return self.sessions[0]

    def __call__(
        self,
        inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        *,
        texts: Iterable[str] = (),
        field: str | None = None,
        keep: str | Iterable[str] = (),
        frames: str | None = None,
        fps: float | None = None,
    ) -> Iterator[Record]:
        """Records in input order. `inputs` are paths, globs or folders; `texts` are literal.

        Of rows `field` names the column of the text, or of paths, and `keep` those that stay beside
        the answer, in `record.fields`; "all" is all of them. Of files that hold several pictures,
        `frames` chooses some as --frames does, or `fps` so many a second.
        Raises UsageError for an input that does not exist; what cannot be decoded or answered
        becomes a record with `error`.
        """
        words = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
        rows = reading(self.task, field, keep).seeing(frames, fps)
        sources = resolve([os.fspath(word) for word in words], rows, texts=list(texts))
        asked = sources.with_fields(self.task.variants(self.options))
        run = self.run(asked, looked_at=False)
        return (answered.record for answered in run.answers())

    def bind(self, **options: Any) -> "Model":
        """A model of the same weights that is asked with other options, named as in `load`.

        Those that are not named stay as they are here. Nothing is loaded, and neither model
        changes the other's answers. Raises UsageError as `load` does.
        """
        group = self.task.Options
        chosen = settings.named(group, options, "bind()")
        built = settings.build(group, "bind()", chosen, vars(self.options))
        self.task.refuse(built, self.checkpoint.languages)
        self.checkpoint.refuse_other_helper(self.task.helped(built, self.checkpoint))
        return replace(self, options=built, sessions=self.loaded.bind(built))

    def run(
        self,
        sources: Sources,
        *,
        ordered: bool = True,
        gaps: bool = True,
        stop: threading.Event | None = None,
        heard: Heard = lambda source, seconds: None,
        looked_at: bool = True,
        lost: Lost = warn_of,
        said: Said | None = None,
    ) -> Run:
        """Answers to sources, to be begun. What such a run notes is its own.

        After `stop`, `gaps` gives what was finished behind an input that was not.
        `heard` is told of recordings how many further seconds of one are answered. Of pictures
        that nobody will have `looked_at`, answers carry the size alone. `lost` hears, in the thread
        that iterates, of every device that is used no more while others go on. `said` hears the
        last words that are known of a long recording, as more are.
        """
        return Run(
            self.task,
            self.options,
            self.sessions,
            self.policy,
            self.checkpoint,
            sources,
            self.batch_size,
            self.decode_options,
            ordered,
            gaps,
            stop,
            heard,
            looked_at,
            lost,
            said,
        )

    @property
    def labels(self) -> dict[int, str]:
        """The checkpoint's own numbers for its labels."""
        return dict(getattr(self.loaded.model.config, "id2label", None) or {})

    def whole(self, answered: RecordWithInput) -> Item | None:
        """The item; a picture of which a smaller one was kept is decoded once more."""
        return whole(
            answered.item, answered.source, decoder(self.task, self.session, self.decode_options)
        )
