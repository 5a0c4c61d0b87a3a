"""How well pictures were divided: panoptic quality, in pixels."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torchmetrics.detection import PanopticQuality

from recipes.scenes import SHAPES

LABELS = [*SHAPES, "plane", "sky"]
NOTHING = len(LABELS)  # label of pixels that belong to no segment
Regions = Iterable[tuple[int, Tensor]]  # label and mask [H,W] of each segment


class Quality:
    """Mean over LABELS of the panoptic quality, gathered picture by picture.

    The library forgives objects whose pixels were left without a label, so NOTHING is a label here.
    """

    def __init__(self) -> None:
        stuff = set(range(len(SHAPES), NOTHING + 1))
        self._quality = PanopticQuality(set(range(len(SHAPES))), stuff, return_per_class=True)

    def add(self, true: Regions, found: Regions, height: int, width: int) -> None:
        maps = [_painted(regions, height, width)[None] for regions in (found, true)]
        self._quality.update(*maps)

    @property
    def value(self) -> float:
        return float(self._quality.compute()[0, :NOTHING].mean())


def _painted(regions: Regions, height: int, width: int) -> Tensor:
    """Label and number of the segment at each pixel [H,W,2]."""
    painted = torch.tensor([NOTHING, 0]).repeat(height, width, 1)
    for number, (label, mask) in enumerate(regions, 1):
        painted[mask] = torch.tensor([label, number])
    return painted
