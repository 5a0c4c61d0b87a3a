"""Words with times, joined into phrases that are read at a glance."""

import textwrap
from collections.abc import Iterator, Sequence

from taskcli.results import Chunk

LINE = 42  # characters that are read at a glance; the usual subtitling rule
_LINES = 2  # of a phrase
_LONGEST_TIME = 6.0  # seconds
_PAUSE = 0.8  # seconds of silence that end a phrase


def phrases(words: Sequence[Chunk], width: int = LINE) -> Iterator[Chunk]:
    """Join neighbouring chunks while no pause, length or duration asks for a cut.

    `width` is the characters in a line.
    """
    phrase: list[Chunk] = []
    for word in words:
        if phrase and not _fits(phrase, word, width):
            yield _joined(phrase)
            phrase = []
        phrase.append(word)
    if phrase:
        yield _joined(phrase)


def _fits(phrase: list[Chunk], word: Chunk, width: int) -> bool:
    pause = word.timestamp[0] - phrase[-1].timestamp[1]
    duration = word.timestamp[1] - phrase[0].timestamp[0]
    lines = len(textwrap.wrap(_text([*phrase, word]), width))
    return lines <= _LINES and pause <= _PAUSE and duration <= _LONGEST_TIME


def _joined(phrase: list[Chunk]) -> Chunk:
    return Chunk(_text(phrase), (phrase[0].timestamp[0], phrase[-1].timestamp[1]))


def _text(phrase: Sequence[Chunk]) -> str:
    return " ".join(chunk.text.strip() for chunk in phrase)
