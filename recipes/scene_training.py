"""What the recipes for pictures share: pixels as the models read them, and the training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from recipes import training
from recipes.gallery import Gallery, Photo, batches

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train."""

    steps: int
    size: int  # photos in a batch
    peak_rate: float
    decay: float = 0.05
    every: int = 250  # steps between checkpoints and looks at unseen data
    watched: int = 6  # batches of unseen photos to look at


def pixels_of(photos: list[Photo]) -> Tensor:
    """[B,3,SIDE,SIDE] in -1..1, channels last: the convolutions of a CPU are faster so."""
    pixels = torch.from_numpy(np.stack([photo.image for photo in photos])).permute(0, 3, 1, 2)
    return pixels.float() / 127.5 - 1


def fit(
    modules: dict[str, nn.Module],
    photos: Gallery,
    unseen: Gallery,
    collate: Callable[[list[Photo]], Batch],
    losses: Callable[[Batch, float], dict[str, Tensor]],
    watch: Callable[[list[Batch]], dict[str, float]],
    plan: Plan,
    seed: int,
    folder: Path,
) -> None:
    """Train the modules on the sum of the losses, or go on from the checkpoint in `folder`.

    `losses` is also told the progress of the training, from 0 to 1. `watch` measures the modules on
    batches of the unseen photos.
    """
    torch.set_num_threads(1)
    log, checkpoint = training.Log(folder), folder / "checkpoint.pt"
    optimizer = training.optimiser(modules.values(), plan.peak_rate, plan.decay)
    parts: dict[str, Any] = {**modules, "optimizer": optimizer}
    first = training.load_checkpoint(checkpoint, **parts)
    seen = list(batches(unseen, collate, plan.size, seed + 1, 0, plan.watched))
    data = batches(photos, collate, plan.size, seed, first, plan.steps, workers=1)
    _set_training(modules, True)
    for step, batch in enumerate(data, first):
        training.set_rate(optimizer, training.learning_rate(step, plan.steps, plan.peak_rate))
        with training.mixed_precision():
            parts_of_loss = losses(batch, step / plan.steps)
        _update(optimizer, torch.stack(list(parts_of_loss.values())).sum())
        if step % 50 == 0:
            values = {name: round(value.item(), 4) for name, value in parts_of_loss.items()}
            log.write(step=step, **values)
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            training.save_checkpoint(checkpoint, step + 1, **parts)
            log.write(step=step + 1, **_watched(modules, lambda: watch(seen)))


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    training.update(loss, [optimizer], weights)


def _watched(
    modules: dict[str, nn.Module], watch: Callable[[], dict[str, float]]
) -> dict[str, float]:
    _set_training(modules, False)
    with torch.inference_mode():
        values = watch()
    _set_training(modules, True)
    return {name: round(value, 4) for name, value in values.items()}


def _set_training(modules: dict[str, nn.Module], training_now: bool) -> None:
    for module in modules.values():
        module.train(training_now)
