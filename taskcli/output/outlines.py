"""The outline of a mask as one polygon, for formats that hold no pixels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Point = tuple[int, int]  # a corner of pixels: x, y
Points = Any  # float64 [n, 2]: x and y


def outline(mask: Any) -> Points:
    """A closed line around all parts of a mask, uint8 [height, width], that leaves out its holes.

    Parts and holes hang on bridges of no width, there and back, as tools join them that write
    one polygon an object; filled by the even-odd rule it is the mask again. Empty for no pixels.
    """
    return _joined(map(_straightened, _loops(mask)))


def polygons(mask: Any) -> list[Points]:
    """A closed line around each part of a mask, uint8 [height, width], that leaves out its holes.

    A hole hangs on a bridge, as in `outline`.
    """
    lines = [_straightened(line) for line in _loops(mask)]
    around = [line for line in lines if _turn(line) > 0]
    holes: list[list[Points]] = [[] for _ in around]
    for line in lines:
        if _turn(line) < 0:
            owner = min(
                (at for at, part in enumerate(around) if _is_inside(line[0], part)),
                key=lambda at: _turn(around[at]),
            )
            holes[owner].append(line)
    return [_joined([part, *own]) for part, own in zip(around, holes, strict=True)]


def _joined(lines: Iterable[Points]) -> Points:
    """One line of all, the longest first, each of the rest on a bridge to what is before it."""
    import numpy as np

    longest = sorted(lines, key=len, reverse=True)
    whole = longest[0] if longest else np.zeros((0, 2))
    for line in longest[1:]:
        at = _nearest(whole, line[0])
        start = _nearest(line, whole[at])
        round_trip = np.concatenate([line[start:], line[: start + 1]])
        whole = np.concatenate([whole[: at + 1], round_trip, whole[at:]])
    return whole


def _turn(line: Points) -> float:
    """Twice the area inside; below 0 around a hole, since the inside is on the right."""
    x, y = line.T
    return float((x * _next(y) - _next(x) * y).sum())


def _is_inside(point: Points, line: Points) -> bool:
    """Whether a ray from the point to the right crosses the line an odd number of times."""
    (x, y), (to_x, to_y) = line.T, _next(line).T
    crossing = (y > point[1]) != (to_y > point[1])
    level = point[1] - y[crossing]
    at = x[crossing] + level * (to_x - x)[crossing] / (to_y - y)[crossing]
    return bool((at > point[0]).sum() % 2)


def _next(values: Points) -> Points:
    """Each point's successor along the line."""
    import numpy as np

    return np.roll(values, -1, 0)


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

    before, after = line - np.roll(line, 1, 0), _next(line) - line
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return line[turns]


def _nearest(line: Points, point: Points) -> int:
    return int(((line - point) ** 2).sum(1).argmin())
