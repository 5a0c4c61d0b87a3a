"""A recording cut into frames, with what was heard in each, as a drawing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from taskcli.explain.drawing.svg import Figure
from taskcli.explain.views.kinds import Wave

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

_FRAME, _WIDEST, _LEAST = 16.0, 12_000.0, 4.0  # pixels of a frame; of all; for lines between them
_HIGH, _TOP, _LEFT = 120.0, 48.0, 12.0  # pixels
_LETTER = 7.3


def draw_wave(view: Wave) -> bytes:
    figure = Figure(view.title, view.about)
    seconds = len(view.samples) / view.rate
    second = min(_WIDEST / max(seconds, view.step), _FRAME / view.step)  # in pixels
    figure.rect((_LEFT, _TOP), (seconds * second, _HIGH), "none line")
    if view.step * second >= _LEAST:
        figure.path(_lines(seconds, view.step, second), "none line")
    figure.path(_outline(view.samples, seconds * second), "wave")
    for piece in view.pieces:
        x, width = _LEFT + piece.start * second, max(1.0, (piece.end - piece.start) * second)
        kind = "kept" if piece.is_kept else "dropped"
        told = f"{piece.text}: {piece.start:.2f} to {piece.end:.2f} s, {kind}"
        figure.rect((x, _TOP + _HIGH + 8), (width, 24), kind, told, rx=4)
        letters = piece.text[: max(1, int(width / _LETTER))]
        kind = "middle" if piece.is_kept else "middle soft"
        figure.text(x + width / 2, _TOP + _HIGH + 24, letters, kind)
    told = f"{seconds:.2f} s in frames of {view.step * 1e3:.3g} ms"
    figure.text(_LEFT, _TOP + _HIGH + 54, told, "soft")
    return figure.done()


def _lines(seconds: float, step: float, second: float) -> Iterator[str]:
    count = int(seconds / step + 1e-6)
    return (f"M{_LEFT + at * step * second:.1f} {_TOP:g}v{_HIGH:g}" for at in range(count + 1))


def _outline(samples: "Array", width: float) -> Iterator[str]:
    """A stroke for each pixel, from the least to the greatest sample there."""
    import numpy as np

    if not len(samples):
        return
    starts = np.unique(np.linspace(0, len(samples), max(1, int(width)), False).astype(int))
    low, high = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    middle, scale = _TOP + _HIGH / 2, (_HIGH / 2 - 4) / (float(np.abs(samples).max()) or 1.0)
    for x, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        top, bottom = middle - most * scale, middle - least * scale
        yield f"M{_LEFT + 0.5 + x * width / len(starts):.1f} {top:.1f}V{max(bottom, top + 0.7):.1f}"
