"""Regions, divided tile by tile, as those of the picture: of labels, and by `pieces` of things."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskcli.results import Segment
from taskcli.tasks.pieces import one_each as stitched_things
from taskcli.tasks.run_lengths import regions
from taskcli.tasks.tiling import Frame, cores

if TYPE_CHECKING:
    import numpy as np

__all__ = ["stitched", "stitched_things"]


def stitched(
    found: Sequence[Sequence[Segment]],
    frames: Sequence[Frame],
    size: tuple[int, int],
    labels: Sequence[str],
) -> list[Segment]:
    """A region of each label in a picture of `size` (width, height), in the order of `labels`.

    Of what several tiles see, each pixel is as the tile says in which it is least at the edge.
    """
    import numpy as np

    names = list(dict.fromkeys(labels))
    numbers = {name: number for number, name in enumerate(names, 1)}
    picture = np.zeros(size[::-1], np.uint16)
    for segments, frame, core in zip(found, frames, cores(frames), strict=True):
        for segment in segments:
            _paint(picture, segment, frame, core, numbers[segment.label])
    where = regions(picture)
    return [
        Segment(name, None, *where[number]) for name, number in numbers.items() if number in where
    ]


def _paint(picture: "np.ndarray", segment: Segment, frame: Frame, core: Frame, number: int) -> None:
    from pycocotools import mask as coco

    left, top, right, bottom = core
    mask = coco.decode({"size": list(segment.mask.size), "counts": segment.mask.counts})
    own = mask[top - frame[1] : bottom - frame[1], left - frame[0] : right - frame[0]]
    picture[top:bottom, left:right][own.view(bool)] = number
