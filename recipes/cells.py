"""What each cell of a picture shows: an objective that teaches a network at once.

One label a picture, or objects matched to queries, leave a new network on a plateau for long.
While it trains, a head therefore tells for each cell what is there, whether that is the nearest
object, and where its box lies. The head is then thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recipes.classify_image import LABELS, NOTHING
from recipes.gallery import SIDE, Photo
from recipes.scenes import FIRST_THING, SHAPES

CELL = 8  # pixels along each side
CELLS = SIDE // CELL  # along each side of a picture


@dataclass(frozen=True)
class Cells:
    """What is at the centre of each cell."""

    labels: Tensor  # [B,CELLS,CELLS] index in LABELS, or NOTHING
    nearest: Tensor  # [B,CELLS,CELLS] whether the nearest object is there
    boxes: Tensor  # [B,CELLS,CELLS,4] of the object there, in units of the picture's sides


def cells_of(photos: list[Photo]) -> Cells:
    ids = [photo.panoptic[CELL // 2 :: CELL, CELL // 2 :: CELL] for photo in photos]
    pairs = list(zip(photos, ids, strict=True))
    labels = [np.pad(labels_of(p), (FIRST_THING, 0), constant_values=NOTHING)[i] for p, i in pairs]
    boxes = [np.pad(p.boxes, ((FIRST_THING, 0), (0, 0)))[i] for p, i in pairs]
    nearest = [i == FIRST_THING + p.distances.argmin() for p, i in pairs]
    return Cells(
        labels=torch.from_numpy(np.stack(labels)),
        nearest=torch.from_numpy(np.stack(nearest)).float(),
        boxes=torch.from_numpy(np.stack(boxes)),
    )


def labels_of(photo: Photo) -> np.ndarray:
    """Index in LABELS of each object [N]."""
    return photo.colours.astype(np.int64) * len(SHAPES) + photo.shapes


class CellHead(nn.Module):
    """Training only: from the features of each cell, what it shows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, len(LABELS) + 2 + 4)

    def losses(self, features: Tensor, cells: Cells) -> dict[str, Tensor]:
        """Losses of what features [B,CELLS,CELLS,width] tell.

        That of the boxes is the mean error of an edge in units of the object's width or height.
        """
        told = self.linear(self.norm(features)).float()
        labels, nearest, boxes = told.split([len(LABELS) + 1, 1, 4], dim=-1)
        there = cells.labels != NOTHING
        true = cells.boxes[there]
        sides = (true[:, 2:] - true[:, :2]).repeat(1, 2)
        weight = torch.ones(NOTHING + 1)
        weight[NOTHING] = 0.2  # nine cells of ten show no object
        return {
            "cells": functional.cross_entropy(labels.flatten(0, 2), cells.labels.flatten(), weight),
            "nearest": functional.binary_cross_entropy_with_logits(
                nearest.squeeze(-1), cells.nearest, pos_weight=torch.tensor(4.0)
            ),
            "edges": ((boxes[there] - true).abs() / sides).mean(),
        }
