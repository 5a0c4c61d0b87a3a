"""Train the generate starter: short stories under a grammar.

    python -m recipes.generate --seed 0 --out runs/generate

A small GPT-2 over bytes. Whether what it adds to the beginning of an unseen story makes a whole
one is checked by `stories.parses`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import typer
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from recipes import text_training
from recipes.text_grammars import stories
from recipes.text_grammars.templates import stream
from recipes.text_training import IGNORED

MAX_LENGTH = 256  # tokens
END = "<|endoftext|>"
PLAN = text_training.Plan(steps=5500, peak_rate=1.5e-3)


@dataclass(frozen=True)
class Recipe:
    """Draws stories as tokens and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> list[int]:
        """One in seven is tokenized in two parts: a prompt may end within a word."""
        story = stories.tell(rng)
        cut = rng.randrange(len(story)) if rng.random() < 0.15 else 0
        ids = self.tokenizer([story[:cut], story[cut:]])["input_ids"]
        return [*ids[0], *ids[1], self.tokenizer.eos_token_id][:MAX_LENGTH]

    def collate(self, batch: list[list[int]]) -> text_training.Batch:
        end = self.tokenizer.eos_token_id
        mask = text_training.padded([[1] * len(row) for row in batch], 0)
        return {
            "input_ids": text_training.padded(batch, end),
            "attention_mask": mask,
            "labels": text_training.padded(batch, IGNORED),
        }

    def stream(self) -> text_training.Stream[list[int]]:
        return text_training.Stream(self.draw, len, self.collate, 24)


def build_tokenizer(seed: int) -> Any:
    rng = stream(seed, "tokenizer")
    texts = [stories.tell(rng) for _ in range(text_training.SAMPLE // 4)]
    vocab, merges = text_training.byte_pairs(texts, 900, [END])
    return GPT2Tokenizer(vocab=vocab, merges=merges, model_max_length=MAX_LENGTH)


def build_model(tokenizer: Any) -> GPT2LMHeadModel:
    end = tokenizer.eos_token_id
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=MAX_LENGTH,
        n_embd=128,
        n_layer=4,
        n_head=4,
        n_inner=384,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
    )
    model = GPT2LMHeadModel(config)
    text_training.initialise_small(model)
    for layer in model.transformer.h[:2]:  # at first every token looks for its like
        query, key, _ = layer.attn.c_attn.weight.data.split(config.n_embd, dim=1)
        key.copy_(query)
    model.generation_config = GenerationConfig(
        bos_token_id=end, eos_token_id=end, pad_token_id=end, max_new_tokens=MAX_LENGTH
    )
    return model


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Loss on unseen stories, and share of greedy stories from nothing but their beginning."""
    rng = stream(seed, "unseen")
    told = [stories.tell(rng, unseen=True) for _ in range(48)]
    ids = recipe.tokenizer(told)["input_ids"]
    loss = float(model(**recipe.collate([row[:MAX_LENGTH] for row in ids])).loss)
    whole = [stories.parses(finished(recipe, model, story[:60])) for story in told[:16]]
    return {"loss": loss, "parses": sum(whole) / len(whole)}


def finished(recipe: Recipe, model: Any, prompt: str) -> str:
    encoded = recipe.tokenizer(prompt, return_tensors="pt")
    room = MAX_LENGTH - encoded["input_ids"].shape[1]
    ids = model.generate(**encoded, do_sample=False, max_new_tokens=room)
    return str(recipe.tokenizer.decode(ids[0], skip_special_tokens=True))


main = text_training.command(
    text_training.Starter(
        "generate",
        "24 stories",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
    )
)

if __name__ == "__main__":
    typer.run(main)
