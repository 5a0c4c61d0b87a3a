"""Views as JSON values: the fewer numbers a view has, the more exact each is."""

import base64
from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from taskcli.explain.views.kinds import Frame, Grid, Looks, Maps, Rows, Strip, Tree, View, Wave
from taskcli.output.serialize import plain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from taskcli.explain.views.kinds import Array

Packed: TypeAlias = dict[str, Any]

# Up to so many numbers of a view are float32, then levels of 16 bits, which is four digits of the
# frame's range; beyond, levels of 8 bits.
_EXACT, _FINE = 20_000, 600_000
_STRETCHES = 24_000  # of a waveform that are told apart


def packed(view: View, room: int) -> Packed:
    """A view, of whose frames those that take more than `room` characters are left out."""
    return {"title": view.title, "about": view.about, **_packed(view, room)}


@singledispatch
def _packed(view: View, room: int) -> Packed:
    return {"kind": "other"}


@_packed.register
def _(view: Maps, room: int) -> Packed:
    extent = None if view.extent is None else list(view.extent)
    told = {"signed": view.signed, "shared": view.shared, "unit": view.unit, "extent": extent}
    return {"kind": "maps", **told, **_frames(view.frames, view.axes, room)}


@_packed.register
def _(view: Looks, room: int) -> Packed:
    lies = {"grid": list(view.grid), "extent": list(view.extent)}
    return {"kind": "looks", **lies, **_frames(view.frames, view.axes, room)}


@_packed.register
def _(view: Grid, room: int) -> Packed:
    return {
        "kind": "grid",
        "rows": list(view.rows),
        "columns": list(view.columns),
        "marked": [list(cell) for cell in view.marked],
        "row_name": view.row_name,
        "column_name": view.column_name,
        "signed": view.signed,
        **_frames(view.frames, view.axes, room),
    }


@_packed.register
def _(view: Strip, room: int) -> Packed:
    told = {"pieces": list(view.pieces), "signed": view.signed, "measured": view.measured}
    return {"kind": "strip", **told, **_frames(view.frames, view.axes, room)}


@_packed.register
def _(view: Rows, room: int) -> Packed:
    rows = [[plain(cell) for cell in row] for row in view.rows]
    shares = [head in view.shares for head in view.heads]
    return {"kind": "rows", "heads": list(view.heads), "rows": rows, "shares": shares}


@_packed.register
def _(view: Tree, room: int) -> Packed:
    return {"kind": "tree", "nodes": [plain(node) for node in view.nodes]}


@_packed.register
def _(view: Wave, room: int) -> Packed:
    return {
        "kind": "wave",
        "seconds": len(view.samples) / view.rate,
        "step": view.step,
        "pieces": [plain(piece) for piece in view.pieces],
        "frames": [_frame(Frame(_envelope(view.samples)), _FINE)],
    }


def _frames(frames: Sequence[Frame], axes: Sequence[str], room: int) -> Packed:
    shown = list(_that_fit(frames, room))
    return {"axes": list(axes), "frames": shown, "left_out": len(frames) - len(shown)}


def _that_fit(frames: Sequence[Frame], room: int) -> Iterator[Packed]:
    count = sum(frame.values.size for frame in frames)
    for frame in frames:
        one = _frame(frame, count)
        room -= len(one["data"])
        if room < 0:
            return
        yield one


def _frame(frame: Frame, count: int) -> Packed:
    """One of a view that has `count` numbers in all; `low` and `high` are its least and greatest.

    Levels are those of equal steps between these two, but the topmost, which is no number.
    """
    import numpy as np

    values = np.ascontiguousarray(frame.values, np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    code, numbers = _coded(values, low, high, count)
    return {
        "place": list(frame.place),
        "note": frame.note,
        "box": None if frame.box is None else [float(side) for side in frame.box],
        "shape": list(values.shape),
        "low": low,
        "high": high,
        "code": code,
        "data": base64.b64encode(numbers.tobytes()).decode("ascii"),
    }


def _coded(
    values: "Array", low: float, high: float, count: int
) -> "tuple[str, npt.NDArray[np.generic]]":
    import numpy as np

    if count <= _EXACT:
        return "f4", values.astype("<f4")
    code, top = ("u2", 65_535) if count <= _FINE else ("u1", 255)
    shares = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    levels = np.where(np.isfinite(shares), np.rint(shares * (top - 1)), top)
    return code, levels.astype(f"<{code}")


def _envelope(samples: "Array") -> "Array":
    """The least and the greatest sample of each stretch, [stretches, 2]."""
    import numpy as np

    starts = np.unique(np.linspace(0, len(samples), _STRETCHES, endpoint=False).astype(int))
    if not len(samples):
        return np.zeros((1, 2), np.float32)
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], 1)
