"""Objects that were seen in several views of a picture, the whole and its tiles: each once.

What lies on a seam is cut in one tile and goes on in the next. As in SAHI (Akyon et al. 2022),
boxes are compared by what they share of the smaller one, for a piece is much smaller than all of
an object; but two boxes of one view are two objects, as the model says, and what is seen whole
counts before its pieces.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from taskcli.results import Detection
from taskcli.tasks.boxes import areas, common, iou
from taskcli.tasks.tiling import Frame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from taskcli.tasks.boxes import Floats, Numbers

    Flags = npt.NDArray[np.bool_]

_NEAR = 0.04  # of a tile's side: what ends so near to a seam may go on behind it
_SAME = 0.5  # of the smaller box: so much is shared by two boxes of one object
_ALIKE = 4  # times the area: what is seen whole is not so much larger than when seen again
_MISREAD = 0.8  # of a piece, in an object that is seen whole: then it is no other object


class Seen(NamedTuple):
    """n boxes [n, 4] in pixels of the picture, their scores, and the numbers of their labels.

    `views` numbers where each was seen, `cut` [n, 4] tells which sides a seam may have cut.
    """

    boxes: "Floats"
    scores: "Floats"
    labels: "Numbers"
    views: "Numbers"
    cut: "Flags"

    def at(self, places: "Numbers | Flags | list[int] | int") -> "Seen":
        """Some of them; of one, arrays without their first axis."""
        boxes, scores, labels, views, cut = self
        return Seen(boxes[places], scores[places], labels[places], views[places], cut[places])

    @property
    def is_piece(self) -> "Flags":
        flags: Flags = self.cut.max(-1)
        return flags


def joined(found: Sequence[Sequence[Detection]], frames: Sequence[Frame]) -> list[Detection]:
    """The objects of a picture, best first, from those in each of its `frames`.

    The first frame is the whole picture; boxes are in pixels of their frame.
    """
    import numpy as np

    names = sorted({one.label for view in found for one in view})
    if not names:
        return []
    views = np.repeat(np.arange(len(found)), [len(view) for view in found])
    whereabouts = np.array(frames, float)
    every = [one for view in found for one in view]
    boxes = np.array([one.sides for one in every]) + np.tile(whereabouts[views, :2], 2)
    labels = np.searchsorted(names, [one.label for one in every])
    scores = np.array([one.score for one in every])
    cut = _cut(boxes, whereabouts[views], whereabouts[0])
    whole = _whole(Seen(boxes, scores, labels, views, cut), whereabouts)
    kept = whole.at(_apart(whole))
    order = np.argsort(-kept.scores, kind="stable")
    rows = zip(kept.labels[order], kept.scores[order], kept.boxes[order].tolist(), strict=True)
    return [Detection.at(names[label], float(score), box) for label, score, box in rows]


def _cut(boxes: "Floats", frames: "Floats", picture: "Floats") -> "Flags":
    """Which sides of boxes lie at a seam: at an edge of their frame that is none of the picture."""
    import numpy as np

    flags: Flags = (np.abs(boxes - frames) <= _reach(frames)) & (frames != picture)
    return flags


def _reach(frames: "Floats") -> "Floats":
    """How far from each side of a frame something may end that is cut there."""
    import numpy as np

    return np.tile(_NEAR * (frames[..., 2:] - frames[..., :2]), 2)


def _whole(seen: Seen, frames: "Floats") -> Seen:
    """Pieces of one object as one box, where the tiles on both sides of a seam saw it."""
    import numpy as np

    pieces = np.flatnonzero(seen.is_piece)
    groups = [places for places in _groups(seen.at(pieces), frames) if len(places) > 1]
    if not groups:
        return seen
    others = np.setdiff1d(np.arange(len(seen.boxes)), pieces[np.concatenate(groups)])
    made = [_one(seen.at(pieces[places]), -number) for number, places in enumerate(groups, 1)]
    return Seen(*(np.concatenate(parts) for parts in zip(seen.at(others), *made, strict=True)))


def _groups(pieces: Seen, frames: "Floats") -> "list[Numbers]":
    """Places of pieces that are of one object: of one label, and alike where both views look."""
    import numpy as np

    own = frames[pieces.views]
    # A little beyond the seam, so that tiles that only touch have something in common.
    wider = own + np.array([-1, -1, 1, 1]) * _reach(own)
    boxes = np.where(pieces.cut, wider, pieces.boxes)
    group = np.arange(len(boxes))
    for place in range(len(boxes)):
        both = common(wider[place], wider)
        same = iou(common(both, boxes[place]), common(both, boxes)) >= _SAME
        same &= (pieces.labels == pieces.labels[place]) & (pieces.views != pieces.views[place])
        group[np.isin(group, group[same])] = group[place]
    return [np.flatnonzero(group == number) for number in np.unique(group)]


def _one(pieces: Seen, view: int) -> Seen:
    """The box around all pieces of an object, which is seen in a view of its own."""
    import numpy as np

    ends = np.concatenate([pieces.boxes[:, :2].argmin(0), pieces.boxes[:, 2:].argmax(0)])
    sides = np.arange(4)
    return Seen(
        pieces.boxes[ends, sides][None],
        pieces.scores.max(keepdims=True),
        pieces.labels[:1],
        np.array([view]),
        pieces.cut[ends, sides][None],
    )


def _apart(seen: Seen) -> list[int]:
    """The places of the boxes that stay: those that are whole first, then by their scores."""
    import numpy as np

    kept: list[int] = []
    left = np.lexsort([-seen.scores, seen.is_piece])
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        left = left[~_again(seen.at(best), seen.at(left))]
    return kept


def _again(best: Seen, others: Seen) -> "Flags":
    """Which of the others are the object of `best`, one box, seen in another view."""
    import numpy as np

    sizes = areas(best.boxes), areas(others.boxes)
    smaller, larger = np.minimum(*sizes), np.maximum(*sizes)
    shared = areas(common(best.boxes, others.boxes)) / smaller.clip(min=1e-9)
    alike = larger <= _ALIKE * smaller
    piece = others.is_piece & (sizes[1] <= sizes[0])
    same = (others.labels == best.labels) & (shared >= _SAME) & (alike | piece)
    misread = piece & alike & ~best.is_piece & (shared >= _MISREAD)
    again: Flags = (others.views != best.views) & (same | misread)
    return again
