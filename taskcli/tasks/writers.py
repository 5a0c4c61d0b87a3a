"""Speech models that write as language models do: from the sound alone, or asked to in words."""

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskcli.media.items import AudioInput
from taskcli.media.word_boundaries import stands_close
from taskcli.results import Transcript
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.recognizers import Recognizer
from taskcli.tasks.sounds import features

_MOST_TOKENS = 256  # for checkpoints that set no limit
_REQUEST = "can you transcribe the speech into a written format?"  # of Granite Speech's model card


class Generating(Recognizer):
    """Encoder-decoder models without time stamps: Speech2Text, Moonshine, SpeechT5, ..."""

    timestamps = ("none",)

    def preprocess(self, items: list[AudioInput]) -> Batch:
        samples = [item.samples for item in items]
        inputs = features(self.extractor, self.model, samples, items[0].rate)
        return Batch(inputs, range(len(items)))

    def forward(self, batch: Batch, options: Any) -> Any:
        config = self.model.generation_config
        unlimited = config.max_new_tokens is None and config.max_length in (None, 20)
        limit = {"max_new_tokens": _MOST_TOKENS} if unlimited else {}
        return self.model.generate(**batch.inputs, **limit).cpu()

    def postprocess(
        self, outputs: Any, batch: Batch, items: list[AudioInput], timestamps: str
    ) -> list[Transcript | WithWarnings[Transcript]]:
        parts: list[list[str]] = [[] for _ in items]
        notes: list[tuple[str, ...]] = [() for _ in items]
        for owner, row in zip(batch.row_to_item, outputs.tolist(), strict=True):
            parts[owner].append(self._text(row))
            notes[owner] = notes[owner] or self._notes(row)
        joined = (_joined(part for part in own if part) for own in parts)
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


def _joined(parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        text += part if not text or stands_close(text, part) else f" {part}"
    return text


class Asked(Generating):
    """Models that are asked to write down what they hear: Canary, Qwen3-ASR, Granite Speech, ...

    The processor words the request, as the model was trained to be asked, and marks in it where
    the sound comes; a long recording it may divide.
    """

    def __init__(self, processor: Any, model: Any, language: str | None = None) -> None:
        super().__init__(processor, model, language)
        self.tokenizer.padding_side = "left"  # the answer must follow the request

    @property
    def languages(self) -> frozenset[str]:  # type: ignore[override]
        """Codes and names, where the processor's module lists them."""
        return frozenset(word.lower() for pair in self._names().items() for word in pair)

    def _names(self) -> Mapping[str, str]:
        module = sys.modules[type(self.processor).__module__]
        names: Mapping[str, str] = getattr(module, "LANGUAGE_CODE_TO_NAME", {})
        return names

    def _told(self) -> str | None:
        codes = {name.lower(): code for code, name in self._names().items()}
        word = self.language and self.language.lower()
        return codes.get(word, word) if word else None

    def preprocess(self, items: list[AudioInput]) -> Batch:
        made = self._request([item.samples for item in items], items[0].rate)
        accepted = inspect.signature(self.model.forward).parameters
        inputs = {name: value for name, value in made.items() if name in accepted}
        divided = made.get("audio_chunk_index")
        row_to_item = [owner for owner, _ in divided] if divided else range(len(items))
        return Batch(inputs, row_to_item)

    def _request(self, samples: Sequence[Any], rate: int) -> Any:
        """What the processor makes of the sounds and the words: model inputs by name."""
        plain: dict[str, Any] = {"return_tensors": "pt", "padding": True}
        ask = getattr(self.processor, "apply_transcription_request", None)
        if ask is not None:
            named = self._language(ask) | _of_file(ask, rate)
            return ask(samples, **named, **plain)
        if language := self._language(self.processor, "en"):
            return self.processor(audio=samples, sampling_rate=rate, **language, **plain)
        request = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": self.processor.audio_token + _REQUEST}],
            add_generation_prompt=True,
            tokenize=False,
        )
        return self.processor(text=[request] * len(samples), audio=samples, **plain)

    def _language(self, ask: Any, usual: str | None = None) -> dict[str, str]:
        known = inspect.signature(ask).parameters
        chosen = self.language or usual
        names = [name for name in ("language", "source_language") if name in known]
        return {name: chosen for name in names if chosen is not None}

    def forward(self, batch: Batch, options: Any) -> Any:
        import torch

        torch.manual_seed(0)  # VibeVoice-ASR adds noise to what it hears: the same every time
        written = super().forward(batch, options)
        if self.model.config.is_encoder_decoder or "input_ids" not in batch.inputs:
            return written
        return written[:, batch.inputs["input_ids"].shape[1] :]

    def _text(self, row: list[int]) -> str:
        decode = self.processor.decode
        forms = "return_format" in inspect.signature(decode).parameters
        only = {"return_format": "transcription_only"} if forms else {}
        return str(decode(row, skip_special_tokens=True, **only)).strip()


def is_asked(processor: Any) -> bool:
    """Whether a processor takes words, or a language, with the sound."""
    if any(hasattr(processor, name) for name in ("apply_transcription_request", "audio_token")):
        return True
    return callable(processor) and "language" in inspect.signature(processor).parameters


def _of_file(ask: Any, rate: int) -> dict[str, Any]:
    """Voxtral's request is made as for a service that is sent a file."""
    named = {"model_id": "", "format": "WAV", "sampling_rate": rate}
    return named if "model_id" in inspect.signature(ask).parameters else {}
