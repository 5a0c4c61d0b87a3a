"""Where names stand on a picture: on no other name, and hiding as little as they can."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Frame = tuple[int, int, int, int]  # left, top, right, bottom
Size = tuple[int, int]  # width, height

_HIDDEN = 0.25  # of what is named, or of anything else: what a name may cover at most
_ALIKE = 0.05  # places that differ by less hide the same


@dataclass(frozen=True, slots=True)
class Subject:
    """What has a name: its frame, and for a region its pixels and a place in the middle of them."""

    frame: Frame
    area: int = 0
    middle: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name stands; `short` if there was room only for the number in its place."""

    frame: Frame
    short: bool


def places(
    size: Size, subjects: Sequence[Subject], names: Sequence[Size], numbers: Sequence[Size]
) -> list[Place | None]:
    """A place in a picture of `size` for each subject, earlier ones first; None if there is none.

    `names` are the sizes of the full names, `numbers` of what stands for them.
    """
    import numpy as np

    frames = np.array([one.frame for one in subjects], float).reshape(-1, 4)
    areas = np.array([one.area or _area(one.frame) for one in subjects], float).clip(min=1)
    taken: list[Frame] = []
    found: list[Place | None] = []
    for at, (subject, *tags) in enumerate(zip(subjects, names, numbers, strict=True)):
        place = None
        for short, tag, most in zip((False, True), tags, (_HIDDEN, 1.0), strict=True):
            free = [one for one in _candidates(subject, tag, size) if not _hits(one, taken)]
            hidden = [_hidden(one, frames, areas, subject, at) for one in free]
            if hidden and min(hidden) <= most:
                steps = [int(share / _ALIKE) for share in hidden]
                place = Place(free[steps.index(min(steps))], short)
                taken.append(place.frame)
                break
        found.append(place)
    return found


def _hidden(
    one: Frame,
    frames: "npt.NDArray[np.int64]",
    areas: "npt.NDArray[np.int64]",
    subject: Subject,
    at: int,
) -> float:
    """The largest share of anything that a name would hide there.

    On a region its own name belongs, so what it hides of that counts only when it is much.
    """
    shares = _shared(one, frames) / areas
    if subject.middle is not None and shares[at] <= _HIDDEN:
        shares[at] = 0
    return float(shares.max())


def _candidates(subject: Subject, tag: Size, size: Size) -> Iterator[Frame]:
    """Frames of a tag's size inside the picture, the best first where they hide the same.

    In the middle of a region; around a box; then inside it.
    """
    (wide, high), (width, height) = tag, size
    if wide > width or high > height:
        return
    left, top, right, bottom = subject.frame
    centre = (left + right - wide) // 2
    corners = [
        (x, y)
        for y in (top - high, bottom, top, bottom - high)
        for x in (left, right - wide, centre)
    ]
    corners += [(x, y) for x in (left - wide, right) for y in (top, bottom - high)]
    corners += [(left, top + step * high) for step in range(1, (bottom - top) // high)]
    if subject.middle is not None:
        x, y = subject.middle
        corners.insert(0, (x - wide // 2, y - high // 2))
    for x, y in corners:
        x, y = max(0, min(x, width - wide)), max(0, min(y, height - high))
        yield x, y, x + wide, y + high


def _hits(one: Frame, taken: Sequence[Frame]) -> bool:
    return any(
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
        for other in taken
    )


def _shared(one: Frame, frames: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    """The pixels that a frame shares with each of many, [n, 4]."""
    wide = (frames[:, 2].clip(max=one[2]) - frames[:, 0].clip(min=one[0])).clip(min=0)
    high = (frames[:, 3].clip(max=one[3]) - frames[:, 1].clip(min=one[1])).clip(min=0)
    shared: npt.NDArray[np.int64] = wide * high
    return shared


def _area(frame: Frame) -> int:
    return (frame[2] - frame[0]) * (frame[3] - frame[1])
