"""What every way of writing a recording down has in common."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from taskcli.media.items import AudioInput, Recording
from taskcli.results import Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.audio import Stretch, whole

if TYPE_CHECKING:
    from transformers import FeatureExtractionMixin, PreTrainedModel, PreTrainedTokenizerBase


class SpeechProcessor(Protocol):
    """What stands before a speech model: a processor, or its two halves beside one another."""

    @property
    def tokenizer(self) -> "PreTrainedTokenizerBase": ...


_USUAL = AsrOptions()


class Recognizer(ABC):
    timestamps: ClassVar[tuple[str, ...]]
    languages: frozenset[str] = frozenset()  # that a recording can be said to be in
    gives_scores: ClassVar[bool] = False  # whether --confidence can be asked for

    def __init__(
        self,
        processor: SpeechProcessor,
        model: "PreTrainedModel",
        options: AsrOptions = _USUAL,
    ) -> None:
        self.processor = processor
        self.model = model
        self.language = options.language
        self.options = options
        self.extractor: FeatureExtractionMixin = getattr(processor, "feature_extractor", processor)
        self.tokenizer = processor.tokenizer

    @classmethod
    def prepare(cls, processor: SpeechProcessor) -> None:
        """Settle, once when a checkpoint is loaded, what is needed under any options."""

    def batch_key(self, item: AudioInput | Stretch) -> Hashable:
        return None

    def encode(self, item: Recording) -> Iterator[Any]:
        """The parts of a recording: of most models, all of it in one."""
        yield whole(item)

    @abstractmethod
    def preprocess(self, parts: list[Any]) -> Batch: ...

    @abstractmethod
    def forward(self, batch: Batch, options: AsrOptions) -> Any: ...

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
