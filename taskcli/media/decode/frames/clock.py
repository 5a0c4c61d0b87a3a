"""When the frames of a video are shown."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MICROSECOND = Fraction(1, 1_000_000)
_USUAL_RATE = 25  # frames a second of what does not say


@dataclass
class Clock:
    """Milliseconds since the file begins, each frame later than the one before it.

    So every frame has a time of its own, by which it is called.
    """

    rate: Fraction  # frames a second, where a frame has no time of its own
    origin: Fraction | None  # seconds by the file's own time stamps
    _latest: int = field(default=-1, init=False)

    @classmethod
    def of(cls, container: "InputContainer", track: "VideoStream") -> "Clock":
        start = container.start_time
        rate = Fraction(track.average_rate or _USUAL_RATE)
        return cls(rate, None if start is None else start * _MICROSECOND)

    def seconds_of(self, frame: "VideoFrame") -> float:
        stated = self._stated(frame)
        if stated is None:
            stated = Fraction(max(0, self._latest), 1000) + (self._latest >= 0) / self.rate
        self._latest = max(self._latest + 1, round(stated * 1000))
        return self._latest / 1000

    def lasts(self, frame: "VideoFrame") -> float:
        """Seconds that a frame is shown."""
        if frame.duration and frame.time_base is not None:
            return float(frame.duration * frame.time_base)
        return float(1 / self.rate)

    def _stated(self, frame: "VideoFrame") -> Fraction | None:
        if frame.pts is None or frame.time_base is None:
            return None
        at = frame.pts * frame.time_base
        if self.origin is None:
            self.origin = at
        return at - self.origin
