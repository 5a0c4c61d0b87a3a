"""Colours of labels, and of depths, that colour-blind readers tell apart."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

from taskcli.checkpoints.token_labels import kinds

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Colour = tuple[int, int, int]

# Okabe and Ito's seven (jfly.uni-koeln.de/color), then the farthest from all before them, in
# CIELAB, as seen with normal, protan, deutan and tritan eyes (Machado 2009): at least 16 apart.
PALETTE: tuple[Colour, ...] = tuple(
    tuple(bytes.fromhex(code))  # type: ignore[misc]
    for code in (
        "E69F00 56B4E9 009E73 F0E442 0072B2 D55E00 CC79A7 8800FF "
        "773311 BBEE99 664466 00FFDD 4433AA BB55FF EE1155 CCAA55"
    ).split()
)
# Ten steps of matplotlib's inferno: lightness grows evenly, so it reads without colours too.
_INFERNO = "000004 1B0C42 4B0C6B 781C6D A52C60 CF4446 ED6925 FB9A06 F7D03C FCFFA4".split()

# ColorBrewer's RdBu: blue is below zero, red above; colour-blind readers tell the two apart.
_DIVERGING = "053061 2166AC 4393C3 92C5DE D1E5F0 F7F7F7 FDDBC7 F4A582 D6604D B2182B 67001F".split()


def colours(labels: Mapping[int, str]) -> dict[str, Colour]:
    """A colour for each label of a checkpoint, by its place among them."""
    names = dict.fromkeys(labels[number] for number in sorted(labels))
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(names)}


def kind_colours(labels: Mapping[int, str]) -> dict[str, Colour]:
    """A colour for each kind of entity that the labels of tokens tell."""
    return colours(kinds(labels))


def token_colours(labels: Mapping[int, str]) -> dict[str, Colour]:
    """The colours of kinds; a label of tokens has that of its kind."""
    known, kind_of = kind_colours(labels), kinds(labels)
    return known | {labels[number]: known[kind] for number, kind in kind_of.items()}


def colour_of(label: str, known: Mapping[str, Colour]) -> Colour:
    """The label's colour; one that the checkpoint did not name still has the same everywhere."""
    return known.get(label) or PALETTE[crc32(label.encode("utf-8", "replace")) % len(PALETTE)]


def text_color_on(colour: Colour) -> Colour:
    """Black or white, whichever reads better on a colour (WCAG contrast)."""
    red, green, blue = ((part / 255) ** 2.2 for part in colour)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (0, 0, 0) if light > 0.18 else (255, 255, 255)


def hexadecimal(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def colormap(levels: "npt.ArrayLike", diverging: bool = False) -> "npt.NDArray[np.uint8]":
    """Numbers from 0 to 1, shape [h, w], as colours, uint8 [h, w, 3].

    From dark to light; those that are `diverging` from blue over white, in the middle, to red.
    """
    import numpy as np

    table = _between(_DIVERGING if diverging else _INFERNO)
    return table[(np.asarray(levels) * 255).astype(np.uint8)]


def heat_colours() -> list[str]:
    """The 256 colours that `colormap` has, dark to light, for what draws by itself."""
    return [hexadecimal(tuple(colour)) for colour in _between(_INFERNO).tolist()]


def diverging_colours() -> list[str]:
    """The 256 colours that `colormap` has for numbers on both sides of a middle."""
    return [hexadecimal(tuple(colour)) for colour in _between(_DIVERGING).tolist()]


def _between(steps: list[str]) -> "npt.NDArray[np.uint8]":
    """256 colours from the first step to the last, shape [256, 3], uint8."""
    import numpy as np

    stops = np.array([list(bytes.fromhex(code)) for code in steps], np.float32)
    places = np.linspace(0, len(stops) - 1, 256)
    numbers = range(len(stops))
    return np.stack([np.interp(places, numbers, stops[:, part]) for part in range(3)], -1).astype(
        np.uint8
    )
