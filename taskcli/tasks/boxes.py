"""Boxes beside boxes: arrays [..., 4] of left, top, right and bottom, in pixels."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int64]


def areas(boxes: "Floats") -> "Floats":
    """[...]; of a box that ends before it begins, 0."""
    product: Floats = (boxes[..., 2:] - boxes[..., :2]).clip(min=0).prod(-1)
    return product


def common(some: "Floats", others: "Floats") -> "Floats":
    """What boxes have in common with others, each with each or one with all, as boxes."""
    import numpy as np

    low = np.maximum(some[..., :2], others[..., :2])
    return np.concatenate([low, np.minimum(some[..., 2:], others[..., 2:])], -1)


def iou(some: "Floats", others: "Floats") -> "Floats":
    """The area of both, over the area of either: 0 where neither has any."""
    shared = areas(common(some, others))
    either: Floats = areas(some) + areas(others) - shared
    share: Floats = shared / either.clip(min=1e-9)
    return share


def without_doubles(boxes: "Floats", groups: "Numbers", most: float) -> list[int]:
    """The places of the boxes that stay, of [n, 4] in groups [n], which come best first.

    A box goes if its intersection over union with a better one of its group, which stays, is more
    than `most`.
    """
    import numpy as np

    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        double = (groups[left] == groups[best]) & (iou(boxes[best], boxes[left]) > most)
        left = left[~double]
    return kept
