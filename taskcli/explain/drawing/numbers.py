"""How numbers are written, and coloured."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskcli.explain.views.kinds import Frame
from taskcli.output.palette import colormap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from taskcli.explain.views.kinds import Array

_COVER = 0.8  # of a picture, by the greatest number
_NOTHING = (128, 128, 128)  # where there is no number


def amount(value: float, unit: str = "") -> str:
    """Three digits."""
    if not math.isfinite(value):
        return "none"
    few = value != 0 and not 1e-4 <= abs(value) < 1e6
    text = f"{value:.2e}" if few else f"{float(f'{value:.3g}'):.10g}"
    return f"{text} {unit}" if unit else text


def span(frames: Sequence[Frame], signed: bool) -> tuple[float, float]:
    """What the colours of these reach from and to; of `signed` numbers zero is the middle."""
    import numpy as np

    known = [one.values[np.isfinite(one.values)] for one in frames]
    full = [one for one in known if one.size]
    low, high = (
        min((float(one.min()) for one in full), default=0.0),
        max((float(one.max()) for one in full), default=0.0),
    )
    most = max(abs(low), abs(high))
    return (-most, most) if signed else (low, high)


def coloured(values: "Array", ends: tuple[float, float], signed: bool) -> "npt.NDArray[np.uint8]":
    """Colours of numbers [h, w], uint8 [h, w, 3]."""
    import numpy as np

    pixels = colormap(_levels(values, ends), signed)
    pixels[~np.isfinite(values)] = _NOTHING
    return pixels


def weights(values: "Array", ends: tuple[float, float], signed: bool) -> "npt.NDArray[np.uint8]":
    """How much of a picture under them the colours cover, uint8 [h, w]: small numbers little."""
    import numpy as np

    levels = _levels(values, ends)
    shares = np.abs(2 * levels - 1) if signed else levels
    shown: npt.NDArray[np.uint8] = np.rint(255 * _COVER * np.sqrt(shares)).astype(np.uint8)
    return shown


def _levels(values: "Array", ends: tuple[float, float]) -> "Array":
    """From 0 to 1."""
    import numpy as np

    low, high = ends
    known = np.where(np.isfinite(values), values, low)
    levels: Array = np.clip((known - low) / ((high - low) or 1.0), 0, 1)
    return levels
