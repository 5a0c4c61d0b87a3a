"""The ways in which speech models write: frame by frame (CTC), or as Whisper does."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from taskcli.media.cues import phrases, spaced
from taskcli.media.items import AudioInput, Recording
from taskcli.results import Chunk, Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.sounds import Stretch, features, stretches, whole

_WHOLE_SECONDS = 30  # that are heard at once; memory grows with the square
# Wav2Vec2 was trained on crops of 16 to 20 s (Baevski et al. 2020); our starter, which heard up
# to 32 s, writes one word in 150 otherwise in windows of 30 s than in windows of 20.
_WINDOW_AND_STRIDE = 20, 3  # seconds; the stride, at each side, is heard by the neighbour too
_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")  # whose words Whisper's tokenizer parts otherwise


class Recognizer(ABC):
    timestamps: ClassVar[tuple[str, ...]]
    languages: frozenset[str] = frozenset()  # that a recording can be said to be in

    def __init__(self, processor: Any, model: Any, language: str | None = None) -> None:
        self.processor = processor
        self.model = model
        self.language = language
        self.extractor = getattr(processor, "feature_extractor", processor)
        self.tokenizer = processor.tokenizer

    def batch_key(self, item: AudioInput) -> Hashable:
        return None

    def encode(self, item: Recording) -> Iterator[Any]:
        """The parts of a recording: of most models, all of it in one."""
        yield whole(item)

    @abstractmethod
    def preprocess(self, parts: list[Any]) -> Batch: ...

    @abstractmethod
    def forward(self, batch: Batch, options: Any) -> Any: ...

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


class _Heard(NamedTuple):
    """The labels of the frames that a stretch keeps, and of which attempt it was."""

    labels: list[int]
    attempt: int


class Ctc(Recognizer):
    """One label per frame. Long recordings become windows whose doubled frames are dropped."""

    timestamps = ("none", "segment", "word", "char")

    def encode(self, item: Recording) -> Iterator[Stretch]:
        """Windows, aligned to whole frames, where the recording is too long to be heard at once."""
        ratio = getattr(self.model.config, "inputs_to_logits_ratio", None)
        if ratio is None:
            sound = whole(item)
            yield Stretch(sound.samples, sound.rate, len(sound.samples))
            return
        window, stride = (seconds * (item.rate // ratio) for seconds in _WINDOW_AND_STRIDE)
        longest = _WHOLE_SECONDS * item.rate
        yield from stretches(item, longest, window * ratio, (window - 2 * stride) * ratio, ratio)

    def preprocess(self, parts: list[Stretch]) -> Batch:
        samples = [part.samples for part in parts]
        inputs = features(self.extractor, self.model, samples, parts[0].rate)
        return Batch(inputs, range(len(parts)))

    def forward(self, batch: Batch, options: Any) -> list[list[int]]:
        """The best label of each valid frame, a list per row; argmax is done on the device."""
        best = self.model(**batch.inputs).logits.argmax(-1).cpu()
        mask = batch.inputs.get("attention_mask")
        measure = getattr(self.model, "_get_feat_extract_output_lengths", None)
        if mask is None or measure is None:
            return list(best.tolist())
        valid = measure(mask.sum(-1)).tolist()
        return [row[:count].tolist() for row, count in zip(best, valid, strict=True)]

    def postprocess(
        self, outputs: Any, batch: Batch, parts: list[Stretch], timestamps: str
    ) -> list["_Heard"]:
        return [
            _Heard(row[self._kept(part)], part.attempt)
            for row, part in zip(outputs, parts, strict=True)
        ]

    def _kept(self, part: Stretch) -> slice:
        """The frames that no neighbour keeps."""
        if part.last and not part.start:
            return slice(None)
        frame_rate = part.rate // self.model.config.inputs_to_logits_ratio
        window, stride = (seconds * frame_rate for seconds in _WINDOW_AND_STRIDE)
        return slice(stride if part.start else 0, None if part.last else window - stride)

    def fold(self, item: Recording, results: list["_Heard"], timestamps: str) -> Transcript:
        heard = [one for one in results if one.attempt == results[-1].attempt]
        ids = [label for one in heard for label in one.labels]
        return self._transcript(ids, item, timestamps)

    def _transcript(self, ids: list[int], item: Recording, timestamps: str) -> Transcript:
        if timestamps == "none":
            return Transcript(self.tokenizer.decode(ids).strip())
        unit = "char" if timestamps == "char" else "word"
        decoded = self.tokenizer.decode(
            ids, output_char_offsets=unit == "char", output_word_offsets=unit == "word"
        )
        seconds = self._frame_seconds(ids, item)
        chunks = [
            Chunk(offset[unit], (offset["start_offset"] * seconds, offset["end_offset"] * seconds))
            for offset in decoded[f"{unit}_offsets"]
        ]
        if timestamps == "segment":
            chunks = list(phrases(spaced(chunks, decoded["text"])))
        return Transcript(decoded["text"].strip(), tuple(map(_rounded, chunks)))

    def _frame_seconds(self, ids: list[int], item: Recording) -> float:
        ratio = getattr(self.model.config, "inputs_to_logits_ratio", None)
        return float(ratio / item.rate) if ratio else item.seconds / max(len(ids), 1)


def _rounded(chunk: Chunk) -> Chunk:
    start, end = chunk.timestamp
    return Chunk(chunk.text, (round(start, 3), round(end, 3)))


class Whisper(Recognizer):
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

    def batch_key(self, item: AudioInput) -> Hashable:
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

    def forward(self, batch: Batch, options: Any) -> tuple[list[str | None], bool, Any]:
        """The language of each recording, as its code; whether that is written; the tokens."""
        asked: dict[str, Any] = {}
        spoken: list[str | None] = [None] * len(batch.row_to_item)
        if self.languages:
            asked["task"] = "translate" if options.translate else "transcribe"
            asked["language"] = spoken = self._spoken(batch)
        if options.timestamps != "none" or batch.extra["long"]:
            asked["return_timestamps"] = True
        if options.timestamps == "word":
            asked |= {"return_token_timestamps": True, "return_segments": True}
        return spoken, not options.translate, self.model.generate(**batch.inputs, **asked)

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
        self, outputs: Any, batch: Batch, items: list[AudioInput], timestamps: str
    ) -> list[Transcript]:
        marks = {"none": None, "segment": True, "word": "word"}[timestamps]
        spoken, as_spoken, generated = outputs
        found = zip(_per_item(generated), spoken, items, strict=True)
        return [
            self._transcript(
                self._said_to_be(language, output) if marks == "word" and as_spoken else output,
                language,
                item,
                marks,
            )
            for output, language, item in found
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
        self, output: dict[str, Any], language: str | None, item: AudioInput, marks: Any
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


def _per_item(outputs: Any) -> Iterator[dict[str, Any]]:
    """generate() answers a tensor, or a dictionary when times of tokens were asked for."""
    if not isinstance(outputs, dict):
        for tokens in outputs.cpu():
            yield {"tokens": tokens[None]}
        return
    for row, tokens in enumerate(outputs["sequences"].cpu()):
        yield {"tokens": tokens[None], "token_timestamps": _token_times(outputs, row)}


def _token_times(outputs: dict[str, Any], row: int) -> Any:
    if "segments" not in outputs:
        return outputs["token_timestamps"][row][None].cpu()
    import torch

    times = [segment["token_timestamps"] for segment in outputs["segments"][row]]
    return torch.cat(times)[None].cpu() if times else torch.zeros(1, 0)  # nothing was said


def _stacked(rows: list[Any]) -> Any:
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
