"""The numbers of a depth map at a picture's size are those of all its pixels, made or not."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from taskcli.errors import InputError
from taskcli.results import DepthMap
from taskcli.tasks import bicubic
from taskcli.tasks.bicubic import Size, summary
from taskcli.tasks.depth import _enlarged_map

CLOSE = {"rel": 1e-5, "abs": 1e-5}


def noise(size: Size) -> torch.Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(1)) * 10


def smooth(size: Size) -> torch.Tensor:
    return whole(noise((3, 4)), size)


def spike(size: Size) -> torch.Tensor:
    """It overshoots around a single pixel."""
    made = torch.full(size, 2.0)
    made[size[0] // 2, size[1] // 2] = 9
    return made


MAPS: tuple[Callable[[Size], torch.Tensor], ...] = (
    noise,
    smooth,
    spike,
    lambda size: smooth(size) + noise(size) / 200,
    lambda size: smooth(size).clamp(max=5) + noise(size) * 1e-6,  # a sky
    lambda size: (smooth(size) - 5).relu(),
    lambda size: smooth(size) - 100,
    lambda size: torch.full(size, 3.3),
)


def whole(small: torch.Tensor, size: Size) -> torch.Tensor:
    return interpolate(small[None, None], size=size, mode="bicubic", align_corners=False)[0, 0]


@pytest.mark.parametrize("made", MAPS)
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((48, 64), (300, 400)),
        ((37, 53), (411, 602)),  # no whole number of times as large
        ((37, 53), (41, 60)),
        ((40, 50), (13, 20)),  # smaller: some of its pixels make nothing
        ((24, 24), (10, 900)),
        ((2, 1), (50, 40)),
        ((1, 1), (50, 40)),
    ],
)
def test_the_numbers_are_those_of_every_pixel(
    made: Callable[[Size], torch.Tensor], source: Size, target: Size
) -> None:
    small = made(source)
    pixels = whole(small, target).double()
    expected = [float(number) for number in (pixels.min(), pixels.max(), pixels.mean())]
    assert list(summary(small, target)) == pytest.approx(expected, **CLOSE)


def test_few_pixels_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    values = bicubic._values

    def counted(*asked: object) -> torch.Tensor:
        found = values(*asked)  # type: ignore[arg-type]
        computed.append(found.numel())
        return found

    monkeypatch.setattr(bicubic, "_values", counted)
    small = smooth((240, 320)) + noise((240, 320)) / 200
    summary(small, (3000, 4000))
    assert 0 < sum(computed) < 3000 * 4000 / 50


def test_cells_are_looked_at_until_none_can_be_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, so that the first is seldom the best."""
    monkeypatch.setattr(bicubic, "_AT_ONCE", 1)
    small = noise((20, 30))
    pixels = whole(small, (90, 140))
    found = summary(small, (90, 140))
    assert found[:2] == pytest.approx([float(pixels.min()), float(pixels.max())], **CLOSE)


def answered(size: Size) -> DepthMap:
    return _enlarged_map(noise((30, 40)), size, "m")


def test_the_pixels_of_a_large_picture_are_made_when_they_are_read() -> None:
    depth = answered((300, 401))
    assert callable(depth.source)
    assert (depth.height, depth.width) == (300, 401)
    expected = whole(noise((30, 40)), (300, 401)).numpy()
    assert depth.values.dtype == np.float32
    assert np.array_equal(depth.values, expected)
    assert depth.values is depth.values
    assert np.array_equal(pickle.loads(pickle.dumps(answered((300, 401)))).values, expected)


def test_those_of_a_small_one_are_kept() -> None:
    depth = answered((33, 44))
    assert depth.source is depth.values
    assert np.array_equal(depth.values, whole(noise((30, 40)), (33, 44)).numpy())
    assert depth.max == depth.values.max()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_large_map_of_what_is_no_number_is_an_error(value: float) -> None:
    small = noise((30, 40))
    small[3, 4] = value
    with pytest.raises(InputError, match="not numbers"):
        _enlarged_map(small, (300, 400), "m")
