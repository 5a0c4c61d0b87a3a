"""What a translation is made of: the parts of a text, or of what is said in subtitles."""

from collections.abc import Sequence
from typing import Any, Literal

from taskcli.errors import InputError
from taskcli.media.subtitles import read_subtitles
from taskcli.results import Translation
from taskcli.tasks.cued_text import CuedText, cued_text
from taskcli.tasks.keeping import Keeping
from taskcli.tasks.kept import kept, named
from taskcli.tasks.parting import Division, Seamed
from taskcli.tasks.seq2seq import Seq2SeqGenerator

Subtitled = Literal["auto", "always", "never"]

_AS_TEXT = "--subtitles never translates it as a text"


class Translator(Seq2SeqGenerator):
    """`subtitles` says whether texts are read as such; `how` is the generator's own."""

    def __init__(self, subtitles: Subtitled, keeping: Keeping, *how: Any) -> None:
        super().__init__(*how)
        self._subtitles = subtitles
        self._keeping = keeping

    def parted(self, text: str) -> Seamed:
        """Raises InputError where a pattern of what is to be kept takes long."""
        return kept(text, self._keeping.spans(text), super().parted)

    def tokens(self, text: str) -> int:
        return super().tokens(named(text))

    def divided(self, text: str) -> Division:
        """Raises InputError for a text that is to be subtitles with words, and is not."""
        found = None if self._subtitles == "never" else read_subtitles(text)
        if found is None and self._subtitles == "always":
            raise InputError("not subtitles: no times of .srt or .vtt in it", _AS_TEXT)
        if found is None:
            return self.parted(text)
        cued = cued_text(found, self.parted)
        if not cued.given:
            raise InputError("there are no words in the subtitles", _AS_TEXT)
        return cued


def mended(division: Division) -> tuple[str, ...]:
    """What is to be said of subtitles that were not as they should be."""
    return division.subtitles.notes if isinstance(division, CuedText) else ()


def translation(division: Division, answers: Sequence[str]) -> Translation:
    """The answers to what was given of a text, put together."""
    if isinstance(division, CuedText):
        return division.translation(answers)
    return Translation(division.joined(answers))
