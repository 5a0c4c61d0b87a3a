"""Recordings in pieces that end where nothing is said, so that each can be heard by itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskcli.tasks.stretches import Samples

# In tenths of a second. Whisper hears half a minute at once, and of less than a few seconds it
# seldom knows the language.
_LEAST, _MOST, _PAUSE = 50, 290, 6
_QUIET = 0.1  # of the loudest tenth of a piece, -20 dB: between words there is less


class Pieces:
    """Finds pieces of up to 29 seconds, and holds no more than one.

    A piece ends in the first pause behind five seconds, once it is over, or else where it is
    softest.
    """

    def __init__(self, rate: int) -> None:
        import numpy as np

        self._width = rate // 10
        self._held: Samples = np.zeros(0, np.float32)  # from `_start` on
        self._start = 0
        self._levels: list[float] = []  # of the tenths of a second of what is held

    def feed(self, samples: "Samples") -> Iterator[tuple[int, "Samples"]]:
        """More samples [n]; the pieces that are over, and from which sample on each is."""
        import numpy as np

        self._held = np.concatenate((self._held, samples)) if len(self._held) else samples
        while len(self._held) >= (len(self._levels) + 1) * self._width:
            first = len(self._levels) * self._width
            tenth = self._held[first : first + self._width]
            self._levels.append(float(tenth @ tenth) ** 0.5)
            if end := self._end_of_piece():
                yield self._cut(end)

    def end(self) -> Iterator[tuple[int, "Samples"]]:
        """What is left."""
        if len(self._held):
            yield self._start, self._held

    def _end_of_piece(self) -> int:
        """How many tenths a piece has that is over; 0 where it goes on."""
        levels, quiet = self._levels, _QUIET * max(self._levels)
        if len(levels) > _LEAST + _PAUSE and max(levels[-_PAUSE - 1 : -1]) < quiet <= levels[-1]:
            return len(levels) - 1 - _PAUSE // 2
        if len(levels) < _MOST:
            return 0
        half = _MOST // 2
        return min(range(half, _MOST), key=levels.__getitem__)

    def _cut(self, tenths: int) -> tuple[int, "Samples"]:
        start, count = self._start, tenths * self._width
        piece, self._held = self._held[:count], self._held[count:]
        self._start += count
        self._levels = self._levels[tenths:]
        return start, piece
