"""What a small map is at a picture's size, by bicubic interpolation, without all of its pixels."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Size = tuple[int, int]  # height and width in pixels
_SHARPNESS = -0.75  # of torch's cubic kernel: its slope one pixel away
_AT_ONCE = 1 << 15  # pixels that are computed together
_ROUNDING = 1e-6  # of a number: what exceeds it by less may be the same


class Summary(NamedTuple):
    """Of all pixels; the sums that make a mean are in float64."""

    least: float
    greatest: float
    mean: float


class Enlarged:
    """A map, float32 [h, w], at a picture's size: made by torch when it is first asked for."""

    def __init__(self, small: "np.ndarray", size: Size) -> None:
        self._small = small
        self._size = size

    def __call__(self) -> "np.ndarray":
        """Float32 [height, width]."""
        return self._made

    @cached_property
    def _made(self) -> "np.ndarray":
        import torch

        made: np.ndarray = enlarged(torch.from_numpy(self._small), self._size).numpy()
        return made


def enlarged(small: "Tensor", size: Size) -> "Tensor":
    """A map [h, w] with every pixel of the picture, [height, width]."""
    from torch.nn.functional import interpolate

    return interpolate(small[None, None], size=size, mode="bicubic", align_corners=False)[0, 0]


def summary(small: "Tensor", size: Size) -> Summary:
    """The numbers of `enlarged(small, size)`, to about 1e-6 of each; `small` is float32, finite.

    The mean weighs the pixels of the small map. The extremes are looked for in its cells, the
    squares between four neighbours, best first, until no other cell can hold a greater number.
    """
    rows, columns = (_Side.of(*sides) for sides in zip(small.shape, size, strict=True))
    mean = rows.shares @ small.double() @ columns.shares
    return Summary(-_greatest(-small, rows, columns), _greatest(small, rows, columns), float(mean))


@dataclass(frozen=True)
class _Side:
    """One side of a map of n pixels, in n + 1 cells: before the first pixel, between two, behind.

    `weights` [cells, pixels, 4] make the most pixels that a cell has of those of the small map
    around it, the last repeated where a cell has fewer; `empty` [cells] is where it has none.
    `shares` [n], float64, are what each pixel of the small map adds to the mean.
    """

    weights: "Tensor"
    empty: "Tensor"
    shares: "Tensor"

    @classmethod
    def of(cls, source: int, target: int) -> "_Side":
        """The places are those of torch's own interpolation: middles on middles of pixels."""
        import torch

        places = (torch.arange(target) + 0.5) * (torch.tensor(float(source)) / target) - 0.5
        cells = places.floor()
        weights = _cubic(places - cells)
        cells = cells.long() + 1
        counts = cells.bincount(minlength=source + 1)
        taken = torch.arange(int(counts.max())).minimum(counts[:, None] - 1)
        pixels = (counts.cumsum(0) - counts)[:, None] + taken
        around = (cells[:, None] + torch.arange(-2, 2)).clamp(0, source - 1)
        shares = torch.zeros(source, dtype=torch.float64)
        shares.scatter_add_(0, around.flatten(), weights.double().flatten() / target)
        return cls(weights[pixels.clamp(min=0)], counts == 0, shares)


def _cubic(share: "Tensor") -> "Tensor":
    """Weights [n, 4] of the neighbours of places that are so far, [n], from the second of them."""
    import torch

    a = _SHARPNESS
    far, near = share + 1, 1 - share
    return torch.stack(
        [
            ((a * far - 5 * a) * far + 8 * a) * far - 4 * a,
            ((a + 2) * share - (a + 3)) * share * share + 1,
            ((a + 2) * near - (a + 3)) * near * near + 1,
            ((a * (near + 1) - 5 * a) * (near + 1) + 8 * a) * (near + 1) - 4 * a,
        ],
        -1,
    )


def _greatest(small: "Tensor", rows: _Side, columns: _Side) -> float:
    """The greatest number at the picture's size."""
    import torch
    from torch.nn.functional import pad

    known = pad(small[None], (2, 2, 2, 2), mode="replicate")[0]
    bounds = _bounds(known)
    bounds[rows.empty] = -float("inf")
    bounds[:, columns.empty] = -float("inf")
    bounds = bounds.flatten()
    pixels = rows.weights.shape[1] * columns.weights.shape[1]
    best = float(torch.finfo(small.dtype).min)
    while len(open_ := (bounds > best + _ROUNDING * abs(best)).nonzero()[:, 0]):
        likely = bounds[open_].topk(min(len(open_), max(1, _AT_ONCE // pixels))).indices
        cells = open_[likely]
        best = max(best, float(_values(known, cells, rows, columns).max()))
        bounds[cells] = -float("inf")
    return best


def _bounds(known: "Tensor") -> "Tensor":
    """What no pixel of a cell exceeds, [h + 1, w + 1], for a map [h + 4, w + 4].

    Between two pixels the interpolation is a polynomial, and never above the greatest of its
    Bernstein coefficients: the two pixels and a third of the slopes away from them.
    """
    middle, slopes = known[1:-1], (known[2:] - known[:-2]) * (-_SHARPNESS / 3)
    return _corners(*(_across(part) for part in (middle, middle + slopes, middle - slopes)))


def _across(known: "Tensor") -> "Tensor":
    middle, slopes = known[:, 1:-1].T, (known[:, 2:] - known[:, :-2]).T * (-_SHARPNESS / 3)
    return _corners(middle, middle + slopes, middle - slopes).T


def _corners(middle: "Tensor", ahead: "Tensor", back: "Tensor") -> "Tensor":
    """The greatest of each two neighbouring rows, with what leads from one to the other."""
    return middle.maximum(ahead)[:-1].maximum(middle.maximum(back)[1:])


def _values(known: "Tensor", cells: "Tensor", rows: _Side, columns: _Side) -> "Tensor":
    """All pixels of some cells, [cells, pixels down, pixels across]."""
    windows = known.unfold(0, 4, 1).unfold(1, 4, 1)
    row, column = cells // windows.shape[1], cells % windows.shape[1]
    return rows.weights[row] @ windows[row, column] @ columns.weights[column].transpose(1, 2)
