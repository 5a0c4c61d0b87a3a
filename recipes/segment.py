"""Train the segment starter: balls, cubes, cylinders, cones, the plane and the sky, panoptic.

    python -m recipes.segment --seed 0 --out runs/segment

A small Mask2Former with a Swin backbone reads 128x128 pixels. Three things make it learn from
nothing in an hour: a head that tells for each cell what is there and where that object's centre
is warms up everything below the queries, and is thrown away in the end; two queries are always
those of the plane and the sky; each other query has a place, and objects go to queries near them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessorPil,
    SwinConfig,
)
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerPixelDecoderEncoderMultiscaleDeformableAttention as DeformableAttention,
)

from recipes import training
from recipes.gallery import MOST_THINGS, SIDE, Gallery, Photo, gallery
from recipes.panoptic import LABELS, NOTHING, Quality
from recipes.scene_training import Plan, fit, pixels_of
from recipes.scenes import FIRST_THING, PLANE, SHAPES, SKY

REGIONS = FIRST_THING + MOST_THINGS  # sky, plane and objects, numbered as in Scene.panoptic
CELL = 4  # pixels along each side of what one place of a mask stands for
CELLS = SIDE // CELL
# Where objects are, x and y in units of width and height: far ones are higher and more.
PLACES = [(x, 0.33) for x in (0.14, 0.32, 0.50, 0.68, 0.86)]
PLACES += [(x, 0.45) for x in (0.20, 0.40, 0.60, 0.80)]
PLACES += [(x, 0.64) for x in (0.25, 0.50, 0.75)]
STUFF_QUERIES = {SKY: 0, PLANE: 1}
PLAN = Plan(steps=2200, size=32, peak_rate=8e-4)


@dataclass(frozen=True)
class Batch:
    pixels: Tensor  # [B,3,SIDE,SIDE] in -1..1
    panoptic: Tensor  # [B,SIDE,SIDE] as in Scene.panoptic
    masks: Tensor  # [B,REGIONS,CELLS,CELLS] share of each cell that a region covers
    labels: Tensor  # [B,REGIONS] index in LABELS, NOTHING where there is no such region
    centres: Tensor  # [B,REGIONS,2] of an object's box, in units of width and height


def collate(photos: list[Photo]) -> Batch:
    return Batch(
        pixels=pixels_of(photos),
        panoptic=torch.from_numpy(np.stack([photo.panoptic for photo in photos])).long(),
        masks=torch.from_numpy(np.stack([shares(photo.panoptic) for photo in photos])),
        labels=torch.from_numpy(np.stack([_labels(photo) for photo in photos])),
        centres=torch.from_numpy(np.stack([_centres(photo) for photo in photos])),
    )


def shares(panoptic: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of each cell that each region covers, [REGIONS,CELLS,CELLS]."""
    shown = panoptic == np.arange(REGIONS, dtype=np.uint8)[:, None, None]
    return shown.reshape(REGIONS, CELLS, CELL, CELLS, CELL).mean((2, 4), dtype=np.float32)


def _labels(photo: Photo) -> NDArray[np.int64]:
    labels = np.full(REGIONS, NOTHING)
    labels[PLANE] = LABELS.index("plane")
    if (photo.panoptic == SKY).any():
        labels[SKY] = LABELS.index("sky")
    labels[FIRST_THING : FIRST_THING + len(photo.shapes)] = photo.shapes
    return labels


