"""Animations, by Pillow: each frame is drawn over the ones before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from PIL import Image

from taskcli.errors import InputError
from taskcli.media.decode.frames.reel import Decoded, Opened, Reel
from taskcli.media.decode.orientation import upright
from taskcli.media.decode.pillow import any_size

_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
_A_PIXEL = 4  # bytes that Pillow has for it


@dataclass(frozen=True)
class Drawn:
    """A frame, composed."""

    picture: Image.Image

    @property
    def nbytes(self) -> int:
        return _A_PIXEL * self.picture.width * self.picture.height

    def image(self) -> Image.Image:
        return self.picture


def is_animation(stream: BinaryIO, max_pixels: int) -> bool:
    """Whether it has frames, of a size that may be decoded."""
    try:
        with any_size():
            image = Image.open(stream, formats=_FORMATS)
            small = image.width * image.height <= max_pixels
            return small and bool(getattr(image, "is_animated", False))
    except Exception:  # decoding says what is wrong with it
        return False


def reel(opened: Opened) -> Reel:
    """The frames of a file, which is always read from the first."""

    def read(after: float | None) -> Iterator[Decoded]:
        with opened() as stream:
            yield from _frames(stream)

    return Reel(read)


def _frames(stream: BinaryIO) -> Iterator[Decoded]:
    """Raises InputError behind the last that is whole."""
    number, milliseconds = 0, 0.0
    try:
        image = Image.open(stream, formats=_FORMATS)
        for number in count(1):
            with any_size():
                image.seek(number - 1)
                image.load()
                picture = upright(image.copy(), [])
            yield Decoded(number, round(milliseconds) / 1000, Drawn(picture))
            milliseconds += image.info.get("duration") or 0
    except EOFError:
        return
    except Exception as failure:  # Pillow's plugins raise all kinds for damaged files
        reason = f"the image is damaged behind frame {number - 1}: {failure}"
        raise InputError(reason) from None
