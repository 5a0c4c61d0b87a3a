"""What the asr recipe listens to: rows of utterances, each time heard anew, in batches.

Letters and their order are those of facebook/wav2vec2-base-960h.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset
from transformers import Wav2Vec2ForCTC

from recipes import speech_model
from recipes.speech import RATE, Corpus, Floats, Utterance, another_throat, hear, nothing

VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
ID_OF = {letter: index for index, letter in enumerate(VOCABULARY)}
BATCH_SECONDS = 90.0  # of sound in a batch, padding included
SHORT_EPOCHS, SHORT = 2, 2.2  # epochs that hear only what is shorter than so many seconds
LONGEST = 32.0  # seconds of an example: taskcli hears 30 at once
JOINED = 0.4  # share of utterances of two or more in a row
SILENT = 0.01  # share of examples in which nothing is said
OTHER_THROATS = 0.5  # share of those as by speakers whom espeak does not have; fades to none


def ids_of(text: str) -> list[int]:
    return [ID_OF[letter] for letter in text.upper().replace(" ", "|")]


def phoneme_ids(utterances: Iterable[Utterance]) -> dict[str, int]:
    """From 1: CTC's blank is 0."""
    codes = {code for one in utterances for code in one.phonemes.split()}
    return {code: index for index, code in enumerate(sorted(codes), 1)}


def text_of(ids: list[int]) -> str:
    """The likeliest text of frames: repeats merged, blanks dropped."""
    merged = [now for before, now in zip([-1, *ids], ids, strict=False) if now != before]
    letters = "".join(VOCABULARY[index] for index in merged if index > 3)
    return " ".join(letters.replace("|", " ").lower().split())


def texts_of(logits: Tensor, frames: Tensor) -> list[str]:
    """The likeliest texts of logits [B,frames,letters], as many frames [B] of each row."""
    best = zip(logits.argmax(-1).tolist(), frames.tolist(), strict=True)
    return [text_of(row[:length]) for row, length in best]


@dataclass(frozen=True)
class Labels:
    ids: Tensor  # [all of them], row after row
    lengths: Tensor  # [B] of each row

    @classmethod
    def of(cls, rows: list[list[int]]) -> Labels:
        ids = torch.tensor([index for row in rows for index in row])
        return cls(ids, torch.tensor([len(row) for row in rows]))

    def loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """CTC loss of logits [B,frames,labels], of which each row has so many frames [B]."""
        scores = logits.float().log_softmax(-1).transpose(0, 1)
        return functional.ctc_loss(scores, self.ids, frames, self.lengths, zero_infinity=True)


@dataclass(frozen=True)
class Batch:
    values: Tensor  # [B,n]
    mask: Tensor  # [B,n]
    letters: Labels
    phonemes: Labels
    texts: list[str]


class Talk(IterableDataset[Batch]):
    """Batches of like length, epoch after epoch; the same seed and step give the same batch."""

    def __init__(
        self,
        spoken: Corpus,
        seed: int,
        first: int,
        last: int,
        joined: float = JOINED,
        short_epochs: int = SHORT_EPOCHS,
    ) -> None:
        self.spoken, self.seed, self.first, self.last = spoken, seed, first, last
        self.joined, self.short_epochs = joined, short_epochs
        self.ids = phoneme_ids(spoken.utterances)

    def __iter__(self) -> Iterator[Batch]:
        for step, rows in islice(enumerate(self._batches()), self.first, self.last):
            rng = np.random.default_rng([self.seed, 1, step])
            yield self.batch(rows, rng, SILENT, OTHER_THROATS * (1 - step / self.last))

    def _batches(self) -> Iterator[list[list[int]]]:
        """Rows of utterances, where most rows hold one."""
        seconds = self.spoken.seconds()
        for epoch in count():
            rng = np.random.default_rng([self.seed, 2, epoch])
            limit = SHORT if epoch < self.short_epochs else LONGEST
            order = rng.permutation(np.flatnonzero(seconds < limit)).tolist()
            rows = list(_joined(order, seconds, limit, self.joined, rng))
            batches = list(alike(rows, seconds, rng))
            yield from (batches[index] for index in rng.permutation(len(batches)))

    def batch(
        self,
        rows: list[list[int]],
        rng: np.random.Generator,
        silent: float = 0.0,
        throats: float = 0.0,
    ) -> Batch:
        """Rows of utterances as they are heard; in a share of them nobody speaks, or another."""
        sounds = [self._sound(row, rng, throats) for row in rows]
        said = [[self.spoken.utterances[index] for index in row] for row in rows]
        for row in np.flatnonzero(rng.random(len(rows)) < silent):
            sounds[row], said[row] = nothing(len(sounds[row]), rng), []
        texts = [" ".join(one.text for one in row) for row in said]
        codes = [[code for one in row for code in one.phonemes.split()] for row in said]
        return Batch(
            *speech_model.pad(sounds),
            letters=Labels.of([ids_of(text) for text in texts]),
            phonemes=Labels.of([[self.ids[code] for code in row] for row in codes]),
            texts=texts,
        )

    def _sound(self, row: list[int], rng: np.random.Generator, throats: float) -> Floats:
        parts = [self.spoken.sound(index) for index in row]
        pauses = [np.zeros(int(rng.uniform(0.1, 0.6) * RATE), np.float32) for _ in parts[1:]]
        mixed = [piece for pair in zip(pauses, parts[1:], strict=True) for piece in pair]
        said = np.concatenate([parts[0], *mixed])
        if rng.random() < throats:
            said = another_throat(said, rng)
        return hear(said, rng)


def _joined(
    order: list[int], seconds: Floats, limit: float, joined: float, rng: np.random.Generator
) -> Iterator[list[int]]:
    row: list[int] = []
    for index in order:
        if row and (rng.random() > joined or seconds[[*row, index]].sum() + len(row) > limit):
            yield row
            row = []
        row.append(index)
    yield row


def alike(
    rows: list[list[int]], seconds: Floats, rng: np.random.Generator, most: float = BATCH_SECONDS
) -> Iterator[list[list[int]]]:
    """Batches of rows of utterances that take about as long as each other."""
    lasting = np.array([seconds[row].sum() for row in rows]) * rng.uniform(0.9, 1.1, len(rows))
    batch: list[list[int]] = []
    for index in np.argsort(lasting):
        if (len(batch) + 1) * (lasting[index] + 0.4) > most:
            yield batch
            batch = []
        batch.append(rows[index])
    yield batch


def frames_of(model: Wav2Vec2ForCTC, batch: Batch) -> Tensor:
    """[B] frames that hold sound."""
    return model._get_feat_extract_output_lengths(batch.mask.sum(-1))


def batches(talk: Talk) -> DataLoader[Batch]:
    """Made beside the training, in another process."""
    return DataLoader(talk, None, num_workers=1, prefetch_factor=16)
