"""A bounded queue between two threads that can be closed from either end."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
THREADS = "taskcli-"  # how the names of the engine's threads begin
POLL_INTERVAL = 0.1  # seconds between looks at whether it is over, while nothing comes


class ChannelClosed(Exception):
    """The consumer has gone: the producer may stop."""


class Channel(Generic[T]):
    """Blocks producers when `depth` values wait, and the consumer when none does."""

    def __init__(self, depth: int, producers: int = 1) -> None:
        self._depth = depth
        self._producers = producers
        self._values: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._failure: BaseException | None = None

    def put(self, value: T) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._values) < self._depth or self._closed)
            if self._closed:
                raise ChannelClosed
            self._values.append(value)
            self._changed.notify_all()

    def end(self, failure: BaseException | None = None) -> None:
        """No more values, once every producer says so.

        A `failure` ends them at once, and is raised to the consumer after those that wait.
        """
        with self._changed:
            self._producers -= 1
            self._failure = self._failure or failure
            self._ended = self._ended or self._producers == 0 or failure is not None
            self._changed.notify_all()

    def close(self) -> None:
        """The consumer takes no more; whoever is blocked on either end is released."""
        with self._changed:
            self._closed = self._ended = True
            self._values.clear()
            self._changed.notify_all()

    def get(self, timeout: float | None = None) -> T | None:
        """The next value, or None at the end. Raises TimeoutError after `timeout` seconds."""
        with self._changed:
            ready = self._changed.wait_for(lambda: self._values or self._ended, timeout)
            if not ready:
                raise TimeoutError
            if self._values:
                value = self._values.popleft()
                self._changed.notify_all()
                return value
            if self._failure is not None:
                raise self._failure
            return None

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        while (value := self.get()) is not None:
            yield value

    def until(self, is_over: Callable[[], bool]) -> Iterator[T]:
        """The values up to the end, or until it `is_over`, even while no value comes."""
        while not is_over():
            try:
                value = self.get(POLL_INTERVAL)
            except TimeoutError:
                continue
            if value is None:
                return
            yield value


def spawn(values: Iterable[T], channel: Channel[T], name: str) -> threading.Thread:
    """Move `values` into `channel` on a thread of its own."""
    thread = threading.Thread(target=_fill, args=(values, channel), name=name, daemon=True)
    thread.start()
    return thread


def _fill(values: Iterable[T], channel: Channel[T]) -> None:
    try:
        for value in values:
            channel.put(value)
    except ChannelClosed:
        pass
    except BaseException as failure:  # a dead thread must not leave the consumer waiting
        channel.end(failure)
    else:
        channel.end()
