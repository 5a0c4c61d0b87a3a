"""taskcli classify-audio."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.items import Media, Recording
from taskcli.results import Label, LabelWindow
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.audio import Stretch, features, heard_seconds, of_last_attempt, stretches
from taskcli.tasks.ranking import RankingOptions, ranked, scores

if TYPE_CHECKING:
    import torch
    from transformers.utils import ModelOutput

_WHOLE_SECONDS = 30  # that are heard at once; memory grows with the square
_LEAST_SECONDS = 0.1  # less is not worth a window, and belongs to the one before


class _Scored(NamedTuple):
    """The scores [labels] of a stretch, which samples it is of, and of which attempt."""

    scores: "torch.Tensor"
    span: tuple[int, int]
    attempt: int


class ClassifyAudio(Task[RankingOptions, Recording, list[Label]]):
    """Say what a recording holds: keywords, speakers, events, with scores.

    Any checkpoint that AutoModelForAudioClassification maps: Wav2Vec2, HuBERT, AST, Whisper, ...
    Long recordings are heard in windows: the record has the labels of each, with its times, beside
    those of the whole.
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
            parts = stretches(item, window, window, window, least)
            yield from ((place, part) for part in parts)

    def cost(self, part: Stretch) -> int:
        return len(part.samples)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        samples = [part.samples for part in parts]
        inputs = features(self.processor, self.model, samples, parts[0].rate)
        return Batch(inputs, range(len(parts)))

    def postprocess(
        self, outputs: "ModelOutput", batch: Batch, parts: list[Stretch]
    ) -> list[_Scored]:
        scored = scores(outputs.logits, self.options.function, self.model.config)
        return [
            _Scored(row, part.span, part.attempt) for row, part in zip(scored, parts, strict=True)
        ]

    def fold(self, item: Recording, results: list[_Scored]) -> WithWarnings[list[Label]]:
        """The labels of the whole by the mean of its windows' scores, each as long as it is."""
        heard = of_last_attempt(results)
        lengths = [end - start for start, end in (one.span for one in heard)]
        total = sum(lengths)
        scored = [one.scores * (length / total) for one, length in zip(heard, lengths, strict=True)]
        config, top_k = self.model.config, self.options.top_k
        (labels,) = ranked(sum(scored)[None], top_k, config)
        if len(heard) == 1:
            return WithWarnings(labels, ())
        windows = tuple(
            LabelWindow(
                item.start + one.span[0] / item.rate,
                item.start + one.span[1] / item.rate,
                *ranked(one.scores[None], top_k, config),
            )
            for one in heard
        )
        return WithWarnings(labels, (), windows)