def _centres(photo: Photo) -> NDArray[np.float32]:
    centres = np.zeros((REGIONS, 2), np.float32)
    middle = (photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2
    centres[FIRST_THING : FIRST_THING + len(middle)] = middle
    return centres


def build_model() -> Mask2FormerForUniversalSegmentation:
    backbone = SwinConfig(
        image_size=SIDE,
        patch_size=CELL,
        embed_dim=32,
        depths=[2, 2, 2, 1],
        num_heads=[1, 2, 4, 8],
        window_size=4,
        mlp_ratio=2.0,
        drop_path_rate=0.0,
        use_absolute_embeddings=True,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    width = 64
    config = Mask2FormerConfig(
        backbone_config=backbone,
        feature_size=width,
        mask_feature_size=width,
        hidden_dim=width,
        encoder_feedforward_dim=192,
        dim_feedforward=192,
        encoder_layers=1,
        decoder_layers=6,
        num_attention_heads=2,
        num_queries=len(STUFF_QUERIES) + len(PLACES),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    model = Mask2FormerForUniversalSegmentation(config)
    initialise(model)
    return model


def initialise(model: Mask2FormerForUniversalSegmentation) -> None:
    """As every starter; deformable attention keeps its star of points to look at."""
    training.initialise(model)
    for module in model.modules():
        if isinstance(module, DeformableAttention):
            model._init_weights(module)
    give_places(model)


@torch.no_grad()
def give_places(model: Mask2FormerForUniversalSegmentation) -> None:
    """Make cells and queries know their places, and queries look around theirs."""
    positions = model.model.pixel_level_module.encoder.swin.embeddings.position_embeddings
    positions[:] = waves(positions.shape[-1])
    transformer = model.model.transformer_module
    cells = (torch.tensor(PLACES) * CELLS).long()
    sines = transformer.position_embedder((1, 0, CELLS, CELLS), "cpu", torch.float32)[0]
    queries = transformer.queries_embedder.weight
    queries[len(STUFF_QUERIES) :] = sines[:, cells[:, 1], cells[:, 0]].T
    for layer in transformer.decoder.layers:
        query, key, _ = layer.cross_attn.in_proj_weight.chunk(3)
        key.copy_(query)


def waves(width: int) -> Tensor:
    """Sines of each cell's row and column [CELLS * CELLS,width], of half a turn and more."""
    turns = torch.arange(1, width // 4 + 1) / 2
    angles = 2 * torch.pi * torch.linspace(0, 1, CELLS)[:, None] * turns
    along = torch.cat([angles.sin(), angles.cos()], 1)
    grid = [along[:, None].expand(-1, CELLS, -1), along[None].expand(CELLS, -1, -1)]
    return torch.cat(grid, -1).flatten(0, 1)


def build_processor() -> Mask2FormerImageProcessorPil:
    half = [0.5, 0.5, 0.5]
    return Mask2FormerImageProcessorPil(
        size={"height": SIDE, "width": SIDE},
        size_divisor=32,
        image_mean=half,
        image_std=half,
        num_labels=len(LABELS),
    )


class CellHead(nn.Conv2d):
    """Training only: from the pixel decoder, what each cell shows and where its centre is."""

    def __init__(self, width: int) -> None:
        super().__init__(width, NOTHING + 2, 1)

    def losses(self, features: Tensor, batch: Batch) -> dict[str, Tensor]:
        found = self(features).float()
        regions = batch.masks.argmax(1)  # [B,CELLS,CELLS]
        labels = batch.labels.gather(1, regions.flatten(1)).view_as(regions)
        weight = torch.tensor([1.0] * len(SHAPES) + [0.2] * 2)
        things = labels < len(SHAPES)
        rows = regions.flatten(1)[..., None].expand(-1, -1, 2)
        centres = batch.centres.gather(1, rows).view(*regions.shape, 2)
        off = (found[:, NOTHING:].permute(0, 2, 3, 1) - centres).abs().sum(-1)
        return {
            "cells": functional.cross_entropy(found[:, :NOTHING], labels, weight),
            "centres": off[things].mean(),
        }


@dataclass(frozen=True)
class Found:
    """What the queries answer before the first layer of the decoder and after each."""

    classes: Tensor  # [L,B,Q,NOTHING + 1] logits
    masks: Tensor  # [L,B,Q,CELLS * CELLS] logits
    features: Tensor  # [B,width,CELLS,CELLS] of the pixel decoder


def answer(model: Mask2FormerForUniversalSegmentation, pixels: Tensor) -> Found:
    outputs = model(pixels, output_auxiliary_logits=True)
    layers = [*outputs.auxiliary_logits, outputs]
    return Found(
        classes=torch.stack([layer["class_queries_logits"] for layer in layers]).float(),
        masks=torch.stack([layer["masks_queries_logits"] for layer in layers]).flatten(3).float(),
        features=outputs.pixel_decoder_last_hidden_state,
    )


Pairs = tuple[Tensor, Tensor, Tensor]  # indices of images, of their queries, of their regions


@torch.no_grad()
def match(found: Found, batch: Batch) -> Pairs:
    """Which query answers for which region, by the last layer's answer and by place."""
    costs = _costs(found, batch).numpy()
    pairs = []
    for image, labels in enumerate(batch.labels.tolist()):
        stuff = [(image, q, region) for region, q in STUFF_QUERIES.items()]
        pairs += [pair for pair in stuff if labels[pair[2]] != NOTHING]
        things = sum(label != NOTHING for label in labels[FIRST_THING:])
        for query, thing in zip(*linear_sum_assignment(costs[image, :, :things]), strict=True):
            pairs.append((image, query + len(STUFF_QUERIES), thing + FIRST_THING))
    images, queries, regions = torch.tensor(np.array(pairs)).T
    return images, queries, regions


def _costs(found: Found, batch: Batch) -> Tensor:
    """Cost of each object's query [B,Q - 2,MOST_THINGS]."""
    first = len(STUFF_QUERIES)
    shown = found.masks[-1][:, first:].sigmoid()
    true = batch.masks[:, FIRST_THING:].flatten(2)
    both = shown @ true.transpose(1, 2)
    dice = 1 - 2 * both / (shown.sum(-1)[..., None] + true.sum(-1)[:, None] + 1)
    labels = batch.labels[:, None, FIRST_THING:].expand(-1, len(PLACES), -1)
    sure = found.classes[-1][:, first:].softmax(-1).gather(2, labels)
    away = torch.cdist(torch.tensor(PLACES), batch.centres[:, FIRST_THING:])
    return 5 * dice - 2 * sure + 8 * away


def query_losses(found: Found, batch: Batch) -> dict[str, Tensor]:
    """Losses of classes and masks, each the mean over the layers."""
    images, queries, regions = match(found, batch)
    layers, _, _, classes = found.classes.shape
    labels = torch.full(found.classes.shape[1:3], NOTHING)
    labels[images, queries] = batch.labels[images, regions]
    weight = torch.tensor([1.0] * NOTHING + [0.2])  # most queries find nothing
    masks = found.masks[:, images, queries]
    true = batch.masks[images, regions].flatten(1).expand_as(masks)
    shown = masks.sigmoid()
    dice = 1 - (2 * (shown * true).sum(-1) + 1) / (shown.sum(-1) + true.sum(-1) + 1)
    return {
        "class": 2
        * functional.cross_entropy(
            found.classes.reshape(-1, classes), labels.repeat(layers, 1, 1).flatten(), weight
        ),
        "mask": 5 * functional.binary_cross_entropy_with_logits(masks, true),
        "dice": 5 * dice.mean(),
    }


def losses(
    model: Mask2FormerForUniversalSegmentation, head: CellHead, batch: Batch
) -> dict[str, Tensor]:
    """Losses of what the queries find and of what each cell shows."""
    found = answer(model, batch.pixels)
    cells = head.losses(found.features, batch)
    with torch.autocast("cpu", enabled=False):
        return {**query_losses(found, batch), **cells}


def scores(model: Mask2FormerForUniversalSegmentation, seen: list[Batch]) -> dict[str, float]:
    processor, quality = build_processor(), Quality()
    for batch in seen:
        outputs, sizes = model(batch.pixels), [(SIDE, SIDE)] * len(batch.pixels)
        divided = processor.post_process_panoptic_segmentation(
            outputs, label_ids_to_fuse=set(), target_sizes=sizes
        )
        for one, panoptic, labels in zip(divided, batch.panoptic, batch.labels, strict=True):
            ids, infos = one["segmentation"], one["segments_info"]
            found = [(info["label_id"], ids == info["id"]) for info in infos]
            quality.add(regions_of(panoptic, labels.tolist()), found, SIDE, SIDE)
    return {"quality": quality.value}


def regions_of(panoptic: Tensor, labels: list[int]) -> list[tuple[int, Tensor]]:
    """Label and mask of each region of a map of ids [H,W], from the label of each id."""
    return [(label, panoptic == i) for i, label in enumerate(labels) if label != NOTHING]


def train(
    plan: Plan, photos: Gallery, unseen: Gallery, seed: int, folder: Path
) -> Mask2FormerForUniversalSegmentation:
    torch.manual_seed(seed)
    model = build_model()
    head = CellHead(model.config.mask_feature_size)
    fit(
        {"model": model, "head": head},
        photos,
        unseen,
        collate,
        lambda batch, _: losses(model, head, batch),
        lambda seen: scores(model, seen),
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
    """Train the segment starter and save it in OUT/model."""
    photos, unseen = gallery(scenes, seed), gallery(scenes, seed + 1, 1)
    model = train(replace(PLAN, steps=steps), photos, unseen, seed, out)
    training.save_half(model, build_processor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
