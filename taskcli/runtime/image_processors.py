"""Image processors that do less for each picture, where what the model is given stays the same.

Whether one can is tried when its checkpoint is loaded, on pictures that it is asked for in both
ways: what it is called, and what else it does, does not matter.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import BaseImageProcessor

from taskcli.runtime.levels import Features, Scaling, left_out, scaling_of
from taskcli.runtime.recipes import Repeating
from taskcli.runtime.resizing import unread

# (width, height) of what is tried. Processors treat wide, tall and square pictures each in a way.
_TRIED = ((97, 64), (67, 101), (80, 80))


def spare(processor: BaseImageProcessor, known: frozenset[str]) -> Scaling | None:
    """Let an image processor resize RGB pictures unread, and leave their levels to the device.

    Each only where the answer stays the same. `known` are the arguments of the model. Returns what
    makes numbers of the levels, where it leaves them.
    """
    pictures = _noise()
    expected = _features(processor, pictures)
    resizing, levels = _resizing_unread(processor), _leaving_levels(processor)
    for changes in ({**resizing, **levels}, resizing, levels):
        vars(processor).update(changes)
        try:
            found = _features(processor, pictures)
            scaling = scaling_of(processor, expected, found, known)
            if scaling is not None or all(map(_equal, expected, found)):
                if scaling is not None and changes.keys() >= resizing.keys() > set():
                    _repeat(processor, pictures)
                return scaling
        except Exception:  # it does something else first
            pass
        for name in changes:
            delattr(processor, name)
    return None


def _repeat(processor: BaseImageProcessor, pictures: list[Image.Image]) -> None:
    """Let it repeat what it does with a size, if that is all that it does with others of it."""
    own = processor.preprocess
    repeating = Repeating(own)
    _features(repeating, pictures)
    others = _noise(1)
    if all(map(_equal, _features(repeating, others), _features(own, others))):
        vars(processor)["preprocess"] = repeating


def _noise(seed: int = 0) -> list[Image.Image]:
    noise = np.random.default_rng(seed)
    return [
        Image.fromarray(noise.integers(0, 256, (height, width, 3), np.uint8))
        for width, height in _TRIED
    ]


def _resizing_unread(processor: BaseImageProcessor) -> dict[str, Any]:
    own = getattr(processor, "process_image", None)
    return {} if own is None else {"process_image": unread(own)}


def _leaving_levels(processor: BaseImageProcessor) -> dict[str, Any]:
    asked = left_out(processor)
    return {"preprocess": partial(processor.preprocess, **asked)} if asked else {}


def _features(call: Callable[..., Features], pictures: list[Image.Image]) -> list[Features]:
    """What tasks ask for, by a processor or a part of it, its tensors as arrays."""
    asked = (call([picture], return_tensors="pt") for picture in pictures)
    return [{name: _array(value) for name, value in one.items()} for one in asked]


def _array(value: Any) -> Any:
    return value.numpy() if isinstance(value, torch.Tensor) else value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(np.array_equal(one, other))
