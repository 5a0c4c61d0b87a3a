"""Images as every model wants them: upright, RGB, eight bits, whatever the file holds."""

import warnings as python_warnings
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from taskcli.errors import InputError
from taskcli.items import Picture

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked on the header, with a clear message

Levels = NDArray[Any]

_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_WHITE = (255, 255, 255, 255)


def decode_picture(stream: BinaryIO, side: int | None, max_pixels: int) -> Picture:
    """Decode an image file.

    `side` is what the processor will resize to: a JPEG is then decoded no larger than needed,
    but never below twice that, so that the processor still does the last reduction.
    Raises InputError for what is not an image, is damaged, or is larger than `max_pixels`.
    """
    notes: list[str] = []
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # Pillow warns of broken EXIF; we note it
            image = Image.open(stream)
            _check_size(image, max_pixels)
            if (frames := getattr(image, "n_frames", 1)) > 1:
                notes.append(f"first of {frames} frames taken")
            size = image.size
            if side is not None:
                image.draft(None, (2 * side, 2 * side))
            image.load()
            turned = _upright(image, notes)
            picture = _rgb(turned, notes)
    except UnidentifiedImageError:
        raise InputError("not an image in a format that can be read") from None
    except InputError:
        raise
    except Exception as failure:  # Pillow's plugins raise all kinds for damaged files
        raise InputError(f"the image is damaged: {failure}") from None
    if _is_transposed(image):
        size = (size[1], size[0])
    return Picture(picture, size, tuple(notes))


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise InputError(
            f"the image has {width} x {height} pixels, more than {max_pixels:,}",
            "raise --max-pixels if you trust the file",
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF comes from anywhere; a broken block must not lose the picture
        return 1


def _is_transposed(image: Image.Image) -> bool:
    return _orientation(image) in (5, 6, 7, 8)


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    if _orientation(image) == 1:
        return image
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        notes.append("the EXIF orientation could not be applied")
        return image


def _rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in _SIXTEEN_BIT:
        return _from_levels(np.asarray(image).astype(np.float32) / 257)  # 65535 -> 255
    if image.mode in ("I", "F"):
        return _from_levels(_eight_bit(np.asarray(image).astype(np.float32), notes))
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), layers).convert("RGB")
    return image.convert("RGB")


def _eight_bit(levels: Levels, notes: list[str]) -> Levels:
    """Levels of 32-bit files as 0..255, by the range that they use; the guess is noted."""
    levels = np.nan_to_num(levels, posinf=0, neginf=0)
    low, high = float(levels.min()), float(levels.max())
    if low >= 0 and high <= 1:
        return levels * 255
    if low >= 0 and high <= 255:
        return levels
    if low >= 0 and high <= 65535:
        return levels / 257
    notes.append(f"levels from {low:g} to {high:g} were stretched to 0..255")
    return (levels - low) * (255 / ((high - low) or 1))


def _from_levels(levels: Levels) -> Image.Image:
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
