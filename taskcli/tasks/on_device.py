"""What is found of maps on a device without asking it: no value is read, no shape hangs on one.

To know which maps count would be a wait, so all are computed; only what is found is read back.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from taskcli.tasks.enlarging import Greatest, Size, neighbours, numbers_for

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 1 << 24  # numbers of enlarged maps: 64 MB, and a few times that while they are made


def greatest(maps: "Tensor", size: Size, threshold: float = math.inf) -> Greatest:
    """Compare `maps` [n, h, w], n > 0, as `enlarging.greatest` does, by bands of rows."""
    import torch

    numbers = numbers_for(maps, size)
    each = torch.arange(len(maps), device=maps.device)[:, None, None]
    areas, above = torch.zeros_like(each[:, 0, 0]), torch.zeros_like(each[:, 0, 0])
    for rows, planes in _bands(maps, size):
        found = planes.argmax(0)
        numbers[rows] = found
        areas += (found == each).sum((1, 2))
        above += (planes >= threshold).sum((1, 2))
    return Greatest(numbers, areas, above)


def _bands(maps: "Tensor", size: Size) -> Iterator[tuple[slice, "Tensor"]]:
    """Some rows of the picture, and all maps there, [n, rows, width]."""
    height, width = size
    down, across = (neighbours(*side, maps) for side in zip(maps.shape[1:], size, strict=True))
    length = max(1, _AT_ONCE // (len(maps) * width))
    for top in range(0, height, length):
        rows = slice(top, top + length)
        before, after, share = (side[rows] for side in down)
        band = maps[:, before].lerp(maps[:, after], share[:, None])
        before, after, share = across
        yield rows, band[..., before].lerp(band[..., after], share)


class Bits(NamedTuple):
    """Masks of `width` pixels a row, eight pixels a byte as numpy packs them, [n, h, bytes], and
    of each its mean over its own pixels, [n]."""

    packed: "Tensor"
    width: int
    means: "Tensor"

    @classmethod
    def of(cls, inside: "Tensor", means: "Tensor") -> "Bits":
        """`inside`, booleans [n, h, w]."""
        import torch
        from torch.nn.functional import pad

        width = inside.shape[-1]
        eights = pad(inside.byte(), (0, -width % 8)).unflatten(-1, (-1, 8))
        places = torch.arange(7, -1, -1, dtype=torch.uint8, device=inside.device)
        return cls((eights << places).sum(-1, dtype=torch.uint8), width, means)

    def inside(self, kept: "Tensor") -> tuple["Tensor", "Tensor"]:
        """What it was made of, of those that a mask or indices name. On the host."""
        import numpy as np
        import torch

        unpacked = np.unpackbits(self.packed[kept].numpy(), axis=-1, count=self.width)
        return torch.from_numpy(unpacked).bool(), self.means[kept]
