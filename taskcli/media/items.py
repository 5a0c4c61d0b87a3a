"""What a decoded input is: one class per medium, the same for every task."""

from collections.abc import Iterator, Mapping
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
class ImageInput:
    """An upright RGB image.

    `size` is (width, height) in pixels of the upright original: `image` may be a reduced
    decode of it, and boxes and masks are reported in `size`. Without `has_pixels` it only stands
    for a picture that nobody looks at.
    """

    image: "Image"
    size: tuple[int, int]
    warnings: tuple[str, ...] = ()
    has_pixels: bool = True

    @property
    def nbytes(self) -> int:
        return int(self.image.width * self.image.height * 4)  # Pillow keeps one byte unused


@dataclass(frozen=True, slots=True)
class AudioInput:
    """Mono float32 samples, shape [n], in [-1, 1], at `rate` samples a second.

    `start` is where they begin in the file, in seconds.
    """

    samples: "np.ndarray[Any, Any]"
    rate: int
    warnings: tuple[str, ...] = ()
    start: float = 0.0

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def nbytes(self) -> int:
        return int(self.samples.nbytes)


@dataclass(slots=True)
class LongSound:
    """A recording too long to hold: mono float32 samples [n], decoded as they are read, once.

    `start` is where they begin in the file, in seconds; `seconds`, `warnings` and `loudest` are of
    what was read so far.
    """

    rate: int
    pieces: "Iterator[np.ndarray[Any, Any] | None]"
    notes: list[str]
    start: float = 0.0
    count: int = 0  # samples
    loudest: "list[float]" = field(default_factory=list)  # in each tenth of a second

    def read(self) -> "Iterator[np.ndarray[Any, Any] | None]":
        """The samples in order; None where all that came before is void. Raises InputError."""
        for piece in self.pieces:
            if piece is None:
                self.count = 0
                self.loudest.clear()
            else:
                self.count += len(piece)
                self.loudest += _loudest(piece, self.rate // 10)
            yield piece

    @property
    def seconds(self) -> float:
        return self.count / self.rate

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.notes))


def _loudest(samples: "np.ndarray[Any, Any]", width: int) -> list[float]:
    """The greatest amplitude in every `width` samples."""
    return [float(abs(samples[i : i + width]).max()) for i in range(0, len(samples), width)]


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text, the other fields of the row that it came from, and which input that is."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    id: str = field(default="", compare=False)


Recording = AudioInput | LongSound
Item = ImageInput | Recording | TextInput
