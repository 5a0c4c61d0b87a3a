"""What a cue has of an answer, in lines that can be read at a glance, with its tags."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise, takewhile

from rich.cells import cell_len

from taskcli.media.cues import LINE
from taskcli.media.line_breaks import atoms
from taskcli.media.patterns import Pattern

_MARKED = Pattern(r"(\s*[\p{Ps}\p{Pi}\"'¿¡]*)(.*?)([\p{Po}\p{Pe}\p{Pf}\"']*)")


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in items between which tags may stand: words, and the marks before or behind them.

    `begins` are the items at which a line may begin, and their number; `ends` is where each item
    ends, in characters, after a 0.
    """

    items: list[str]
    begins: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True)
class Laid:
    """What a piece has of an answer: the items from `start` to `end`, and tags before items."""

    words: Words
    start: int
    end: int
    tags: list[tuple[int, str]]


def words_of(text: str) -> Words:
    items: list[str] = []
    begins = []
    for atom in atoms(text):
        begins.append(len(items))
        before, core, behind = _MARKED.fullmatch(atom).groups()
        items += [before, core] if before.strip() else [before + core]
        items += [behind] if behind else []
    return Words(items, [*begins, len(items)], [0, *accumulate(map(len, items))])


def closes(tag: str) -> bool:
    """Whether a tag stands with what is before it."""
    return tag.startswith("</") or tag[0].isspace()


def lines_of(own: Laid, lead: int, is_webvtt: bool) -> Iterator[str]:
    """The items of a piece in as few lines as can be read at a glance, of about one width."""
    begins = [item for item in own.words.begins if own.start <= item < own.end]
    ends = [*begins[1:], own.end]
    widths = [
        cell_len("".join(own.words.items[a:b])) for a, b in zip(begins, ends, strict=bool(begins))
    ]
    breaks = [begins[number] for number in _breaks(widths, lead)]
    for start, end in pairwise([own.start, *breaks, own.end]):
        yield "".join(_tagged(own, start, end, is_webvtt)).strip()


def _tagged(own: Laid, start: int, end: int, is_webvtt: bool) -> Iterator[str]:
    """A line with its tags: those that close stand in the line of what is before them."""
    for item in range(start, end):
        text = own.words.items[item]
        text = html.escape(text, quote=False) if is_webvtt else text
        closing, opening = _parted_tags(own, item)
        yield from closing if item > start else []
        yield " " * text.startswith(" ")
        yield from opening
        yield text.removeprefix(" ")
    closing, opening = _parted_tags(own, end)
    yield from closing
    if end == own.end:
        yield from opening


def _parted_tags(own: Laid, item: int) -> tuple[list[str], list[str]]:
    """The tags before an item: those that close what is before it, and the others."""
    tags = [tag for at, tag in own.tags if at == item]
    closing = list(takewhile(closes, tags)) if item > own.start else []
    return closing, tags[len(closing) :]


def _breaks(widths: list[int], lead: int) -> list[int]:
    """Before which words lines break: as few as fit, and then the narrowest of as many."""
    whole = lead + sum(widths)
    count = len(_broken(widths, lead, LINE))
    low = max(whole // (count + 1), 1)
    return next(
        found
        for width in range(min(low, LINE), LINE + 1)
        if len(found := _broken(widths, lead, width)) == count
    )


def _broken(widths: list[int], lead: int, width: int) -> list[int]:
    breaks, filled = [], lead
    for number, own in enumerate(widths):
        if number and filled + own > width + 1:  # the space before the first is not shown
            breaks.append(number)
            filled = 0
        filled += own
    return breaks
