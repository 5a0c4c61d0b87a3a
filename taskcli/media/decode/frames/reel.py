"""The frames of one file, decoded once, in their order, and held while there is room.

Who asks for a frame that was let go of has it decoded once more, by a second reader, which goes
forward as long as it is asked to.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol
from weakref import ref

from PIL import Image

from taskcli.errors import InputError

_HELD = 192 << 20  # bytes of frames that are decoded and not yet let go of
_FAR = 10.0  # seconds that are rather sought than decoded


class Pixels(Protocol):
    """A decoded frame, as its decoder gives it."""

    @property
    def nbytes(self) -> int: ...

    def image(self) -> Image.Image:
        """The picture, upright."""


class Decoded(NamedTuple):
    """A frame by its number, from 1, and its time in seconds, of whole milliseconds.

    It is shown for `lasts` seconds, as far as the file tells.
    """

    number: int
    time: float
    pixels: Pixels
    lasts: float = 0.0


Opened = Callable[[], AbstractContextManager[BinaryIO]]  # the content of a file, once more
# The frames from the beginning, or from some place at or before a time: their numbers are unknown
# then, and 0. Raises InputError behind the last frame of a file that is damaged.
Read = Callable[[float | None], Iterator[Decoded]]


class Shot:
    """A frame of a reel: its pixels are held, or decoded once more."""

    def __init__(
        self, reel: "Reel", number: int, time: float, pixels: Pixels | None = None
    ) -> None:
        self.number, self.time = number, time
        self._reel = reel
        self._pixels = pixels

    def image(self) -> Image.Image:
        """The picture, upright. Raises InputError where it cannot be had once more."""
        pixels = self._pixels
        if pixels is None:
            pixels = self._reel.again(self.number, self.time)
        return pixels.image()

    @property
    def until(self) -> float | None:
        """When the file ends, in seconds, once it is known that no frame behind this is asked."""
        return self._reel.ends if self._reel.latest == self.number else None

    def let_go(self) -> None:
        self._pixels = None

    def __reduce__(self) -> tuple[type["Still"], tuple[Image.Image]]:
        """For another process, which may not have the file."""
        return Still, (self.image(),)


@dataclass(frozen=True)
class Still:
    """A frame without its reel."""

    picture: Image.Image
    until: float | None = None

    def image(self) -> Image.Image:
        return self.picture

    def let_go(self) -> None:
        """There is nothing to have it from again."""


class Reel:
    """`ends` is when the last frame ends, in seconds, once all were read; `latest` is the number
    of the latest that is asked for, where whoever asks tells."""

    def __init__(self, read: Read, limit: int = _HELD) -> None:
        self.ends: float | None = None
        self.latest: int | None = None
        self._read = read
        self._limit = limit
        self._held: deque[tuple[ref[Shot], int]] = deque()  # with their bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._second: Iterator[Decoded] = iter(())
        self._reached: float | None = None  # by the second reader

    def shots(self) -> Iterator[Shot]:
        """Every frame, from the first. Raises InputError behind the last, if there were more."""
        ends = None
        for decoded in self._read(None):
            shot = Shot(self, decoded.number, decoded.time, decoded.pixels)
            self._hold(shot, decoded.pixels.nbytes)
            ends = decoded.time + decoded.lasts
            yield shot
        self.ends = ends

    def shot(self, number: int, time: float) -> Shot:
        """A frame that is known from before."""
        return Shot(self, number, time)

    def _hold(self, shot: Shot, weight: int) -> None:
        """What was held for longest is let go of where the new one needs the room."""
        self._held.append((ref(shot), weight))
        self._bytes += weight
        if self._bytes > self._limit:  # most often of frames that nobody has any more
            self._held = deque(one for one in self._held if one[0]() is not None)
            self._bytes = sum(weight for _, weight in self._held)
        while self._bytes > self._limit and len(self._held) > 1:
            oldest, weight = self._held.popleft()
            self._bytes -= weight
            if (one := oldest()) is not None:
                one.let_go()

    def again(self, number: int, time: float) -> Pixels:
        """The pixels of a frame. Raises InputError where it is there no more."""
        with self._lock:
            if self._is_near(time) and (found := self._forward(number, time)) is not None:
                return found
            for start in (time, None):
                self._second = self._read(start)
                if (found := self._forward(number, time)) is not None:
                    return found
        raise InputError("the frame is there no more", "was the file changed meanwhile?")

    def _is_near(self, time: float) -> bool:
        """Whether the second reader will soon come by a time."""
        return self._reached is not None and self._reached < time <= self._reached + _FAR

    def _forward(self, number: int, time: float) -> Pixels | None:
        """By its number where numbers are known: the clock of a damaged file may be another."""
        try:
            for one in self._second:
                self._reached = one.time
                if one.number == number or (not one.number and one.time == time):
                    return one.pixels
                if not one.number and one.time > time:
                    return None
        except InputError:  # what is behind the last frame was told by the first reader
            pass
        return None
