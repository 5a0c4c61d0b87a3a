"""What a decoded input is: one class per medium, the same for every task."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from taskcli.media.channels import names_of
from taskcli.media.excerpt import Excerpt

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


class _Excerpted:
    """What a recording is that was heard in stretches of its file."""

    __slots__ = ()
    excerpts: tuple[Excerpt, ...]

    @property
    def start(self) -> float:
        return self.excerpts[0].start

    @property
    def is_cut(self) -> bool:
        """Whether samples that follow one another may lie apart in the file."""
        return len(self.excerpts) > 1


@dataclass(frozen=True, slots=True)
class AudioInput(_Excerpted):
    """Float32 samples in [-1, 1], at `rate` a second: mono, [n], or [channels, n] of which each is
    heard by itself.

    `excerpts` are the stretches of the file that were heard, whose samples follow one another;
    `start` is where the first begins, in seconds.
    """

    samples: "np.ndarray[Any, Any]"
    rate: int
    warnings: tuple[str, ...] = ()
    excerpts: tuple[Excerpt, ...] = (Excerpt(),)

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[-1] / self.rate)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of those that are heard by themselves."""
        return names_of(len(self.samples)) if self.samples.ndim > 1 else ()

    @property
    def nbytes(self) -> int:
        return int(self.samples.nbytes)


@dataclass(slots=True)
class LongSound(_Excerpted):
    """A recording too long to hold: samples as of an AudioInput, decoded as they are read, once.

    `excerpts` and `start` are those of an AudioInput; `seconds`, `channels`, `warnings` and
    `loudest` are of what was read so far.
    """

    rate: int
    pieces: "Iterator[np.ndarray[Any, Any] | None]"
    notes: list[str]
    excerpts: tuple[Excerpt, ...] = (Excerpt(),)
    count: int = 0  # samples
    lines: int = 0  # channels that are heard by themselves
    loudest: "list[float]" = field(default_factory=list)  # in each tenth of a second

    def read(self) -> "Iterator[np.ndarray[Any, Any] | None]":
        """[n] or [channels, n] in order; None where all before is void. Raises InputError."""
        for piece in self.pieces:
            if piece is None:
                self.count = 0
                self.loudest.clear()
            else:
                self.count += piece.shape[-1]
                self.lines = len(piece) if piece.ndim > 1 else 0
                self.loudest += loudest(piece, self.rate // 10)
            yield piece

    @property
    def seconds(self) -> float:
        return self.count / self.rate

    @property
    def channels(self) -> tuple[str, ...]:
        return names_of(self.lines) if self.lines else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.notes))


def loudest(samples: "np.ndarray[Any, Any]", width: int) -> list[float]:
    """The greatest amplitude in every `width` samples."""
    count = samples.shape[-1]
    return [float(abs(samples[..., i : i + width]).max()) for i in range(0, count, width)]


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text, the other fields of the row that it came from, and which input that is."""

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    id: str = field(default="", compare=False)


Recording = AudioInput | LongSound
Item = ImageInput | Recording | TextInput
