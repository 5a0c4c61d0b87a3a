"""Pictures stay levels, a byte each, up to the device, where they become a model's numbers.

An image processor makes four bytes of each level, by one rule for all pictures: it divides them,
takes a mean off and divides by a deviation, of each channel, and pads with zeros. Asked not to, it
gives the levels. Whether a rule is the processor's is seen on pictures that it gave in both ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

PIXELS = "pixel_values"
# What processors call their making numbers of levels; EfficientNet's does it a second time.
_STEPS = ("do_rescale", "do_normalize", "include_top")
_CLOSE = 1e-5  # one level more or less makes a thousandth at least

Features = Mapping[str, Any]
Array = NDArray[np.float32]
Floats = TypeVar("Floats", torch.Tensor, Array)


@dataclass(frozen=True, eq=False)
class Scaling:
    """What makes numbers of levels, by the steps of transformers, so that each rounds as theirs.

    These are float32 [channels or 1, 1, 1]. `mask` names the input that says what is no padding,
    where padding is zero as a number.
    """

    divisor: Array
    mean: Array
    deviation: Array
    mask: str | None

    def numbers(self, inputs: Features) -> Features:
        """Model inputs with float32 in the place of levels [rows, channels, height, width]."""
        levels = inputs.get(PIXELS)
        if levels is None or levels.dtype != torch.uint8:
            return inputs
        # As tensors there: by a number, a GPU multiplies with its inverse in place of dividing.
        steps = (torch.from_numpy(one).to(levels.device) for one in self._steps)
        return {**inputs, PIXELS: _scaled(levels.float(), *steps, seen=self._seen(inputs))}

    def is_of(self, numbers: Features, levels: Features) -> bool:
        """Whether it makes these numbers of these levels, both on the host."""
        floats: Array = levels[PIXELS].astype(np.float32)
        made = _scaled(floats, *self._steps, seen=self._seen(levels))
        return bool(np.abs(made - numbers[PIXELS]).max() <= _CLOSE)

    @property
    def _steps(self) -> tuple[Array, Array, Array]:
        return self.divisor, self.mean, self.deviation

    def _seen(self, inputs: Features) -> Any:
        return None if self.mask is None else inputs[self.mask][:, None]


def _scaled(
    levels: Floats, divisor: Floats, mean: Floats, deviation: Floats, *, seen: Floats | None
) -> Floats:
    """In their place."""
    levels /= divisor
    levels -= mean
    levels /= deviation
    if seen is not None:
        levels *= seen
    return levels


def left_out(processor: Any) -> dict[str, bool]:
    """The arguments with which a processor gives levels, if there is anything to leave out."""
    return {name: False for name in _STEPS if getattr(processor, name, None)}


def scaling_of(
    processor: Any, numbers: Sequence[Features], levels: Sequence[Features], known: frozenset[str]
) -> Scaling | None:
    """What makes the numbers of the levels, arrays of the same pictures; None where nothing does.

    `known` are the arguments of the model, which gets no mask that it does not know.
    """
    if not all(map(_differ_in_levels_alone, numbers, levels)):
        return None
    masks = [name for name in numbers[0] if name.endswith("_mask") and name in known]
    tried = (
        find(mask)
        for mask in (*masks, None)
        for find in (partial(_stated, processor), partial(_fitted, numbers[0], levels[0]))
    )
    right = (one for one in tried if one is not None and all(map(one.is_of, numbers, levels)))
    return next(right, None)


def _differ_in_levels_alone(numbers: Features, levels: Features) -> bool:
    return numbers.keys() == levels.keys() and all(
        _is_in_levels(value, levels[name])
        if name == PIXELS
        else np.array_equal(value, levels[name])
        for name, value in numbers.items()
    )


def _is_in_levels(numbers: Any, levels: Any) -> bool:
    kinds = [getattr(one, "dtype", None) for one in (numbers, levels)]
    return kinds == [np.float32, np.uint8] and numbers.shape == levels.shape and numbers.ndim == 4


def _stated(processor: Any, mask: str | None) -> Scaling:
    """By the processor's own settings, to the bit where it does no more than most."""
    rescales, normalizes = (getattr(processor, name, None) for name in _STEPS[:2])
    divisor = 1 / processor.rescale_factor if rescales else 1.0
    mean = processor.image_mean if normalizes else 0.0
    deviation = processor.image_std if normalizes else 1.0
    return Scaling(_of_channels(divisor), _of_channels(mean), _of_channels(deviation), mask)


def _fitted(numbers: Features, levels: Features, mask: str | None) -> Scaling | None:
    """By the darkest and the brightest level of each channel in a picture."""
    told, given = _unpadded(numbers, mask), _unpadded(levels, mask)
    channels, darkest, brightest = range(len(given)), given.argmin(1), given.argmax(1)
    low, high = told[channels, darkest], told[channels, brightest]
    dark, bright = given[channels, darkest], given[channels, brightest]
    if (low == high).any():
        return None
    deviation = (bright - dark) / (high - low)
    mean = dark - low * deviation
    return Scaling(_of_channels(1.0), _of_channels(mean), _of_channels(deviation), mask)


def _unpadded(features: Features, mask: str | None) -> NDArray[np.float64]:
    """A picture's values [channels, pixels]."""
    values: NDArray[np.float64] = features[PIXELS][0].astype(np.float64)
    return values.reshape(len(values), -1) if mask is None else values[:, features[mask][0] > 0]


def _of_channels(values: Any) -> Array:
    return np.atleast_1d(np.asarray(values, np.float32))[:, None, None]
