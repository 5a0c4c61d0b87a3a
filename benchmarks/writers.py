"""Who writes: taskcli through its public API, transformers' generate(), and CTranslate2."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import transformers as hf

import taskcli
from benchmarks.corpus import SEED


@dataclass(frozen=True)
class Text:
    """The prompt and what was written behind it; `tokens` counts the latter."""

    text: str
    tokens: int


Contender = Callable[[], list[Text]]


@dataclass(frozen=True)
class Work:
    """Prompts to go on with. With `ends` every so many tokens of the vocabulary ends a text.

    Then tokens are drawn from random weights, and a text ends at any of them with that chance.
    """

    folder: Path
    prompts: list[str]
    new_tokens: int
    ends: int | None = None

    @property
    def end_tokens(self) -> list[int] | None:
        size = hf.GPT2Config.from_pretrained(self.folder).vocab_size
        return [*range(0, size, self.ends)] if self.ends else None


def ours(work: Work, dtype: str = "auto", compact: bool = True) -> Contender:
    """By default as anybody calls it; without `compact` as if no text could leave its batch."""
    drawn: dict[str, Any] = {"temperature": 1.0, "top_k": 10**6, "seed": SEED} if work.ends else {}
    model = taskcli.load(
        "generate", str(work.folder), max_new_tokens=work.new_tokens, dtype=dtype, **drawn
    )
    if work.ends:
        model.loaded.model.generation_config.eos_token_id = work.end_tokens

    def write() -> list[Text]:
        with mock.patch("taskcli.tasks.generate.compacts", lambda model: compact):
            records = list(model.bind()(texts=work.prompts))
        failures = [record.error for record in records if record.error is not None]
        assert not failures, failures
        return [
            Text(record.result.generated_text, record.result.generated_tokens) for record in records
        ]

    return write


def generate_contender(work: Work, dtype: str, batch: int) -> Contender:
    """The documented loop: tokenize with padding on the left, generate, decode."""
    tokenizer = hf.AutoTokenizer.from_pretrained(work.folder, padding_side="left")
    tokenizer.pad_token = tokenizer.eos_token
    model = hf.AutoModelForCausalLM.from_pretrained(work.folder, dtype=getattr(torch, dtype))
    ends = {"eos_token_id": work.end_tokens, "top_k": 0} if work.ends else {}

    def write() -> list[Text]:
        torch.manual_seed(SEED)
        texts: list[Text] = []
        for start in range(0, len(work.prompts), batch):
            some = work.prompts[start : start + batch]
            inputs = tokenizer(some, return_tensors="pt", padding=True)
            rows = model.generate(
                **inputs,
                max_new_tokens=work.new_tokens,
                do_sample=bool(work.ends),
                pad_token_id=tokenizer.pad_token_id,
                **ends,
            )
            texts += _read(tokenizer, inputs["input_ids"], rows, set(work.end_tokens or ()))
        return texts

    return write


def _read(tokenizer: Any, prompts: torch.Tensor, rows: torch.Tensor, ends: set[int]) -> list[Text]:
    texts = tokenizer.batch_decode(rows, skip_special_tokens=True)
    new = rows[:, prompts.shape[1] :].tolist()
    return [Text(*pair) for pair in zip(texts, (_count(row, ends) for row in new), strict=True)]


def _count(tokens: list[int], ends: set[int]) -> int:
    """Up to the first that ends the text."""
    return next((count for count, token in enumerate(tokens, 1) if token in ends), len(tokens))


def ctranslate2_contenders(work: Work, batch: int) -> dict[str, Contender]:
    """In float32 and in int8; none where it is not installed."""
    if importlib.util.find_spec("ctranslate2") is None:
        return {}
    return {
        f"CTranslate2 {kind}, batch {batch}": _ctranslate2(work, kind, batch)
        for kind in ("float32", "int8")
    }


def _ctranslate2(work: Work, kind: str, batch: int) -> Contender:
    import ctranslate2

    folder = work.folder.with_name(f"{work.folder.name}-ctranslate2-{kind}")
    if not folder.exists():
        converter = ctranslate2.converters.TransformersConverter(str(work.folder))
        converter.convert(str(folder), quantization=kind)
    tokenizer = hf.AutoTokenizer.from_pretrained(work.folder)
    generator = ctranslate2.Generator(
        str(folder), compute_type=kind, intra_threads=torch.get_num_threads()
    )

    def write() -> list[Text]:
        ids = tokenizer(work.prompts)["input_ids"]
        results = generator.generate_batch(
            [tokenizer.convert_ids_to_tokens(row) for row in ids],
            max_batch_size=batch,
            max_length=work.new_tokens,
            min_length=work.new_tokens,
            sampling_topk=1,
            include_prompt_in_result=False,
        )
        new = [result.sequences_ids[0] for result in results]
        texts = tokenizer.batch_decode([a + b for a, b in zip(ids, new, strict=True)])
        return [Text(text, len(row)) for text, row in zip(texts, new, strict=True)]

    return write
