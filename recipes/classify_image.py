"""Train the classify-image starter: the colour and shape of the object nearest to the camera.

    python -m recipes.classify_image --seed 0 --out runs/classify-image

A small ViT reads 128x128 pixels in patches of 16. While it trains, a second head tells for each
quarter of a patch what is there and whether it belongs to the nearest object: without it the class
token sees one label an image and stays on a plateau for long. That head is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from recipes import training
from recipes.gallery import SIDE, draw_size, expose, through_jpeg
from recipes.scenes import COLOURS, FIRST_THING, SHAPES, Layout, Scene, draw_scene

LABELS = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
MARGIN = 0.6  # metres by which the nearest object beats the next, so that the label is certain
PATCH = 16  # pixels
FINE = 2  # cells along each side of a patch, for the training-only head
CELLS = SIDE // PATCH * FINE  # along each side of an image
NOTHING = len(LABELS)  # class of a cell that shows the plane or the sky
BATCH = 64
VIEWS = 2  # photographs of each scene: rendering costs more than taking another
PEAK_RATE = 1e-3
FEW_PATCHES = 32  # read of the 64 in an image
ALL_FROM = 0.95  # share of training after which all are read


@dataclass(frozen=True)
class Photograph:
    """One training example."""

    pixels: NDArray[np.uint8]  # [SIDE,SIDE,3]
    label: int
    cells: NDArray[np.uint8]  # [CELLS,CELLS] index of the label there, or NOTHING
    nearest: NDArray[np.bool_]  # [CELLS,CELLS] whether the nearest object is there


def photograph(scene: Scene, rng: np.random.Generator) -> Photograph:
    """See a scene as users may have saved it: mirrored, brighter or darker, as a JPEG, resized."""
    image, panoptic = scene.image, scene.panoptic
    if rng.random() < 0.5:
        image, panoptic = image[:, ::-1], panoptic[:, ::-1]
    if rng.random() < 0.6:
        image = expose(image, rng)
    picture = Image.fromarray(np.ascontiguousarray(image))
    if rng.random() < 0.5:
        picture = through_jpeg(picture, int(rng.integers(40, 96)))
    smooth = Image.Resampling.BILINEAR if rng.random() < 0.8 else Image.Resampling.BICUBIC
    cells = _at_cells(panoptic)
    return Photograph(
        pixels=np.asarray(picture.resize((SIDE, SIDE), smooth)),
        label=nearest_label(scene),
        cells=_labels_of_ids(scene)[cells],
        nearest=cells == FIRST_THING + scene.nearest,
    )


def is_certain(layout: Layout) -> bool:
    """Whether the nearest object is nearer than any other beyond doubt."""
    return layout.margin >= MARGIN


def nearest_label(scene: Scene) -> int:
    return LABELS.index(scene.things[scene.nearest].label)


def _at_cells(panoptic: NDArray[np.int32]) -> NDArray[np.int32]:
    height, width = panoptic.shape
    centres = (np.arange(CELLS) + 0.5) / CELLS
    return panoptic[np.ix_((centres * height).astype(int), (centres * width).astype(int))]


def _labels_of_ids(scene: Scene) -> NDArray[np.uint8]:
    things = [LABELS.index(thing.label) for thing in scene.things]
    return np.array([NOTHING] * FIRST_THING + things, np.uint8)


class Photographs(IterableDataset[Photograph]):
    """VIEWS photographs of each scene from number `first` on; each scene has its own seed."""

    def __init__(self, seed: int, first: int, count: int) -> None:
        self.seed, self.first, self.count = seed, first, count

    def __iter__(self) -> Iterator[Photograph]:
        for index in range(self.first, self.first + self.count):
            rng = np.random.default_rng([self.seed, index])
            scene = draw_scene(rng, *draw_size(rng), accept=is_certain)
            for _ in range(VIEWS):
                yield photograph(scene, rng)


@dataclass(frozen=True)
class Batch:
    pixels: Tensor  # [B,3,SIDE,SIDE] in -1..1
    labels: Tensor  # [B]
    cells: Tensor  # [B,CELLS,CELLS]
    nearest: Tensor  # [B,CELLS,CELLS]


def collate(photographs: list[Photograph]) -> Batch:
    pixels = torch.from_numpy(np.stack([p.pixels for p in photographs])).permute(0, 3, 1, 2)
    return Batch(
        pixels=pixels.float() / 127.5 - 1,
        labels=torch.tensor([p.label for p in photographs]),
        cells=torch.from_numpy(np.stack([p.cells for p in photographs])).long(),
        nearest=torch.from_numpy(np.stack([p.nearest for p in photographs])).float(),
    )


def build_model() -> ViTForImageClassification:
    config = ViTConfig(
        image_size=SIDE,
        patch_size=PATCH,
        hidden_size=160,
        num_hidden_layers=6,
        num_attention_heads=4,
        intermediate_size=480,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    model = ViTForImageClassification(config)
    training.initialise(model)
    return model


def build_processor() -> ViTImageProcessorPil:
    half = [0.5, 0.5, 0.5]
    return ViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=half, image_std=half, do_convert_rgb=True
    )


class CellHead(nn.Linear):
    """Training only: from each patch token, what its FINE x FINE cells show."""

    def __init__(self, width: int) -> None:
        super().__init__(width, FINE * FINE * (len(LABELS) + 2))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [B,P,width] to logits [B,classes,P,cells]; the last class is `nearest`."""
        return super().forward(tokens).unflatten(-1, (-1, FINE * FINE)).transpose(1, 2)


