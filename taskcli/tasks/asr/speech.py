"""Recordings of which only speech is heard."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.tasks.stretches import Cutting, Place, Stretch

if TYPE_CHECKING:
    from taskcli.media.decode.speech import Speech
    from taskcli.tasks.stretches import Samples


class SpeechAlone:
    """Cuts stretches of speech out, and each of them as `begin` cuts what is heard by itself."""

    def __init__(self, rate: int, begin: Callable[[int], Cutting]) -> None:
        from taskcli.media.decode.speech import SpeechFinder

        self._rate, self._begin = rate, begin
        self._finder = SpeechFinder(rate)
        self._passed = 0  # samples that were answered, or passed over

    def feed(self, samples: "Samples") -> Iterator[Stretch]:
        yield from self._cut(self._finder.feed(samples))

    def end(self) -> Iterator[Stretch]:
        yield from self._cut(self._finder.end())

    def _cut(self, found: "Iterator[Speech]") -> Iterator[Stretch]:
        """The first part of each also counts the silence before it."""
        for start, samples in found:
            cutting = self._begin(self._rate)
            place, silence = Place(start=start), start - self._passed
            for one in (*cutting.feed(samples), *cutting.end()):
                yield replace(one, place=place, fresh=one.fresh + silence)
                silence = 0
            self._passed = start + len(samples)
