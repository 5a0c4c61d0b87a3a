"""A text in parts that a model is given one by one, and their answers as one text again.

What no model is given stays as it is: the spaces and line ends between parts, the marks of lists
and quotations before them, and lines without any letter.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from rich.cells import cell_len

from taskcli.media.channels import VOICE
from taskcli.media.dictionary_words import dictionary_words
from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import GRAPHEME, LINE_ENDS, is_spaceless, stands_close
from taskcli.tasks.sentences import sentences

By = Literal["sentence", "paragraph", "whole"]
Fits = Callable[[str], bool]
Cut = Callable[[str], list[str]]

# Bullets, numbers, boxes to tick, quotation and heading marks, as many as there are; who speaks.
_LEAD = Pattern(
    r"\s*(?:(?:[-*+•‣◦▪·–—]|>+|\#{1,6}|\[[ xX]?\]|\(?\d{1,3}[.)]|\(?[a-z]\))(?:[^\S\n]+|$))*"
    rf"(?:{VOICE})?"
)
_LETTER = Pattern(r"\p{L}")
_LINE_END = Pattern(rf"\s*[{LINE_ENDS}]\s*")
_ENDED = Pattern(r"[\p{Po}\p{Pe}\p{Pf}\"']\s*$")
_WRAPPED = range(50, 121)  # columns of a paragraph that was broken into lines for its width

# How a text is parted, from what is parted first to what is parted last.
_PARAGRAPH = Pattern(r"(?s).+?(?:\n[^\S\n]*\n\s*|\Z)")
_LINE = Pattern(r"(?s).+?(?:\n\s*|\Z)")
_CLAUSE = Pattern(r"(?s).+?(?:[,;:،؛]\s+|[，、；：၊៖]\s*|\Z)")
_WORD = Pattern(r"\s*\S+\s*")
_GAP = Pattern(r"\s+")


@dataclass(frozen=True, slots=True)
class Part:
    """What a model is given at once, behind what it is not given.

    `breaks` are the line ends within it, which the answer gets back.
    """

    before: str
    text: str
    breaks: tuple[tuple[float, str], ...] = ()


class Division(Protocol):
    """What a text was parted into, and how the answers to that become one."""

    @property
    def given(self) -> tuple[str, ...]:
        """The texts that the model is given, at least one."""

    @property
    def cut(self) -> bool:
        """Whether a part was too long and is in pieces."""

    def joined(self, answers: Sequence[str]) -> str:
        """One answer of those to the texts given, in order."""

    def used(self, answers: Sequence[str]) -> list[bool]:
        """Which of the answers it is made of."""

    def lost(self, answers: Sequence[str]) -> int:
        """How much of what is to be kept did not come out, and was put in."""


class Seamed(Division, Protocol):
    """A division whose parts, each behind what is before it, are a text, with what is after all."""

    @property
    def parts(self) -> tuple[Part, ...]: ...

    @property
    def after(self) -> str: ...

    def seamed(self, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
        """What is said for each part, with what stands between it and the one before."""


@dataclass(frozen=True, slots=True)
class Parted:
    """A text in parts; `cut` is whether one of them was too long and is in pieces."""

    parts: tuple[Part, ...]
    after: str = ""
    cut: bool = False

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts)

    def used(self, answers: Sequence[str]) -> list[bool]:
        return [True] * len(answers)

    def lost(self, answers: Sequence[str]) -> int:
        return 0

    def joined(self, answers: Sequence[str]) -> str:
        """The answers, one for each part, in the places of the parts."""
        return ("".join(map("".join, self.seamed(answers))) + self.after).strip()

    def seamed(self, answers: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The answers, each with what stands between it and the one before."""
        text = ""
        for former, part, answer in zip((None, *self.parts), self.parts, answers, strict=False):
            seam, own = _seam(text, former, part, answer), _with_breaks(answer, part.breaks)
            yield seam, own
            text += seam + own


def parted(text: str, by: By, fits: Fits, language: str | None = None) -> Parted:
    """The parts of a text, each of which fits."""
    smaller: list[Cut] = [partial(sentences, language=language), _CLAUSE.findall]
    smaller += [_WORD.findall, dictionary_words, GRAPHEME.findall]
    if by == "whole" and fits(text):
        return Parted((Part("", text),))
    if by == "whole":
        found = _filled(text, fits, [_PARAGRAPH.findall, _LINE.findall, *smaller])
        return Parted(*_parts([(piece, True) for piece in found], is_wrapped=False), cut=True)
    units = [
        (own, is_given)
        for unit, is_given in _units(text)
        for own in (sentences(unit, language) if is_given and by == "sentence" else [unit])
    ]
    if not any(is_given for _, is_given in units):
        units = [(text, True)]
    pieces = [
        (piece, is_given)
        for unit, is_given in units
        for piece in (_filled(unit, fits, smaller) if is_given else [unit])
    ]
    return Parted(*_parts(pieces, is_wrapped=True), cut=len(pieces) > len(units))


