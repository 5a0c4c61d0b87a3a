"""Room for pixels: how many bytes of pictures are whole at a time, in all threads."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Claim = Callable[[int], None]  # waits until so many bytes are free, and takes them


def unlimited(weight: int) -> None:
    """The claim of who decodes one picture at a time."""


class Room:
    """At most `limit` bytes are taken at once, or what a single claim takes, whatever that is.

    Threads are served in the order in which they claim, so that a large picture is not passed over
    for ever. Who has claimed waits for nobody before leaving.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._taken = 0

    @contextmanager
    def entered(self) -> Iterator[Claim]:
        """A claim, to be made once; what it takes is free again at the end."""
        taken = 0

        def claim(weight: int) -> None:
            nonlocal taken
            self._take(weight)
            taken += weight

        try:
            yield claim
        finally:
            with self._changed:
                self._taken -= taken
                self._changed.notify_all()

    def _take(self, weight: int) -> None:
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self._fits(weight))
            self._waiting.popleft()
            self._taken += weight
            self._changed.notify_all()

    def _fits(self, weight: int) -> bool:
        return not self._taken or self._taken + weight <= self._limit
