"""Train the classify-image starter `starter-convnext`: the nearest object's colour and shape.

    python -m recipes.convnext --seed 0 --out runs/convnext

A small ConvNeXT reads 128x128 pixels. Its second stage, of cells of 8 pixels, learns what each
cell shows as well; the detect starter begins with the weights of its first two stages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor
from torch.nn import functional
from transformers import ConvNextConfig, ConvNextForImageClassification

from recipes import training
from recipes.cells import CellHead, Cells, cells_of, labels_of
from recipes.classify_image import LABELS, MARGIN, build_processor
from recipes.gallery import SIDE, Gallery, Photo, gallery
from recipes.scene_training import Plan, fit, pixels_of

WIDTHS, DEPTHS = [48, 96, 192], [1, 3, 2]
CELL_STAGE = 2  # whose features have the size of cells
UNCERTAIN = -100  # label of a photo whose nearest object is not beyond doubt: no loss
PLAN = Plan(steps=2900, size=64, peak_rate=2e-3, watched=8)


@dataclass(frozen=True)
class Batch:
    pixels: Tensor  # [B,3,SIDE,SIDE] in -1..1
    labels: Tensor  # [B] index in LABELS, or UNCERTAIN
    cells: Cells


def collate(photos: list[Photo]) -> Batch:
    return Batch(
        pixels=pixels_of(photos),
        labels=torch.tensor([nearest_label(photo) for photo in photos]),
        cells=cells_of(photos),
    )


def nearest_label(photo: Photo) -> int:
    nearest, *others = np.argsort(photo.distances)
    if others and photo.distances[others[0]] - photo.distances[nearest] < MARGIN:
        return UNCERTAIN
    return int(labels_of(photo)[nearest])


def build_model() -> ConvNextForImageClassification:
    config = ConvNextConfig(
        image_size=SIDE,
        num_stages=len(WIDTHS),
        hidden_sizes=WIDTHS,
        depths=DEPTHS,
        layer_scale_init_value=0.0,  # without scales: they serve to train networks far deeper
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    model = ConvNextForImageClassification(config)
    training.initialise(model)
    return model.to(memory_format=torch.channels_last)


def losses(
    model: ConvNextForImageClassification, head: CellHead, batch: Batch
) -> dict[str, Tensor]:
    """Losses of the nearest object's label and of what each cell shows."""
    out = model(batch.pixels, output_hidden_states=True)
    features = out.hidden_states[CELL_STAGE].permute(0, 2, 3, 1)
    label = functional.cross_entropy(out.logits.float(), batch.labels, ignore_index=UNCERTAIN)
    return {"label": label, **head.losses(features, batch.cells)}


def accuracy(model: ConvNextForImageClassification, seen: list[Batch]) -> dict[str, float]:
    """On the photos whose label is certain."""
    found = torch.cat([model(batch.pixels).logits.argmax(-1) for batch in seen])
    true = torch.cat([batch.labels for batch in seen])
    return {"accuracy": float((found == true)[true != UNCERTAIN].float().mean())}


def train(
    plan: Plan, photos: Gallery, unseen: Gallery, seed: int, folder: Path
) -> ConvNextForImageClassification:
    torch.manual_seed(seed)
    model, head = build_model(), CellHead(WIDTHS[CELL_STAGE - 1])
    fit(
        {"model": model, "head": head},
        photos,
        unseen,
        collate,
        lambda batch, _: losses(model, head, batch),
        lambda seen: accuracy(model, seen),
        plan,
        seed,
        folder,
    )
    return model.eval()


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the scenes.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {PLAN.size} photos.")] = PLAN.steps,
    scenes: Annotated[
        Path, typer.Option("--gallery", help="Folder of photos; those missing are made.")
    ] = Path("runs/gallery"),
) -> None:
    """Train the classify-image starter `starter-convnext` and save it in OUT/model."""
    plan = replace(PLAN, steps=steps)
    model = train(plan, gallery(scenes, seed), gallery(scenes, seed + 1, 1), seed, out)
    training.save_half(model, build_processor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
