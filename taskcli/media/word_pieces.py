"""Words with times, whole again where a model gives them in pieces.

Whisper parts Thai, Lao, Khmer and Burmese, which have no spaces between words, as its tokens end.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from taskcli.media.dictionary_words import uncut
from taskcli.media.patterns import Pattern
from taskcli.results import Chunk

_PAUSE = 0.8  # seconds of silence that part what is said

# Letters, signs and digits of the four, which are those of no other script.
_LETTER = Pattern("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f]", "re")


def whole_words(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks, of which those that are one word are one: by a dictionary, else by letters.

    Nobody pauses inside a word, and one voice says it, in one language.
    """
    run: list[Chunk] = []
    for chunk in chunks:
        if run and not _goes_on(run[-1], chunk):
            yield from _joined(run)
            run = []
        run.append(chunk)
    yield from _joined(run)


def pauses(before: Chunk, after: Chunk) -> bool:
    """Whether it is still between two chunks for so long that they are said apart."""
    return after.timestamp[0] - before.timestamp[1] > _PAUSE


def _goes_on(before: Chunk, after: Chunk) -> bool:
    if pauses(before, after) or _spoken(before) != _spoken(after):
        return False
    return bool(_LETTER.match(before.text[-1:]) and _LETTER.match(after.text))


def _spoken(chunk: Chunk) -> tuple[str | None, str | None]:
    return chunk.voice, chunk.language


def _joined(run: Sequence[Chunk]) -> Iterator[Chunk]:
    if len(run) < 2:
        yield from run
        return
    ends = set(accumulate(map(len, uncut("".join(one.text for one in run)))))
    word: list[Chunk] = []
    for chunk, end in zip(run, accumulate(len(one.text) for one in run), strict=True):
        word.append(chunk)
        if end in ends:
            yield _one(word)
            word = []


def _one(pieces: Sequence[Chunk]) -> Chunk:
    first, last = pieces[0], pieces[-1]
    if first is last:
        return first
    text = "".join(piece.text for piece in pieces)
    return replace(first, text=text, timestamp=(first.timestamp[0], last.timestamp[1]), score=None)
