"""Where what a model is given lies on the picture: processors resize, crop and pad."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskcli.explain.views.kinds import WHOLE, Box
from taskcli.media.items import ImageInput, Item
from taskcli.task import Batch, Task

if TYPE_CHECKING:
    import numpy as np

    from taskcli.explain.views.kinds import Array

_MOST_SIDE = 96  # cells of a map; a finer one is averaged
_LEVEL = 1 / 128  # of a share that is read off a level between 0 and 255
_WITHIN = 0.02  # of a share, of a column that lies where the others say


@dataclass(frozen=True)
class Plane:
    """What a model is given, in pixels, and where that lies on the picture, if it is known."""

    height: int
    width: int
    extent: Box | None

    def fits(self, grid: tuple[int, int]) -> bool:
        """Whether the cells of a grid (h, w) can be as wide as they are high."""
        height, width = grid
        skewed = abs(height * self.width - width * self.height)
        largest = max(self.height, self.width)
        return 1 < height <= self.height and 1 < width <= self.width and skewed < largest

    def scale(self, grid: tuple[int, int]) -> str:
        """How much coarser a grid (h, w) is: `1/8`; halves may have been rounded on the way."""
        halved = (2**times for times in range(8))
        side = next((one for one in halved if abs(self.height / one - grid[0]) < 1), None)
        return f"1/{side or round(self.height / grid[0])}"

    def grid_of(self, count: int, side: int | None = None) -> tuple[int, int] | None:
        """(h, w) of so many cells, of a size that models have."""
        sides = [side] if side else [2, 4, 8, 16, 32, 64]
        return next((one for one in self._grids(sides) if one[0] * one[1] == count), None)

    def _grids(self, sides: list[int]) -> Iterator[tuple[int, int]]:
        for side in sides:
            yield self.height // side, self.width // side
            yield -(-self.height // side), -(-self.width // side)


def plane_of(task: Task[Any, Any, Any], batches: Sequence[Batch], item: Item) -> Plane | None:
    """None where the model is given other than one picture, once, in rows of pixels."""
    if not isinstance(item, ImageInput) or len(batches) > 1:
        return None
    shape = tuple(getattr(batches[0].inputs.get("pixel_values"), "shape", ()))
    if len(shape) != 4 or shape[0] != 1:
        return None
    return Plane(shape[2], shape[3], _extent(task, item))


def bounded(values: "Array") -> "Array":
    """A map [h, w], at most 96 cells a side: of more, neighbours are averaged."""
    import torch

    side = -(-max(values.shape) // _MOST_SIDE)
    if side == 1:
        return values
    size = [-(-length // side) for length in values.shape]
    pooled = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(values)[None], size)[0]
    array: Array = pooled.numpy()
    return array


def _extent(task: Task[Any, Any, Any], item: ImageInput) -> Box | None:
    """Measured: the processor is given a picture of which each level tells its place.

    What a pure black and a pure white one become tells levels from it; where they are the same,
    there is padding.
    """
    import numpy as np

    width, height = item.image.size
    across = np.broadcast_to((np.arange(width) + 0.5) / width, (height, width))
    down = np.broadcast_to(((np.arange(height) + 0.5) / height)[:, None], (height, width))
    places, black, white = (
        _given(task, item, np.stack([red, green, red], -1))
        for red, green in ((across, down), (0 * across, 0 * down), (0 * across + 1, 0 * down + 1))
    )
    if not places.shape == black.shape == white.shape:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (places - black) / np.where(white == black, np.nan, white - black)
    x, y = _sides(_medians(shares[0], 0)), _sides(_medians(shares[1], 1))
    return (x[0], y[0], x[1], y[1]) if x and y else None


def _given(task: Task[Any, Any, Any], item: ImageInput, shares: "np.ndarray") -> "np.ndarray":
    """[3, h, w] of what the model is given for a picture, shares [height, width, 3]."""
    from PIL import Image

    picture = Image.fromarray((shares * 255).round().astype("uint8"))
    ((_, part),) = task.encode([replace(item, image=picture)])
    given: np.ndarray = part.inputs["pixel_values"][0].float().cpu().numpy()
    return given


def _medians(shares: "np.ndarray", axis: int) -> "np.ndarray":
    """Of [h, w], without what is padding; NaN where all is."""
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of lines that are padding alone
        medians: np.ndarray = np.nanmedian(shares, axis)
    return medians


def _sides(shares: "np.ndarray") -> tuple[float, float] | None:
    """Where the first and the last edge lie, of the shares of the picture at each cell [n].

    None unless most cells are in one row, of a constant step: others may repeat the edges.
    """
    import numpy as np

    cells = np.flatnonzero(np.isfinite(shares))
    apart = len(cells) // 3
    if apart < 2:
        return None
    known = shares[cells]
    step = np.median((known[apart:] - known[:-apart]) / (cells[apart:] - cells[:-apart]))
    first = np.median(known - step * cells)
    inside = np.abs(known - step * cells - first) < _WITHIN
    if step <= 0 or inside.mean() < 0.5:
        return None
    step, first = np.polyfit(cells[inside], known[inside], 1)
    return _snapped(first - step / 2), _snapped(first + step * (len(shares) - 0.5))


def _snapped(share: float) -> float:
    """On the edge of the picture, where it is that but for what a level can tell."""
    near = min(WHOLE, key=lambda edge: abs(share - edge))
    return float(near if abs(share - near) < _LEVEL else share)
