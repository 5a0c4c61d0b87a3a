"""Recordings written frame by frame, as models with a CTC head do."""

from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.cues import phrases, spaced
from taskcli.results import Chunk, Transcript
from taskcli.task import Batch
from taskcli.tasks.asr.frame_scores import best_shares, scored
from taskcli.tasks.asr.frame_text import Unit, frame_text
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.recognizer import Recognizer, SpeechProcessor
from taskcli.tasks.audio import features
from taskcli.tasks.stretches import Cutting, Stretch, Whole, Windows

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_WHOLE_SECONDS = 30  # that are heard at once; memory grows with the square
# Wav2Vec2 was trained on crops of 16 to 20 s (Baevski et al. 2020); our starter, which heard up
# to 32 s, writes one word in 150 otherwise in windows of 30 s than in windows of 20.
_WINDOW_AND_STRIDE = 20, 3  # seconds; the stride, at each side, is heard by the neighbour too


class BestLabels(NamedTuple):
    """The best label of each frame [rows, frames], and how many are valid [rows]; None for all.

    `shares` [rows, frames] are the probabilities of these labels, where they are asked for.
    """

    labels: "torch.Tensor"
    valid: "torch.Tensor | None"
    shares: "torch.Tensor | None" = None


class _Heard(NamedTuple):
    """The labels of the frames that a stretch keeps and, where they are asked for, the
    probabilities of the labels.
    """

    labels: list[int]
    shares: Sequence[float] = ()


class CtcRecognizer(Recognizer):
    """One label per frame. Long recordings become windows whose doubled frames are dropped."""

    timestamps = ("none", "segment", "word", "char")
    gives_scores = True

    def __init__(
        self, processor: SpeechProcessor, model: "PreTrainedModel", options: AsrOptions
    ) -> None:
        super().__init__(processor, model, options)
        self._frame_text = frame_text(self.tokenizer)
        space = getattr(self.tokenizer, "word_delimiter_token_id", None)
        self._silent = {self.tokenizer.pad_token_id, space}

    def cutting(self, rate: int) -> Cutting:
        """Windows, aligned to whole frames, where the recording is too long to be heard at once."""
        ratio = getattr(self.model.config, "inputs_to_logits_ratio", None)
        if ratio is None:
            return Whole(rate)
        window, stride = (seconds * (rate // ratio) for seconds in _WINDOW_AND_STRIDE)
        step = window - 2 * stride
        return Windows(rate, _WHOLE_SECONDS * rate, window * ratio, step * ratio, ratio)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        samples = [part.samples for part in parts]
        inputs = features(self.extractor, self.model, samples, parts[0].rate)
        return Batch(inputs, range(len(parts)))

    def forward(self, batch: Batch, options: AsrOptions) -> BestLabels:
        logits = self.model(**batch.inputs).logits
        mask = batch.inputs.get("attention_mask")
        measure = getattr(self.model, "_get_feat_extract_output_lengths", None)
        valid = None if mask is None or measure is None else measure(mask.sum(-1))
        shares = best_shares(logits) if options.confidence else None
        return BestLabels(logits.argmax(-1), valid, shares)

    def postprocess(
        self, outputs: BestLabels, batch: Batch, parts: list[Stretch], timestamps: str
    ) -> list["_Heard"]:
        best, valid, shares = outputs
        counts = [best.shape[1]] * len(parts) if valid is None else valid.tolist()
        sure = repeat(()) if shares is None else shares.tolist()
        return [
            _Heard(labels[:count][kept], own[:count][kept])
            for labels, count, kept, own in zip(
                best.tolist(), counts, map(self._kept, parts), sure, strict=False
            )
        ]

    def _kept(self, part: Stretch) -> slice:
        """The frames that no neighbour keeps."""
        if part.last and not part.start:
            return slice(None)
        frame_rate = part.rate // self.model.config.inputs_to_logits_ratio
        window, stride = (seconds * frame_rate for seconds in _WINDOW_AND_STRIDE)
        return slice(stride if part.start else 0, None if part.last else window - stride)

    def fold(
        self, results: list["_Heard"], rate: int, seconds: float, timestamps: str
    ) -> Transcript:
        labels = [label for one in results for label in one.labels]
        ratio = getattr(self.model.config, "inputs_to_logits_ratio", None)
        step = float(ratio / rate) if ratio else seconds / max(len(labels), 1)
        said = self._transcript(labels, step, timestamps)
        if not self.options.confidence:
            return said
        shares = [share for one in results for share in one.shares]
        return scored(said, labels, shares, self._silent, step)

    def _transcript(self, labels: list[int], step: float, timestamps: str) -> Transcript:
        if timestamps == "none":
            return Transcript(self._frame_text.text(labels).strip())
        unit: Unit = "char" if timestamps == "char" else "word"
        text, spans = self._frame_text.spans(labels, unit)
        chunks = [Chunk(one.text, (one.start * step, one.end * step)) for one in spans]
        if timestamps == "segment":
            chunks = list(phrases(spaced(chunks, text)))
        return Transcript(text.strip(), tuple(map(_rounded, chunks)))


def _rounded(chunk: Chunk) -> Chunk:
    start, end = chunk.timestamp
    return Chunk(chunk.text, (round(start, 3), round(end, 3)))
