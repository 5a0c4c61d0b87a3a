"""How a person sees each result. `view` gives something that rich can render."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from taskcli import results
from taskcli.output.palette import Colour, colour_of, hexadecimal
from taskcli.output.sanitize import safe, safe_line
from taskcli.output.terminal.spans import EntityHighlighter, quoted

_BAR = 24  # characters of a full score bar
_ROOM_FOR_BARS = 56  # columns, the indent not counted
_BLOCKS = " ▏▎▍▌▋▊▉"  # eighths of a character

__all__ = ["About", "safe", "safe_line", "view"]


@dataclass(frozen=True, slots=True)
class About:
    """What a result is about: the input's text, and the colours of the checkpoint's labels."""

    text: str = ""
    colours: Mapping[str, Colour] | None = None  # of labels, where colours can be shown


NOTHING = About()


@singledispatch
def view(result: Any, about: About = NOTHING) -> RenderableType:
    """A result as something that rich can render."""
    return Text(safe(str(result)))


@view.register
def _(result: list, about: About = NOTHING) -> RenderableType:  # type: ignore[type-arg]
    if not result:
        return Text("nothing found", style="dim")
    if isinstance(result[0], results.Label):
        return _Ranking(result)
    if isinstance(result[0], results.Detection):
        return _detections(result, about)
    if isinstance(result[0], results.Segment):
        return _segments(result, about)
    if about.text and isinstance(result[0], results.Entity):
        return EntityHighlighter(about.text, result, about.colours)
    if isinstance(result[0], results.Entity | results.TokenEntity):
        return _entities(result, about)
    return Group(*(view(one, about) for one in result))


@view.register
def _(result: results.Transcript, about: About = NOTHING) -> RenderableType:
    if not result.chunks:
        return Text(safe(result.text) or "(silence)")
    table = _table()
    for chunk in result.chunks:
        times = " – ".join(map(_clock, chunk.timestamp))
        table.add_row(Text(times, style="dim"), Text(safe(chunk.text.strip())))
    return table


@view.register
def _(result: results.DepthMap, about: About = NOTHING) -> RenderableType:
    unit = " m" if result.units == "m" else ""
    line = Text(f"{result.min:.3g}{unit} – {result.max:.3g}{unit}", style="cyan")
    line.append(f"   mean {result.mean:.3g}{unit}")
    line.append(f"   {result.width} x {result.height}", style="dim")
    return line.append("" if unit else "   relative units, larger is nearer", style="dim")


@view.register
def _(result: results.Answer, about: About = NOTHING) -> RenderableType:
    question = Text(safe(result.question), style="dim")
    if not result.answer:
        return Group(question, Text("no answer in this text", style="yellow"))
    answer = Text(safe(result.answer), style="bold green")
    answer.append(f"   {result.score:.1%}   at {result.start}–{result.end}", style="not bold dim")
    return Group(question, answer, *([quoted(result, about.text)] if about.text else []))


@view.register
def _(result: results.GeneratedText, about: About = NOTHING) -> RenderableType:
    return Text(safe(result.generated_text))


@view.register
def _(result: results.Summary, about: About = NOTHING) -> RenderableType:
    return Text(safe(result.summary_text))


@view.register
def _(result: results.Translation, about: About = NOTHING) -> RenderableType:
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


def _detections(found: list[results.Detection], about: About) -> Table:
    table = _table("score", "label", "left>", "top>", "right>", "bottom>")
    for item in found:
        sides = (item.box.xmin, item.box.ymin, item.box.xmax, item.box.ymax)
        table.add_row(
            _score(item.score), _name(item.label, about), *(Text(str(side)) for side in sides)
        )
    return table


def _segments(found: list[results.Segment], about: About) -> Table:
    table = _table("score", "label", "share>", "pixels>")
    for item in found:
        height, width = item.mask.size
        score = Text("–", style="dim") if item.score is None else _score(item.score)
        share = Text(f"{item.area / (height * width):.1%}")
        table.add_row(score, _name(item.label, about), share, Text(f"{item.area:,}"))
    return table


def _entities(found: list[results.Entity | results.TokenEntity], about: About) -> Table:
    table = _table("score", "entity", "text", "at")
    for item in found:
        kind = item.entity_group if isinstance(item, results.Entity) else item.entity
        place = Text(f"{item.start}–{item.end}", style="dim")
        table.add_row(_score(item.score), _name(kind, about), Text(safe_line(item.word)), place)
    return table


def _table(*headings: str) -> Table:
    """Columns; those whose heading ends in > hold numbers, flush right."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=bool(headings))
    for heading in headings:
        side: JustifyMethod = "right" if heading.endswith(">") else "left"
        table.add_column(heading.rstrip(">"), header_style="dim", overflow="fold", justify=side)
    return table


def _score(score: float) -> Text:
    return Text(f"{score:6.1%}" if 0 <= score <= 1 else f"{score:6.3f}")


def _bar(score: float) -> Text:
    eighths = round(max(0.0, min(score, 1.0)) * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return Text(("█" * full + _BLOCKS[rest].strip()).ljust(_BAR), style="cyan")


def _name(label: str, about: About) -> Text:
    if about.colours is None:
        return Text(safe_line(label))
    colour = hexadecimal(colour_of(label, about.colours))
    return Text("■ ", style=colour).append(safe_line(label), style="default")


def _clock(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:' if hours else ''}{minutes:02}:{rest // 10:02}.{rest % 10}"
