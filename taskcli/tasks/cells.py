"""Where small maps cross each other: between four neighbouring numbers of theirs, in a cell.

A number at a picture's size is a mean of these four and never out of their range. So in most cells
one map is greatest at every pixel, and only those of the others, along the edges of regions, have
to be computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float32]
    Places = npt.NDArray[np.intp]
    Mask = npt.NDArray[np.bool_]

_IN_CACHE = 1 << 15  # numbers of all maps that are looked at together
_AT_ONCE = 1 << 19  # pixels of cells that are computed together: some 20 MB with what is made of it
_ROUNDING = 1e-5  # of the largest number: farther apart, two are in order however each is rounded


@dataclass(frozen=True)
class Side:
    """A side of small maps, enlarged: of each of its pixels in which cell it lies and how far into
    it, [target]; of each cell its first pixel and how many it has."""

    cells: "Places"
    shares: "Numbers"
    starts: "Places"
    counts: "Places"

    @classmethod
    def of(cls, source: int, before: "Places", shares: "Numbers") -> "Side":
        """Of `source` numbers, between which and the next each pixel lies. The last cell ends at
        the last of them; one number alone has a cell to itself."""
        import numpy as np

        last = max(source - 2, 0)
        cells = np.minimum(before, last)
        starts = np.searchsorted(cells, np.arange(last + 1))
        shares = np.where(before > last, np.float32(1), shares)
        return cls(cells, shares, starts, np.bincount(cells, minlength=last + 1))

    @property
    def most(self) -> int:
        """How many pixels a cell has at most."""
        return int(self.counts.max())

    def pixels(self, cells: "Places") -> "tuple[Places, Mask]":
        """Those of each cell, [cells, most], its last one again where it has fewer; and which do
        not stand there a second time."""
        import numpy as np

        each, counts = np.arange(self.most), self.counts[cells, None]
        return self.starts[cells, None] + np.minimum(each, counts - 1), each < counts


Sides = tuple[Side, Side]


class Crossings(NamedTuple):
    """`numbers` [cells down, cells across]: the map that is greatest in each cell, but for those
    where several may be, or one crosses the threshold. Of these `pairs`, each a cell times the
    count of maps and a map that has to be computed there, in order. `above` [n]: at how many pixels
    of other cells each map reaches the threshold."""

    numbers: "npt.NDArray[np.int16]"
    pairs: "Places"
    above: "Places"


def crossings(planes: "Numbers", sides: Sides, threshold: float) -> Crossings:
    """Of maps [n, h, w], h and w at least 2."""
    import numpy as np

    count, height, width = planes.shape
    numbers = np.empty((height - 1, width - 1), np.int16)
    above = np.zeros(count)
    pairs = []
    columns = sides[1].counts.astype(np.float32)  # exact, and many times faster than integers
    length = max(1, _IN_CACHE // (count * width))
    for top in range(0, height - 1, length):
        rows = sides[0].counts[top : top + length]
        band = _Band.of(planes[:, top : top + length + 1], threshold)
        numbers[top : top + length] = band.first
        wanted = band.wanted & (np.multiply.outer(rows, columns) > 0)
        above += (band.sure & ~wanted).astype(np.float32) @ columns @ rows
        own, cells = np.divmod(np.flatnonzero(wanted), wanted[0].size)
        pairs.append((cells + top * (width - 1)) * count + own)
    return Crossings(numbers, np.sort(np.concatenate(pairs)), above.astype(np.int64))


class _Band(NamedTuple):
    """Some rows of cells: of each the map that is greatest, where it is one; which maps must be
    computed there, and which are above the threshold at every pixel, [n, rows, columns]."""

    first: "Places"
    wanted: "Mask"
    sure: "Mask"

    @classmethod
    def of(cls, planes: "Numbers", threshold: float) -> "_Band":
        import numpy as np

        least = np.minimum(planes[:, :-1], planes[:, 1:])
        least = np.minimum(least[..., :-1], least[..., 1:])
        most = np.maximum(planes[:, :-1], planes[:, 1:])
        most = np.maximum(most[..., :-1], most[..., 1:])
        room = _ROUNDING * np.maximum(most.max(0), -least.min(0))
        rivals = most >= least.max(0) - room
        sure = least >= threshold + room
        crosses = (most >= threshold - room) & ~sure
        opened = (rivals.sum(0, dtype=np.uint16) > 1) | crosses.any(0)
        numbers = np.arange(len(planes), dtype=np.uint8 if len(planes) < 256 else np.uint16)
        first = (rivals * numbers[:, None, None]).max(0)
        return cls(first, (rivals & opened) | crosses, sure)


class Computed(NamedTuple):
    """Of some cells the pixels, [cells, rows] and [cells, columns]; which map is greatest at each,
    [cells, rows, columns]; and of all maps at how many of them it reaches the threshold, [n]."""

    rows: "Places"
    columns: "Places"
    numbers: "npt.NDArray[np.int16]"
    above: "Places"


def computed(
    planes: "Numbers", pairs: "Places", sides: Sides, threshold: float
) -> Iterator[Computed]:
    """The cells of all pairs, some at a time."""
    import numpy as np

    cells = pairs // len(planes)
    length = max(1, _AT_ONCE // (sides[0].most * sides[1].most))
    start = 0
    while start < len(pairs):  # the pairs of a cell stay together
        last = cells[min(start + length, len(pairs)) - 1]
        stop = int(np.searchsorted(cells, last, "right"))
        yield _computed(planes, pairs[start:stop], sides, threshold)
        start = stop


def _computed(planes: "Numbers", pairs: "Places", sides: Sides, threshold: float) -> Computed:
    import numpy as np

    cells, maps = np.divmod(pairs, len(planes))
    begins = np.flatnonzero(np.diff(cells, prepend=-1))  # of each cell its first pair
    row, column = np.divmod(cells, planes.shape[2] - 1)
    (down, own_down), (right, own_right) = sides[0].pixels(row), sides[1].pixels(column)
    ends = [
        _between(planes[maps, at, column], planes[maps, at, column + 1], sides[1].shares[right])
        for at in (row, row + 1)
    ]
    made = (ends[1] - ends[0])[:, None] * sides[0].shares[down][:, :, None] + ends[0][:, None]
    reached = (made >= threshold) & own_down[:, :, None] & own_right[:, None]
    above = np.bincount(maps, np.count_nonzero(reached, (1, 2)), len(planes)).astype(np.int64)
    return Computed(down[begins], right[begins], _greatest(made, maps, begins), above)


def _between(start: "Numbers", end: "Numbers", share: "Numbers") -> "Numbers":
    made: Numbers = start[:, None] + (end - start)[:, None] * share
    return made


def _greatest(made: "Numbers", maps: "Places", begins: "Places") -> "npt.NDArray[np.int16]":
    """Of each cell, whose pairs begin at `begins`, the map that is greatest at each pixel, the
    first of equals, [cells, rows, columns]."""
    import numpy as np

    ends = np.append(begins[1:], len(maps))
    best = made[begins]
    found = np.broadcast_to(maps[begins].astype(np.int16)[:, None, None], best.shape).copy()
    for nth in range(1, int((ends - begins).max())):
        some = np.flatnonzero(ends - begins > nth)
        pairs = begins[some] + nth
        better = made[pairs] > best[some]
        found[some] = np.where(better, maps[pairs].astype(np.int16)[:, None, None], found[some])
        best[some] = np.maximum(best[some], made[pairs])
    return found
