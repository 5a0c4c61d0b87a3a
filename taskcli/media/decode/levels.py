"""The levels of a picture as eight bits: what becomes black and what white."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Levels = NDArray[Any]
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_WHITE = (255, 255, 255, 255)
_BITS_PER_SAMPLE = 258  # TIFF's tag
_DARK = 8  # a picture that uses less than this part of its levels looks black
_OF_SIXTEEN = 257  # levels of 65,535 in one of 255


def is_deep_colour(image: Image.Image) -> bool:
    """Whether a file, not yet decoded, has 16 bits a colour; Pillow then keeps the upper 8."""
    if image.mode in (*_SIXTEEN_BIT, "I", "F"):
        return False
    return any(
        ";16" in str(tile[3]) or (tile[0].startswith("ppm") and tile[3][-1] == 65535)
        for tile in getattr(image, "tile", ())
    )


def rgb(image: Image.Image, is_deep: bool, levels: str, notes: list[str]) -> Image.Image:
    if image.mode in (*_SIXTEEN_BIT, "I", "F"):
        return _of_deep(image, levels, notes)
    picture = _opaque(image)
    if levels == "full":
        if is_deep:
            _note_dark(int(np.asarray(picture).max()) * _OF_SIXTEEN, 65535, notes)
        return picture
    values = np.asarray(picture).astype(np.float32)
    if is_deep:
        values *= _OF_SIXTEEN  # LOW,HIGH are levels of the file
        notes.append("of its 16 bits a colour the upper 8 are stretched")
    return _from_levels(_stretched(values, *_ends(values, levels)))


def _note_dark(brightest: float, white: float, notes: list[str]) -> None:
    if 0 < brightest < white / _DARK:
        notes.append(
            f"dark: its levels end at {brightest:g} of {white:g}; --levels used stretches them"
        )


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), layers).convert("RGB")
    return image.convert("RGB")


def _of_deep(image: Image.Image, levels: str, notes: list[str]) -> Image.Image:
    """Grey with more than 256 levels."""
    values = np.asarray(image).astype(np.float32)
    values = np.nan_to_num(values, posinf=0, neginf=0)
    if levels != "full":
        return _from_levels(_stretched(values, *_ends(values, levels)))
    low, high = _full(image, values, notes)
    if low == 0 and high > 255:
        _note_dark(float(values.max()), high, notes)
    return _from_levels(_stretched(values, low, high))


def _full(image: Image.Image, values: Levels, notes: list[str]) -> tuple[float, float]:
    """The levels that are black and white by the file's kind, or by a guess, which is noted."""
    if image.mode in _SIXTEEN_BIT:
        return 0, 2 ** _bits(image) - 1
    low, high = float(values.min()), float(values.max())
    for white in (1, 255, 65535):
        if low >= 0 and high <= white:
            return 0, white
    notes.append(f"levels from {low:g} to {high:g} were stretched to 0..255")
    return low, high


def _bits(image: Image.Image) -> int:
    """Of a level: microscopes and X-ray machines write twelve into a TIFF, and say so."""
    stated = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    return int(stated[0])


def _ends(values: Levels, levels: str) -> tuple[float, float]:
    """What becomes black and white: the darkest and brightest level there is, or LOW,HIGH."""
    if levels == "used":
        return float(values.min()), float(values.max())
    low, high = levels.split(",")
    return float(low), float(high)


def _stretched(values: Levels, low: float, high: float) -> Levels:
    return (values - low) * (255 / ((high - low) or 1))


def _from_levels(levels: Levels) -> Image.Image:
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
