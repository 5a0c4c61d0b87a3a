"""JPEG XL, which an optional library decodes: how large a picture is, before it does."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from taskcli.errors import InputError

_NAKED = b"\xff\x0a"
_BOXED = b"\0\0\0\x0cJXL \r\n\x87\n"
_MOST_BOXES = 1000  # before the one with the picture
# Width over height, by the numbers that a header has for the usual ones.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_WIDTHS = (9, 13, 18, 30)  # bits of a side, by two bits before it


def is_jpeg_xl(stream: BinaryIO) -> bool:
    head = stream.read(len(_BOXED))
    stream.seek(0)
    return head.startswith((_NAKED, _BOXED))


def opened(stream: BinaryIO) -> Image.Image:
    """The picture, which is decoded here; it is upright. Raises InputError without the library."""
    try:
        import pillow_jxl  # noqa: F401  # it tells Pillow of the format
    except ImportError:
        raise InputError("a JPEG XL image", "pip install 'taskcli[jxl]' reads it") from None
    image = Image.open(stream, formats=["JXL"])
    image.info.pop("exif", None)  # what it says of how to turn the picture was done
    return image


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Width and height by the header. Raises InputError where there is none."""
    stream.seek(0)
    header = _codestream(stream)
    stream.seek(0)
    if not header.startswith(_NAKED):
        raise InputError("not an image in a format that can be read")
    bits = _Bits(header[2:])
    in_eights = bits.take(1)
    height = bits.side(in_eights)
    ratio = _RATIOS.get(bits.take(3))
    width = bits.side(in_eights) if ratio is None else height * ratio[0] // ratio[1]
    return width, height


class _Bits:
    """Bits from the lowest of each byte on."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data[:16], "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def side(self, in_eights: int) -> int:
        if in_eights:
            return 8 * (self.take(5) + 1)
        return self.take(_WIDTHS[self.take(2)]) + 1


def _codestream(stream: BinaryIO) -> bytes:
    """The beginning of the picture itself."""
    if stream.read(2) == _NAKED:
        return _NAKED + stream.read(16)
    stream.seek(0)
    found = (stream.read(22)[skip:] for skip in _before_codestream(stream))
    return next(found, b"")


def _before_codestream(stream: BinaryIO) -> Iterator[int]:
    """At each box that holds a part of the picture, the bytes that stand before that part."""
    for _ in range(_MOST_BOXES):
        head = stream.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        taken = 8
        if size == 1:
            size, taken = int.from_bytes(stream.read(8), "big"), 16
        if kind in (b"jxlc", b"jxlp"):
            yield 4 if kind == b"jxlp" else 0  # the number of the part
            return
        if size < taken:
            return
        stream.seek(size - taken, 1)
