"""How a person sees each result. `view` gives something that rich can render."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from taskcli import results
from taskcli.output.palette import Colour, colour_of, hexadecimal
from taskcli.output.presentation import (
    Column,
    Presentation,
    View,
    answers_of,
    cell_of,
    fields_of,
    presentation_of,
)
from taskcli.output.sanitize import safe, safe_line
from taskcli.output.serialize import plain
from taskcli.output.terminal.spans import EntityHighlighter, quoted

_BAR = 24  # characters of a full score bar
_ROOM_FOR_BARS = 56  # columns, the indent not counted
_APART = 0.001  # seconds between windows that are heard apart; less is rounding
_BLOCKS = " ▏▎▍▌▋▊▉"  # eighths of a character

__all__ = ["About", "safe", "safe_line", "view"]


@dataclass(frozen=True, slots=True)
class About:
    """What a result is about: the input's text, and the colours of the checkpoint's labels."""

    text: str = ""
    colours: Mapping[str, Colour] | None = None  # of labels, where colours can be shown


NOTHING = About()
_View = Callable[[list[Any], About, Presentation], RenderableType]


def view(result: object, about: About = NOTHING) -> RenderableType:
    """A result as something that rich can render."""
    found = answers_of(result)
    if not found:
        return Text("nothing found", style="dim")
    shape = presentation_of(result)
    return _VIEWS[shape.view](found, about, shape)


def _each(view_of: Callable[[Any, About], RenderableType]) -> _View:
    """The view of answers that stand one after the other."""
    return lambda found, about, shape: Group(*(view_of(one, about) for one in found))


def _transcript(result: results.Transcript, about: About) -> RenderableType:
    if not result.chunks:
        line = Text(safe(result.text) or "(silence)")
        return line.append(_percent(result.score, "   "), style="dim")
    table = _table()
    for chunk in result.chunks:
        times = " – ".join(map(_clock, chunk.timestamp))
        score = [] if result.score is None else [Text(_percent(chunk.score))]
        told = _dim(times, chunk.voice, chunk.language)
        table.add_row(*told, *score, Text(safe(chunk.text.strip())))
    return table


def _percent(score: float | None, before: str = "") -> str:
    return "" if score is None else f"{before}{score:.1%}"


def over_time(windows: Sequence[results.LabelWindow]) -> RenderableType:
    """The best label of each window; neighbours of one label share a row, and a mean score."""
    table = _table()
    for own in _stretches(windows):
        channel, label = own[0].channel, own[0].labels[0].label
        times = f"{_clock(own[0].start)} – {_clock(own[-1].end)}"
        score = sum(one.labels[0].score for one in own) / len(own)
        table.add_row(*_dim(times, channel), Text(f"{score:.1%}"), Text(safe(label)))
    return table


def _stretches(windows: Iterable[results.LabelWindow]) -> Iterator[list[results.LabelWindow]]:
    """Windows of one label between which nothing was left out."""
    own: list[results.LabelWindow] = []
    for one in windows:
        if own and not _goes_on(own[-1], one):
            yield own
            own = []
        own.append(one)
    if own:
        yield own


def _goes_on(before: results.LabelWindow, after: results.LabelWindow) -> bool:
    is_same = (before.channel, before.labels[0].label) == (after.channel, after.labels[0].label)
    return is_same and before.start <= after.start <= before.end + _APART


def _dim(times: str, *told: str | None) -> list[Text]:
    """When, in which channel or language, if each was heard by itself, or who speaks."""
    return [Text(word, style="dim") for word in (times, *told) if word is not None]


def _depth(result: results.DepthMap, about: About) -> RenderableType:
    unit = " m" if result.units == "m" else ""
    line = Text(f"{result.min:.3g}{unit} – {result.max:.3g}{unit}", style="cyan")
    line.append(f"   mean {result.mean:.3g}{unit}")
    line.append(f"   {result.width} x {result.height}", style="dim")
    return line.append("" if unit else "   relative units, larger is nearer", style="dim")


def _reply(result: results.Answer, about: About) -> RenderableType:
    question = Text(safe(result.question), style="dim")
    if not result.answer:
        return Group(question, Text("no answer in this text", style="yellow"))
    answer = Text(safe(result.answer), style="bold green")
    answer.append(f"   {result.score:.1%}   at {result.start}–{result.end}", style="not bold dim")
    return Group(question, answer, *([quoted(result, about.text)] if about.text else []))


def _texts(found: list[Any], about: About, shape: Presentation) -> RenderableType:
    return Group(*(Text(safe(getattr(one, shape.text))) for one in found))


def _spans(found: list[Any], about: About, shape: Presentation) -> RenderableType:
    if about.text:
        return EntityHighlighter(about.text, found, about.colours)
    return _labelled(found, about, shape)


class _Ranking:
    """Labels, best first, with bars where there is room for them."""

    def __init__(self, found: list[Any], about: About, shape: Presentation) -> None:
        self._found, self._shape = found, shape

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        table = _table()
        for rank, one in enumerate(self._found):
            name, score = self._shape.label_of(one) or "", self._shape.score_of(one)
            label = Text(safe_line(name), style="bold green" if rank == 0 else "")
            bar = [_bar(score or 0.0)] if options.max_width >= _ROOM_FOR_BARS else []
            table.add_row(*bar, _score(score), label)
        yield table


def _labelled(found: list[Any], about: About, shape: Presentation) -> Table:
    """A row for each answer: its score, its label, and the columns that its type adds."""
    cells: dict[str, Callable[[Any], Text]] = {}
    if shape.score:
        cells["score"] = lambda one: _score(shape.score_of(one))
    if shape.label:
        called = shape.label.removesuffix("_group")
        cells[called] = lambda one: _name(shape.label_of(one) or "", about)
    cells |= {column.heading: _text_of(column) for column in shape.columns}
    table = _table(*cells)
    for one in found:
        table.add_row(*(cell(one) for cell in cells.values()))
    return table


def _text_of(column: Column) -> Callable[[Any], Text]:
    return lambda one: Text(safe_line(column.cell(one)), style="dim" if column.dim else "")


def _fields(found: list[Any], about: About, shape: Presentation) -> Table:
    """What has no presentation of its own: a column for each field, or a line for those of one."""
    rows = [{name: cell_of(v) for name, v in fields_of(plain(one)).items()} for one in found]
    if len(rows) == 1:
        table = _table()
        for name, cell in rows[0].items():
            table.add_row(Text(safe_line(name), style="dim"), Text(safe(cell)))
        return table
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = _table(*map(safe_line, names))
    for row in rows:
        table.add_row(*(Text(safe(row.get(name, ""))) for name in names))
    return table


_VIEWS: Mapping[View, _View] = {
    "fields": _fields,
    "ranking": _Ranking,
    "table": _labelled,
    "spans": _spans,
    "transcript": _each(_transcript),
    "depth": _each(_depth),
    "reply": _each(_reply),
    "text": _texts,
}


def _table(*headings: str) -> Table:
    """Columns; those whose heading ends in > hold numbers, flush right."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=bool(headings))
    for heading in headings:
        side: JustifyMethod = "right" if heading.endswith(">") else "left"
        table.add_column(heading.rstrip(">"), header_style="dim", overflow="fold", justify=side)
    return table


def _score(score: float | None) -> Text:
    if score is None:
        return Text("–", style="dim")
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
