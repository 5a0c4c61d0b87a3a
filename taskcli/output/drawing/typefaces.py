"""Letters of every script: DejaVu Sans, which ships, then the fonts that the system has.

DejaVu has Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian and Georgian. Pillow loads when used.
"""

import os
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

OWN = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"

# Where Linux, macOS and Windows keep fonts, for all users and for one.
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "$WINDIR/Fonts",
    "$LOCALAPPDATA/Microsoft/Windows/Fonts",
)
_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_STAND_INS = ("lastresort", "adobeblank")  # they have every character, as a box or as nothing
# Of two fonts that have a letter, the plainer one: what a file's name tells of it.
_PLAIN, _FANCY = ("sans", "gothic", "heiti", "hei", "yahei"), (
    "bold", "italic", "oblique", "light", "thin", "black", "condensed", "mono", "serif",
)  # fmt: skip
_NONE = "\uffff"  # no character, so no font has it
_TRIAL = 24  # pixels


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text and the font that has its letters."""

    text: str
    file: Path


def runs(text: str) -> list[Run] | None:
    """A text in stretches of one font each; None where a letter cannot be drawn here."""
    composed = unicodedata.normalize("NFC", text)
    if _needs_shaping(composed) and not _can_shape():
        return None
    files: list[Path] = []
    for char in composed:
        first = files[-1] if files else OWN
        file = first if _shows_nothing(char) else _file_of(char, first)
        if file is None:
            return None
        files.append(file)
    parts = groupby(zip(composed, files, strict=True), key=lambda pair: pair[1])
    return [Run("".join(char for char, _ in part), file) for file, part in parts]


@lru_cache(maxsize=32)  # a font keeps its file open
def font(file: Path, size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(file), size)


@cache
def _file_of(char: str, first: Path) -> Path | None:
    return next((file for file in (first, OWN, *_system()) if _has(file, char)), None)


@cache
def _has(file: Path, char: str) -> bool:
    """Whether the font draws the character otherwise than what it lacks."""
    try:
        trial = font(file, _TRIAL)
        drawn, lacking = (trial.getmask(one, mode="L") for one in (char, _NONE))
    except (OSError, ValueError):
        return False  # no font after all, or one of coloured pictures
    return (drawn.size, bytes(drawn)) != (lacking.size, bytes(lacking))


@cache
def _system() -> tuple[Path, ...]:
    """The system's fonts, the plain ones first."""
    found = {
        Path(folder, name)
        for top in _FOLDERS
        for folder, _, names in os.walk(os.path.expandvars(Path(top).expanduser()))
        for name in names
        if name.lower().endswith(_ENDINGS) and not name.lower().startswith(_STAND_INS)
    }
    return tuple(sorted(found, key=_plainness))


def _plainness(file: Path) -> tuple[bool, int, str]:
    name = file.stem.lower().replace("sansserif", "sans")
    return (
        not any(word in name for word in _PLAIN),
        sum(word in name for word in _FANCY),
        str(file),
    )


def _shows_nothing(char: str) -> bool:
    """Spaces, joiners and variation selectors go with what is before them."""
    return char.isspace() or unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f"


def _needs_shaping(text: str) -> bool:
    """Whether letters join, turn or change places: right to left, or with marks of their own."""
    return any(
        unicodedata.bidirectional(char) in ("R", "AL") or unicodedata.category(char) in ("Mn", "Mc")
        for char in text
    )


@cache
def _can_shape() -> bool:
    from PIL import features

    return bool(features.check("raqm"))
