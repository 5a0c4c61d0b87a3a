"""How a recording is cut for all who hear it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.tasks.asr.speech import SpeechAlone
from taskcli.tasks.stretches import Cutting, Stretch

if TYPE_CHECKING:
    from taskcli.tasks.stretches import Samples

Begin = Callable[[int], Cutting]  # with the samples of a second


def begun(rate: int, recognizer: Begin, helper: Begin | None, vad: bool) -> Cutting:
    """What cuts a channel: for the recognizer, of speech alone if `vad`, and for its helper."""
    own = SpeechAlone(rate, recognizer) if vad else recognizer(rate)
    return own if helper is None else _SideBySide(own, helper(rate))


class _SideBySide:
    """The same samples for both. Time that goes by is counted by the recognizer's stretches."""

    def __init__(self, own: Cutting, helper: Cutting) -> None:
        self._own, self._helper = own, helper

    def feed(self, samples: "Samples") -> Iterator[Stretch]:
        yield from self._own.feed(samples)
        yield from map(_of_helper, self._helper.feed(samples))

    def end(self) -> Iterator[Stretch]:
        yield from self._own.end()
        yield from map(_of_helper, self._helper.end())


def _of_helper(part: Stretch) -> Stretch:
    return replace(part, fresh=0, place=part.place._replace(is_helpers=True))
