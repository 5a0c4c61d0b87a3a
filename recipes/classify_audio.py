"""Train the classify-audio starter: which of ten commands is said, another word, or nothing.

    python -m recipes.classify_audio --seed 0 --out runs/classify-audio

The labels are those of superb/wav2vec2-base-superb-ks, spelled and ordered alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset
from transformers import Wav2Vec2ForSequenceClassification

from recipes import speech_model, training
from recipes.speech import (
    RATE,
    SHARD,
    VOICES,
    Corpus,
    Floats,
    Utterance,
    another_throat,
    corpus,
    hear,
    nothing,
    speak_all,
)
from recipes.words import UNTRAINED, WORDS

COMMANDS = "yes no up down left right on off stop go".split()
SILENCE, UNKNOWN = "_silence_", "_unknown_"
LABELS = [*COMMANDS, SILENCE, UNKNOWN]
SOUND_ALIKES = {"know", "knows", "write", "rights", "knot"}  # no telling them from a command
# Words that a careless ear takes for a command come up more often among the unknown ones.
NEAR_MISSES = """
guess less dress west note nor snow low show so though now new cup us out but hop town dawn
done noun brown around doubt lift live laugh theft let life light bright ride wrap rain rat ripe
one an own in and want of cough soft other often step start top shop stove stock dog goal ghost
goat got grow gold blow toe hello who
""".split()
BATCH = 48
SECONDS = 1.0  # of a clip, unless the word takes longer
PEAK_RATE = 1e-3
OTHER_THROATS = 0.7  # share of the words that are said as by speakers whom espeak does not have
SHARDS = 12  # of utterances, spoken once


def utterances(rng: np.random.Generator, voices: list[str], words: list[str]) -> list[Utterance]:
    """A shard: two of three are commands, the others come from `words` and the near misses."""
    others = [word for word in words if word not in {*COMMANDS, *SOUND_ALIKES}]

    def text() -> str:
        kind = rng.random()
        if kind < 0.66:
            return str(rng.choice(COMMANDS))
        if kind < 0.8:
            return str(rng.choice(NEAR_MISSES))
        return str(rng.choice(others))

    return [Utterance.draw(rng, text(), voices) for _ in range(SHARD)]


def label_of(text: str) -> int:
    return LABELS.index(text if text in COMMANDS else UNKNOWN)


def clip(word: Floats, rng: np.random.Generator) -> Floats:
    """Half a second to more than one that holds the word anywhere."""
    room = int(rng.uniform(0.5, 1.3) * SECONDS * RATE) - len(word)
    before = int(rng.integers(max(room, 0) + 1))
    placed = np.pad(word, (before, max(room, 0) - before))
    return hear(placed, rng, ends=0.05)


def silence(rng: np.random.Generator) -> Floats:
    """About a second in which nobody speaks."""
    return nothing(int(rng.uniform(0.8, 1.3) * SECONDS * RATE), rng)


def draw_clips(
    rng: np.random.Generator, size: int, voices: list[str]
) -> tuple[list[str], Iterator[Floats]]:
    """Labels, each as often, with clips of them; every other unknown word is a near miss."""
    labels = [LABELS[index % len(LABELS)] for index in range(size)]
    new = sorted({*UNTRAINED} - {*NEAR_MISSES, *COMMANDS, *SOUND_ALIKES})
    unknown = [NEAR_MISSES, new]
    texts = [
        str(rng.choice(unknown[rng.integers(2)])) if label == UNKNOWN else label
        for label in labels
        if label != SILENCE
    ]
    words = speak_all(Utterance.draw(rng, text, voices) for text in texts)
    return labels, (
        silence(rng) if label == SILENCE else clip(next(words), rng) for label in labels
    )


@dataclass(frozen=True)
class Batch:
    values: Tensor  # [B,n]
    mask: Tensor  # [B,n]
    labels: Tensor  # [B]


class Clips(IterableDataset[Batch]):
    """Batches of the given steps; the same seed and step give the same batch."""

    def __init__(self, spoken: Corpus, seed: int, first: int, last: int) -> None:
        self.spoken, self.seed, self.steps = spoken, seed, range(first, last)

    def __iter__(self) -> Iterator[Batch]:
        for step in self.steps:
            rng = np.random.default_rng([self.seed, 1, step])
            rows = [self._clip(rng) for _ in range(BATCH)]
            values, mask = speech_model.pad([sound for sound, _ in rows])
            yield Batch(values, mask, torch.tensor([label for _, label in rows]))

    def _clip(self, rng: np.random.Generator) -> tuple[Floats, int]:
        if rng.random() < 0.08:
            return silence(rng), LABELS.index(SILENCE)
        index = int(rng.integers(len(self.spoken)))
        word = self.spoken.sound(index)
        if rng.random() < OTHER_THROATS:
            word = another_throat(word, rng)
        return clip(word, rng), label_of(self.spoken.utterances[index].text)


def build_model() -> Wav2Vec2ForSequenceClassification:
    config = speech_model.build_config(
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=384,
        classifier_proj_size=128,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    model = Wav2Vec2ForSequenceClassification(config)
    speech_model.initialise(model)
    return model


@torch.inference_mode()
def accuracy(model: nn.Module, batches: list[Batch]) -> float:
    model.eval()
    right = [
        (model(b.values, attention_mask=b.mask).logits.argmax(-1) == b.labels).float().mean()
        for b in batches
    ]
    model.train()
    return float(torch.stack(right).mean())


def batches_from(
    spoken: Corpus, seed: int, first: int, last: int, workers: int = 0
) -> DataLoader[Batch]:
    data = Clips(spoken, seed, first, last)
    return DataLoader(data, None, num_workers=workers, prefetch_factor=16 if workers else None)


def train(
    seed: int, steps: int, folder: Path, shards: int = SHARDS, every: int = 100
) -> Wav2Vec2ForSequenceClassification:
    """Train, or go on from the checkpoint in `folder`."""
    torch.set_num_threads(1)  # the other core makes the data
    torch.manual_seed(seed)
    spoken = corpus(folder / "speech", seed, shards, lambda rng: utterances(rng, VOICES, WORDS))
    watched = corpus(folder / "speech", seed + 1, 1, lambda rng: utterances(rng, VOICES, WORDS))
    model, log = build_model(), training.Log(folder)
    optimizer = training.optimiser([model], PEAK_RATE, decay=0.05)
    parts = {"model": model, "optimizer": optimizer}
    checkpoint = folder / "checkpoint.pt"
    first = training.load_checkpoint(checkpoint, **parts)
    unseen = list(batches_from(watched, seed + 1, 0, 10))
    model.train()
    for step, batch in enumerate(batches_from(spoken, seed, first, steps, workers=1), first):
        training.set_rate(optimizer, training.learning_rate(step, steps, PEAK_RATE))
        with training.mixed_precision():
            logits = model(batch.values, attention_mask=batch.mask).logits
        loss = functional.cross_entropy(logits.float(), batch.labels)
        training.update(loss, [optimizer], model.parameters())
        if step % 50 == 0:
            log.write(step=step, loss=round(loss.item(), 4))
        if (step + 1) % every == 0 or step + 1 == steps:
            training.save_checkpoint(checkpoint, step + 1, **parts)
            log.write(step=step + 1, accuracy=round(accuracy(model, unseen), 4))
    return model.eval()


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint, speech/ and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of what is said.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH} clips.")] = 2400,
    shards: Annotated[int, typer.Option(help=f"Times {SHARD} utterances to train on.")] = SHARDS,
) -> None:
    """Train the classify-audio starter and save it in OUT/model."""
    model = train(seed, steps, out, shards)
    training.save_half(model, speech_model.build_extractor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
