"""taskcli classify-audio."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from taskcli.errors import UsageError
from taskcli.media.items import Media, Recording
from taskcli.results import Label, LabelWindow
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.audio import features, heard_seconds
from taskcli.tasks.ranking import RankingOptions, ranked, scores
from taskcli.tasks.stretches import Answered, Stretch, Windows, by_place, stretches

if TYPE_CHECKING:
    from transformers import FeatureExtractionMixin, PreTrainedModel
    from transformers.utils import ModelOutput

_WHOLE_SECONDS = 30  # that are heard at once; memory grows with the square
_LEAST_SECONDS = 0.1  # less is not worth a window, and belongs to the one before


@dataclass(frozen=True)
class ClassifyAudioOptions(RankingOptions):
    """And which stretches of a recording have labels of their own."""

    window: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Give labels for every so many seconds of a recording, with their times.",
        ),
    ] = None
    hop: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            metavar="SECONDS",
            help="From the start of a window to that of the next; unset: as long as a window.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.hop is None:
            return
        if self.window is None:
            raise UsageError(
                f"--hop {self.hop:g} is the step of windows, and no --window is given",
                f"add --window, such as --window {2 * self.hop:g}",
            )
        if self.hop > self.window:
            raise UsageError(
                f"--hop {self.hop:g}: between windows of {self.window:g} s nothing would be heard",
                f"give at most --hop {self.window:g}",
            )


class ClassifyAudio(Task[ClassifyAudioOptions, Recording, list[Label]]):
    """Say what a recording holds: keywords, speakers, events, with scores.

    Any checkpoint that AutoModelForAudioClassification maps: Wav2Vec2, HuBERT, AST, Whisper, ...
    Long recordings are heard in windows: the record has the labels of each, with its times, beside
    those of the whole; so do channels that are each heard by themselves, and recordings of any
    length with `--window`, and clips with `--clips`.
    """

    name = "classify-audio"
    media = Media.AUDIO
    Options = ClassifyAudioOptions
    result = list[Label]
    more_fields = frozenset({"window", "windows"})
    auto_models = ("AutoModelForAudioClassification",)
    budget = 480_000  # samples: half a minute
    examples = (
        "taskcli classify-audio word.wav",
        "taskcli classify-audio recordings/ -r --top-k 1",
        "taskcli classify-audio street.wav --window 2 --hop 1 --top-k 1 -o events.csv",
    )

    def __init__(
        self,
        options: ClassifyAudioOptions,
        processor: "FeatureExtractionMixin",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        most = heard_seconds(processor) or _WHOLE_SECONDS
        if options.window is not None and options.window > most:
            raise UsageError(
                f"--window {options.window:g}: this checkpoint hears {most:g} s at once",
                f"give at most --window {most:g}",
            )
        self._window = options.window or most
        self._hop = options.hop or self._window

    def encode(self, items: list[Recording]) -> Iterator[tuple[int, Stretch]]:
        """Windows, one behind the other, where a recording is too long to be heard at once."""
        least = min(_LEAST_SECONDS, self._window / 2)
        for place, item in enumerate(items):
            window, hop, unit = (
                round(seconds * item.rate) for seconds in (self._window, self._hop, least)
            )
            begin = partial(Windows, item.rate, window, window, hop, unit)
            yield from ((place, part) for part in stretches(item, begin))

    def cost(self, part: Stretch) -> int:
        return len(part.samples)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        samples = [part.samples for part in parts]
        inputs = features(self.processor, self.model, samples, parts[0].rate)
        return Batch(inputs, range(len(parts)))

    def postprocess(
        self, outputs: "ModelOutput", batch: Batch, parts: list[Stretch]
    ) -> list[Answered]:
        scored = scores(outputs.logits, self.options.function, self.model.config)
        return [Answered.of(row, part) for row, part in zip(scored, parts, strict=True)]

    def fold(self, item: Recording, results: list[Answered]) -> WithWarnings[list[Label]]:
        """The labels of the whole by the mean of its windows' scores, each as long as it is."""
        heard = list(chain.from_iterable(own for _, own in by_place(results)))
        lengths = [end - start for start, end in (one.span for one in heard)]
        total = sum(lengths)
        scored = [one.result * (length / total) for one, length in zip(heard, lengths, strict=True)]
        (labels,) = ranked(sum(scored)[None], self.options.top_k, self.model.config)
        asked = self._asked(item)
        if asked is None and len(heard) == 1 and not item.channels:
            return WithWarnings(labels, ())
        return WithWarnings(labels, (), tuple(self._labelled(item, one) for one in heard), asked)

    def _asked(self, item: Recording) -> float | None:
        """How many seconds a window was asked to hold at most: clips are windows, too."""
        if self.options.window is None and item.is_cut:
            return min(self._window, max(one.seconds for one in item.excerpts))
        return self.options.window

    def _labelled(self, item: Recording, heard: Answered) -> LabelWindow:
        behind = heard.place.start
        start, end = (item.start + (behind + sample) / item.rate for sample in heard.span)
        (labels,) = ranked(heard.result[None], self.options.top_k, self.model.config)
        channel = item.channels[heard.place.channel] if item.channels else None
        return LabelWindow(start, end, labels, channel)
