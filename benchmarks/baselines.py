"""What transformers has for each row: its pipeline, or where it has none the documented loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers as hf

from benchmarks import corpus
from benchmarks.answers import Answer, Answers, Read

NEW_TOKENS = 32  # of every generated text; the folders of fullsize.py ask for no fewer


@dataclass(frozen=True)
class Loaded:
    """`call` answers a list, so many inputs at a time."""

    call: Callable[[list[str], int], Answers]
    dtype: str


# A folder and a dtype, or None for what the library chooses, on a device.
Load = Callable[[Path, str | None, str], Loaded]


@dataclass(frozen=True)
class Baseline:
    name: str  # as reports call it
    load: Load


def pipeline(name: str, read: Read, **options: Any) -> Baseline:
    """transformers.pipeline(name, folder), called with a list."""

    def load(folder: Path, dtype: str | None, device: str) -> Loaded:
        made = hf.pipeline(name, model=str(folder), device=device, **_chosen(dtype))
        if name == "text-generation":  # it asks for both before it batches
            made.tokenizer.pad_token, made.tokenizer.padding_side = made.tokenizer.eos_token, "left"

        def call(inputs: list[str], batch: int) -> Answers:
            return [read(found) for found in made(inputs, batch_size=batch, **options)]

        return Loaded(call, _name(made.dtype))

    return Baseline(f"pipeline {name}", load)


def rewriting() -> Baseline:
    """Tokenize, generate, decode: the loop that replaces the pipelines of texts to texts."""

    def load(folder: Path, dtype: str | None, device: str) -> Loaded:
        tokenizer = hf.AutoTokenizer.from_pretrained(folder)
        model = hf.AutoModelForSeq2SeqLM.from_pretrained(folder, **_chosen(dtype)).to(device)

        @torch.inference_mode()
        def call(inputs: list[str], batch: int) -> Answers:
            answers: Answers = []
            for texts in _batches(inputs, batch):
                made = tokenizer(texts, return_tensors="pt", padding=True, truncation=True)
                ids = model.generate(**made.to(device))
                written = tokenizer.batch_decode(ids, skip_special_tokens=True)
                answers += [Answer(text.strip()) for text in written]
            return answers

        return Loaded(call, _name(model.dtype))

    return Baseline("generate() loop", load)


def questions() -> Baseline:
    """The documented way without a pipeline: the likeliest start and the likeliest end."""

    def load(folder: Path, dtype: str | None, device: str) -> Loaded:
        tokenizer = hf.AutoTokenizer.from_pretrained(folder)
        model = hf.AutoModelForQuestionAnswering.from_pretrained(folder, **_chosen(dtype))
        model = model.to(device)

        @torch.inference_mode()
        def call(inputs: list[str], batch: int) -> Answers:
            answers: Answers = []
            for texts in _batches(inputs, batch):
                asked = [corpus.QUESTION] * len(texts)
                made = tokenizer(
                    asked, texts, return_tensors="pt", padding=True, truncation="only_second"
                )
                found = model(**made.to(device))
                ends = zip(found.start_logits.argmax(-1), found.end_logits.argmax(-1), strict=True)
                answers += [
                    Answer(tokenizer.decode(row[first : last + 1]))
                    for row, (first, last) in zip(made["input_ids"], ends, strict=True)
                ]
            return answers

        return Loaded(call, _name(model.dtype))

    return Baseline("forward loop", load)


def _chosen(dtype: str | None) -> dict[str, Any]:
    return {} if dtype is None else {"dtype": getattr(torch, dtype)}


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _batches(inputs: Sequence[str], size: int) -> Iterator[list[str]]:
    for at in range(0, len(inputs), size):
        yield list(inputs[at : at + size])