def _units(text: str) -> Iterator[tuple[str, bool]]:
    """Lines, or paragraphs that were broken into lines; and whether a model is given them."""
    for block in _blocks(text.splitlines(keepends=True)):
        for unit in ["".join(block)] if _is_wrapped(block) else block:
            lead = _LEAD.match(unit).end()
            if lead:
                yield unit[:lead], False
            if lead < len(unit):
                yield unit[lead:], bool(_LETTER.search(unit, lead))


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Lines without a blank one or the mark of a list between them."""
    block: list[str] = []
    for line in lines:
        if block and (not block[-1].strip() or _LEAD.match(line)[0].strip() or not line.strip()):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _is_wrapped(lines: list[str]) -> bool:
    """Whether every line but the last ends where the next word would not have fitted.

    One of them must end inside a sentence, else they may as well be lines of their own.
    """
    widths = [cell_len(line.rstrip()) for line in lines]
    if len(lines) < 2 or max(widths) not in _WRAPPED:
        return False
    pairs = [(line, after.split()[0]) for line, after in itertools.pairwise(lines)]
    is_full = (
        width + 1 + cell_len(word) > max(widths)
        for width, (_, word) in zip(widths, pairs, strict=False)
    )
    inside = (not _ENDED.search(line) and word[0].islower() for line, word in pairs)
    return all(is_full) and any(inside)


def _filled(text: str, fits: Fits, cuts: Sequence[Cut]) -> Iterator[str]:
    """The text in as few pieces as fit, parted by the first of `cuts` that is fine enough."""
    if not cuts or fits(text.strip()):
        yield text
        return
    pieces, at = cuts[0](text), 0
    while at < len(pieces):
        end = _last(pieces, at, fits)
        if end > at:
            yield "".join(pieces[at:end])
        else:
            yield from _filled(pieces[at], fits, cuts[1:])
        at = max(end, at + 1)


def _last(pieces: Sequence[str], start: int, fits: Fits) -> int:
    """Up to where pieces fit together; `start` where not even one does."""

    def fit(end: int) -> bool:
        return fits("".join(pieces[start:end]).strip())

    low, high = start, start + 1
    while high <= len(pieces) and fit(high):
        low, high = high, 2 * high - start
    high = min(high, len(pieces) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fit(middle) else (low, middle)
    return low


def _parts(pieces: Iterable[tuple[str, bool]], is_wrapped: bool) -> tuple[tuple[Part, ...], str]:
    """The pieces that a model is given, each behind what it is not given; what is left over."""
    before, parts = "", []
    for piece, is_given in pieces:
        bare = piece.strip()
        if not (is_given and bare):
            before += piece
            continue
        start = len(piece) - len(piece.lstrip())
        breaks = [(one.start() / len(bare), one[0]) for one in _LINE_END.finditer(bare)]
        text = _LINE_END.sub(" ", bare) if is_wrapped else bare
        parts.append(Part(before + piece[:start], text, tuple(breaks) if is_wrapped else ()))
        before = piece[start + len(bare) :]
    return tuple(parts), before


def _seam(text: str, former: Part | None, part: Part, answer: str) -> str:
    """What stands between the text so far and an answer.

    That is what stood between their sources, but where scripts differ in their use of spaces.
    """
    if former is None or not text or not answer or part.before.strip(" "):
        return part.before
    if stands_close(text, answer):
        return ""
    if part.before or not (is_spaceless(former.text[-1]) or _ENDED.search(former.text)):
        return part.before  # a space, or nothing within a word
    return " "


def _with_breaks(answer: str, breaks: Sequence[tuple[float, str]]) -> str:
    """The answer with line ends at the spaces that are nearest to where the source had them."""
    if not breaks:
        return answer
    gaps = [found.span() for found in _GAP.finditer(answer)]
    if len(gaps) < len(breaks):  # Chinese, for one
        ends = itertools.accumulate(map(len, GRAPHEME.findall(answer)))
        gaps = [(end, end) for end in ends]
    lines, at = [], 0
    for left, (place, line_end) in zip(range(len(breaks), 0, -1), breaks, strict=True):
        within = [gap for gap in gaps if gap[0] > at][: -(left - 1) or None]
        start, end = min(
            within, key=lambda gap: abs(gap[0] - place * len(answer)), default=(len(answer),) * 2
        )
        lines.append(answer[at:start] + line_end)
        at = end
    return "".join(lines) + answer[at:]
