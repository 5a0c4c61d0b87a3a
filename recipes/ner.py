"""Train the ner starter: persons, places and organisations in small news and letters.

    python -m recipes.ner --seed 0 --out runs/ner

A small cased BERT. Names are built from syllables, so that most of them are new each time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
import typer
from transformers import BertConfig, BertForTokenClassification

from recipes import text_training
from recipes.text_grammars import news
from recipes.text_grammars.templates import Filled, stream
from recipes.text_training import IGNORED

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
MAX_LENGTH = 96  # tokens
PLAN = text_training.Plan(steps=2400, peak_rate=1.2e-3)


@dataclass(frozen=True)
class Recipe:
    """Draws articles and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> Filled:
        """Long texts are read in windows, so half of all are pieces, of up to a window's length."""
        if rng.random() < 0.5:
            return news.article(rng)
        return news.piece(news.article(rng, sentences=rng.randint(3, 8)), rng, rng.randint(80, 320))

    def collate(self, batch: list[Filled]) -> text_training.Batch:
        encoded = self.tokenizer(
            [article.text for article in batch],
            padding=True,
            truncation=True,
            max_length=MAX_LENGTH,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoded.pop("offset_mapping").tolist()
        rows = [tags(article, row) for article, row in zip(batch, offsets, strict=True)]
        return {**encoded, "labels": torch.tensor(rows)}

    def stream(self) -> text_training.Stream[Filled]:
        return text_training.Stream(self.draw, lambda article: len(article.text), self.collate, 32)


def tags(article: Filled, offsets: list[list[int]]) -> list[int]:
    """A label for each token; every piece of a name is tagged, special tokens are not."""
    return [_tag(article, start, end) for start, end in offsets]


def _tag(article: Filled, start: int, end: int) -> int:
    if start == end:
        return IGNORED
    for span in article.spans:
        if span.start <= start < span.end:
            return LABELS.index(f"{'B' if start == span.start else 'I'}-{span.slot}")
    return LABELS.index("O")


def build_tokenizer(seed: int) -> Any:
    rng = stream(seed, "tokenizer")
    texts = [news.article(rng).text for _ in range(text_training.SAMPLE)]
    return text_training.wordpiece(texts, 1800, MAX_LENGTH)


def build_model(tokenizer: Any) -> BertForTokenClassification:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=0.05,
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    model = BertForTokenClassification(config)
    text_training.initialise_small(model)
    return model


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Share of the tokens of names that are tagged right, names and templates unseen."""
    rng = stream(seed, "unseen")
    batch = recipe.collate([news.article(rng, True, True) for _ in range(200)])
    labels = batch.pop("labels")
    named = labels > 0
    return {"recall": float((model(**batch).logits.argmax(-1) == labels)[named].float().mean())}


main = text_training.command(
    text_training.Starter(
        "ner",
        "32 articles",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
    )
)

if __name__ == "__main__":
    typer.run(main)
