"""The outline of a mask as one polygon, for formats that hold no pixels."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

Point = tuple[int, int]  # a corner of pixels: x, y
Points = Any  # float64 [n, 2]: x and y


def outline(mask: Any) -> Points:
    """A closed line around all parts of a mask, uint8 [height, width], that leaves out its holes.

    Parts and holes hang on bridges of no width, there and back, as tools join them that write
    one polygon an object; filled by the even-odd rule it is the mask again. Empty for no pixels.
    """
    import numpy as np

    lines = sorted(map(_straightened, _loops(mask)), key=len, reverse=True)
    whole = lines[0] if lines else np.zeros((0, 2))
    for line in lines[1:]:
        at = _nearest(whole, line[0])
        start = _nearest(line, whole[at])
        round_trip = np.concatenate([line[start:], line[: start + 1]])
        whole = np.concatenate([whole[: at + 1], round_trip, whole[at:]])
    return whole


def _loops(mask: Any) -> Iterator[Points]:
    """Lines through the middles of the pixel edges between inside and outside.

    Middles, not corners: along a slope they lie on one straight line.
    """
    import numpy as np

    steps = _steps(mask)
    while steps:
        point, middles = next(iter(steps)), []
        while ends := steps.get(point):
            following = ends.pop()
            if not ends:
                del steps[point]
            middles.append([(point[0] + following[0]) / 2, (point[1] + following[1]) / 2])
            point = following
        yield np.array(middles)


def _steps(mask: Any) -> dict[Point, list[Point]]:
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

    before, after = line - np.roll(line, 1, 0), np.roll(line, -1, 0) - line
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return line[turns]


def _nearest(line: Points, point: Points) -> int:
    return int(((line - point) ** 2).sum(1).argmin())
