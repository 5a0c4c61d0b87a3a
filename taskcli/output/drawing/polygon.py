"""The outline of a mask as one polygon, for formats that hold no pixels."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Point = tuple[int, int]  # a corner of pixels: x, y
Points: TypeAlias = "npt.NDArray[np.float64]"  # [n, 2]: x and y

_A_CELL = 4  # points of an even spread in one cell


def outline(mask: "npt.NDArray[np.uint8]") -> Points:
    """A closed line around all parts of a mask, uint8 [height, width], that leaves out its holes.

    Parts and holes hang on bridges of no width, there and back, as tools join them that write
    one polygon an object; filled by the even-odd rule it is the mask again. Empty for no pixels.
    """
    return _joined(map(_straightened, _loops(mask)))


def polygons(mask: "npt.NDArray[np.uint8]") -> list[Points]:
    """A closed line around each part of a mask, uint8 [height, width], that leaves out its holes.

    A hole hangs on a bridge, as in `outline`.
    """
    loops = list(_loops(mask))
    lines = [_straightened(line) for line in loops]
    owners = _owners(mask, loops, [_turn(line) > 0 for line in lines])
    owned = {at: [lines[at]] for at, owner in enumerate(owners) if owner == at}
    for at, owner in enumerate(owners):
        if owner != at:
            owned[owner].append(lines[at])
    return [_joined(own) for own in owned.values()]


def _owners(mask: "npt.NDArray[np.uint8]", loops: list[Points], around: list[bool]) -> list[int]:
    """By the number of each line that of the line around its part: its own, or a hole's owner.

    From the left end of a hole the row goes on to the left inside the part, up to a line that is
    the part's own, or that of another of its holes, which lies farther to the left.
    """
    import numpy as np

    height, width = mask.shape
    left = np.zeros((height, width), np.int32)  # the line at a pixel's left side, if one is there
    entered = np.diff(mask.astype(np.int8), axis=1, prepend=0) == 1
    starts = np.maximum.accumulate(np.where(entered, np.arange(width), 0), 1)
    for number, line in enumerate(loops):
        columns, rows = line[line[:, 0] % 1 == 0].astype(int).T
        inside = columns < width
        columns, rows = columns[inside], rows[inside]
        entering = entered[rows, columns]
        left[rows[entering], columns[entering]] = number
    owners = list(range(len(loops)))
    holes = [number for number, is_around in enumerate(around) if not is_around]
    ends = {
        number: min(map(tuple, loops[number][loops[number][:, 0] % 1 == 0])) for number in holes
    }
    for number in sorted(holes, key=ends.__getitem__):
        column, row = map(int, ends[number])
        owners[number] = owners[left[row, starts[row, column - 1]]]
    return owners


def _joined(lines: Iterable[Points]) -> Points:
    """One line of all, the longest first, each of the rest on a bridge to what is before it."""
    import numpy as np

    longest = sorted(lines, key=len, reverse=True)
    if len(longest) < 2:
        return longest[0] if longest else np.zeros((0, 2))
    points = _Points(np.concatenate(longest))
    following = points.add(longest[0])
    following[-1] = -1  # the number of the next point of the whole, by a point's number
    for line in longest[1:]:
        at = points.nearest(line[0])
        start = _nearest(line, points.places[at])
        first = len(following)
        following += points.add(np.concatenate([line[start:], line[: start + 1]]))
        following += points.add(np.array([points.places[at]]))
        following[-1], following[at] = following[at], first
    order, at = [], 0
    while at >= 0:
        order.append(at)
        at = following[at]
    return np.array(points.places)[order]


class _Points:
    """Points that were added so far, by square cells that hold a few of `all` on average."""

    def __init__(self, all: Points) -> None:
        low, high = all.min(0), all.max(0)
        self._side = max(1.0, math.sqrt((high - low + 1).prod() * _A_CELL / len(all)))
        self._most = int((high - low).max() / self._side) + 2
        self._low = low
        self._cells: dict[tuple[int, int], list[int]] = {}
        self.places: list[tuple[float, float]] = []

    def add(self, line: Points) -> list[int]:
        """Add the points of a line; the number of what follows each."""
        first = len(self.places)
        self.places.extend(map(tuple, line.tolist()))
        for number, cell in enumerate(map(tuple, self._cell(line).tolist()), first):
            self._cells.setdefault(cell, []).append(number)
        return list(range(first + 1, len(self.places) + 1))

    def nearest(self, point: Points) -> int:
        """The number of the nearest point, of several the first added."""
        from_x, from_y = point.tolist()
        x, y = self._cell(point).tolist()
        best: tuple[float, int] | None = None
        for ring in range(self._most):
            for cell in _ring(x, y, ring):
                for number in self._cells.get(cell, ()):
                    to_x, to_y = self.places[number]
                    found = (to_x - from_x) ** 2 + (to_y - from_y) ** 2, number
                    best = found if best is None else min(best, found)
            # What lies in the next ring is at least `ring` cells away.
            if best is not None and best[0] < (ring * self._side) ** 2:
                break
        assert best is not None
        return best[1]

    def _cell(self, points: Points) -> "npt.NDArray[np.int64]":
        cells: npt.NDArray[np.int64] = ((points - self._low) // self._side).astype(int)
        return cells


def _ring(x: int, y: int, ring: int) -> Iterator[tuple[int, int]]:
    """The cells at a distance of so many steps, diagonal ones too."""
    if not ring:
        yield x, y
        return
    for step in range(-ring, ring):
        yield x + step, y - ring
        yield x + ring, y + step
        yield x - step, y + ring
        yield x - ring, y - step


def _turn(line: Points) -> float:
    """Twice the area inside; below 0 around a hole, since the inside is on the right."""
    x, y = line.T
    return float((x * _next(y) - _next(x) * y).sum())


def _next(values: Points) -> Points:
    """Each point's successor along the line."""
    import numpy as np

    return np.roll(values, -1, 0)


