"""How well words that are new can be spelled at all, after all the words of the asr recipe.

    python -m recipes.spelling_limit --out runs/spelling_limit

The asr starter's own transformer learns to spell from the phonemes that espeak-ng speaks, so there
is nothing that it could hear wrongly: what it misspells is not for want of hearing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Annotated

import jiwer
import numpy as np
import torch
import typer
from torch import Tensor, nn

from recipes import training
from recipes.asr import build_model
from recipes.speech import Utterance, with_phonemes
from recipes.talk import Labels, ids_of, text_of
from recipes.words import UNTRAINED, WORDS, more_words

FRAMES = 3  # of a phoneme, about as many as in speech
BATCH, PEAK_RATE = 128, 1e-3
VOICE = "en-us"

Word = tuple[str, list[int]]  # its letters, its phonemes


class Speller(nn.Module):
    def __init__(self, phonemes: int) -> None:
        super().__init__()
        whole = build_model()
        self.width = whole.config.hidden_size
        self.encoder, self.lm_head = whole.wav2vec2.encoder, whole.lm_head
        self.frames = nn.Embedding(phonemes + 1, FRAMES * self.width)

    def forward(self, phonemes: Tensor) -> Tensor:
        """Logits [B,frames,letters] of phonemes [B,n], where 0 is none."""
        states = self.frames(phonemes).view(len(phonemes), -1, self.width)
        there = (phonemes > 0).repeat_interleave(FRAMES, 1)
        return self.lm_head(self.encoder(states, attention_mask=there).last_hidden_state)


def spoken(words: list[str]) -> list[list[str]]:
    return [one.phonemes.split() for one in with_phonemes([Utterance(w, VOICE) for w in words])]


def batch(words: list[Word]) -> tuple[Tensor, Tensor, Labels]:
    """(phonemes [B,n], frames of each word [B], letters)."""
    rows = [torch.tensor(phonemes) for _, phonemes in words]
    frames = torch.tensor([FRAMES * len(row) for row in rows])
    phonemes = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return phonemes, frames, Labels.of([ids_of(word) for word, _ in words])


def lessons(words: list[Word], seed: int) -> Iterator[list[Word]]:
    for epoch in count():
        order = np.random.default_rng([seed, epoch]).permutation(len(words))
        yield from ([words[index] for index in part] for part in np.split(order, _cuts(len(words))))


def _cuts(length: int) -> range:
    return range(BATCH, length, BATCH)


@torch.inference_mode()
def misspelled(model: Speller, sets: dict[str, list[Word]]) -> dict[str, float]:
    """Character error rate of each set of words."""
    model.eval()
    rates = {}
    for name, words in sets.items():
        phonemes, frames, _ = batch(words)
        best = zip(model(phonemes).argmax(-1).tolist(), frames.tolist(), strict=True)
        written = [text_of(row[:length]) for row, length in best]
        rates[name] = round(jiwer.cer([word for word, _ in words], written), 4)
    model.train()
    return rates


def main(
    out: Annotated[Path, typer.Option(help="Folder for log and checkpoint.")],
    seed: Annotated[int, typer.Option(help="Of the weights and the order of words.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH} words.")] = 2000,
) -> None:
    """Print how many letters of known and of new words it misspells."""
    torch.manual_seed(seed)
    known = [*WORDS, *more_words()]
    codes = spoken([*known, *UNTRAINED])
    ids = {code: n for n, code in enumerate(sorted({one for row in codes for one in row}), 1)}
    words = list(
        zip([*known, *UNTRAINED], ([ids[one] for one in row] for row in codes), strict=True)
    )
    known_words, new_words = words[: len(known)], words[len(known) :]
    model = Speller(len(ids))
    around = [model.encoder.pos_conv_embed, model.encoder.layer_norm, model.lm_head, model.frames]
    optimizers = training.muon_and_adamw(model.encoder.layers, around, PEAK_RATE, decay=0.02)
    watched = {"known": known_words[:: max(len(known) // 1000, 1)], "new": new_words}
    course = training.Course(out, [model], partial(misspelled, model, watched))

    def losses(_: int, some: list[Word]) -> training.Losses:
        phonemes, frames, letters = batch(some)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(phonemes)
        loss = letters.loss(logits, frames)
        return loss, {"spelt": loss}

    def from_step(first: int) -> Iterator[list[Word]]:
        return islice(lessons(known_words, seed), first, steps)

    course.stage("spelling", steps, PEAK_RATE, optimizers, from_step, losses)


if __name__ == "__main__":
    typer.run(main)
