"""Phrases laid out as captions: each can be read in its time, and none hides another."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len

from taskcli.media.cues import LONGEST_TIME, USUAL, CueShape, phrased, spaced, text_of
from taskcli.media.line_breaks import atoms, pieces, words_of
from taskcli.media.patterns import Pattern
from taskcli.results import Chunk

_SHORTEST_TIME = 0.7  # seconds, where a word was given no time of its own and silence follows
_TICK = 0.02  # seconds: the step in which Whisper counts

_STOP = Pattern(r"\p{Po}[\p{Pe}\p{Pf}\"']*$")


class Caption(NamedTuple):
    """A text, from when to when it is shown, in seconds, and its words with their own times."""

    text: str
    timestamp: tuple[float, float]
    words: tuple[Chunk, ...]
    voice: str | None = None  # the channel where it is said, or who says it, where that is known
    language: str | None = None  # where it was found for each stretch


def captions(chunks: Iterable[Chunk], text: str, shape: CueShape = USUAL) -> list[Caption]:
    """The chunks of a recording in which `text` is said as captions that can be read.

    In order, none without text, while another one stays, for no time, or for long: a chunk that
    is longer is parted.
    """
    said = (word for word in spaced(chunks, text) if word.text.strip())
    found = ([word] for word in said) if shape.each else phrased(said, shape)
    return list(_settled([part for one in found for part in _parts(_caption(one), shape)]))


def _caption(phrase: Sequence[Chunk]) -> Caption:
    times = phrase[0].timestamp[0], phrase[-1].timestamp[1]
    return Caption(
        text_of(phrase).strip(), times, tuple(phrase), phrase[0].voice, phrase[0].language
    )


def _parts(caption: Caption, shape: CueShape) -> Iterator[Caption]:
    """A caption that is too long to be read, or to stay, in parts."""
    for part in _shared(caption, list(_counted(caption.text, shape.words))):
        yield from _shared(part, _readable(part, shape))


def _shared(caption: Caption, texts: Sequence[str]) -> Iterator[Caption]:
    """Its time is shared among the texts that it consists of, by their width."""
    if len(texts) == 1:
        yield caption
        return
    start, end = caption.timestamp
    length, columns = end - start, sum(map(cell_len, texts))
    for text in texts:
        until = start + length * cell_len(text) / columns
        yield caption._replace(
            text=text, timestamp=(start, until), words=(Chunk(text, (start, until)),)
        )
        start = until


def _counted(text: str, most: int | None) -> Iterator[str]:
    """The text in parts of about as many words, `most` of them at most."""
    own = list(words_of(text))
    if most is None or len(own) <= most:
        yield text
        return
    count = math.ceil(len(own) / most)
    ends = [len(own) * number // count for number in range(count + 1)]
    for start, end in pairwise(ends):
        yield "".join(own[start:end]).strip()


def _readable(caption: Caption, shape: CueShape) -> list[str]:
    """The text in the fewest parts that can be read, each about as long."""
    start, end = caption.timestamp
    columns = cell_len(caption.text)
    by_time = min(  # half a line each
        math.ceil((end - start) / LONGEST_TIME), 2 * columns // shape.width
    )
    least = max(1, by_time, math.ceil(columns / (shape.lines * shape.width)))
    if least == 1 and shape.holds(caption.text):
        return [caption.text]
    own = [piece for atom in atoms(caption.text) for piece in pieces(atom, shape.width)]
    divided = (_divided(own, count) for count in itertools.count(least))
    return next(texts for texts in divided if all(map(shape.holds, texts)))


def _divided(own: list[str], count: int) -> list[str]:
    """About `count` parts of like width, cut behind a mark where there is one near."""
    if count <= 1:
        return ["".join(own).strip()]
    ends = [0, *itertools.accumulate(map(cell_len, own))]
    share = ends[-1] / count

    def strain(cut: int, wanted: float) -> float:
        distance = abs(ends[cut] - wanted)
        return distance - share / 4 if _STOP.search(own[cut - 1]) else distance

    cuts = {0, len(own)}
    for number in range(1, count):
        cuts.add(min(range(1, len(own)), key=lambda cut: strain(cut, number * share)))
    return ["".join(own[a:b]).strip() for a, b in pairwise(sorted(cuts))]


def _settled(found: list[Caption]) -> Iterator[Caption]:
    at = 0.0
    following = itertools.chain((one.timestamp[0] for one in found[1:]), [math.inf])
    for caption, room in zip(found, following, strict=False):
        start, end = max(at, caption.timestamp[0]), caption.timestamp[1]
        if end - start < _TICK:  # Whisper gives some words no time at all
            end = start + _SHORTEST_TIME
        at = max(min(end, room, start + LONGEST_TIME), start + _TICK)
        yield caption._replace(timestamp=(start, at))
