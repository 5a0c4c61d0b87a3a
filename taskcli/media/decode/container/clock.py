"""The clock of a container, against the samples that were decoded so far."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_CLOCKED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "flv", "asf", "ogg",
            "flac", "mxf")  # fmt: skip
_RESTARTS = ("mpegts", "mpeg")  # their clocks may start anew at any point
_JUMP = 10  # seconds: more in such a container is a new clock, as FFmpeg's own tools have it
_GAP = 0.1  # seconds: less is jitter, or an encoder's delay
_EXACT_GAP = 0.001  # where every frame states which samples it holds
_BACK = 1.0  # seconds: a clock that goes back by more has started anew
MICROSECOND = 1e-6  # FFmpeg's unit for containers


@dataclass
class Clock:
    """Where in time the samples so far end, and what the container's time stamps make of it.

    `origin` is the container's time at which the recording begins; None where it keeps no time.
    """

    origin: float | None
    restarts: bool
    most: float
    least: float = _GAP
    written: float = 0.0  # seconds
    behind: float = 0.0  # seconds that time stamps are ahead of the samples, too few to matter
    gaps: int = 0
    filled: float = 0.0  # seconds, of gaps behind the first sample
    anew: bool = False

    @classmethod
    def of(cls, container: "InputContainer", track: "AudioStream", most: float) -> "Clock":
        name = container.format.name
        if name not in _CLOCKED:
            return cls(None, False, most)
        start: Any = container.start_time  # None where it states none, whatever the stub says
        if start is None:
            start = float((track.start_time or 0) * (track.time_base or 0)) / MICROSECOND
        least = _EXACT_GAP if name == "flac" else _GAP
        return cls(start * MICROSECOND, name in _RESTARTS, most, least)

    def missing(self, time: float | None, damaged: bool) -> float:
        """Seconds of silence that stand before what the container plays at `time`."""
        if self.origin is None or time is None:
            return 0.0
        gap = time - self.origin - self.written
        is_jump = self.restarts and gap > _JUMP
        if gap < -_BACK or is_jump or self.written + gap > self.most:
            self.origin = time - self.written
            self.anew, self.behind = True, 0.0
            return 0.0
        if damaged:  # what was skipped is known to be missing, however short, and told already
            return max(0.0, gap - self.behind)
        if gap <= self.least:
            self.behind = gap
            return 0.0
        if self.written:
            self.gaps += 1
            self.filled += gap
        return gap
