"""Words with times, joined into phrases that are read at a glance."""

from collections.abc import Iterator, Sequence

from taskcli.results import Chunk

_LONGEST_PHRASE = 84  # characters: two subtitle lines of 42
_LONGEST_TIME = 6.0  # seconds
_PAUSE = 0.8  # seconds of silence that end a phrase


def phrases(words: Sequence[Chunk]) -> Iterator[Chunk]:
    """Join neighbouring chunks while no pause, length or duration asks for a cut."""
    phrase: list[Chunk] = []
    for word in words:
        if phrase and not _fits(phrase, word):
            yield _joined(phrase)
            phrase = []
        phrase.append(word)
    if phrase:
        yield _joined(phrase)


def _fits(phrase: list[Chunk], word: Chunk) -> bool:
    pause = word.timestamp[0] - phrase[-1].timestamp[1]
    duration = word.timestamp[1] - phrase[0].timestamp[0]
    length = len(_text([*phrase, word]))
    return length <= _LONGEST_PHRASE and pause <= _PAUSE and duration <= _LONGEST_TIME


def _joined(phrase: list[Chunk]) -> Chunk:
    return Chunk(_text(phrase), (phrase[0].timestamp[0], phrase[-1].timestamp[1]))


def _text(phrase: Sequence[Chunk]) -> str:
    return " ".join(chunk.text.strip() for chunk in phrase)
