"""What an image processor did with one picture, done again with others of that size.

Most resize and crop; the rest of a call is checks of its arguments and copies, which cost a small
picture a third of its resizing, and which threads wait for. That a processor does no more is tried
when it is loaded, on noise; what is done again gave its own answer, to the bit, for a picture of
each size whose channels differ. A grey one would not show that they change places.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from taskcli.runtime.levels import PIXELS
from taskcli.runtime.resizing import Resizing, noted

_MOST_SIZES = 256  # that are kept; most folders have a few

Features = Mapping[str, Any]


@dataclass(frozen=True)
class _Recipe:
    """How a picture of one size is resized, which rows and columns are kept, and its masks."""

    resizing: Resizing
    rows: slice
    columns: slice
    masks: Mapping[str, tuple[torch.Size, torch.dtype]]  # of ones alone

    def made(self, picture: Image.Image) -> Features:
        levels = np.asarray(self.resizing.made(picture))[self.rows, self.columns]
        channels = np.ascontiguousarray(levels.transpose(2, 0, 1))
        masks = {name: torch.ones(size, dtype=kind) for name, (size, kind) in self.masks.items()}
        return {**masks, PIXELS: torch.from_numpy(channels)[None]}


class Repeating:
    """A processor's `preprocess` that gives levels and resizes unread, for single pictures."""

    def __init__(self, own: Callable[..., Features]) -> None:
        self._own = own
        self._recipes: dict[tuple[int, int], _Recipe | None] = {}

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Features:
        is_usual = kwargs == {"return_tensors": "pt"} and not args and len(images) == 1
        if not is_usual or not isinstance(images[0], Image.Image) or images[0].mode != "RGB":
            return self._own(images, *args, **kwargs)
        [picture] = images
        recipe = self._recipes.get(picture.size)
        if recipe is not None:
            return recipe.made(picture)
        with noted() as resized:
            features = self._own(images, **kwargs)
        if (
            picture.size not in self._recipes
            and len(self._recipes) < _MOST_SIZES
            and _tells_channels(features[PIXELS])
        ):
            self._recipes[picture.size] = _recipe(picture, features, resized)
        return features


def _tells_channels(pixels: torch.Tensor) -> bool:
    """Whether [1, channels, height, width] would show that channels change places."""
    return pixels.shape[1] == 1 or not torch.equal(pixels[:, 0], pixels[:, -1])


def _recipe(picture: Image.Image, features: Features, resized: list[Resizing]) -> _Recipe | None:
    """What gives the features; None where one resizing, one crop and masks do not."""
    masks = {name: value for name, value in features.items() if name != PIXELS}
    pixels = features[PIXELS]
    plain = all(name.endswith("_mask") and bool((mask == 1).all()) for name, mask in masks.items())
    if len(resized) != 1 or not plain or len(pixels) != 1:
        return None
    (wide, high), (height, width) = resized[0].size, pixels.shape[-2:]
    top, left = (high - height) // 2, (wide - width) // 2
    if min(top, left) < 0:
        return None
    known = {name: (mask.shape, mask.dtype) for name, mask in masks.items()}
    found = _Recipe(resized[0], slice(top, top + height), slice(left, left + width), known)
    return found if torch.equal(found.made(picture)[PIXELS], pixels) else None
