"""Words with times, joined into phrases that can be read at a glance."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from operator import attrgetter

from rich.cells import cell_len

from taskcli.media.line_breaks import words_of, wrapped
from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import ends_sentence
from taskcli.media.word_pieces import pauses, whole_words
from taskcli.results import Chunk

LINE = 42  # columns that are read at a glance, two for a Chinese letter; the usual subtitling rule
LINES = 2  # of a phrase
LONGEST_TIME = 6.0  # seconds that a phrase stays

_SPACE = Pattern(r"\s*")
_CLAUSE = Pattern(r"[,;:.!?…،؛؟、，；：。！？—–][\p{Pe}\p{Pf}\"']*$")


@dataclass(frozen=True)
class CueShape:
    """How much a cue may hold, and `each`: whether every word is to have one of its own."""

    width: int = LINE  # columns of a line
    lines: int = LINES
    words: int | None = None  # any number
    each: bool = False

    def holds(self, text: str) -> bool:
        """Whether a text is short enough for one cue."""
        if self.words is not None and sum(1 for _ in words_of(text)) > self.words:
            return False
        return len(wrapped(text, self.width)) <= self.lines


USUAL = CueShape()


def spaced(words: Iterable[Chunk], text: str) -> Iterator[Chunk]:
    """The words, each with the space before it that `text`, the whole, has there.

    Whisper's words bring theirs along (" twenty", "-first"), those of CTC models do not, and both
    may be without any (今, 天). A word that the whole text lacks keeps what it brings.
    """
    at = 0
    for word in words:
        bare = word.text.strip()
        place = _SPACE.match(text, at).end()
        before = text[at:place] if text.startswith(bare, place) else word.text[:1]
        at = place + len(bare) if text.startswith(bare, place) else at
        text_there = (" " if before[:1].isspace() else "") + bare
        yield replace(word, text=text_there)


def phrases(words: Iterable[Chunk], shape: CueShape = USUAL) -> Iterator[Chunk]:
    """Join neighbouring chunks while no pause, length or duration asks for a cut.

    The words carry the spaces before them. Sentences stay whole where a phrase holds them.
    """
    for phrase in phrased(words, shape):
        times = phrase[0].timestamp[0], phrase[-1].timestamp[1]
        yield Chunk(text_of(phrase).strip(), times, speaker=phrase[0].speaker)


def phrased(words: Iterable[Chunk], shape: CueShape) -> Iterator[Sequence[Chunk]]:
    """The words of each phrase, which one speaker says in one language."""
    for _, own in groupby(words, key=attrgetter("speaker", "language")):
        yield from _phrased(own, shape)


def _phrased(words: Iterable[Chunk], shape: CueShape) -> Iterator[Sequence[Chunk]]:
    phrase: list[Chunk] = []
    for sentence in _sentences(whole_words(words)):
        if phrase and not _fits([*phrase, *sentence], shape):
            yield phrase
            phrase = []
        if phrase or _fits(sentence, shape):
            phrase += sentence
        else:
            *whole, phrase = _cut(sentence, shape)
            yield from whole
    if phrase:
        yield phrase


def _sentences(words: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    sentence: list[Chunk] = []
    for word in words:
        if sentence and ends_sentence(sentence[-1].text, word.text):
            yield sentence
            sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def _fits(phrase: Sequence[Chunk], shape: CueShape) -> bool:
    duration = phrase[-1].timestamp[1] - phrase[0].timestamp[0]
    if duration > LONGEST_TIME or any(pauses(*pair) for pair in pairwise(phrase)):
        return False
    return shape.holds(text_of(phrase))


def _cut(sentence: Iterable[Chunk], shape: CueShape) -> Iterator[list[Chunk]]:
    """A sentence that is too long for one phrase, cut where one is full, at a mark if it can be."""
    phrase: list[Chunk] = []
    for word in sentence:
        if phrase and not _fits([*phrase, word], shape):
            cut = len(phrase) if pauses(phrase[-1], word) else _clause_end(phrase)
            yield phrase[:cut]
            phrase = phrase[cut:]
        if phrase and not _fits([*phrase, word], shape):
            yield phrase
            phrase = []
        phrase.append(word)
    yield phrase


def _clause_end(phrase: Sequence[Chunk]) -> int:
    """Behind how many words there is a mark, in the second half of a phrase; else all of them."""
    half = cell_len(text_of(phrase)) / 2
    for count in range(len(phrase), 0, -1):
        if cell_len(text_of(phrase[:count])) < half:
            break
        if _CLAUSE.search(phrase[count - 1].text):
            return count
    return len(phrase)


def text_of(phrase: Iterable[Chunk]) -> str:
    return "".join(chunk.text for chunk in phrase)
