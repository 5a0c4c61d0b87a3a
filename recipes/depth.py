"""Train the depth starter: how many metres away each pixel is.

    python -m recipes.depth --seed 0 --out runs/depth

A small GLPN reads 128x128 pixels. Nothing in a picture tells its scale, so part of the error
stays: the camera stands 1.5 to 2.1 m high, and tiles and objects vary in size. What is known is
how much they vary, and the network can weigh one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image
from torch import Tensor
from transformers import DPTImageProcessorPil, GLPNConfig, GLPNForDepthEstimation

from recipes import training
from recipes.gallery import SIDE, Gallery, Photo, gallery
from recipes.scene_training import Plan, fit, pixels_of
from recipes.scenes import FAR, SKY

CELL = 4  # pixels along each side of what one place of the last stage's features stands for
WINDOW = 48  # pixels along each side of what the last layers see: they cost more than all others
WHOLE_FROM = 0.92  # share of training after which they see whole pictures
SKY_WEIGHT = 0.2  # it is everywhere as far, and easily learnt
PLAN = Plan(steps=2500, size=32, peak_rate=1.2e-3)

Window = tuple[slice, slice]  # rows and columns of pixels


@dataclass(frozen=True)
class Batch:
    pixels: Tensor  # [B,3,SIDE,SIDE] in -1..1
    depth: Tensor  # [B,SIDE,SIDE] metres, FAR in the sky
    sky: Tensor  # [B,SIDE,SIDE]


def collate(photos: list[Photo]) -> Batch:
    return Batch(
        pixels=pixels_of(photos),
        depth=torch.from_numpy(np.stack([photo.depth for photo in photos])).float(),
        sky=torch.from_numpy(np.stack([photo.panoptic for photo in photos]) == SKY),
    )


def build_model() -> GLPNForDepthEstimation:
    config = GLPNConfig(
        hidden_sizes=[32, 64, 128, 160],
        num_attention_heads=[1, 2, 4, 5],
        depths=[2, 2, 2, 2],
        mlp_ratios=[3, 3, 3, 3],
        decoder_hidden_size=32,
        drop_path_rate=0.0,
        max_depth=int(FAR),
    )
    model = GLPNForDepthEstimation(config)
    training.initialise(model)
    return model


def build_processor() -> DPTImageProcessorPil:
    """GLPN's own keeps the size of a picture; this one brings all to the size of training."""
    half = [0.5, 0.5, 0.5]
    return DPTImageProcessorPil(
        size={"height": SIDE, "width": SIDE},
        resample=Image.Resampling.BILINEAR,
        image_mean=half,
        image_std=half,
    )


def predict(model: GLPNForDepthEstimation, pixels: Tensor, window: Window) -> Tensor:
    """Depth in metres [B,h,w] in a window of the pictures; the last layers see it alone."""
    cells = tuple(slice(part.start // CELL, part.stop // CELL) for part in window)
    cut = model.decoder.stages[-1].upsample.register_forward_pre_hook(
        lambda _, inputs: (inputs[0][(..., *cells)],)
    )
    with cut:
        features = model.decoder(model.glpn(pixels, output_hidden_states=True).hidden_states)
    logits = model.head.head(features[-1]).squeeze(1)
    return torch.sigmoid(logits.float()) * FAR


def draw_window(progress: float) -> Window:
    """A random part of the pictures, or all of them at the end of training."""
    if progress > WHOLE_FROM:
        return slice(0, SIDE), slice(0, SIDE)
    top, left = (torch.randint((SIDE - WINDOW) // CELL + 1, (2,)) * CELL).tolist()
    return slice(top, top + WINDOW), slice(left, left + WINDOW)


def losses(model: GLPNForDepthEstimation, batch: Batch, progress: float) -> dict[str, Tensor]:
    """Mean absolute error of the logarithm: as far off is as bad near as far away."""
    window = draw_window(progress)
    found, part = predict(model, batch.pixels, window), (slice(None), *window)
    weight = 1 - (1 - SKY_WEIGHT) * batch.sky[part].float()
    error = (found.log() - batch.depth[part].log()).abs()
    return {"loss": (error * weight).sum() / weight.sum()}


def measures(found: Tensor, true: Tensor) -> tuple[float, float]:
    """Mean relative error, and share of the pixels that are off by less than a quarter."""
    near = torch.maximum(found / true, true / found) < 1.25
    return float(((found - true).abs() / true).mean()), float(near.float().mean())


def scores(model: GLPNForDepthEstimation, seen: list[Batch]) -> dict[str, float]:
    """Of the plane and the objects: the sky has no depth."""
    found = torch.cat([model(batch.pixels).predicted_depth for batch in seen])
    true, sky = (torch.cat([getattr(batch, name) for batch in seen]) for name in ("depth", "sky"))
    relative, near = measures(found[~sky], true[~sky])
    return {"relative": relative, "near": near}


def train(
    plan: Plan, photos: Gallery, unseen: Gallery, seed: int, folder: Path
) -> GLPNForDepthEstimation:
    torch.manual_seed(seed)
    model = build_model()
    fit(
        {"model": model},
        photos,
        unseen,
        collate,
        lambda batch, progress: losses(model, batch, progress),
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
    """Train the depth starter and save it in OUT/model."""
    photos, unseen = gallery(scenes, seed), gallery(scenes, seed + 1, 1)
    model = train(replace(PLAN, steps=steps), photos, unseen, seed, out)
    training.save_half(model, build_processor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
