"""Small maps of floats compared at a picture's size: computed where they cross, never all whole."""

import math
from typing import TYPE_CHECKING, NamedTuple

from taskcli.tasks.cells import Side, computed, crossings

if TYPE_CHECKING:
    from torch import Tensor

Size = tuple[int, int]  # height and width in pixels


class Greatest(NamedTuple):
    """Which of n maps is greatest at each pixel, [height, width], the first of equals; of each map
    at how many pixels it is, and at how many it reaches a threshold, [n] both."""

    numbers: "Tensor"
    areas: "Tensor"
    above: "Tensor"


def greatest(maps: "Tensor", size: Size, threshold: float = math.inf) -> Greatest:
    """Compare `maps` [n, h, w], n > 0, as if all were enlarged to `size` at once.

    The interpolation is torch's bilinear one (align_corners=False), but for what rounding decides.
    On the host, in the calling thread alone: it looks where maps cross, and computes them there.
    """
    import torch

    height, width = (_side(*side, maps) for side in zip(maps.shape[1:], size, strict=True))
    planes = maps.numpy()
    for axis in (1, 2):
        if planes.shape[axis] == 1:  # on each side a cell lies between two numbers
            planes = planes.repeat(2, axis)
    known = crossings(planes, (height, width), threshold)
    numbers = numbers_for(maps, size)
    at = numbers.numpy()
    known.numbers.astype(at.dtype)[:, width.cells].take(height.cells, 0, at)
    above = known.above
    for some in computed(planes, known.pairs, (height, width), threshold):
        at[some.rows[:, :, None], some.columns[:, None]] = some.numbers
        above = above + some.above
    areas = numbers.flatten().bincount(minlength=len(maps))
    return Greatest(numbers, areas, torch.from_numpy(above))


def _side(source: int, target: int, like: "Tensor") -> Side:
    before, _, share = neighbours(source, target, like)
    return Side.of(source, before.numpy(), share.numpy())


def numbers_for(maps: "Tensor", size: Size) -> "Tensor":
    """Room for the number of one of `maps` at each pixel."""
    import torch

    return maps.new_empty(size, dtype=torch.uint8 if len(maps) < 256 else torch.int16)


def repeated(numbers: "Tensor", size: Size) -> "Tensor":
    """A map [h, w] at `size`, every pixel the nearest as torch's interpolation takes it."""
    import torch
    from torch.nn.functional import interpolate

    rows, columns = (
        interpolate(torch.arange(float(source))[None, None], size=target, mode="nearest")[
            0, 0
        ].long()
        for source, target in zip(numbers.shape, size, strict=True)
    )
    return numbers[:, columns][rows]


def neighbours(source: int, target: int, like: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
    """A side of `source` pixels enlarged to `target`: between which two pixels each lies, and how
    far from the first, [target] each, on the device of `like`, which is not waited for.

    They are those of torch's own interpolation: middles of pixels on middles of pixels.
    """
    import torch

    scale = torch.full((), float(source), device=like.device) / target
    middles = ((torch.arange(target, device=like.device) + 0.5) * scale - 0.5).clamp(min=0)
    before = middles.long().clamp(max=source - 1)
    return before, (before + 1).clamp(max=source - 1), (middles - before).clamp(max=1)
