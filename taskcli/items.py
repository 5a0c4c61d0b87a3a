"""What a decoded input is: one class per medium, the same for every task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MOST_PIXELS = 89_478_485  # of an image: what Pillow holds to be a decompression bomb


class Media(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB image.

    `size` is (width, height) in pixels of the upright original: `image` may be a reduced
    decode of it, and boxes and masks are reported in `size`.
    """

    image: "Image"
    size: tuple[int, int]
    warnings: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        return int(self.image.width * self.image.height * 3)


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono float32 samples, shape [n], in [-1, 1], at `rate` samples a second."""

    samples: "np.ndarray[Any, Any]"
    rate: int
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def nbytes(self) -> int:
        return int(self.samples.nbytes)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, and the other fields of the row that it came from."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


Item = Picture | Sound | Passage
