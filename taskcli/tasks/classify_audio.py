"""taskcli classify-audio."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from taskcli.media.items import Media, Recording
from taskcli.results import Label, LabelWindow
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.audio import features, heard_seconds
from taskcli.tasks.ranking import RankingOptions, ranked, scores
from taskcli.tasks.stretches import Answered, Stretch, Windows, by_place, stretches

if TYPE_CHECKING:
    from transformers.utils import ModelOutput

_WHOLE_SECONDS = 30  # that are heard at once; memory grows with the square
_LEAST_SECONDS = 0.1  # less is not worth a window, and belongs to the one before


class ClassifyAudio(Task[RankingOptions, Recording, list[Label]]):
    """Say what a recording holds: keywords, speakers, events, with scores.

    Any checkpoint that AutoModelForAudioClassification maps: Wav2Vec2, HuBERT, AST, Whisper, ...
    Long recordings are heard in windows: the record has the labels of each, with its times, beside
    those of the whole; so do channels that are each heard by themselves.
    """

    name = "classify-audio"
    media = Media.AUDIO
    Options = RankingOptions
    result = list[Label]
    more_fields = frozenset({"windows"})
    auto_models = ("AutoModelForAudioClassification",)
    budget = 480_000  # samples: half a minute
    examples = (
        "taskcli classify-audio word.wav",
        "taskcli classify-audio recordings/ -r --top-k 1",
    )

    def encode(self, items: list[Recording]) -> Iterator[tuple[int, Stretch]]:
        """Windows, one behind the other, where a recording is too long to be heard at once."""
        seconds = heard_seconds(self.processor) or _WHOLE_SECONDS
        for place, item in enumerate(items):
            window, least = round(seconds * item.rate), round(_LEAST_SECONDS * item.rate)
            begin = partial(Windows, item.rate, window, window, window, least)
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
        if len(heard) == 1 and not item.channels:
            return WithWarnings(labels, ())
        return WithWarnings(labels, (), tuple(self._window(item, one) for one in heard))

    def _window(self, item: Recording, heard: Answered) -> LabelWindow:
        behind = heard.place.start
        start, end = (item.start + (behind + sample) / item.rate for sample in heard.span)
        (labels,) = ranked(heard.result[None], self.options.top_k, self.model.config)
        channel = item.channels[heard.place.channel] if item.channels else None
        return LabelWindow(start, end, labels, channel)
