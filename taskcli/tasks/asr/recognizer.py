"""What every way of writing a recording down has in common."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar

from taskcli.media.items import AudioInput, Recording
from taskcli.results import Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.audio import whole


class Recognizer(ABC):
    timestamps: ClassVar[tuple[str, ...]]
    languages: frozenset[str] = frozenset()  # that a recording can be said to be in

    def __init__(self, processor: Any, model: Any, language: str | None = None) -> None:
        self.processor = processor
        self.model = model
        self.language = language
        self.extractor = getattr(processor, "feature_extractor", processor)
        self.tokenizer = processor.tokenizer

    @classmethod
    def prepare(cls, processor: Any) -> None:
        """Settle, once when a checkpoint is loaded, what is needed under any options."""

    def batch_key(self, item: AudioInput) -> Hashable:
        return None

    def encode(self, item: Recording) -> Iterator[Any]:
        """The parts of a recording: of most models, all of it in one."""
        yield whole(item)

    @abstractmethod
    def preprocess(self, parts: list[Any]) -> Batch: ...

    @abstractmethod
    def forward(self, batch: Batch, options: Any) -> Any: ...

    @abstractmethod
    def postprocess(
        self, outputs: Any, batch: Batch, parts: list[Any], timestamps: str
    ) -> Sequence[Any]:
        """What `fold` needs of each part."""

    def fold(
        self, item: Recording, results: list[Any], timestamps: str
    ) -> Transcript | WithWarnings[Transcript]:
        (transcript,) = results
        return transcript  # type: ignore[no-any-return]
