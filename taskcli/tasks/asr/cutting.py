"""How a recording is cut for what writes it down."""

from collections.abc import Callable

from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.pauses import Pieces
from taskcli.tasks.asr.speech import Apart
from taskcli.tasks.stretches import Cutting


def begun(rate: int, recognizer: Callable[[int], Cutting], options: AsrOptions) -> Cutting:
    """What cuts a channel of so many samples a second: for a recognizer, as options ask for.

    Of speech alone, or of all in pieces that may each be in another language.
    """
    if options.vad:
        from taskcli.media.decode.speech import SpeechFinder

        return Apart(rate, recognizer, SpeechFinder(rate))
    return Apart(rate, recognizer, Pieces(rate)) if options.finds_each else recognizer(rate)
