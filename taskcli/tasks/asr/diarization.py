"""Who speaks when: a checkpoint that tells so of every moment, beside the one that writes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskcli.checkpoints import lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.errors import CheckpointError, UsageError
from taskcli.media.items import Media, Recording
from taskcli.results import Transcript
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.asr.options import SpeechOptions
from taskcli.tasks.asr.speaker_windows import Heard, joined
from taskcli.tasks.asr.speakers import Activity, with_speakers
from taskcli.tasks.asr.spectra import spectra
from taskcli.tasks.audio import features
from taskcli.tasks.stretches import Answered, Cutting, Stretch, Whole, Windows, by_place

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from taskcli.task import Processor

_OF_WHOLE = {"nemotron3_diarization"}  # which hear all of a recording, by chunks of their own
_WINDOW_AND_STEP = 30, 20  # seconds; the third of a window that two hear tells whose voices are one
_MOST_MATCHED = 6  # speakers of which all orders are compared
_OF_PHRASES = "this checkpoint gives no times of words: each phrase has one speaker"


@dataclass(frozen=True)
class NoOptions:
    """Nothing is asked of it."""


class Diarization(Task[NoOptions, Recording, Activity]):
    """How likely each speaker speaks, at every moment of a recording.

    Any checkpoint that AutoModelForAudioFrameClassification maps, of which every output is one
    speaker: Nemotron 3 Diarization, WavLM, ...
    """

    name = "speakers"
    media = Media.AUDIO
    Options = NoOptions
    result = Activity
    auto_models = ("AutoModelForAudioFrameClassification",)
    budget = 480_000  # samples: half a minute
    fp32_heads = frozenset({"classifier"})
    examples = ()

    def __init__(
        self, options: NoOptions, processor: "Processor", model: "PreTrainedModel"
    ) -> None:
        super().__init__(options, processor, model)
        self._hears_all = model.config.model_type in _OF_WHOLE

    @classmethod
    def prepare(cls, processor: "Processor", model: "PreTrainedModel") -> None:
        """Raises CheckpointError for what can be no model of speakers."""
        config = model.config
        if config.model_type in _OF_WHOLE:
            steps = config.chunk_length, getattr(processor, "hop_length", 0)
            if min(steps) < 1:
                raise CheckpointError(
                    "--speakers: this checkpoint's chunk_length or hop_length is below 1"
                )
        elif config.num_labels > _MOST_MATCHED:
            raise CheckpointError(
                f"--speakers: this checkpoint has {config.num_labels} outputs for a moment, and "
                f"each would be a speaker: {_MOST_MATCHED} are the most",
                "choose one that tells speakers apart, such as --speakers base",
            )

    @classmethod
    def beside(cls, checkpoint: Checkpoint, word: str | None) -> Checkpoint:
        """The checkpoint with that of speakers which `word` means, if there is one.

        It is NAME, ORG/REPO, either with @REVISION, or FOLDER. Raises CheckpointError for an
        unknown one, and UsageError for a folder with a revision.
        """
        if word is None:
            return checkpoint
        named, at, revision = (word, "", "") if Path(word).is_dir() else word.partition("@")
        if at and Path(named).is_dir():
            raise UsageError(f"--speakers {word}: a folder has no revision", f"give {named}")
        try:
            helper = lock.resolve(cls.name, named, revision if at else None)
        except CheckpointError as failure:
            raise CheckpointError(f"--speakers {word}: {failure.message}", failure.hint) from None
        return replace(checkpoint, helper=helper)

    @classmethod
    def checked(cls, found: Task[Any, Any, Any] | None, beside: object) -> "Diarization":
        """The task that was loaded. Raises an error where there is none, or it hears another rate.

        `beside` is the processor of the model that writes.
        """
        if not isinstance(found, cls):
            raise UsageError(
                "--speakers: a checkpoint of speakers is loaded with the model",
                'load("asr", ..., speakers="base")',
            )
        rate, own = _rate_of(beside), _rate_of(found.processor)
        if own != rate:
            raise CheckpointError(
                f"--speakers: this checkpoint hears {own} samples a second, and that of --model "
                f"{rate}",
                "choose one that hears as many",
            )
        return found

    def cutting(self, rate: int) -> Cutting:
        if self._hears_all:
            return Whole(rate)
        window, step = (seconds * rate for seconds in _WINDOW_AND_STEP)
        return Windows(rate, window, window, step)

    def cost(self, part: Stretch) -> int:
        return len(part)

    def batch_key(self, part: Stretch) -> int:
        """Those of equal length need no padding, which would be heard."""
        return len(part)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        samples = [part.samples for part in parts]
        extractor: Any = self.processor
        make = spectra if self._hears_all else features
        return Batch(make(extractor, self.model, samples, parts[0].rate), range(len(parts)))

    def forward(self, batch: Batch) -> "torch.Tensor":
        """How likely each speaker speaks [rows, frames, speakers]."""
        logits: torch.Tensor = self.model(**batch.inputs).logits
        return logits.float().sigmoid()

    def postprocess(self, outputs: "torch.Tensor", batch: Batch, parts: list[Stretch]) -> list[Any]:
        return list(outputs.numpy())

    def fold(self, item: Recording, results: list[Answered]) -> WithWarnings[Activity]:
        ((_, own),) = by_place(results)
        heard = [Heard(one.result, *(at / item.rate for at in one.span)) for one in own]
        return joined(heard, item.excerpts)

    def lay_over(
        self,
        told: WithWarnings[Transcript],
        item: Recording,
        results: list[Answered],
        asked: SpeechOptions,
        heard: SpeechOptions,
    ) -> WithWarnings[Transcript]:
        """What is said of an item, with who says it, and the times that are asked for.

        It was `heard` with the times of words, or of phrases.
        """
        activity = self.fold(item, results)
        said = with_speakers(told.result, activity.result, item.excerpts, asked.timestamps)
        notes = () if heard.timestamps == "word" else (_OF_PHRASES,)
        warnings = (*told.warnings, *notes, *activity.warnings, *said.warnings)
        return replace(said, warnings=warnings)


def _rate_of(processor: object) -> int:
    extractor = getattr(processor, "feature_extractor", processor)
    return int(getattr(extractor, "sampling_rate", 16_000))
