"""Image files that end early: which of their pixels are there, and what those show.

Pillow says only that a file is truncated. A camera that loses the last two bytes of a JPEG has
lost no pixel, a download that broke off has; the difference is found by decoding twice. What is
missing of a progressive JPEG may be detail alone: its scans say so.
"""

import io
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from taskcli.errors import InputError
from taskcli.media.decode.jpeg import lacks_detail, scans, without_cut_segment

_JPEG_END = b"\xff\xd9"
# Either follows what a JPEG holds: a picture that is whole ignores them, one that is not decodes
# them as the pixels that it lacks, each to others.
_TAILS = (b"\x35" * 4096, b"\xca" * 4096)
_UNIT = 16  # pixels a side, at most, of what a JPEG decodes at once; from left to right, then down
# Their decoders write row after row into the memory that they are given.
_BY_ROWS = ("PNG", "BMP", "DIB", "PPM", "TGA", "QOI", "SGI", "PCX")
_GREY = 128

Opened = Callable[[io.BytesIO], ImageFile.ImageFile]


def can_be_rescued(image: Image.Image, failure: Exception) -> bool:
    """Whether the file only ends before its picture does, and it can be told where."""
    cut = isinstance(failure, OSError) and "truncated" in str(failure)
    return cut and (_is_jpeg(image.format) or image.format in _BY_ROWS)


def rescued(content: bytes, opened: Opened, accepted: bool, notes: list[str]) -> Image.Image:
    """The picture in a file that ends early, with a note; what is missing is grey.

    `opened` makes a Pillow image of a stream, not yet loaded. Raises InputError where pixels are
    missing, unless that is `accepted`.
    """
    is_jpeg = _is_jpeg(opened(io.BytesIO(content)).format)
    image, known = (_of_jpeg if is_jpeg else _of_rows)(content, opened)
    finer = is_jpeg and lacks_detail(content)
    if known.all() and not finer:
        notes.append("cut short: the file lacks its end, but no pixel is missing")
        return image
    if is_jpeg and scans(content) > 1:
        missing, instead = "finer detail is missing", ""
    else:
        missing = f"{np.ceil(100 * (1 - known.mean())):.0f} % of its pixels are missing"
        instead = ", and grey stands in their place"
    if not accepted:
        raise InputError(
            f"the image is damaged: cut short, {missing}", "--truncated answers what is left"
        )
    notes.append(f"cut short: {missing}{instead}")
    return image


def _is_jpeg(kind: str | None) -> bool:
    return kind in ("JPEG", "MPO")


def _of_jpeg(content: bytes, opened: Opened) -> tuple[Image.Image, NDArray[np.bool_]]:
    """The picture, and which pixels [height, width] are its own.

    libjpeg gives no row before it has seen the end of the file, and fills what is missing. It
    fills alike whatever lies far behind the tails, so what is known ends where they first differ.
    """
    content = without_cut_segment(content).rstrip(b"\xff")  # half of the end mark
    images = [opened(io.BytesIO(content + tail + _JPEG_END)) for tail in (b"", *_TAILS)]
    for image in images:
        image.load()
    picture, *tries = images
    return picture, _before_the_first(~_same(*tries))


def _before_the_first(changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels [height, width] a JPEG has before the first that is marked."""
    known = ~changed
    rows = np.flatnonzero(changed.any(axis=1))
    if len(rows):
        band = slice(rows[0], rows[0] + _UNIT)
        first = np.flatnonzero(changed[band].any(axis=0))[0]
        known[band, first:] = False
        known[band.stop :] = False
    return known


def _of_rows(content: bytes, opened: Opened) -> tuple[Image.Image, NDArray[np.bool_]]:
    """As `_of_jpeg`, for decoders that leave untouched what they do not reach."""
    black, white = (_as_far_as_it_goes(opened(io.BytesIO(content)), level) for level in (0, 255))
    known = _same(black, white)
    bands = len(black.getbands())
    black.paste(_GREY if bands == 1 else (_GREY,) * bands, mask=Image.fromarray(~known))
    return black, known


def _as_far_as_it_goes(image: ImageFile.ImageFile, level: int) -> Image.Image:
    bands = len(image.getbands())
    fill: int | tuple[int, ...] = level if bands == 1 else (level,) * bands
    image.im = Image.new(image.mode, image.size, fill).im  # else Pillow makes a black one
    with suppress(OSError):  # the failure that brought us here
        image.load()
    image.tile = []  # loaded, as far as it goes
    return image.convert("RGB") if image.mode == "P" else image


def _same(one: Image.Image, other: Image.Image) -> NDArray[np.bool_]:
    """Which pixels [height, width] two decodes agree on."""
    pixels = [np.atleast_3d(np.asarray(image)) for image in (one, other)]
    same: NDArray[np.bool_] = np.equal(*pixels).all(axis=-1)
    return same
