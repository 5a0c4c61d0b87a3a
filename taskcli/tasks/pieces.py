"""Objects and areas that were divided tile by tile, as those of the picture: each once.

Two tiles see the same pixels where they overlap. A segment of each is one thing if they agree
there and have one label, or if a tile sees it whole: then the other misreads a piece of it.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from taskcli.results import Box, Segment
from taskcli.tasks.run_lengths import regions
from taskcli.tasks.tiling import Frame, cores

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.unsignedinteger]  # [height, width]

_SAME = 0.5  # of the pixels that either has where both look: one thing shares more


def one_each(
    found: Sequence[Sequence[Segment]],
    frames: Sequence[Frame],
    size: tuple[int, int],
    fused: Collection[str] = (),
) -> list[Segment]:
    """The segments of a picture of `size` (width, height), best first, from those of its tiles.

    Labels in `fused` have one segment each. Of what several tiles see, each pixel is as the tile
    says in which it is least at the edge; what one tile alone sees, and sees whole, stays whole.
    Beside what is answered, a number for each pixel is held, and one mask at a time.
    """
    tiles = _Tiles(found, frames, size)
    group = _grouped(tiles, fused)
    where = regions(_painted(tiles, group))
    members: dict[int, list[int]] = {}
    for place, number in enumerate(group):
        members.setdefault(number, []).append(place)
    made = [
        Segment(tiles.surest(members[number - 1]).label, tiles.score(members[number - 1]), *region)
        for number, region in where.items()
        if number
    ]
    return sorted(made, key=lambda one: -(one.score or 0.0))


class _Tiles:
    """All segments of all tiles, in one list; `firsts` are where each tile's begin in it."""

    def __init__(
        self, found: Sequence[Sequence[Segment]], frames: Sequence[Frame], size: tuple[int, int]
    ) -> None:
        self.frames, self.size = frames, size
        self.firsts = [0, *accumulate(map(len, found))]
        # Of numbers for as many: they are as large as the picture.
        self.dtype = "uint16" if self.firsts[-1] < 1 << 16 else "uint32"
        self.segments = [segment for segments in found for segment in segments]
        self.whole = [
            _is_whole(segment, frame, size)
            for segments, frame in zip(found, frames, strict=True)
            for segment in segments
        ]

    def numbers(self, tile: int) -> "Numbers":
        """Of each pixel of a tile, its segment's place among the tile's, from 1; 0 is none."""
        import numpy as np
        from pycocotools import mask as coco

        left, top, right, bottom = self.frames[tile]
        # By columns, as masks are.
        numbers = np.zeros((right - left, bottom - top), self.dtype).T
        for number, segment in enumerate(self.of(tile), 1):
            mask, (across, down) = segment.mask, _slices(segment.box)
            pixels = coco.decode({"size": list(mask.size), "counts": mask.counts})
            numbers[down, across][pixels[down, across].view(bool)] = number
        return numbers

    def tile_of(self, place: int) -> int:
        return bisect_right(self.firsts, place) - 1

    def of(self, tile: int) -> list[Segment]:
        return self.segments[self.firsts[tile] : self.firsts[tile + 1]]

    def surest(self, places: Sequence[int]) -> Segment:
        """Of several segments of one thing; what is seen whole is surer than a piece."""
        best = max(places, key=lambda at: (self.whole[at], self.segments[at].score or 0.0))
        return self.segments[best]

    def score(self, places: Sequence[int]) -> float | None:
        return max((self.segments[at].score for at in places), key=lambda score: score or 0.0)


def _slices(box: Box) -> tuple[slice, slice]:
    """Of the columns and the rows of an array."""
    return slice(box.xmin, box.xmax), slice(box.ymin, box.ymax)


def _is_whole(segment: Segment, frame: Frame, size: tuple[int, int]) -> bool:
    """Whether it ends before the edges of its tile that are none of the picture."""
    box, (left, top, right, bottom) = segment.box, frame
    return not (
        (box.xmin <= 0 < left)
        or (box.ymin <= 0 < top)
        or (box.xmax >= right - left and right < size[0])
        or (box.ymax >= bottom - top and bottom < size[1])
    )


