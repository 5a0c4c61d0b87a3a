"""Speech models that are asked in words to write, as language models are."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.task import Batch
from taskcli.tasks.asr.generative import Seq2SeqAsr
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.recognizer import SpeechProcessor
from taskcli.tasks.seeded import seeded
from taskcli.tasks.stretches import Stretch

if TYPE_CHECKING:
    import torch
    from transformers import BatchFeature, ProcessorMixin

_REQUEST = "can you transcribe the speech into a written format?"  # of Granite Speech's model card


class PromptedAsr(Seq2SeqAsr):
    """Models that are asked to write down what they hear: Canary, Qwen3-ASR, Granite Speech, ...

    The processor words the request, as the model was trained to be asked, and marks in it where
    the sound comes; a long recording it may divide.
    """

    processor: "ProcessorMixin"

    @classmethod
    def prepare(cls, processor: SpeechProcessor) -> None:
        processor.tokenizer.padding_side = "left"  # the answer must follow the request

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

    def preprocess(self, items: list[Stretch]) -> Batch:
        made = self._request([item.samples for item in items], items[0].rate)
        accepted = inspect.signature(self.model.forward).parameters
        inputs = {name: value for name, value in made.items() if name in accepted}
        divided = made.get("audio_chunk_index")
        row_to_item = [owner for owner, _ in divided] if divided else range(len(items))
        return Batch(inputs, row_to_item)

    def _request(self, samples: Sequence[Any], rate: int) -> "BatchFeature":
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

    def _language(self, ask: Callable[..., object], usual: str | None = None) -> dict[str, str]:
        known = inspect.signature(ask).parameters
        chosen = self.language or usual
        names = [name for name in ("language", "source_language") if name in known]
        return {name: chosen for name in names if chosen is not None}

    def forward(self, batch: Batch, options: AsrOptions) -> "torch.Tensor":
        with seeded([0] * len(batch.row_to_item)):  # VibeVoice-ASR adds noise to what it hears
            written = super().forward(batch, options)
        if self.model.config.is_encoder_decoder or "input_ids" not in batch.inputs:
            return written
        return written[:, batch.inputs["input_ids"].shape[1] :]

    def _text(self, row: list[int]) -> str:
        decode = self.processor.decode
        forms = "return_format" in inspect.signature(decode).parameters
        only = {"return_format": "transcription_only"} if forms else {}
        return str(decode(row, skip_special_tokens=True, **only)).strip()


def is_prompted(processor: SpeechProcessor) -> bool:
    """Whether a processor takes words, or a language, with the sound."""
    if any(hasattr(processor, name) for name in ("apply_transcription_request", "audio_token")):
        return True
    return callable(processor) and "language" in inspect.signature(processor).parameters


def _of_file(ask: Callable[..., object], rate: int) -> dict[str, Any]:
    """Voxtral's request is made as for a service that is sent a file."""
    named = {"model_id": "", "format": "WAV", "sampling_rate": rate}
    return named if "model_id" in inspect.signature(ask).parameters else {}
