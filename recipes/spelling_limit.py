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
from recipes.talk import Labels, ids_of, phoneme_ids, texts_of
from recipes.words import UNTRAINED, WORDS, more_words

FRAMES = 3  # of a phoneme, about as many as in speech
BATCH, PEAK_RATE = 128, 1e-3
VOICE = "en-us"


class Speller(nn.Module):
    def __init__(self, ids: dict[str, int]) -> None:
        """`ids` of phonemes, from 1."""
        super().__init__()
        whole = build_model()
        self.ids, self.width = ids, whole.config.hidden_size
        self.encoder, self.lm_head = whole.wav2vec2.encoder, whole.lm_head
        self.frames = nn.Embedding(len(ids) + 1, FRAMES * self.width)

    def forward(self, phonemes: Tensor) -> Tensor:
        """Logits [B,frames,letters] of phonemes [B,n], where 0 is none."""
        states = self.frames(phonemes).view(len(phonemes), -1, self.width)
        there = (phonemes > 0).repeat_interleave(FRAMES, 1)
        return self.lm_head(self.encoder(states, attention_mask=there).last_hidden_state)

    def batch(self, words: list[Utterance]) -> tuple[Tensor, Tensor]:
        """(phonemes [B,n], frames of each word [B])."""
        rows = [torch.tensor([self.ids[code] for code in one.phonemes.split()]) for one in words]
        frames = torch.tensor([FRAMES * len(row) for row in rows])
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), frames


def lessons(words: list[Utterance], seed: int) -> Iterator[list[Utterance]]:
    for epoch in count():
        order = np.random.default_rng([seed, epoch]).permutation(len(words))
        for start in range(0, len(order), BATCH):
            yield [words[index] for index in order[start : start + BATCH]]


@torch.inference_mode()
def misspelled(model: Speller, sets: dict[str, list[Utterance]]) -> dict[str, float]:
    """Character error rate of each set of words."""
    model.eval()
    rates = {}
    for name, words in sets.items():
        phonemes, frames = model.batch(words)
        written = texts_of(model(phonemes), frames)
        rates[name] = round(jiwer.cer([one.text for one in words], written), 4)
    model.train()
    return rates


def main(
    out: Annotated[Path, typer.Option(help="Folder for log and checkpoint.")],
    seed: Annotated[int, typer.Option(help="Of the weights and the order of words.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH} words.")] = 2000,
) -> None:
    """Print how many letters of known and of new words it misspells."""
    torch.manual_seed(seed)
    known, new = (
        with_phonemes([Utterance(word, VOICE) for word in words])
        for words in ([*WORDS, *more_words()], UNTRAINED)
    )
    model = Speller(phoneme_ids(known + new))
    around = [model.encoder.pos_conv_embed, model.encoder.layer_norm, model.lm_head, model.frames]
    optimizers = training.muon_and_adamw(model.encoder.layers, around, PEAK_RATE, decay=0.02)
    watched = {"known": known[:: max(len(known) // 1000, 1)], "new": new}
    course = training.Course(out, [model], partial(misspelled, model, watched))

    def losses(_: int, words: list[Utterance]) -> training.Losses:
        phonemes, frames = model.batch(words)
        with training.mixed_precision():
            logits = model(phonemes)
        loss = Labels.of([ids_of(one.text) for one in words]).loss(logits, frames)
        return loss, {"spelt": loss}

    def from_step(first: int) -> Iterator[list[Utterance]]:
        return islice(lessons(known, seed), first, steps)

    course.stage("spelling", steps, PEAK_RATE, optimizers, from_step, losses)


if __name__ == "__main__":
    typer.run(main)
