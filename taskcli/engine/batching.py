"""Which parts share a batch: a pure function of the parts in their order."""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from taskcli.media.source import Source

T = TypeVar("T")

_MEGABYTE = 1 << 20
# Parts of one class differ in cost by this ratio at most, so a full batch pads at most 8 %.
_CLASS_RATIO = 1.08


@dataclass(frozen=True)
class BatchingConfig:
    """How batches are cut, and how much is held ahead of them.

    A batch holds at most `size` parts, and its padded cost (the longest times the count) stays
    within `budget`, unless one part alone is above it. `window` is in inputs: batches never reach
    over the edge of a window, and windows lie at fixed places of the input, from the `first` one on
    each twice as large, so that answers come soon. So the same inputs share the same batches in
    every run.
    `lookahead` is in bytes. `max_wait` is in seconds: after that, parts that came through a pipe
    are computed without waiting for more of it; None for inputs that do not have to be waited for.
    After a stop, `gaps` gives what was finished behind an input that was not: an output that is
    to be gone on with has none. `threads` decode and encode; each takes `chunk` inputs at a time,
    fewer where they are long. `readers` read what the device answers, which else the caller does.
    """

    size: int = 8
    budget: int = 8
    window: int = 64
    first: int = 1
    lookahead: int = 128 * _MEGABYTE
    max_wait: float | None = None
    ordered: bool = True
    gaps: bool = True
    threads: int = 2
    readers: int = 0
    chunk: int = 1

    def __post_init__(self) -> None:
        for name in ("size", "budget", "window", "first", "lookahead", "threads", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Encoded(Generic[T]):
    """One part as the model will have it.

    `cost` is what padding is measured in: tokens, samples, pixels. Only parts of equal `key` may
    share a batch. `weight` is in bytes. `progress` is how much of its input the part answers, in
    the unit of `cost`.
    """

    value: T
    cost: int = 1
    key: Hashable = None
    weight: int = 0
    progress: int = 0


def window_edges(window: int, first: int = 1, after: int = 0) -> Iterator[int]:
    """The input numbers before which a window ends: 1, 3, 7, ..., then every `window`.

    The first window has `first` inputs, each further one twice as many. Those up to `after` are
    left out, in no more time however many they are.
    """
    edge = size = min(first, window)
    while edge <= after and size < window:
        size = min(2 * size, window)
        edge += size
    edge += max(0, after - edge + window) // window * window
    while True:
        yield edge
        size = min(2 * size, window)
        edge += size


def broken_windows(sources: Iterable[Source], window: int, first: int = 1) -> Iterator[Source]:
    """The sources of every window in which one has no answer yet: what a resumed run computes."""
    edge, answered = (
        next(window_edges(window, first)),
        list[Source](),
    )  # what is answered of a window, so far whole
    broken = False
    for source in sources:
        if source.number >= edge:
            edge = next(window_edges(window, first, source.number))
            answered, broken = [], False
        if source.answered and not broken:
            answered.append(source)
            continue
        yield from answered
        yield source
        answered, broken = [], True


@dataclass(slots=True)
class _Open(Generic[T]):
    """A batch that still takes parts; `longest` is the cost of its longest."""

    parts: list[T] = field(default_factory=list)
    longest: int = 0
    weight: int = 0


class BatchBuilder(Generic[T]):
    """Open batches: full ones leave at once, the others together at the end of a window."""

    def __init__(self, config: BatchingConfig, encoded: Callable[[T], Encoded[Any]]) -> None:
        self._config = config
        self._encoded = encoded
        self._open: dict[Hashable, _Open[T]] = {}
        self._weight = 0  # bytes of all that is open

    def add(self, part: T) -> Iterator[list[T]]:
        """The batches that are full now that this part has come."""
        encoded = self._encoded(part)
        place = encoded.key, math.floor(math.log(max(encoded.cost, 1), _CLASS_RATIO))
        batch = self._open.get(place)
        if batch and not self._fits(batch, encoded.cost):
            yield self._close(place)
            batch = None
        if batch is None:
            batch = self._open[place] = _Open()
        self._join(batch, part)
        self._weight += encoded.weight
        if not self._fits(batch, encoded.cost):
            yield self._close(place)
        # Half of what may be held is left to what is being decoded meanwhile.
        if self._weight > self._config.lookahead // 2:
            yield from self.flush()

    def flush(self) -> Iterator[list[T]]:
        """All that is open, neighbours in cost joined, cheapest first."""
        parts = [part for batch in self._open.values() for part in batch.parts]
        self._open.clear()
        self._weight = 0
        groups: dict[Hashable, _Open[T]] = {}
        for part in sorted(parts, key=lambda part: self._encoded(part).cost):
            encoded = self._encoded(part)
            batch = groups.get(encoded.key)
            if batch is not None and not self._fits(batch, encoded.cost):
                yield batch.parts
                batch = None
            if batch is None:
                batch = groups[encoded.key] = _Open()
            self._join(batch, part)
        yield from (batch.parts for batch in groups.values())

    def _fits(self, batch: _Open[T], cost: int) -> bool:
        """Whether one more part of this cost may join."""
        count = len(batch.parts)
        padded = max(batch.longest, cost) * (count + 1)
        return not count or (count < self._config.size and padded <= self._config.budget)

    def _join(self, batch: _Open[T], part: T) -> None:
        encoded = self._encoded(part)
        batch.parts.append(part)
        batch.longest = max(batch.longest, encoded.cost)
        batch.weight += encoded.weight

    def _close(self, place: Hashable) -> list[T]:
        batch = self._open.pop(place)
        self._weight -= batch.weight
        return batch.parts
