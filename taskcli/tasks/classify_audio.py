"""taskcli classify-audio."""

from typing import Any

from taskcli.media.items import AudioInput, Media
from taskcli.results import Label
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.audio import features, heard_seconds
from taskcli.tasks.ranking import RankingOptions, ranked, scores


class ClassifyAudio(Task[RankingOptions, AudioInput, list[Label]]):
    """Say what a recording holds: keywords, speakers, events, with scores.

    Any checkpoint that AutoModelForAudioClassification maps: Wav2Vec2, HuBERT, AST, Whisper, ...
    """

    name = "classify-audio"
    panel = "Audio"
    media = Media.AUDIO
    Options = RankingOptions
    result = list[Label]
    auto_models = ("AutoModelForAudioClassification",)
    budget = 480_000  # samples: half a minute
    examples = (
        "taskcli classify-audio word.wav",
        "taskcli classify-audio recordings/ -r --top-k 1",
    )

    def cost(self, item: AudioInput) -> int:
        return len(item.samples)

    def preprocess(self, items: list[AudioInput]) -> Batch:
        samples = [item.samples for item in items]
        inputs = features(self.processor, self.model, samples, items[0].rate)
        return Batch(inputs, range(len(items)))

    def postprocess(self, outputs: Any, batch: Batch, items: list[AudioInput]) -> list[Any]:
        config = self.model.config
        scored = scores(outputs.logits, self.options.function, config)
        labels = ranked(scored, self.options.top_k, config)
        return [WithWarnings(*pair) for pair in zip(labels, map(self._notes, items), strict=True)]

    def _notes(self, item: AudioInput) -> tuple[str, ...]:
        heard = heard_seconds(self.processor)
        if heard is None or item.seconds <= heard:
            return ()
        return (f"only the first {heard:.1f} of {item.seconds:.1f} seconds are heard",)
