"""depth: the map as 16-bit PNG with its scale, as float32 array, and in colours."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from taskcli.media.amounts import ends
from taskcli.media.items import ImageInput
from taskcli.output.artifacts import Contents
from taskcli.output.artifacts.encode import png, to_look_at
from taskcli.output.palette import colormap
from taskcli.output.writer import Layout
from taskcli.results import DepthMap, Record

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = ".colours"
_LEVELS = 65_535
_MILLIMETRES = 0.001  # metres; what readers of depth PNGs assume
_OUTLIERS = (1, 99)  # percentiles that the colours span
_LEFT_OUT = 0.02  # of all pixels: what these leave out


def endings(layout: Layout) -> tuple[str, ...]:
    return ".depth.png", ".depth.npy", ".colours.*"


def render(record: Record, layout: Layout) -> Contents:
    yield from beside(record, layout)
    extension, content = to_look_at(picture(record, layout))
    yield f"{SHOWN}{extension}", content


def picture(record: Record, layout: Layout) -> "Image":
    return coloured(record.result, layout)


def beside(record: Record, layout: Layout) -> Contents:
    """What is left of a picture beside the one to be looked at, the depths themselves last."""
    yield ".depth.png", _sixteen_bits(record.result)
    yield ".depth.npy", _array(record.result)


class Scale:
    """The depths that the colours of many pictures span: no more of any one is beyond them than
    of a picture by itself."""

    def __init__(self) -> None:
        self._low, self._high = math.inf, -math.inf
        self._units: Literal["m", "relative"] = "relative"

    def take(self, depth: DepthMap) -> None:
        import numpy as np

        low, high = (float(end) for end in np.percentile(depth.values, _OUTLIERS))
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._units = depth.units

    @property
    def range(self) -> str:
        """As --depth-range has it, of the pictures that were taken."""
        return f"{self._low:.6g},{self._high:.6g}"

    def kept(self, file: Path) -> DepthMap:
        """What `beside` left of a picture."""
        import numpy as np

        values = np.load(file, allow_pickle=False)
        low, high, mean = (float(end) for end in (values.min(), values.max(), values.mean()))
        height, width = values.shape
        return DepthMap(low, high, mean, width, height, self._units, values)


def told(record: Record, layout: Layout) -> Record:
    """The record with what the levels of the PNG mean, and what the colours do not tell."""
    scale, offset = _scale(record.result)
    depth = replace(record.result, depth_scale=scale, depth_offset=offset)
    warnings = (*record.warnings, *_unseen(record.result, layout))
    return replace(record, result=depth, warnings=warnings)


def coloured(depth: DepthMap, layout: Layout) -> "Image":
    """A picture in which near is light and far is dark."""
    import numpy as np
    from PIL import Image

    values = depth.values
    low, high = ends(layout.depth_range) or np.percentile(values, _OUTLIERS)
    levels = np.clip((values - low) / ((high - low) or 1), 0, 1)
    return Image.fromarray(colormap(levels if depth.units == "relative" else 1 - levels))


def drawn(depth: DepthMap, item: ImageInput, layout: Layout, names: bool) -> "Image":
    return coloured(depth, layout)


def _unseen(depth: DepthMap, layout: Layout) -> Iterator[str]:
    """What to say of depths beyond a range, if they are more than are left out unasked."""
    asked = ends(layout.depth_range)
    if asked is None or (asked[0] <= depth.min and depth.max <= asked[1]):
        return
    values, (low, high) = depth.values, asked
    share = float(((values < low) | (values > high)).mean())
    if share > _LEFT_OUT:
        yield f"{share:.0%} of the pixels are drawn as the ends of --depth-range"


def _sixteen_bits(depth: DepthMap) -> bytes:
    """depth = pixel * depth_scale + depth_offset, by the PNG's text chunks."""
    import numpy as np

    scale, offset = _scale(depth)
    levels = np.clip(np.round((depth.values.astype(np.float64) - offset) / scale), 0, _LEVELS)
    notes = {"depth_scale": scale, "depth_offset": offset, "units": depth.units}
    return png(levels.astype(np.uint16), **notes)


def _scale(depth: DepthMap) -> tuple[float, float]:
    """Whole millimetres where they reach far enough, else the map's own range in all levels."""
    if depth.units == "m" and depth.min >= 0 and depth.max <= _LEVELS * _MILLIMETRES:
        return _MILLIMETRES, 0.0
    return (depth.max - depth.min) / _LEVELS or 1.0, depth.min


def _array(depth: DepthMap) -> bytes:
    import numpy as np

    content = io.BytesIO()
    np.save(content, depth.values.astype(np.float32))
    return content.getvalue()
