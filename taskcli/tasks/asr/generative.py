"""Speech models that write as language models do, from the sound alone."""

from typing import TYPE_CHECKING

from taskcli.results import Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.asr.joining import joined_text
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.recognizer import Recognizer
from taskcli.tasks.audio import features
from taskcli.tasks.stretches import Stretch

if TYPE_CHECKING:
    import torch

_MOST_TOKENS = 256  # for checkpoints that set no limit


class Seq2SeqAsr(Recognizer):
    """Encoder-decoder models without time stamps: Speech2Text, Moonshine, SpeechT5, ..."""

    timestamps = ("none",)

    def preprocess(self, items: list[Stretch]) -> Batch:
        samples = [item.samples for item in items]
        inputs = features(self.extractor, self.model, samples, items[0].rate)
        return Batch(inputs, range(len(items)))

    def forward(self, batch: Batch, options: AsrOptions) -> "torch.Tensor":
        config = self.model.generation_config
        unlimited = config.max_new_tokens is None and config.max_length in (None, 20)
        limit = {"max_new_tokens": _MOST_TOKENS} if unlimited else {}
        return self.model.generate(**batch.inputs, **limit)

    def postprocess(
        self, outputs: "torch.Tensor", batch: Batch, items: list[Stretch], timestamps: str
    ) -> list[Transcript | WithWarnings[Transcript]]:
        parts: list[list[str]] = [[] for _ in items]
        notes: list[tuple[str, ...]] = [() for _ in items]
        for owner, row in zip(batch.row_to_item, outputs.tolist(), strict=True):
            parts[owner].append(self._text(row))
            notes[owner] = notes[owner] or self._notes(row)
        joined = map(joined_text, parts)
        return [
            WithWarnings(Transcript(text, language=self._told()), note)
            for text, note in zip(joined, notes, strict=True)
        ]

    def _told(self) -> str | None:
        """The code of the language that the model was told to hear."""
        return None

    def _text(self, row: list[int]) -> str:
        return str(self.tokenizer.decode(row, skip_special_tokens=True)).strip()

    def _notes(self, row: list[int]) -> tuple[str, ...]:
        """A warning where the text ended for its length, and not with the sound."""
        ends = self.model.generation_config.eos_token_id
        known = set(ends) if isinstance(ends, list) else {ends}
        if known == {None} or known & set(row[1:]):  # the first token may be an end token too
            return ()
        return (f"stopped at {len(row)} tokens: the end may be missing",)
