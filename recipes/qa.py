"""Train the qa starter: the span of a passage that answers a question.

    python -m recipes.qa --seed 0 --out runs/qa

A small cased BERT. Training begins with passages of one or two facts, where matching the names of
the question with those of the passage is soon learnt, and goes on to longer ones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertForQuestionAnswering

from recipes import text_training
from recipes.text_grammars import passages
from recipes.text_grammars.passages import Asked
from recipes.text_grammars.templates import Span, stream
from recipes.text_training import IGNORED

MAX_LENGTH = 192  # tokens
MOST_FACTS = 8
PLAN = text_training.Plan(steps=4000, peak_rate=1e-3)


@dataclass(frozen=True)
class Recipe:
    """Draws questions about passages and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> Asked:
        """Long passages are read in windows, so some are pieces, and some hold no answer."""
        most = min(1 + int(progress * 16), MOST_FACTS)
        asked = passages.asked(rng, most=most, unanswerable=0.12 if progress > 0.3 else 0.0)
        return passages.window(asked, rng) if rng.random() < 0.1 else asked

    def collate(self, batch: list[Asked]) -> text_training.Batch:
        encoded = self.tokenizer(
            [asked.question for asked in batch],
            [asked.passage.text for asked in batch],
            padding=True,
            truncation="only_second",
            max_length=MAX_LENGTH,
            return_tensors="pt",
        )
        places = [answer_tokens(encoded, row, asked) for row, asked in enumerate(batch)]
        starts, ends = torch.tensor(places).T
        sources = torch.tensor([source_tags(encoded, row, one) for row, one in enumerate(batch)])
        return {**encoded, "start_positions": starts, "end_positions": ends, "sources": sources}

    def stream(self) -> text_training.Stream[Asked]:
        return text_training.Stream(
            self.draw, lambda asked: len(asked.passage.text), self.collate, 32
        )


def answer_tokens(encoded: Any, row: int, asked: Asked) -> tuple[int, int]:
    """First and last token of the answer; 0 and 0, the class token, where there is none."""
    if asked.answer is None:
        return 0, 0
    first = encoded.char_to_token(row, asked.answer.start, sequence_index=1)
    last = encoded.char_to_token(row, asked.answer.end - 1, sequence_index=1)
    return (0, 0) if first is None or last is None else (first, last)


def source_tags(encoded: Any, row: int, asked: Asked) -> list[int]:
    """For each token of the passage: 1 within the sentence that gives the answer, 0 elsewhere."""
    source = asked.source or Span("source", 0, 0)
    places = zip(encoded.sequence_ids(row), encoded.encodings[row].offsets, strict=True)
    return [
        int(source.start <= start < source.end) if sequence == 1 else IGNORED
        for sequence, (start, _) in places
    ]


class Reader(nn.Module):
    """The model, and a second aim for the training: which sentence the question is about. Two
    places in a passage say too little about how to find them."""

    def __init__(self, model: BertForQuestionAnswering) -> None:
        super().__init__()
        self.model = model
        self.pointing = nn.Linear(model.config.hidden_size, 2)

    def forward(self, sources: Tensor, **inputs: Tensor) -> Any:
        found = self.model(**inputs, output_hidden_states=True)
        tags = self.pointing(found.hidden_states[-2])
        found.loss = found.loss + functional.cross_entropy(
            tags.flatten(0, 1), sources.flatten(), ignore_index=IGNORED
        )
        return found


def build_tokenizer(seed: int) -> Any:
    rng = stream(seed, "tokenizer")
    drawn = [passages.asked(rng) for _ in range(text_training.SAMPLE // 2)]
    texts = [asked.question for asked in drawn] + [asked.passage.text for asked in drawn]
    return text_training.wordpiece(texts, 1400, MAX_LENGTH)


def build_model(tokenizer: Any) -> Reader:
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=144,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForQuestionAnswering(config)
    reader = Reader(model)
    text_training.initialise_small(reader)
    for layer in model.bert.encoder.layer[:2]:  # at first every token looks for its like
        attention = layer.attention.self
        attention.key.weight.data.copy_(attention.query.weight.data)
    return reader


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Share of the questions of which both ends of the answer are found, names unseen."""
    rng = stream(seed, "unseen")
    batch = recipe.collate([passages.asked(rng, unseen=True) for _ in range(200)])
    found = model(**batch)
    starts = found.start_logits.argmax(-1) == batch["start_positions"]
    right = starts & (found.end_logits.argmax(-1) == batch["end_positions"])
    return {"exact": float(right.float().mean())}


main = text_training.command(
    text_training.Starter(
        "qa",
        "32 questions",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
        shipped=lambda reader: reader.model,
    )
)

if __name__ == "__main__":
    typer.run(main)
