"""Recordings of which stretches are heard by themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from taskcli.tasks.stretches import Cutting, Place, Stretch

if TYPE_CHECKING:
    from taskcli.tasks.stretches import Samples


class Finder(Protocol):
    """Finds stretches in samples [n] that follow one another: where each starts, and all of it."""

    def feed(self, samples: "Samples") -> Iterator[tuple[int, "Samples"]]: ...

    def end(self) -> Iterator[tuple[int, "Samples"]]: ...


class Apart:
    """Cuts what a finder finds out, and each of them as `begin` cuts what is heard by itself."""

    def __init__(self, rate: int, begin: Callable[[int], Cutting], finder: Finder) -> None:
        self._rate, self._begin = rate, begin
        self._finder = finder
        self._passed = 0  # samples that were answered, or passed over

    def feed(self, samples: "Samples") -> Iterator[Stretch]:
        yield from self._cut(self._finder.feed(samples))

    def end(self) -> Iterator[Stretch]:
        yield from self._cut(self._finder.end())

    def _cut(self, found: Iterator[tuple[int, "Samples"]]) -> Iterator[Stretch]:
        """The first part of each also counts the silence before it."""
        for start, samples in found:
            cutting = self._begin(self._rate)
            place, silence = Place(start=start), start - self._passed
            for one in (*cutting.feed(samples), *cutting.end()):
                yield replace(one, place=place, fresh=one.fresh + silence)
                silence = 0
            self._passed = start + len(samples)