def _loops(mask: "npt.NDArray[np.uint8]") -> Iterator[Points]:
    """Lines through the middles of the pixel edges between inside and outside.

    Middles, not corners: along a slope they lie on one straight line.
    """
    import numpy as np

    steps = _steps(mask)
    for point in list(steps):
        middles: list[list[float]] = []
        while ends := steps.get(point):
            following = ends.pop()
            if not ends:
                del steps[point]
            middles.append([(point[0] + following[0]) / 2, (point[1] + following[1]) / 2])
            point = following
        if middles:
            yield np.array(middles)


def _steps(mask: "npt.NDArray[np.uint8]") -> dict[Point, list[Point]]:
    """Along the edge, from corner to corner, with the inside on the right."""
    import numpy as np

    framed = np.pad(mask.astype(np.int8), 1)
    down, across = np.diff(framed, axis=0)[:, 1:-1], np.diff(framed, axis=1)[1:-1]
    steps: dict[Point, list[Point]] = defaultdict(list)
    for change, (x, y), (to_x, to_y) in (
        (down == 1, (0, 0), (1, 0)),
        (down == -1, (1, 0), (0, 0)),
        (across == 1, (0, 1), (0, 0)),
        (across == -1, (0, 0), (0, 1)),
    ):
        for row, column in np.argwhere(change).tolist():
            steps[column + x, row + y].append((column + to_x, row + to_y))
    return steps


def _straightened(line: Points) -> Points:
    """Without the points in the middle of a straight stretch."""
    import numpy as np

    before, after = line - np.roll(line, 1, 0), _next(line) - line
    turns: npt.NDArray[np.bool_] = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return line[turns]


def _nearest(line: Points, point: tuple[float, float]) -> int:
    return int(((line - point) ** 2).sum(1).argmin())
