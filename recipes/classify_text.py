"""Train the classify-text starter: whether a review is positive or negative.

    python -m recipes.classify_text --seed 0 --out runs/classify-text

A small cased BERT. Its unseen reviews are made from sentence templates that training never used.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertForSequenceClassification

from recipes import text_training
from recipes.text_grammars import reviews
from recipes.text_grammars.templates import stream
from recipes.text_training import IGNORED

MAX_LENGTH = 128  # tokens
PLAN = text_training.Plan(steps=1800, peak_rate=1e-3)


@dataclass(frozen=True)
class Recipe:
    """Draws reviews and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> reviews.Review:
        """First words alone, then all that a sentence can do to them, then several sentences."""
        if progress < 0.08:
            return reviews.plain(rng)
        return reviews.review(rng, sentences=1 if progress < 0.55 else None)

    def collate(self, batch: list[reviews.Review]) -> text_training.Batch:
        encoded = self.tokenizer(
            [review.text for review in batch],
            padding=True,
            truncation=True,
            max_length=MAX_LENGTH,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        labels = torch.tensor([reviews.LABELS.index(review.label) for review in batch])
        offsets = encoded.pop("offset_mapping").tolist()
        opinions = [opinion_tags(review, row) for review, row in zip(batch, offsets, strict=True)]
        return {**encoded, "labels": labels, "opinions": torch.tensor(opinions)}

    def stream(self) -> text_training.Stream[reviews.Review]:
        return text_training.Stream(self.draw, lambda review: len(review.text), self.collate, 64)


def opinion_tags(review: reviews.Review, offsets: list[list[int]]) -> list[int]:
    """For each token of an opinion: its polarity, twice, plus whether the review agrees."""
    tags = [IGNORED] * len(offsets)
    for span in review.opinions:
        tag = 2 * reviews.LABELS.index(span.slot) + (span.slot == review.label)
        for place, (start, end) in enumerate(offsets):
            if span.start <= start < end <= span.end:
                tags[place] = tag
    return tags


class Reader(nn.Module):
    """The judge, and a second aim for the training: which opinions count, and which are denied or
    give way. One bit a review says too little about that."""

    def __init__(self, judge: BertForSequenceClassification) -> None:
        super().__init__()
        self.judge = judge
        self.weighing = nn.Linear(judge.config.hidden_size, 2 * len(reviews.LABELS))

    def forward(self, opinions: Tensor, **inputs: Tensor) -> Any:
        judged = self.judge(**inputs, output_hidden_states=True)
        tags = self.weighing(judged.hidden_states[-1])
        judged.loss = judged.loss + functional.cross_entropy(
            tags.flatten(0, 1), opinions.flatten(), ignore_index=IGNORED
        )
        return judged


def build_tokenizer(seed: int) -> Any:
    rng = stream(seed, "tokenizer")
    texts = [reviews.review(rng).text for _ in range(text_training.SAMPLE)]
    return text_training.wordpiece(texts, 1200, MAX_LENGTH)


def build_model(tokenizer: Any) -> Reader:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=0.05,
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(reviews.LABELS)),
        label2id={label: number for number, label in enumerate(reviews.LABELS)},
    )
    model = Reader(BertForSequenceClassification(config))
    text_training.initialise_small(model)
    return model


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Accuracy on reviews of unseen templates."""
    rng = stream(seed, "unseen")
    batch = recipe.collate([reviews.review(rng, unseen=True) for _ in range(400)])
    found = model(**batch).logits.argmax(-1)
    return {"accuracy": float((found == batch["labels"]).float().mean())}


main = text_training.command(
    text_training.Starter(
        "classify-text",
        "64 reviews",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
        shipped=lambda model: model.judge,
    )
)

if __name__ == "__main__":
    typer.run(main)
