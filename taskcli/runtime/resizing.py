"""Image processors that have pictures reduced by Pillow, without a copy of their pixels before.

A processor makes an array of a picture, and of that a picture again, for Pillow to resize: four
copies, which are a gigabyte of a picture of eighty megapixels. What it does first is to ask for the
size and to resize. So it gets something that answers just that, by the picture itself.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from transformers import BaseImageProcessor

# (width, height) of what is tried. Processors treat wide, tall and square pictures each in a way.
_TRIED = ((97, 64), (67, 101), (80, 80))


class _Unread(Image.Image):
    """A picture in the place of its pixels, an array [3, height, width], of which none is there."""

    def __init__(self, picture: Image.Image) -> None:
        super().__init__()
        self._picture = picture
        self.shape = (3, picture.height, picture.width)
        self.ndim = 3
        self.dtype = np.dtype(np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Transformers takes a picture's size for that of an array: height, width."""
        return self._picture.height, self._picture.width

    def resize(self, size: Any, *args: Any, **how: Any) -> Image.Image:
        return self._picture.resize(size, *args, **how)


def resize_unread(processor: BaseImageProcessor) -> None:
    """Let an image processor resize RGB pictures themselves, if it answers the same."""
    own = getattr(processor, "process_image", None)
    if own is None:
        return

    def process_image(image: object, *args: object, **kwargs: object) -> object:
        if isinstance(image, Image.Image) and image.mode == "RGB":
            return _Unread(image)
        return own(image, *args, **kwargs)

    noise = np.random.default_rng(0)
    pictures = [
        Image.fromarray(noise.integers(0, 256, (height, width, 3), np.uint8))
        for width, height in _TRIED
    ]
    expected = [_values(processor, picture) for picture in pictures]
    processor.process_image = process_image
    try:
        same = all(map(_equal, expected, (_values(processor, picture) for picture in pictures)))
    except Exception:  # it does something else first
        same = False
    if not same:
        del processor.process_image


def _values(processor: BaseImageProcessor, picture: Image.Image) -> dict[str, npt.ArrayLike]:
    return dict(processor(images=[picture], return_tensors="np"))


def _equal(one: dict[str, npt.ArrayLike], other: dict[str, npt.ArrayLike]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(value, other[name]) for name, value in one.items()
    )
