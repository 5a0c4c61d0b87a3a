"""What is decoded and encoded ahead of the device: in input order, bounded by bytes."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from taskcli.engine.channel import ChannelClosed

T = TypeVar("T")
_LEAST = 4  # entries of the next ticket in line that are taken whatever they weigh


class Lookahead(Generic[T]):
    """Entries of many producers, read by one consumer in the order of their tickets.

    A producer holds a ticket and puts its entries in order; tickets count from 0, and who holds a
    lower one was started no later. The weight of an entry counts from `put` until `release`.
    Beyond `limit` a producer waits, unless it is next in line: the consumer waits for that one,
    and may need what it brings before it can release anything. None is more than `depth` tickets
    ahead of the reader.
    """

    def __init__(self, limit: int, depth: int) -> None:
        self._limit = limit
        self._depth = depth
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[T]] = {}
        self._ended: set[int] = set()
        self._next = 0  # the ticket that is being read
        self._last: int | None = None  # the number of tickets, once it is known
        self._held = 0
        self._failure: BaseException | None = None  # told behind the last ticket
        self._death: BaseException | None = None  # told at once
        self.closed = False

    def put(self, ticket: int, entries: Sequence[T], weight: int) -> None:
        """Add entries of this weight together. Raises ChannelClosed when nobody reads any more."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._has_room(ticket, weight))
            if self.closed:
                raise ChannelClosed
            self._held += weight
            self._waiting.setdefault(ticket, deque()).extend(entries)
            if ticket == self._next:
                self._changed.notify_all()

    def _has_room(self, ticket: int, weight: int) -> bool:
        if ticket > self._next + self._depth:
            return False
        if not weight or self._held + weight <= self._limit:
            return True
        return ticket == self._next and len(self._waiting.get(ticket, ())) < _LEAST

    def end(self, ticket: int) -> None:
        """No more entries of this ticket."""
        with self._changed:
            self._ended.add(ticket)
            self._advance()
            self._changed.notify_all()

    def finish(self, tickets: int, failure: BaseException | None = None) -> None:
        """There are so many tickets. `failure` is raised to the reader behind the last of them."""
        with self._changed:
            self._last, self._failure = tickets, failure
            self._changed.notify_all()

    def fail(self, failure: BaseException) -> None:
        """A producer has died of what is no fault of its input; the reader hears it at once."""
        with self._changed:
            self._death = failure
            self._changed.notify_all()

    def get(self, timeout: float | None = None) -> list[T] | None:
        """What the next ticket has brought, in order; None at the end.

        Raises TimeoutError if nothing came within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(self._is_ready, timeout):
                raise TimeoutError
            if self._death is not None:
                raise self._death
            entries = list(self._waiting.pop(self._next, ()))
            self._advance()
            self._changed.notify_all()
            if entries or self.closed:
                return entries or None
            if self._failure is not None:
                raise self._failure
            return None

    def _is_ready(self) -> bool:
        if self.closed or self._death is not None:
            return True
        return bool(self._waiting.get(self._next)) or self._next == self._last

    def _advance(self) -> None:
        """Go on to the first ticket that has entries left, or may bring some."""
        while self._next in self._ended and not self._waiting.get(self._next):
            self._ended.remove(self._next)
            self._next += 1

    def release(self, weight: int) -> None:
        """Entries of this weight are no longer held by anybody."""
        with self._changed:
            self._held -= weight
            self._changed.notify_all()

    def close(self) -> None:
        """The reader takes no more; whoever waits is released."""
        with self._changed:
            self.closed = True
            self._waiting.clear()
            self._changed.notify_all()
