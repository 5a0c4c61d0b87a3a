"""Recordings written as Whisper does."""

from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from taskcli.media.items import AudioInput
from taskcli.results import Chunk, Transcript
from taskcli.task import Batch
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.recognizer import Recognizer
from taskcli.tasks.audio import Stretch

if TYPE_CHECKING:
    import torch

_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")  # whose words Whisper's tokenizer parts otherwise
Marks = bool | Literal["word"] | None  # what its tokenizer is asked to put times to
_MARKS: Mapping[str, Marks] = {"none": None, "segment": True, "word": "word"}


class _Written(NamedTuple):
    """Tokens of each recording, maybe with their times; its language, and if it is written so."""

    rows: list[dict[str, Any]]
    spoken: list[str | None]
    as_spoken: bool


class WhisperRecognizer(Recognizer):
    """Whisper: 30 seconds at once, or its own sequential long form beyond."""

    timestamps = ("none", "segment", "word")

    @property
    def languages(self) -> frozenset[str]:  # type: ignore[override]
        """Codes and English names; empty for a checkpoint of English alone."""
        from transformers.models.whisper.tokenization_whisper import LANGUAGES

        config = self.model.generation_config
        if not getattr(config, "is_multilingual", False):
            return frozenset()
        codes = {token.strip("<|>") for token in config.lang_to_id}
        return frozenset(codes | {name for code, name in LANGUAGES.items() if code in codes})

    def batch_key(self, item: AudioInput | Stretch) -> Hashable:
        """Short and long recordings take different ways through generate()."""
        return bool(len(item.samples) > self.extractor.n_samples)

    def preprocess(self, items: list[AudioInput]) -> Batch:
        # One by one: together, the end of a long recording would be heard with its padding.
        made = [self._features(item) for item in items]
        names = ("input_features", "attention_mask")
        inputs = {name: _stacked([one[name] for one in made]) for name in names}
        return Batch(inputs, range(len(items)), {"long": self.batch_key(items[0])})

    def _features(self, item: AudioInput) -> Mapping[str, Any]:
        whole = {"truncation": False, "padding": "longest"} if self.batch_key(item) else {}
        features: Mapping[str, Any] = self.extractor(
            item.samples,
            sampling_rate=item.rate,
            return_attention_mask=True,
            return_tensors="pt",
            **whole,
        )
        return features

    def forward(self, batch: Batch, options: AsrOptions) -> _Written:
        asked: dict[str, Any] = {}
        spoken: list[str | None] = [None] * len(batch.row_to_item)
        if self.languages:
            asked["task"] = "translate" if options.translate else "transcribe"
            asked["language"] = spoken = self._spoken(batch)
        if options.timestamps != "none" or batch.extra["long"]:
            asked["return_timestamps"] = True
        if options.timestamps == "word":
            asked |= {"return_token_timestamps": True, "return_segments": True}
        generated = self.model.generate(**batch.inputs, **asked)
        return _Written(list(_per_item(generated)), spoken, not options.translate)

    def _spoken(self, batch: Batch) -> list[str | None]:
        """The language that was told, else what the first 30 seconds of each are found to be."""
        if self.language is not None:
            return [_code(self.language)] * len(batch.row_to_item)
        found = self.model.detect_language(
            batch.inputs["input_features"], num_segment_frames=self.extractor.nb_max_frames
        )
        names = {number: token for token, number in self.model.generation_config.lang_to_id.items()}
        return [names[number].strip("<|>") for number in found.tolist()]

    def postprocess(
        self,
        outputs: _Written,
        batch: Batch,
        items: list[AudioInput],
        timestamps: str,
    ) -> list[Transcript]:
        marks = _MARKS[timestamps]
        marked = marks == "word" and outputs.as_spoken
        found = zip(outputs.rows, outputs.spoken, items, strict=True)
        return [
            self._transcript(
                self._said_to_be(language, row) if marked else row, language, item, marks
            )
            for row, language, item in found
        ]

    def _said_to_be(self, language: str | None, output: dict[str, Any]) -> dict[str, Any]:
        """The tokens behind that of their language, if the tokenizer must know it to find words."""
        from torch.nn.functional import pad

        if language not in _UNSPACED:
            return output
        mark = self.tokenizer.convert_tokens_to_ids(f"<|{language}|>")
        return {
            "tokens": pad(output["tokens"], (1, 0), value=mark),
            "token_timestamps": pad(output["token_timestamps"], (1, 0)),
        }

    def _transcript(
        self,
        output: dict[str, Any],
        language: str | None,
        item: AudioInput,
        marks: Marks,
    ) -> Transcript:
        precision = self.extractor.chunk_length / self.model.config.max_source_positions
        text, optional = self.tokenizer._decode_asr(
            [output], return_timestamps=marks, return_language=None, time_precision=precision
        )
        chunks = None
        if marks is not None:
            chunks = tuple(_clamped(chunk, item.seconds) for chunk in optional.get("chunks", ()))
        return Transcript(text.strip(), chunks, language)


def _code(language: str) -> str:
    """A code or an English name of one of Whisper's languages as its code."""
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    return str(TO_LANGUAGE_CODE.get(language.lower(), language.lower()))


def _per_item(outputs: "torch.Tensor | dict[str, torch.Tensor]") -> Iterator[dict[str, Any]]:
    """generate() answers a tensor, or a dictionary when times of tokens were asked for."""
    if not isinstance(outputs, dict):
        for tokens in outputs:
            yield {"tokens": tokens[None]}
        return
    for row, tokens in enumerate(outputs["sequences"]):
        yield {"tokens": tokens[None], "token_timestamps": _token_times(outputs, row)}


def _token_times(outputs: dict[str, Any], row: int) -> "torch.Tensor":
    if "segments" not in outputs:
        return outputs["token_timestamps"][row][None]
    import torch

    times = [segment["token_timestamps"] for segment in outputs["segments"][row]]
    return torch.cat(times)[None] if times else torch.zeros(1, 0)  # nothing was said


def _stacked(rows: list[Any]) -> "torch.Tensor":
    """Tensors [1, ..., n] as one [rows, ..., longest], zeros behind the shorter ones."""
    import torch
    from torch.nn.functional import pad

    longest = max(row.shape[-1] for row in rows)
    return torch.cat([pad(row, (0, longest - row.shape[-1])) for row in rows])


def _clamped(chunk: dict[str, Any], seconds: float) -> Chunk:
    """Whisper leaves the last end open and may mark times beyond the sound."""
    start, end = chunk["timestamp"]
    end = seconds if end is None else min(max(end, 0.0), seconds)
    return Chunk(chunk["text"], (min(max(start or 0.0, 0.0), end), end))
