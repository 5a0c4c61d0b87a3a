"""Numbers between two rows of words, over the pieces of a text, and in tables, as drawings."""

import base64
import io
from textwrap import wrap
from typing import TYPE_CHECKING

from taskcli.explain.drawing.numbers import amount, coloured, span
from taskcli.explain.drawing.svg import Figure
from taskcli.explain.views.kinds import Frame, Grid, Rows, Strip
from taskcli.output.palette import hexadecimal, text_color_on

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CELLS = 20_000  # that are told one by one; frames beyond are pictures
_FRAMES = 48  # of a drawing
_LETTER, _LONGEST = 7.3, 24  # pixels, and letters of a name
_WRITTEN, _ROOMY, _DENSE = 48.0, 22.0, 15.0  # pixels of a cell
_FEW = 16  # rows and columns in which numbers are written
_LEAST = 0.01  # of the greatest number: what is less is not written
_LINE = 900.0  # pixels of a text
_WIDEST = 60  # letters of a table's cell


def draw_grid(view: Grid) -> bytes:
    """All frames, one under the other."""
    figure, top, told = Figure(view.title, view.about), 48.0, 0
    for frame in view.frames[:_FRAMES]:
        told += frame.values.size
        top = _grid(figure, view, frame, top, told <= _CELLS)
    _tell_left_out(figure, len(view.frames), top)
    return figure.done()


def _tell_left_out(figure: Figure, frames: int, top: float) -> None:
    if frames > _FRAMES:
        figure.text(12, top + 16, f"{frames - _FRAMES} further ones left out", "soft")


def _grid(figure: Figure, view: Grid, frame: Frame, top: float, told: bool) -> float:
    """Draws one from `top` on; where it ends."""
    few = max(len(view.rows), len(view.columns)) <= _FEW
    wide = _WRITTEN if few else _ROOMY if len(view.columns) <= 40 else _DENSE
    high = _ROOMY if few else wide
    left = 24 + _LETTER * min(_LONGEST, max(map(len, view.rows), default=0))
    top = _heading(figure, frame, top)
    top += 6 + _LETTER * min(_LONGEST, max(map(len, view.columns), default=0))
    for at, name in enumerate(view.columns):
        x, y = left + at * wide + wide / 2 + 4, top - 6
        figure.turned(x, y, _short(name))
    for at, name in enumerate(view.rows):
        figure.text(left - 6, top + at * high + high / 2 + 4, _short(name), "end")
    pixels = coloured(frame.values, span([frame], view.signed), view.signed)
    if told:
        _cells(figure, view, frame, pixels, (left, top), (wide, high), few)
    else:
        size = (wide * len(view.columns), high * len(view.rows))
        figure.image((left, top), size, _url(pixels))
    for row, column in view.marked:
        figure.rect((left + column * wide + 1, top + row * high + 1), (wide - 2, high - 2), "mark")
    low, most = span([frame], False)
    bottom = top + high * len(view.rows) + 18
    figure.text(left, bottom, f"{amount(low)} to {amount(most)}", "soft")
    return bottom + 30


def _cells(
    figure: Figure,
    view: Grid,
    frame: Frame,
    pixels: "npt.NDArray[np.uint8]",
    corner: tuple[float, float],
    size: tuple[float, float],
    written: bool,
) -> None:
    least = _LEAST * max(map(abs, span([frame], False)))
    for row, of_row in enumerate(frame.values.tolist()):
        for column, value in enumerate(of_row):
            x, y = corner[0] + column * size[0], corner[1] + row * size[1]
            red, green, blue = (int(part) for part in pixels[row, column])
            colour = (red, green, blue)
            told = f"{view.rows[row]} → {view.columns[column]}: {amount(value)}"
            figure.rect((x, y), size, "", told, fill=hexadecimal(colour))
            if written and abs(value) >= least:
                ink = "on-dark" if text_color_on(colour)[0] else "on-light"
                text = f"{value:.2g}"
                figure.text(x + size[0] / 2, y + size[1] / 2 + 4, text, f"middle {ink}")


def _heading(figure: Figure, frame: Frame, top: float) -> float:
    """What a frame is, in lines from `top` on; where they end."""
    told = ": ".join(filter(None, (" · ".join(frame.place), frame.note)))
    for line in wrap(told, int(_LINE / _LETTER)):
        figure.text(12, top + 8, line)
        top += 18
    return top


def draw_strip(view: Strip) -> bytes:
    """The text once for each frame, with a ground as strong as the number of each piece."""
    figure, top = Figure(view.title, view.about), 48.0
    for frame in view.frames[:_FRAMES]:
        top = _strip(figure, view, frame, _heading(figure, frame, top) + 6)
    _tell_left_out(figure, len(view.frames), top)
    return figure.done()


def _strip(figure: Figure, view: Strip, frame: Frame, top: float) -> float:
    low, high = span([frame], False)
    most = max(abs(low), abs(high)) or 1.0
    x, y = 12.0, top + 16
    for piece, value in zip(view.pieces, frame.values.tolist(), strict=True):
        width = _LETTER * max(1, len(piece.replace("\n", "")))
        if x > 12 and x + width > _LINE:
            x, y = 12.0, y + 30
        share = min(1.0, abs(value) / most) if value == value else 0.0
        kind = "minus" if value < 0 else "plus"
        told = f"{piece.strip()}: {amount(value)}"
        figure.rect((x, y - 15), (width, 21), kind, told, fill_opacity=f"{0.65 * share:.3f}", rx=3)
        figure.text(x, y, piece.replace("\n", ""))
        x += width
        if "\n" in piece:
            x, y = 12.0, y + 30
    if view.measured:
        figure.text(12, y + 24, f"{amount(low)} to {amount(high)}", "soft")
    return y + (54 if view.measured else 30)


def draw_rows(view: Rows) -> bytes:
    figure, x = Figure(view.title, view.about), 12.0
    for column, head in enumerate(view.heads):
        texts = [_cell(row[column]) for row in view.rows]
        width = _LETTER * max(map(len, (head, *texts)))
        figure.text(x, 56, head, "soft")
        for down, text in enumerate(texts):
            y, value = 78 + 20.0 * down, view.rows[down][column]
            figure.text(x, y, text)
            if head in view.shares and not isinstance(value, str):
                share = min(1.0, max(0.0, float(value)))
                figure.rect((x + width + 8, y - 9), (70 * share, 8), "bar", text)
        x += width + (100 if head in view.shares else 24)
    return figure.done()


def _cell(value: str | int | float) -> str:
    return _short(value, _WIDEST) if isinstance(value, str) else amount(float(value))


def _short(name: str, longest: int = _LONGEST) -> str:
    text = name.replace("\n", "⏎")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _url(pixels: "npt.NDArray[np.uint8]") -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
