"""How a recording is cut for all who hear it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.pauses import Pieces
from taskcli.tasks.asr.speech import Apart
from taskcli.tasks.stretches import Cutting, Stretch

if TYPE_CHECKING:
    from taskcli.tasks.stretches import Samples

Begin = Callable[[int], Cutting]  # with the samples of a second


def begun(rate: int, recognizer: Begin, helper: Begin | None, options: AsrOptions) -> Cutting:
    """What cuts a channel: for the recognizer, as options ask for, and for its helper."""
    own = _own(rate, recognizer, options)
    return own if helper is None else _SideBySide(own, helper(rate))


def _own(rate: int, recognizer: Begin, options: AsrOptions) -> Cutting:
    """Of speech alone, or of all in pieces that may each be in another language."""
    if options.vad:
        from taskcli.media.decode.speech import SpeechFinder

        return Apart(rate, recognizer, SpeechFinder(rate))
    return Apart(rate, recognizer, Pieces(rate)) if options.finds_each else recognizer(rate)


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
