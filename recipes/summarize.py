"""Train the summarize starter: the one line that matters in a report.

    python -m recipes.summarize --seed 0 --out runs/summarize

A small BART over bytes, so that any name can be copied into the summary.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import typer
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    RobertaTokenizer,
)

from recipes import text_training
from recipes.text_grammars import reports
from recipes.text_grammars.reports import Report
from recipes.text_grammars.templates import stream
from recipes.text_training import BEGIN, IGNORED

MAX_LENGTH = 192  # tokens of a report
MAX_SUMMARY = 64  # tokens
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
PLAN = text_training.Plan(steps=1400, peak_rate=1e-3)


@dataclass(frozen=True)
class Recipe:
    """Draws reports and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> Report:
        return reports.report(rng)

    def collate(self, batch: list[Report]) -> text_training.Batch:
        encoded = self.tokenizer(
            [report.text for report in batch],
            padding=True,
            truncation=True,
            max_length=MAX_LENGTH,
            return_tensors="pt",
        )
        summaries = self.tokenizer([report.summary for report in batch])["input_ids"]
        return {**encoded, "labels": text_training.padded(summaries, IGNORED)}

    def stream(self) -> text_training.Stream[Report]:
        return text_training.Stream(self.draw, lambda report: len(report.text), self.collate, 48)


def build_tokenizer(seed: int) -> Any:
    rng = stream(seed, "tokenizer")
    drawn = [reports.report(rng) for _ in range(text_training.SAMPLE // 2)]
    texts = [report.text for report in drawn] + [report.summary for report in drawn]
    vocab, merges = text_training.byte_pairs(texts, 1000, SPECIAL)
    return RobertaTokenizer(vocab=vocab, merges=merges, model_max_length=MAX_LENGTH)


def build_model(tokenizer: Any) -> BartForConditionalGeneration:
    return text_training.build_small_bart(
        BartConfig,
        BartForConditionalGeneration,
        len(tokenizer),
        MAX_LENGTH,
        max_length=MAX_SUMMARY,
        forced_bos_token_id=BEGIN,
    )


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Loss on unseen reports, and the share of their summaries that is right to the letter."""
    rng = stream(seed, "unseen")
    drawn = [reports.report(rng, unseen=True) for _ in range(48)]
    batch = recipe.collate(drawn)
    loss = float(model(**batch).loss)
    ids = model.generate(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], num_beams=1
    )
    found = recipe.tokenizer.batch_decode(ids, skip_special_tokens=True)
    right = [text == report.summary for text, report in zip(found, drawn, strict=True)]
    return {"loss": loss, "exact": sum(right) / len(right)}


main = text_training.command(
    text_training.Starter(
        "summarize",
        "48 reports",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
    )
)

if __name__ == "__main__":
    typer.run(main)
