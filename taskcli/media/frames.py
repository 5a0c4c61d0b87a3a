"""Which of the pictures in one file are answered: --frames by number, --fps by time."""

import math
import re
from dataclasses import dataclass, field

from taskcli.errors import UsageError

_USUAL = 1.0  # frames a second of a video, where nothing is said
_MOST = 1000  # frames a second: times are of whole milliseconds
_SLACK = 0.001  # seconds by which times and ticks of one rate may differ, as they are rounded
_ALL = 1 << 62
_NUMBERS = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?", re.ASCII)


@dataclass(frozen=True)
class FrameChoice:
    """By their numbers, from 1, or so many a second.

    With neither it is the first of a picture, and one a second of a video.
    """

    numbers: range | None = None
    fps: float | None = None

    @classmethod
    def of(cls, frames: str | None = None, fps: float | None = None) -> "FrameChoice":
        """What --frames and --fps ask for. Raises UsageError for what is neither."""
        if frames is not None and fps is not None:
            raise UsageError(
                "--frames chooses frames by number and --fps by time", "give one of them"
            )
        if fps is not None and not 0 < fps <= _MOST:
            raise UsageError(
                f"--fps {fps:g}: not above 0 and up to {_MOST:,}",
                "--fps 0.1 is a frame every ten seconds; --frames all takes every one",
            )
        return cls(None if frames is None else _range(frames), fps)

    @property
    def is_said(self) -> bool:
        """Whether pictures are looked into: unasked, one is its first frame."""
        return self.numbers is not None or self.fps is not None

    @property
    def takes_first(self) -> bool:
        return self.numbers is None or 1 in self.numbers

    @property
    def asked_for(self) -> str:
        """The option that chooses by number."""
        assert self.numbers, "what chooses by time asks for no frame that is not there"
        low, high = self.numbers.start, self.numbers.stop - 1
        return f"--frames {low}" if low == high else f"--frames {low}-{high}"

    def picking(self) -> "Picking":
        """The choice among the frames of one file, as they come."""
        return Picking(self.numbers, self.fps or _USUAL)


@dataclass
class Picking:
    numbers: range | None
    fps: float
    _tick: int = field(default=0, init=False)  # the next that wants a frame

    def takes(self, number: int, time: float | None) -> bool:
        """Whether this frame is answered. By time it is the first one at each tick or behind it."""
        if self.numbers is not None or time is None:
            return number in (self.numbers or (1,))
        if (time + _SLACK) * self.fps < self._tick:
            return False
        self._tick = max(self._tick, math.floor((time - _SLACK) * self.fps)) + 1
        return True

    def ends_at(self, number: int) -> bool:
        """Whether no frame behind this one is answered."""
        return self.numbers is not None and number + 1 >= self.numbers.stop


def _range(frames: str) -> range:
    if frames in ("first", "all"):
        return range(1, 2 if frames == "first" else _ALL)
    found = _NUMBERS.fullmatch(frames)
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if low > high:
        raise UsageError(
            f"--frames {frames}: not first, all, N or A-B, counted from 1",
            "--frames 3 is the third, --frames 2-5 are four",
        )
    return range(low, high + 1)