def _grouped(tiles: _Tiles, fused: Collection[str]) -> list[int]:
    """For each segment the place of the first one that is of the same thing."""
    first = list(range(len(tiles.segments)))

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = place = first[first[place]]
        return place

    for one, other in (*_seen_twice(tiles), *_of_one_label(tiles, fused)):
        low, high = sorted((root(one), root(other)))
        first[high] = low
    return [root(place) for place in range(len(first))]


def _of_one_label(tiles: _Tiles, fused: Collection[str]) -> Iterator[tuple[int, int]]:
    known: dict[str, int] = {}
    for place, segment in enumerate(tiles.segments):
        if segment.label in fused:
            yield known.setdefault(segment.label, place), place


def _seen_twice(tiles: _Tiles) -> Iterator[tuple[int, int]]:
    """Pairs of segments of two tiles that are one thing, by where both tiles look."""
    before: list[tuple[int, Numbers]] = []  # tiles that may share pixels with those behind them
    for tile, frame in enumerate(tiles.frames):
        numbers = tiles.numbers(tile)
        before = [one for one in before if tiles.frames[one[0]][3] > frame[1]]
        for other, theirs in before:
            there = tiles.frames[other]
            pairs = _agreeing(_shared(numbers, frame, there), _shared(theirs, there, frame))
            for mine, yours in pairs:
                one, two = tiles.firsts[tile] + mine - 1, tiles.firsts[other] + yours - 1
                alike = tiles.segments[one].label == tiles.segments[two].label
                if alike or tiles.whole[one] or tiles.whole[two]:
                    yield one, two
        before.append((tile, numbers))


def _shared(numbers: "Numbers", frame: Frame, other: Frame) -> "Numbers":
    """What of a tile's numbers is in another tile, too."""
    left, top = frame[:2]
    rows = slice(max(0, other[1] - top), max(0, other[3] - top))
    return numbers[rows, max(0, other[0] - left) : max(0, other[2] - left)]


def _agreeing(ours: "Numbers", theirs: "Numbers") -> Iterator[tuple[int, int]]:
    """Numbers that have most pixels in common, of those that either has here."""
    import numpy as np

    if not (ours.any() and theirs.any()):
        return
    many = int(theirs.max()) + 1
    pairs = np.bincount((ours.astype(np.int64) * many + theirs).ravel())
    pairs = np.pad(pairs, (0, -len(pairs) % many)).reshape(-1, many)
    either = pairs.sum(1)[1:, None] + pairs.sum(0)[1:] - pairs[1:, 1:]
    for mine, yours in np.argwhere(pairs[1:, 1:] > _SAME * either).tolist():
        yield mine + 1, yours + 1


def _painted(tiles: _Tiles, group: Sequence[int]) -> "Numbers":
    """The group of each pixel of the picture, from 1; 0 is none."""
    import numpy as np

    alone = np.bincount(group, minlength=len(group)) == 1
    picture = np.zeros(tiles.size[::-1], tiles.dtype)
    for tile, (frame, core) in enumerate(zip(tiles.frames, cores(tiles.frames), strict=True)):
        own = slice(tiles.firsts[tile], tiles.firsts[tile + 1])
        table = np.array([0, *(number + 1 for number in group[own])], tiles.dtype)
        numbers = table[_shared(tiles.numbers(tile), frame, core)]
        picture[core[1] : core[3], core[0] : core[2]] = numbers
    for place in np.flatnonzero(alone & np.array(tiles.whole, bool)).tolist():
        _fill(picture, tiles, place)
    return picture


def _fill(picture: "Numbers", tiles: _Tiles, place: int) -> None:
    """Give a segment all of its pixels that are nothing else's."""
    from pycocotools import mask as coco

    segment, (left, top) = tiles.segments[place], tiles.frames[tiles.tile_of(place)][:2]
    mask, (across, down) = segment.mask, _slices(segment.box)
    pixels = coco.decode({"size": list(mask.size), "counts": mask.counts})[down, across]
    within = picture[top:, left:][down, across]
    within[pixels.view(bool) & (within == 0)] = place + 1
