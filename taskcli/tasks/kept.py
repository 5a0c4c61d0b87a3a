"""What is kept whole of a text that a model rewrites: it is given a name for it, or what is around.

A name such as X1 goes through most models as it is. Where it does not come out, the answers to what
stands around it are put together instead, which the model is given as well.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from taskcli.errors import InputError
from taskcli.media.patterns import Pattern
from taskcli.tasks.parting import Part, Seamed

if TYPE_CHECKING:
    from re import Match

# While a text is parted, each letter of what is kept is one of these: no mark and no letter of any
# language, and another one for each thing that is kept, which may be next to each other.
_FIRST, _MOST = 0xF0000, 0x20000 - 4
_FILLER = Pattern(f"[{chr(_FIRST)}-\U0010fffd]+")
_LETTER = Pattern(r"\p{L}")
_NAME = Pattern(r"(?<![\p{L}\p{N}])X ?(\d+)(?!\d)")
_END = Pattern(r"[.!?…。！？]+$")
_SHAPE = Pattern(r"(?s)(\s*)(.*?)(\s*)", "re")

Fill = Callable[[str], Seamed]


class Span(NamedTuple):
    """What is kept of a text, from `start` to `end`, and what the answer says in its place."""

    start: int
    end: int
    said: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A part as the model is given it: whole, with names; and what is around what they stand for.

    `pieces` has a text of each stretch between fillers; those without a letter are not given.
    """

    names: dict[int, str]
    whole: str
    pieces: list[str]
    is_given: bool

    @property
    def given(self) -> list[str]:
        if not self.is_given:
            return []
        return [self.whole, *(filter(_LETTER.search, self.pieces) if self.names else ())]


@dataclass(frozen=True, slots=True)
class Kept:
    """A division of a text of which `said` is kept; `parted` is the text with fillers for it."""

    parted: Seamed
    said: list[str]

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.parted.parts

    @property
    def given(self) -> tuple[str, ...]:
        found = [text for part in self.parts for text in _unit(part.text).given]
        return tuple(found or [_unit(self.parts[0].text).whole])  # an input has a part

    @property
    def after(self) -> str:
        return self._restored(self.parted.after, set())

    @property
    def cut(self) -> bool:
        return self.parted.cut

    def joined(self, answers: Sequence[str]) -> str:
        text = "".join(map("".join, self._seamed(answers))) + self.parted.after
        return self._restored(text, set()).strip()

    def seamed(self, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        for seam, answer in self._seamed(answers):
            yield self._restored(seam, seen), self._restored(answer, seen)

    def used(self, answers: Sequence[str]) -> list[bool]:
        found: list[bool] = []
        for unit, own in self._answered(answers):
            if not own:  # all of it is kept, and the model is not asked
                continue
            is_whole = not unit.names or _fillers(unit, own[0]) is not None
            found += [is_whole, *[not is_whole] * (len(own) - 1)]
        return found + [False] * (len(answers) - len(found))

    def lost(self, answers: Sequence[str]) -> int:
        pairs = self._answered(answers)
        return sum(
            len(unit.names)
            for unit, own in pairs
            if unit.names and own and _fillers(unit, own[0]) is None
        )

    def _answered(self, answers: Sequence[str]) -> Iterator[tuple[_Unit, Sequence[str]]]:
        at = 0
        for part in self.parts:
            unit = _unit(part.text)
            count = len(unit.given)
            yield unit, answers[at : at + count]
            at += count

    def _seamed(self, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
        """As `seamed`, with a filler for each thing that is kept."""
        return self.parted.seamed([_answer(*pair) for pair in self._answered(answers)])

    def _restored(self, text: str, seen: set[str]) -> str:
        """With what is kept for its fillers; for one that was cut in two, once."""

        def said(found: "Match[str]") -> str:
            own = [filler for filler in dict.fromkeys(found[0]) if filler not in seen]
            seen.update(own)
            return "".join(self.said[ord(filler) - _FIRST] for filler in own)

        return str(_FILLER.sub(said, text))


def kept(text: str, spans: Sequence[Span], parted: Fill) -> Seamed:
    """The parts of a text, of which the spans, in order, are kept whole."""
    if not spans:
        return parted(text)
    if len(spans) > _MOST:
        raise InputError(f"more than {_MOST} places of the text are to be kept", "split the text")
    filled, at = "", 0
    for number, span in enumerate(spans):
        filled += text[at : span.start] + chr(_FIRST + number) * (span.end - span.start)
        at = span.end
    return Kept(parted(filled + text[at:]), [span.said for span in spans])


def named(text: str) -> str:
    """A text with fillers as the model is given it."""
    return _unit(text).whole


def own_fillers(text: str) -> Iterator[Span]:
    """What of a text would be taken for a filler, which is kept so that it is not."""
    return (Span(found.start(), found.end(), found[0]) for found in _FILLER.finditer(text))


def _unit(text: str) -> _Unit:
    """Neighbours that are kept have one name."""
    stretches = _FILLER.findall(text)
    taken = {int(found[1]) for found in _NAME.finditer(text)} if stretches else set()
    numbers = (number for number in range(1, 10**6) if number not in taken)
    names = {next(numbers): "".join(dict.fromkeys(stretch)) for stretch in stretches}
    spelled = iter(names)
    whole = _FILLER.sub(lambda found: f"X{next(spelled)}", text)
    pieces = _FILLER.split(text)
    return _Unit(names, whole, pieces, any(map(_LETTER.search, pieces)) or not names)


def _answer(unit: _Unit, answers: Sequence[str]) -> str:
    """The answer to a part, with fillers."""
    if not answers:
        return "".join(_joined(unit, unit.pieces))
    whole = _fillers(unit, answers[0]) if unit.names else answers[0]
    if whole is not None:
        return whole
    rest = iter(answers[1:])
    pieces = [
        _shaped(next(rest), piece) if _LETTER.search(piece) else piece for piece in unit.pieces
    ]
    return "".join(_joined(unit, pieces))


def _fillers(unit: _Unit, answer: str) -> str | None:
    """The answer with fillers for names; None where one is lost or doubled."""
    found = Counter(int(one[1]) for one in _NAME.finditer(answer))
    if any(found[number] != 1 for number in unit.names):
        return None
    return str(_NAME.sub(lambda one: unit.names.get(int(one[1]), one[0]), answer))


def _joined(unit: _Unit, pieces: Sequence[str]) -> Iterator[str]:
    """The pieces with what is kept between them."""
    for piece, filler in zip(pieces, (*unit.names.values(), ""), strict=True):
        yield piece
        yield filler


def _shaped(answer: str, piece: str) -> str:
    """An answer to a piece of a sentence as one: with its spaces, not ended as a sentence is."""
    before, bare, behind = _SHAPE.fullmatch(piece).groups()
    answer = answer if _END.search(bare) else _END.sub("", answer)
    return f"{before}{answer}{behind}"
