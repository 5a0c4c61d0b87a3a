"""A stage of the asr recipe: the layers that spell go on learning from what others hear.

Sounds are hard to tell apart only until phonemes are known; how a word is spelled takes far
longer to learn. So what the lower layers make of each row is kept on disk, once, and the upper
ones learn from that: a step costs half as much, and the hearing cannot get worse meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, count, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import Wav2Vec2ForCTC
from transformers.masking_utils import create_bidirectional_mask

from recipes import training
from recipes.talk import Batch, Labels, Talk, alike, batches, frames_of, ids_of

BATCH_SECONDS, FRAME_SECONDS = 120.0, 0.03
PEAK_RATE = 1e-3


@dataclass(frozen=True)
class Heard:
    """What the lower layers made of rows of utterances."""

    states: NDArray[np.float16]  # [frames of all rows, width]
    bounds: list[int]  # where each row begins, and the last one ends, in frames
    texts: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def seconds(self) -> NDArray[np.float32]:
        return np.diff(self.bounds).astype(np.float32) * FRAME_SECONDS

    def batch(self, rows: list[int]) -> tuple[Tensor, Tensor, Labels]:
        """(states [B,frames,width], frames of each row [B], letters)."""
        places = (slice(*self.bounds[row : row + 2]) for row in rows)
        parts = [torch.tensor(self.states[place]) for place in places]
        states = nn.utils.rnn.pad_sequence(parts, batch_first=True).float()
        frames = torch.tensor([len(part) for part in parts])
        return states, frames, Labels.of([ids_of(self.texts[row]) for row in rows])


def hear_once(model: Wav2Vec2ForCTC, layers: int, talks: list[Talk], path: Path) -> Heard:
    """All of `talks` behind the first `layers`; what is in `path` already is not heard again."""
    said = path.with_suffix(".json")
    if not said.exists():
        texts, lengths = [], []
        with path.open("wb") as file:
            for talk in talks:
                for batch in batches(talk):
                    for states in _lower(model, layers, batch):
                        lengths.append(len(states))
                        file.write(states.numpy().tobytes())
                    texts += batch.texts
        said.write_text(json.dumps({"bounds": [*accumulate(lengths, initial=0)], "texts": texts}))
    states = np.memmap(path, np.float16, "r").reshape(-1, model.config.hidden_size)
    return Heard(states, **json.loads(said.read_text()))


@torch.inference_mode()
def _lower(model: Wav2Vec2ForCTC, layers: int, batch: Batch) -> Iterator[Tensor]:
    """[frames,width] of each row."""
    with training.mixed_precision():
        told = model(batch.values, attention_mask=batch.mask, output_hidden_states=True)
    frames = frames_of(model, batch).tolist()
    for states, length in zip(told.hidden_states[layers].half(), frames, strict=True):
        yield states[:length]


def spell(model: Wav2Vec2ForCTC, layers: int, states: Tensor, frames: Tensor) -> Tensor:
    """Logits [B,frames,labels] of what the first `layers` made, as `model` itself goes on."""
    encoder = model.wav2vec2.encoder
    there = torch.arange(states.shape[1]) < frames[:, None]
    mask = create_bidirectional_mask(
        config=model.config, inputs_embeds=states, attention_mask=there
    )
    for layer in encoder.layers[layers:]:
        states = layer(states, attention_mask=mask)
    return model.lm_head(encoder.layer_norm(states))


def rows_alike(heard: Heard, seed: int) -> Iterator[list[int]]:
    """Rows of like length, epoch after epoch."""
    seconds, rows = heard.seconds(), [[row] for row in range(len(heard))]
    for epoch in count():
        rng = np.random.default_rng([seed, 4, epoch])
        found = list(alike(rows, seconds, rng, BATCH_SECONDS))
        for index in rng.permutation(len(found)):
            yield [row for [row] in found[index]]


def learn_to_spell(
    course: training.Course, layers: int, talks: list[Talk], seed: int, steps: int
) -> None:
    """Train what is above the first `layers` on what these make of `talks`."""
    model = course.modules[0]
    heard = hear_once(model, layers, talks, course.folder / f"heard-after-{course.done}.f16")
    encoder = model.wav2vec2.encoder
    around = [encoder.layer_norm, model.lm_head]
    optimizers = training.muon_and_adamw(encoder.layers[layers:], around, PEAK_RATE, decay=0.02)

    def lessons(first: int) -> Iterator[list[int]]:
        return islice(rows_alike(heard, seed), first, steps)

    def losses(_: int, rows: list[int]) -> training.Losses:
        states, frames, letters = heard.batch(rows)
        with training.mixed_precision():
            logits = spell(model, layers, states, frames)
        loss = letters.loss(logits, frames)
        return loss, {"spelt": loss}

    course.stage("spelling", steps, PEAK_RATE, optimizers, lessons, losses)
