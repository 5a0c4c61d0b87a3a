"""Room for pixels: how many bytes of pictures are whole at a time, in all threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

Claim = Callable[[int], None]  # waits until so many bytes are free, and takes them


def unlimited(weight: int) -> None:
    """The claim of who decodes one picture at a time."""


class Room:
    """At most `limit` bytes are taken at once, or what a single claim takes, whatever that is.

    Threads are served by their rank, lower ones first, and those of one rank in the order in which
    they claim, so that a large picture is not passed over for ever. Who has claimed waits for
    nobody before leaving, except for who has a lower rank: such a one is let in at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._turns = count()
        self._waiting: list[tuple[int, int]] = []  # rank and turn
        self._inside: list[int] = []  # ranks of those that have claimed
        self._taken = 0

    @contextmanager
    def entered(self, rank: int = 0) -> Iterator[Claim]:
        """A claim, to be made once; what it takes is free again at the end."""
        claimed: list[int] = []

        def claim(weight: int) -> None:
            self._take(weight, rank)
            claimed.append(weight)

        try:
            yield claim
        finally:
            with self._changed:
                for weight in claimed:
                    self._taken -= weight
                    self._inside.remove(rank)
                self._changed.notify_all()

    def _take(self, weight: int, rank: int) -> None:
        with self._changed:
            turn = (rank, next(self._turns))
            self._waiting.append(turn)
            self._changed.wait_for(lambda: turn == min(self._waiting) and self._fits(weight, rank))
            self._waiting.remove(turn)
            self._inside.append(rank)
            self._taken += weight
            self._changed.notify_all()

    def _fits(self, weight: int, rank: int) -> bool:
        """Also where all that are inside may be waiting for this one, or nobody is."""
        return self._taken + weight <= self._limit or all(rank < one for one in self._inside)
