"""How a person sees each result. `view` gives something that rich can render."""

import unicodedata
from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from taskcli import results

_BAR = 24  # characters of a full score bar
_ROOM_FOR_BARS = 60  # columns
_BLOCKS = " ▏▎▍▌▋▊▉"  # eighths of a character
_PALETTE = ("cyan", "magenta", "green", "yellow", "blue", "red")
# Explicit direction changes reorder what a terminal shows; they are not letters.
_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str) -> str:
    """Text that cannot drive a terminal: no control characters but line ends and tabs."""
    return "".join(
        char
        for char in text
        if char in "\n\t"
        or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _DIRECTION)
    )


def safe_line(text: str) -> str:
    """A name, which must not look like further lines of ours."""
    return safe(text).replace("\n", " ")


@singledispatch
def view(result: Any) -> RenderableType:
    return Text(safe(str(result)))


@view.register
def _(result: list) -> RenderableType:  # type: ignore[type-arg]
    if not result:
        return Text("nothing found", style="dim")
    if isinstance(result[0], results.Label):
        return _Ranking(result)
    if isinstance(result[0], results.Detection):
        return _detections(result)
    if isinstance(result[0], results.Segment):
        return _segments(result)
    if isinstance(result[0], results.Entity | results.TokenEntity):
        return _entities(result)
    return Group(*map(view, result))


@view.register
def _(result: results.Transcript) -> RenderableType:
    if not result.chunks:
        return Text(safe(result.text) or "(silence)")
    table = _table()
    for chunk in result.chunks:
        start, end = chunk.timestamp
        table.add_row(
            Text(f"{start:7.2f} – {end:.2f}", style="dim"), Text(safe(chunk.text.strip()))
        )
    return table


@view.register
def _(result: results.DepthMap) -> RenderableType:
    unit = " m" if result.units == "m" else ""
    line = Text(f"{result.min:.3g}{unit} – {result.max:.3g}{unit}", style="cyan")
    line.append(f"   mean {result.mean:.3g}{unit}")
    line.append(f"   {result.width} x {result.height}", style="dim")
    return line.append("" if unit else "   relative units, larger is nearer", style="dim")


@view.register
def _(result: results.Answer) -> RenderableType:
    question = Text(safe(result.question), style="dim")
    if not result.answer:
        return Group(question, Text("no answer in this text", style="yellow"))
    answer = Text(safe(result.answer), style="bold green")
    answer.append(f"   {result.score:.1%}", style="dim")
    return Group(question, answer.append(f"   at {result.start}–{result.end}", style="dim"))


@view.register
def _(result: results.GeneratedText) -> RenderableType:
    return Text(safe(result.generated_text))


@view.register
def _(result: results.Summary) -> RenderableType:
    return Text(safe(result.summary_text))


@view.register
def _(result: results.Translation) -> RenderableType:
    return Text(safe(result.translation_text))


class _Ranking:
    """Labels, best first, with bars where there is room for them."""

    def __init__(self, found: list[results.Label]) -> None:
        self._found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        table = _table()
        for rank, item in enumerate(self._found):
            label = Text(safe_line(item.label), style="bold green" if rank == 0 else "")
            bar = [_bar(item.score)] if options.max_width >= _ROOM_FOR_BARS else []
            table.add_row(*bar, _score(item.score), label)
        yield table


def _detections(found: list[results.Detection]) -> Table:
    table = _table("score", "label", "left", "top", "right", "bottom")
    for item in found:
        sides = (item.box.xmin, item.box.ymin, item.box.xmax, item.box.ymax)
        table.add_row(_score(item.score), _name(item.label), *(Text(str(side)) for side in sides))
    return table


def _segments(found: list[results.Segment]) -> Table:
    table = _table("score", "label", "share", "pixels")
    for item in found:
        height, width = item.mask.size
        score = Text("–", style="dim") if item.score is None else _score(item.score)
        share = Text(f"{item.area / (height * width):.1%}")
        table.add_row(score, _name(item.label), share, Text(f"{item.area:,}"))
    return table


def _entities(found: list[results.Entity | results.TokenEntity]) -> Table:
    table = _table("score", "entity", "text", "at")
    for item in found:
        kind = item.entity_group if isinstance(item, results.Entity) else item.entity
        place = Text(f"{item.start}–{item.end}", style="dim")
        table.add_row(_score(item.score), _name(kind), Text(safe_line(item.word)), place)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=bool(headings))
    for heading in headings:
        table.add_column(heading, header_style="dim", overflow="fold")
    return table


def _score(score: float) -> Text:
    return Text(f"{score:6.1%}" if 0 <= score <= 1 else f"{score:6.3f}")


def _bar(score: float) -> Text:
    eighths = round(max(0.0, min(score, 1.0)) * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return Text(("█" * full + _BLOCKS[rest].strip()).ljust(_BAR), style="cyan")


def _name(label: str) -> Text:
    """A label in a colour of its own, the same in every run."""
    return Text(safe_line(label), style=_PALETTE[sum(map(ord, label)) % len(_PALETTE)])
