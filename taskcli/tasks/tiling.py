"""Where the tiles of a large picture lie, and what is seen in each."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from taskcli.media.items import ImageInput

Frame = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the picture


def frames(size: tuple[int, int], side: int | None, overlap: float) -> list[Frame]:
    """The frame of a picture of `size` (width, height), and of the tiles that cover it, in rows.

    Tiles are as large as each other. A picture that is no larger than one has none.
    """
    width, height = size
    whole = (0, 0, width, height)
    if side is None or max(size) <= side:
        return [whole]
    wide, high = min(side, width), min(side, height)
    return [
        whole,
        *(
            (left, top, left + wide, top + high)
            for top in _starts(height, high, overlap)
            for left in _starts(width, wide, overlap)
        ),
    ]


def seen(item: ImageInput, within: Sequence[Frame]) -> Iterator[ImageInput]:
    """What of a picture, decoded in full, is in each frame, one at a time."""
    from taskcli.media.decode.pillow import any_size

    for frame in within:
        if frame == (0, 0, *item.size):
            yield item
            continue
        with any_size():
            part = item.image.crop(frame)
        yield ImageInput(part, part.size)


def cores(tiles: Sequence[Frame]) -> list[Frame]:
    """What each of a picture's tiles has by itself: they meet in the middle of what they share."""
    across, down = (
        _meeting(sorted({(tile[axis], tile[axis + 2]) for tile in tiles})) for axis in (0, 1)
    )
    both = ((across[tile[0]], down[tile[1]]) for tile in tiles)
    return [(left, top, right, bottom) for (left, right), (top, bottom) in both]


def _meeting(spans: list[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """By where each of several spans begins, in order: from where to where it has its own."""
    middles = [(one[1] + other[0]) // 2 for one, other in pairwise(spans)]
    edges = [spans[0][0], *middles, spans[-1][1]]
    return {span[0]: ends for span, ends in zip(spans, pairwise(edges), strict=True)}


def _starts(length: int, side: int, overlap: float) -> list[int]:
    """Where tiles begin along a side: evenly, the first and the last at the picture's edges."""
    if length == side:
        return [0]
    step = max(1, int(side * (1 - overlap)))
    gaps = -(-(length - side) // step)
    return [round(number * (length - side) / gaps) for number in range(gaps + 1)]
