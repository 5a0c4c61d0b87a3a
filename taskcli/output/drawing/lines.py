"""Letters of several fonts on one line. Pillow loads when it is used."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from taskcli.output.drawing.typefaces import OWN, Run, font, runs
from taskcli.output.palette import Colour
from taskcli.output.sanitize import safe_line

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


def write(
    draw: "ImageDraw", left: float, line: float, text: Iterable[Run], size: int, ink: Colour
) -> None:
    """Runs whose letters stand on `line`, the first from `left` on."""
    for run in text:
        letters = font(run.file, size)
        draw.text((left, line), run.text, fill=ink, font=letters, anchor="ls")
        left += letters.getlength(run.text)


def fitted(text: str, size: int, width: float) -> list[Run]:
    """A line that is no wider, with what it lacks told by dots; ? for letters of no font."""
    line = safe_line(text)
    shown = runs(line) or runs("".join(char if runs(char) else "?" for char in line)) or []
    if _length(shown, size) <= width:
        return shown
    while line and _length([*shown, Run("…", OWN)], size) > width:
        line = line[:-1]
        shown = runs(line) or []
    return [*shown, Run("…", OWN)]


def wrapped(text: str, size: int, width: float) -> Iterator[list[Run]]:
    """Lines that are no wider, parted between words, and within those that are wider."""
    line = ""
    pieces = (part for word in safe_line(text).split() for part in _parts(word, size, width))
    for word in pieces:
        longer = f"{line} {word}".strip()
        if line and _length(runs(longer) or [], size) > width:
            yield fitted(line, size, width)
            longer = word
        line = longer
    if line:
        yield fitted(line, size, width)


def _parts(word: str, size: int, width: float) -> Iterator[str]:
    """A word in parts that are no wider, if one letter is not."""
    while _length(runs(word) or [], size) > width and len(word) > 1:
        fits = (end for end in range(len(word) - 1, 1, -1) if _fits(word[:end], size, width))
        end = next(fits, 1)
        yield word[:end]
        word = word[end:]
    yield word


def _fits(text: str, size: int, width: float) -> bool:
    return _length(runs(text) or [], size) <= width


def _length(text: Iterable[Run], size: int) -> float:
    return sum(font(run.file, size).getlength(run.text) for run in text)
