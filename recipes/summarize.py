"""Train the summarize starter: the one line that matters in a report.

    python -m recipes.summarize --seed 0 --out runs/summarize

A small BART over bytes, so that any name can be copied into the summary.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    RobertaTokenizer,
)

from recipes import text_training
from recipes.text_training import IGNORED
from recipes.told import reports
from recipes.told.reports import Report
from recipes.told.templates import stream

MAX_LENGTH = 192  # tokens of a report
MAX_SUMMARY = 64  # tokens
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BEGIN, PAD, END = range(3)
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


def build_model(vocabulary: int) -> BartForConditionalGeneration:
    config = BartConfig(
        vocab_size=vocabulary,
        d_model=128,
        encoder_layers=3,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=384,
        decoder_ffn_dim=384,
        max_position_embeddings=MAX_LENGTH,
        dropout=0.0,
        attention_dropout=0.0,
        bos_token_id=BEGIN,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=END,
        forced_eos_token_id=END,
    )
    model = BartForConditionalGeneration(config)
    text_training.initialise_small(model)
    model.generation_config = GenerationConfig(
        bos_token_id=BEGIN,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=END,
        forced_bos_token_id=BEGIN,
        forced_eos_token_id=END,
        max_length=MAX_SUMMARY,
        num_beams=2,
        early_stopping=True,
    )
    return model


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


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the texts.")] = 0,
    steps: Annotated[int, typer.Option(help="Steps of 48 reports.")] = PLAN.steps,
) -> None:
    """Train the summarize starter and save it in OUT/model."""
    text_training.make(
        build_tokenizer(seed),
        lambda tokenizer: build_model(len(tokenizer)),
        Recipe,
        watch,
        replace(PLAN, steps=steps),
        seed,
        out,
    )


if __name__ == "__main__":
    typer.run(main)
