"""Words with times, joined into phrases, and phrases laid out to be read at a glance."""

import itertools
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

from rich.cells import cell_len

from taskcli.media.patterns import Pattern
from taskcli.results import Chunk

LINE = 42  # columns that are read at a glance, two for a Chinese letter; the usual subtitling rule
_LINES = 2  # of a phrase
_LONGEST_TIME = 6.0  # seconds that a phrase stays
_SHORTEST_TIME = 0.7  # seconds, where a word was given no time of its own and silence follows
_TICK = 0.02  # seconds: the step in which Whisper counts
_PAUSE = 0.8  # seconds of silence that end a phrase

_SPACE = Pattern(r"\s*")
_BREAKS = Pattern(r"[^\S\u00a0\u2007\u202f]+")  # those three hold together what they part
_GRAPHEME = Pattern(r"\X")
# Scripts that are written without spaces, whose lines may end anywhere but before a closing mark.
_UNSPACED = Pattern(r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uff60]")
_CLOSING = Pattern(r"[\p{Pe}\p{Pf}\p{Po}\u30fcぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ%]")
_OPENING = Pattern(r"[\p{Ps}\p{Pi}]")
_STOP = Pattern(r"\p{Po}[\p{Pe}\p{Pf}\"']*$")


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
        yield Chunk((" " if before[:1].isspace() else "") + bare, word.timestamp)


def phrases(words: Iterable[Chunk], width: int = LINE) -> Iterator[Chunk]:
    """Join neighbouring chunks while no pause, length or duration asks for a cut.

    The words carry the spaces before them; `width` is the columns of a line.
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
    lines = len(wrapped(_text([*phrase, word]), width))
    return lines <= _LINES and pause <= _PAUSE and duration <= _LONGEST_TIME


def _joined(phrase: list[Chunk]) -> Chunk:
    return Chunk(_text(phrase).strip(), (phrase[0].timestamp[0], phrase[-1].timestamp[1]))


def _text(phrase: Iterable[Chunk]) -> str:
    return "".join(chunk.text for chunk in phrase)


def captions(chunks: Iterable[Chunk], text: str, width: int, each: bool = False) -> list[Chunk]:
    """The chunks of a recording in which `text` is said as captions that can be read.

    In order, none without text, while another one stays, for no time, or for long: a chunk that
    is longer is parted. `each` gives every chunk a caption of its own.
    """
    words = (word for word in spaced(chunks, text) if word.text.strip())
    found = map(_alone, words) if each else phrases(words, width)
    return list(_settled([part for one in found for part in _parts(one, width)]))


def _alone(word: Chunk) -> Chunk:
    return Chunk(word.text.strip(), word.timestamp)


def _parts(caption: Chunk, width: int) -> Iterator[Chunk]:
    """A caption that is too long to be read, or to stay, in parts that share its time by width."""
    start, end = caption.timestamp
    columns = cell_len(caption.text)
    by_time = min(
        math.ceil((end - start) / _LONGEST_TIME), 2 * columns // width
    )  # half a line each
    least = max(1, by_time, math.ceil(columns / (_LINES * width)))
    if least == 1 and _is_short(caption.text, width):
        yield caption
        return
    atoms = [piece for atom in _atoms(caption.text) for piece in _cut(atom, width)]
    divided = (_divided(atoms, count) for count in itertools.count(least))
    texts = next(own for own in divided if all(_is_short(one, width) for one in own))
    for text in texts:
        until = start + (end - caption.timestamp[0]) * cell_len(text) / sum(map(cell_len, texts))
        yield Chunk(text, (start, until))
        start = until


def _cut(atom: str, width: int) -> list[str]:
    """A word longer than a line may be cut anywhere but inside a letter."""
    return [atom] if cell_len(atom.strip()) <= width else _GRAPHEME.findall(atom)


def _is_short(text: str, width: int) -> bool:
    return len(wrapped(text, width)) <= _LINES


def _divided(atoms: list[str], count: int) -> list[str]:
    """About `count` parts of like width, cut behind a mark where there is one near."""
    if count <= 1:
        return ["".join(atoms).strip()]
    ends = [0, *itertools.accumulate(map(cell_len, atoms))]
    share = ends[-1] / count

    def strain(cut: int, wanted: float) -> float:
        distance = abs(ends[cut] - wanted)
        return distance - share / 4 if _STOP.search(atoms[cut - 1]) else distance

    cuts = {0, len(atoms)}
    for number in range(1, count):
        cuts.add(min(range(1, len(atoms)), key=lambda cut: strain(cut, number * share)))
    return ["".join(atoms[a:b]).strip() for a, b in pairwise(sorted(cuts))]


def _settled(found: list[Chunk]) -> Iterator[Chunk]:
    at = 0.0
    following = itertools.chain((one.timestamp[0] for one in found[1:]), [math.inf])
    for caption, room in zip(found, following, strict=False):
        start, end = max(at, caption.timestamp[0]), caption.timestamp[1]
        if end - start < _TICK:  # Whisper gives some words no time at all
            end = start + _SHORTEST_TIME
        at = max(min(end, room, start + _LONGEST_TIME), start + _TICK)
        yield Chunk(caption.text, (start, at))


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken as its script allows."""
    lines = [""]
    for atom in _atoms(text):
        if cell_len((lines[-1] + atom).strip()) <= width:
            lines[-1] += atom
            continue
        lines.append("")
        for piece in _cut(atom.strip(), width):
            if lines[-1] and cell_len(lines[-1] + piece) > width:
                lines.append("")
            lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


def _atoms(text: str) -> Iterator[str]:
    """What no line may break, with the space before it: words, letters of Chinese, a-|b."""
    for word in _BREAKS.split(text):
        space, atom = " ", ""
        for piece in _GRAPHEME.findall(word):
            if atom and _may_break(atom, piece):
                yield space + atom
                space = atom = ""
            atom += piece
        if atom:
            yield space + atom


def _may_break(atom: str, following: str) -> bool:
    if _CLOSING.match(following) or _OPENING.search(atom[-1]):
        return False
    hyphen = len(atom) > 1 and atom[-1] in "-–—" and following.isalpha()
    return hyphen or bool(_UNSPACED.search(atom[-1]) or _UNSPACED.match(following))