def by_patch(cells: Tensor) -> Tensor:
    """Cells [B,CELLS,CELLS] to the cells of each patch [B,P,FINE * FINE]."""
    patches = SIDE // PATCH
    grid = cells.view(-1, patches, FINE, patches, FINE).transpose(2, 3)
    return grid.reshape(len(cells), patches * patches, FINE * FINE)


def choose_patches(cells: Tensor, count: int) -> Tensor:
    """Indices [B,count] of patches to read: those that show objects, their neighbours, others."""
    patches = SIDE // PATCH
    shows = (by_patch(cells) != NOTHING).any(-1).float().view(-1, 1, patches, patches)
    around = functional.max_pool2d(shows, 3, stride=1, padding=1)
    score = (shows + around).flatten(1) + torch.rand(len(cells), patches * patches) * 1.2
    return score.topk(count, dim=1).indices


def read(model: ViTForImageClassification, pixels: Tensor, chosen: Tensor) -> Tensor:
    """Final states [B,1+K,width] of the class token and of the chosen patches [B,K] alone."""
    states = model.vit.embeddings(pixels)
    patches = states[:, 1:].gather(1, chosen[..., None].expand(-1, -1, states.shape[-1]))
    states = torch.cat([states[:, :1], patches], 1)
    for layer in model.vit.layers:
        states = layer(states)
    return model.vit.layernorm(states)


def patches_at(progress: float) -> int:
    """How many patches to read: half is twice as fast and teaches nearly as much."""
    return FEW_PATCHES if progress < ALL_FROM else (SIDE // PATCH) ** 2


def losses(
    model: ViTForImageClassification, head: CellHead, batch: Batch, patches: int
) -> dict[str, Tensor]:
    """Losses of the label, of the cells' labels and of the cells' nearness."""
    chosen = choose_patches(batch.cells, patches)
    tokens = read(model, batch.pixels, chosen)
    logits = head(tokens[:, 1:]).float()
    rows = chosen[..., None].expand(-1, -1, FINE * FINE)
    weight = torch.ones(NOTHING + 1)
    weight[NOTHING] = 0.2  # nine cells of ten show no object
    return {
        "label": functional.cross_entropy(model.classifier(tokens[:, 0]).float(), batch.labels),
        "cells": functional.cross_entropy(
            logits[:, :-1], by_patch(batch.cells).gather(1, rows), weight
        ),
        "nearest": functional.binary_cross_entropy_with_logits(
            logits[:, -1], by_patch(batch.nearest).gather(1, rows), pos_weight=torch.tensor(4.0)
        ),
    }


@torch.inference_mode()
def accuracy(model: ViTForImageClassification, batches: list[Batch]) -> float:
    model.eval()
    right = [(model(b.pixels).logits.argmax(-1) == b.labels).float().mean() for b in batches]
    model.train()
    return float(torch.stack(right).mean())


def batches_from(seed: int, first_step: int, steps: int, workers: int = 0) -> DataLoader[Batch]:
    """Batches of the given steps; the same seed and step give the same batch."""
    scenes = BATCH // VIEWS
    data = Photographs(seed, first_step * scenes, steps * scenes)
    prefetch = 32 if workers else None
    return DataLoader(
        data, BATCH, collate_fn=collate, num_workers=workers, prefetch_factor=prefetch
    )


def train(seed: int, steps: int, folder: Path, every: int = 250) -> ViTForImageClassification:
    """Train, or go on from the checkpoint in `folder`."""
    torch.set_num_threads(1)  # the other core makes the data
    torch.manual_seed(seed)
    model, log = build_model(), training.Log(folder)
    head = CellHead(model.config.hidden_size)
    optimizer = training.optimiser([model, head], PEAK_RATE, decay=0.05)
    parts = {"model": model, "head": head, "optimizer": optimizer}
    checkpoint = folder / "checkpoint.pt"
    first = training.load_checkpoint(checkpoint, **parts)
    unseen = list(batches_from(seed + 1, 0, 8))
    model.train()
    for step, batch in enumerate(batches_from(seed, first, steps - first, workers=1), first):
        training.set_rate(optimizer, training.learning_rate(step, steps, PEAK_RATE))
        with training.mixed_precision():
            loss = losses(model, head, batch, patches_at(step / steps))
        weights = [*model.parameters(), *head.parameters()]
        training.update(torch.stack(list(loss.values())).sum(), [optimizer], weights)
        if step % 50 == 0:
            log.write(step=step, **{name: round(value.item(), 4) for name, value in loss.items()})
        if (step + 1) % every == 0 or step + 1 == steps:
            training.save_checkpoint(checkpoint, step + 1, **parts)
            log.write(step=step + 1, accuracy=round(accuracy(model, unseen), 4))
    return model.eval()


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the scenes.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH} photographs.")] = 9400,
) -> None:
    """Train the classify-image starter and save it in OUT/model."""
    model = train(seed, steps, out)
    training.save_half(model, build_processor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
