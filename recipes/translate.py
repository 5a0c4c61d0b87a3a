"""Train the translate starter: English to French and French to English in one model.

    python -m recipes.translate --seed 0 --out runs/translate

A small model in the layout of mBART-50: every text begins with the code of its language, and the
first token that is generated says which language is asked for.
"""

from __future__ import annotations

import io
import random
import tempfile
from dataclasses import dataclass
from typing import Any

import sentencepiece
import typer
from sentencepiece import sentencepiece_model_pb2
from transformers import (
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
)

from recipes import text_training
from recipes.text_grammars import bilingual
from recipes.text_grammars.templates import stream
from recipes.text_training import CHARACTERS, END, IGNORED, PAD

LANGUAGES = ("en_XX", "fr_XX")
MAX_LENGTH = 128  # tokens
LONGEST_SOURCE = 72  # tokens: four sentences; longer texts are translated in parts
PLAN = text_training.Plan(steps=2000, peak_rate=1.5e-3)
# What is read as something else: all blanks as a space, curly quotes as straight ones.
_READ_AS = {
    **dict.fromkeys("\t\n\r\u00a0\u2009\u202f", " "),
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
}


@dataclass(frozen=True)
class Example:
    source: str
    target: str
    towards: int  # index of the target's language


@dataclass(frozen=True)
class Recipe:
    """Draws pairs in either direction and makes batches of them."""

    tokenizer: Any

    def draw(self, rng: random.Random, progress: float = 1.0) -> Example:
        """At first single sentences, where it is soon learnt which word goes with which."""
        return example(rng, most=1 if progress < 0.15 else 4)

    def collate(self, batch: list[Example]) -> text_training.Batch:
        ids = self.tokenizer(
            [one.source for one in batch] + [one.target for one in batch], add_special_tokens=False
        )["input_ids"]
        codes = self.tokenizer.convert_tokens_to_ids(LANGUAGES)
        sources, targets = ids[: len(batch)], ids[len(batch) :]
        inputs = [
            [codes[1 - one.towards], *row, END] for one, row in zip(batch, sources, strict=True)
        ]
        labels = [[codes[one.towards], *row, END] for one, row in zip(batch, targets, strict=True)]
        return {
            "input_ids": text_training.padded(inputs, PAD),
            "attention_mask": text_training.padded([[1] * len(row) for row in inputs], 0),
            "labels": text_training.padded(labels, IGNORED),
        }

    def stream(self) -> text_training.Stream[Example]:
        return text_training.Stream(self.draw, lambda one: len(one.source), self.collate, 64)


def example(rng: random.Random, unseen: bool = False, most: int = 4) -> Example:
    """A pair in one of the two directions; the source may have blanks at odd places."""
    if rng.random() < 0.12:
        spoken = bilingual.heard(rng, unseen)
        return Example(spoken.en, spoken.fr, 1)
    drawn, towards = bilingual.pair(rng, unseen, most), rng.randrange(2)
    source, target = (drawn.en, drawn.fr) if towards else (drawn.fr, drawn.en)
    if rng.random() < 0.1:
        source += "\n"
    if rng.random() < 0.1:
        source = source.replace(". ", ".  ").replace("? ", "?  ")
    return Example(source, target, towards)


def build_tokenizer(seed: int) -> Any:
    """An mBART-50 tokenizer over pieces of both languages, with characters underneath."""
    rng = stream(seed, "tokenizer")
    drawn = [example(rng) for _ in range(text_training.SAMPLE // 2)]
    model = _pieces([text for one in drawn for text in (one.source, one.target)], 1200)
    return MBart50Tokenizer(
        vocab=[(piece.piece, piece.score) for piece in model.pieces],
        _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap,
        src_lang=LANGUAGES[0],
        tgt_lang=LANGUAGES[1],
        model_max_length=LONGEST_SOURCE,
    )


def _pieces(texts: list[str], size: int) -> Any:
    """A SentencePiece model; one thread, so that it is the same each time."""
    written = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.writelines(f"{ord(char):X}\t{ord(other):X}\n" for char, other in _READ_AS.items())
        rules.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=written,
            vocab_size=size,
            character_coverage=1.0,
            required_chars="".join(CHARACTERS),
            normalization_rule_tsv=rules.name,
            num_threads=1,
            minloglevel=2,
        )
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(written.getvalue())
    return model


def build_model(tokenizer: Any) -> MBartForConditionalGeneration:
    model: MBartForConditionalGeneration = text_training.build_small_bart(
        MBartConfig,
        MBartForConditionalGeneration,
        len(tokenizer),
        MAX_LENGTH,
        max_length=MAX_LENGTH,
    )
    model.config.languages = list(LANGUAGES)  # of the 52 that the tokenizer's class lists
    return model


def watch(recipe: Recipe, seed: int, model: Any) -> dict[str, float]:
    """Loss on unseen pairs, and the share of them that is translated to the letter."""
    rng = stream(seed, "unseen")
    drawn = [example(rng, unseen=True) for _ in range(48)]
    batch = recipe.collate(drawn)
    loss = float(model(**batch).loss)
    right = 0
    codes = recipe.tokenizer.convert_tokens_to_ids(LANGUAGES)
    for towards in range(2):
        rows = [row for row, one in enumerate(drawn) if one.towards == towards]
        ids = model.generate(
            input_ids=batch["input_ids"][rows],
            attention_mask=batch["attention_mask"][rows],
            forced_bos_token_id=codes[towards],
            num_beams=1,
        )
        found = recipe.tokenizer.batch_decode(ids, skip_special_tokens=True)
        right += sum(text == drawn[row].target for text, row in zip(found, rows, strict=True))
    return {"loss": loss, "exact": right / len(drawn)}


main = text_training.command(
    text_training.Starter(
        "translate",
        "64 pairs",
        PLAN,
        build_tokenizer,
        build_model,
        Recipe,
        watch,
    )
)

if __name__ == "__main__":
    typer.run(main)
