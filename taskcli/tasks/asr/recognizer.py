"""What every way of writing a recording down has in common."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from taskcli.results import Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.asr.options import AsrOptions, Timestamps
from taskcli.tasks.stretches import Cutting, Stretch, Whole

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

    @property
    def finest(self) -> "Timestamps | None":
        """The finest times of what is said, words or longer."""
        return "word" if "word" in self.timestamps else None

    @classmethod
    def prepare(cls, processor: SpeechProcessor) -> None:
        """Settle, once when a checkpoint is loaded, what is needed under any options."""

    def batch_key(self, part: Stretch) -> Hashable:
        return None

    def cutting(self, rate: int) -> Cutting:
        """What cuts a recording into parts: for most models, all of it is one."""
        return Whole(rate)

    @abstractmethod
    def preprocess(self, parts: list[Stretch]) -> Batch: ...

    @abstractmethod
    def forward(self, batch: Batch, options: AsrOptions) -> Any: ...

    @abstractmethod
    def postprocess(
        self, outputs: Any, batch: Batch, parts: list[Stretch], timestamps: str
    ) -> Sequence[Any]:
        """What `fold` needs of each part."""

    def fold(
        self, results: list[Any], rate: int, seconds: float, timestamps: str
    ) -> Transcript | WithWarnings[Transcript]:
        """The transcript of so many seconds, from what was answered of their parts."""
        (transcript,) = results
        return transcript  # type: ignore[no-any-return]
