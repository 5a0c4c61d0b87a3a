"""An answer to what several cues say, laid over them: which words and tags each of them has."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from taskcli.media.patterns import Pattern
from taskcli.tasks.cue_lines import Laid, Words, closes, lines_of, words_of
from taskcli.tasks.cue_pieces import Piece
from taskcli.tasks.parting import Seamed

_STOP = Pattern(r"\p{Po}[\p{Pe}\p{Pf}\"']*$")
_FREE = 12  # characters that a cue's end may move to stand behind a mark, as in the source


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces that go together: their text as one, and where each begins in it.

    `parted` is None where nothing is said in it, which stays as it is.
    """

    pieces: list[Piece]
    text: str
    starts: list[int]
    parted: Seamed | None


def laid(run: Run, answers: Sequence[str], is_webvtt: bool) -> Iterator[str]:
    """The text of each piece, with its lead, tags and lines."""
    if run.parted is None:
        yield from (piece.raw for piece in run.pieces)
        return
    for piece, own in zip(run.pieces, _shared(run, run.parted, answers), strict=True):
        yield piece.lead + "\n".join(lines_of(own, cell_len(piece.lead), is_webvtt))


def _shared(run: Run, parted: Seamed, answers: Sequence[str]) -> Iterator[Laid]:
    text, points = _points(run, parted, answers)
    words = words_of(text)
    scale = words.ends[-1] / max(len(text), 1)

    def wanted(offset: int) -> float:
        """Where in the answer what stands at an offset of the source belongs."""
        after = min(bisect_right(points, (offset, len(text) + 1)), len(points) - 1)
        (here, there), (next_here, next_there) = points[after - 1], points[after]
        share = (offset - here) / max(next_here - here, 1)
        return scale * (there + share * (next_there - there))

    ends = [(wanted(start), run.text[:start].rstrip()) for start in run.starts[1:]]
    borders = _borders(words, [(place, _STOP.search(end) is not None) for place, end in ends])
    for piece, begins, (start, end) in zip(run.pieces, run.starts, borders, strict=True):
        places = ((piece, at, wanted(begins + at), tag) for at, tag in piece.tags)
        yield Laid(words, start, end, list(_tags(words, start, end, places)))


def _points(run: Run, parted: Seamed, answers: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The answer, and offsets of the source with those of the answer that are theirs."""
    text, at, points = "", 0, [(0, 0)]
    for part, (seam, answer) in zip(parted.parts, parted.seamed(answers), strict=True):
        at += len(part.before)
        text += seam
        points.append((at, len(text)))
        at += len(part.text)
        text += answer
        points.append((at, len(text)))
    text += parted.after
    return text, [*points, (len(run.text) + 1, len(text))]


def _borders(words: Words, wanted: Sequence[tuple[float, bool]]) -> list[tuple[int, int]]:
    """The items that each cue has: some, if there are as many words; else those before again.

    `wanted` is where cues end, and whether that is behind a mark.
    """
    most = len(words.begins) - 1
    found, start = [], 0
    for left, place in zip(range(len(wanted), -1, -1), [*wanted, None], strict=True):
        end = most
        if place is not None:
            low = min(start + 1, most)
            end = _nearest(words, *place, low, max(most - left, low))
        first = start if end > start else max(start - 1, 0)
        found.append((words.begins[first], words.begins[end]))
        start = end
    return found


def _nearest(words: Words, place: float, is_marked: bool, low: int, high: int) -> int:
    """The nearest beginning of a word; if it is to stand behind a mark, that may be farther."""

    def strain(number: int) -> float:
        item = words.begins[number]
        is_free = is_marked and item > 0 and _STOP.search(words.items[item - 1]) is not None
        return abs(words.ends[item] - place) - _FREE * is_free

    return min(range(low, high + 1), key=strain)


def _tags(
    words: Words, start: int, end: int, places: Iterable[tuple[Piece, int, float, str]]
) -> Iterator[tuple[int, str]]:
    """The tags of a piece before the nearest items, in their order, around as much as before."""
    low = start
    for piece, at, wanted, tag in places:
        is_last = 0 < len(piece.text.rstrip()) <= at
        where = end if is_last else min(range(low, end + 1), key=_distance(words, wanted))
        low = min(where + (not closes(tag) and _spans(piece, at)), end)
        yield where, tag


def _distance(words: Words, place: float) -> Callable[[int], float]:
    return lambda item: abs(words.ends[item] - place)


def _spans(piece: Piece, place: int) -> bool:
    """Whether text stands between the tag at a place and the one behind it."""
    later = next((other for other, _ in piece.tags if other > place), len(piece.text))
    return bool(piece.text[place:later].strip())
