"""Small maps of floats compared at a picture's size, a tile at a time: never all of them whole."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

Size = tuple[int, int]  # height and width in pixels
_TILE: Size = (64, 128)  # what is computed of it stays in a core's cache
_ROUNDING = 1e-5  # of the largest number: farther apart, two are in order however each is rounded


class Greatest(NamedTuple):
    """Which of n maps is greatest at each pixel, [height, width], the first of equals; of each map
    at how many pixels it is, and at how many it reaches a threshold, [n] both."""

    numbers: "Tensor"
    areas: "Tensor"
    above: "Tensor"


@dataclass(frozen=True)
class _Stretch:
    """Neighbouring pixels along one side: what they are made of in the small map, and by which
    weights [pixels, pixels of the small map]."""

    pixels: slice
    source: slice
    weights: "Tensor"


class _Tile(NamedTuple):
    """Which maps may be greatest there, reach the threshold everywhere, or at some pixels."""

    rows: _Stretch
    columns: _Stretch
    rivals: list[int]
    sure: list[int]
    unsure: list[int]

    def enlarged(self, maps: "Tensor") -> dict[int, "Tensor"]:
        """Those of `maps` [n, h, w] that must be computed, by number, [height, width] each."""
        rivals = self.rivals if len(self.rivals) > 1 else ()
        return {
            number: self.rows.weights
            @ (maps[number, self.rows.source, self.columns.source] @ self.columns.weights.T)
            for number in {*rivals, *self.unsure}
        }

    def greatest(self, planes: dict[int, "Tensor"]) -> "Tensor | int":
        """Its number at each pixel, [height, width]; where there is but one rival, its number."""
        import torch

        first, *others = self.rivals
        if not others:
            return first
        best, found = planes[first], torch.full_like(planes[first], first, dtype=torch.int16)
        for number in others:
            found.masked_fill_(planes[number] > best, number)
            best = best.maximum(planes[number])
        return found


def greatest(maps: "Tensor", size: Size, threshold: float = math.inf) -> Greatest:
    """Compare `maps` [n, h, w], n > 0, as if all were enlarged to `size` at once.

    The interpolation is torch's bilinear one (align_corners=False), but for what rounding decides.
    It never leaves the range of what is around a pixel, so of a tile only those maps are computed
    that may be greatest there, or cross the threshold. On the host: it looks which these are.
    """
    import torch

    areas, above = [0] * len(maps), [0] * len(maps)
    numbers = numbers_for(maps, size)
    for tile in _tiles(maps, size, threshold):
        planes = tile.enlarged(maps)
        found = numbers[tile.rows.pixels, tile.columns.pixels]
        found[:] = tile.greatest(planes)
        for number, area in _areas(found, tile.rivals):
            areas[number] += area
        for number in tile.sure:
            above[number] += found.numel()
        for number in tile.unsure:
            above[number] += int((planes[number] >= threshold).sum())
    return Greatest(numbers, torch.tensor(areas), torch.tensor(above))


def numbers_for(maps: "Tensor", size: Size) -> "Tensor":
    """Room for the number of one of `maps` at each pixel."""
    import torch

    return maps.new_empty(size, dtype=torch.uint8 if len(maps) < 256 else torch.int16)


def _areas(found: "Tensor", rivals: list[int]) -> Iterable[tuple[int, int]]:
    """How many pixels each rival has of a tile."""
    if len(rivals) == 1:
        return [(rivals[0], found.numel())]
    return enumerate(found.flatten().bincount().tolist())


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


def _stretches(source: int, target: int, length: int, like: "Tensor") -> Iterator[_Stretch]:
    """A side of `source` pixels enlarged to `target`, in stretches of at most `length`."""
    before, after, share = neighbours(source, target, like)
    for start in range(0, target, length):
        pixels = slice(start, min(start + length, target))
        first, last = int(before[pixels.start]), int(after[pixels.stop - 1])
        weights = like.new_zeros(pixels.stop - start, last + 1 - first)
        for ends, weight in ((before, 1 - share), (after, share)):
            weights.scatter_add_(1, ends[pixels, None] - first, weight[pixels, None])
        yield _Stretch(pixels, slice(first, last + 1), weights)


def _tiles(maps: "Tensor", size: Size, threshold: float) -> Iterator[_Tile]:
    """What the least and the greatest of each map around each tile leave open there."""
    rows, columns = (
        list(_stretches(*side, maps)) for side in zip(maps.shape[1:], size, _TILE, strict=True)
    )
    least, most = -_most(-maps, rows, columns), _most(maps, rows, columns)  # [tiles, n]
    room = _ROUNDING * most.abs().maximum(least.abs()).amax(1, keepdim=True)
    least, most = least - room, most + room
    open_ = (
        most >= least.amax(1, keepdim=True),
        least >= threshold,
        (least < threshold) & (most >= threshold),
    )
    for where, *which in zip(product(rows, columns), *map(_places, open_), strict=True):
        yield _Tile(*where, *which)


def _most(maps: "Tensor", rows: list[_Stretch], columns: list[_Stretch]) -> "Tensor":
    """The greatest number of each map that a tile is made of, [tiles, n]."""
    import torch

    by_row = torch.stack([maps[:, row.source].amax(1) for row in rows])
    return torch.stack([by_row[..., column.source].amax(-1) for column in columns], 1).flatten(0, 1)


def _places(chosen: "Tensor") -> list[list[int]]:
    """The places in each row that are chosen, in order."""
    places: list[list[int]] = [[] for _ in chosen]
    for row, place in chosen.nonzero().tolist():
        places[row].append(place)
    return places
