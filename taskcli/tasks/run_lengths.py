"""Regions of a map of numbers as COCO's run-length codes, without a picture for each region."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from taskcli.results import Box, RunLengthMask

if TYPE_CHECKING:
    import numpy as np

_PIXELS_AT_ONCE = 1 << 22


class Region(NamedTuple):
    """Where a number stands in a map."""

    mask: RunLengthMask
    area: int
    box: Box


def regions(ids: "np.ndarray") -> "dict[int, Region]":
    """The region of each number that stands in `ids`, integers [height, width]."""
    return {number: _region(runs, ids.shape) for number, runs in _runs(ids)}


def _runs(ids: "np.ndarray") -> "Iterator[tuple[int, np.ndarray]]":
    """Each number with where its runs start and end, [runs, 2]; counted down the columns."""
    import numpy as np

    height = len(ids)
    starts = np.concatenate([[0], *_changes(ids)])
    starts.sort()
    runs = np.stack([starts, np.append(starts[1:], ids.size)], 1)
    numbers = ids[starts % height, starts // height]
    order = np.argsort(numbers, kind="stable")
    known, firsts = np.unique(numbers[order], return_index=True)
    for number, own in zip(known.tolist(), np.split(order, firsts[1:]), strict=True):
        yield number, runs[own]


def _changes(ids: "np.ndarray") -> "Iterator[np.ndarray]":
    """Where a number other than the last begins, counted down the columns; a few rows at once."""
    import numpy as np

    height, width = ids.shape
    yield (1 + np.flatnonzero(ids[0, 1:] != ids[-1, :-1])) * height
    band = max(1, _PIXELS_AT_ONCE // width)
    for top in range(1, height, band):
        below = ids[top : top + band]
        rows, columns = np.divmod(
            np.flatnonzero(below != ids[top - 1 : top - 1 + len(below)]), width
        )
        yield columns * height + rows + top


def _region(runs: "np.ndarray", size: tuple[int, ...]) -> Region:
    import numpy as np
    from pycocotools import mask as coco

    height, width = size
    ends = np.concatenate([[0], runs.ravel(), [height * width]])
    counts = np.diff(ends)
    if not counts[-1]:
        counts = counts[:-1]
    encoded = coco.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    left, top, across, down = (int(side) for side in coco.toBbox(encoded))
    mask = RunLengthMask((height, width), encoded["counts"].decode("ascii"))
    return Region(mask, int(coco.area(encoded)), Box(left, top, left + across, top + down))
