"""Boxes, regions and names on a picture, legible at any size. Pillow loads when it is used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.items import ImageInput
from taskcli.output.drawing.label_layout import Frame, Subject, places
from taskcli.output.drawing.lines import wrapped, write
from taskcli.output.drawing.typefaces import OWN, Run, font, runs
from taskcli.output.palette import Colour, text_color_on
from taskcli.output.sanitize import safe_line
from taskcli.results import Box, RunLengthMask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_SMALLEST = 480  # pixels of the longer side: smaller pictures are enlarged, or no name would fit
_MOST_TIMES = 16
_BLEND = 0.45  # of a region's colour over the picture

_FINE, _BOLD = 200, 60  # widths of a line in a picture's side
_EDGE, _PAPER = (24, 24, 24), (240, 240, 240)
_TOLD = 10  # labels in one warning
_FEW = 3  # letters: a line of fewer is not read


class Annotator:
    """A picture to draw on. Coordinates are the picture's own; `scale` enlarges small ones.

    `stroke` is the width of lines, which else follows from the size; those that are `bold` show
    when the picture is reduced.
    """

    def __init__(
        self, image: "Image", size: tuple[int, int], bold: bool = False, stroke: int | None = None
    ) -> None:
        from PIL import ImageDraw
        from PIL.Image import Resampling

        self.scale = min(max(1, -(-_SMALLEST // max(size))), _MOST_TIMES)
        wide, high = size[0] * self.scale, size[1] * self.scale
        same = image.size == (wide, high)
        self.image = image.copy() if same else image.resize((wide, high), Resampling.LANCZOS)
        self._draw = ImageDraw.Draw(self.image)
        side = (wide * high) ** 0.5
        self.line = stroke or max(2, round(side / (_BOLD if bold else _FINE)))
        self._size = max(13, round(side / 38))  # of letters
        self.tags: list[Frame] = []  # where names stand

    def box(self, box: Box, colour: Colour) -> None:
        """A frame inside the box's outermost pixels, between dark edges that show on any ground."""
        left, top, right, bottom = self._scaled(box)
        edge = max(1, self.line // 4)
        for inset, width, ink in ((0, self.line + 2 * edge, _EDGE), (edge, self.line, colour)):
            sides = (left + inset, top + inset, right - 1 - inset, bottom - 1 - inset)
            if sides[0] <= sides[2] and sides[1] <= sides[3]:
                self._draw.rectangle(sides, outline=ink, width=width)

    def names(self, tags: Sequence["Tag"]) -> None:
        """Write names where they hide little and not each other, the first ones first.

        Where there is no room for one, its number in the order given stands for it, and the name
        under the picture. So does a number for what no font has letters for.
        """
        shown = [_Shown(tag, number, self._size) for number, tag in enumerate(tags, 1)]
        found = places(
            self.image.size,
            [self._subject(tag) for tag in tags],
            [label_tag.extent(label_tag.full) for label_tag in shown],
            [label_tag.extent(label_tag.short) for label_tag in shown],
        )
        for label_tag, place in zip(shown, found, strict=True):
            if place is not None:
                self.tags.append(place.frame)
                label_tag.draw(
                    self._draw, place.frame, label_tag.short if place.short else label_tag.full
                )
        below = [
            label_tag
            for label_tag, place in zip(shown, found, strict=True)
            if label_tag.has_letters and (place is None or place.short)
        ]
        if below:
            self._legend(below)

    def _subject(self, tag: "Tag") -> Subject:
        frame = self._scaled(tag.box)
        if tag.spread is None:
            return Subject(frame)
        area, middle = tag.spread
        scaled = None if middle is None else (middle[0] * self.scale, middle[1] * self.scale)
        return Subject(frame, area * self.scale**2, scaled)

    def _legend(self, entries: Sequence["_Shown"]) -> None:
        """Numbers and names in rows of a strip under the picture."""
        from PIL import Image, ImageDraw

        gap = max(4, self._size // 2)
        spots, x, y, row = [], gap, gap, entries[0].extent(entries[0].short)[1]
        for label_tag in entries:
            aside = label_tag.extent(label_tag.short)[0] + gap // 2
            lines = label_tag.lines(self.image.width - 2 * gap - aside)
            width = aside + max(label_tag.extent(line)[0] for line in lines)
            if x > gap and (x + width > self.image.width or len(lines) > 1):
                x, y = gap, y + row + gap // 2
            spots.append((label_tag, lines, x, y))
            x, y = x + width + gap, y + row * (len(lines) - 1)
        picture = self.image
        self.image = Image.new("RGB", (picture.width, picture.height + y + row + gap), _EDGE)
        self.image.paste(picture)
        self._draw = ImageDraw.Draw(self.image)
        for label_tag, lines, x, y in spots:
            wide, high = label_tag.extent(label_tag.short)
            top = picture.height + y
            label_tag.draw(self._draw, (x, top, x + wide, top + high), label_tag.short)
            for number, line in enumerate(lines):
                beside = x + wide + gap // 2, top + number * row
                label_tag.write(self._draw, *beside, line, _PAPER)

    def region(self, mask: "npt.NDArray[np.uint8]", box: Box, colour: Colour) -> None:
        """Tint the pixels of a mask, uint8 [height, width], and line its edge."""
        from PIL.Image import blend, fromarray, new

        place = self._scaled(box)
        inside = mask[box.ymin : box.ymax, box.xmin : box.xmax].astype(bool)
        large = inside.repeat(self.scale, 0).repeat(self.scale, 1)
        edge = large & ~_eroded(large, max(1, self.line // 2))
        shown = self.image.crop(place)
        solid = new("RGB", shown.size, colour)
        self.image.paste(blend(shown, solid, _BLEND), place, fromarray(large))
        self.image.paste(colour, place, fromarray(edge))

    def _scaled(self, box: Box) -> Frame:
        left, top, right, bottom = (side * self.scale for side in box.sides)
        return left, top, right, bottom


class Spread(NamedTuple):
    """How many pixels a region has, and the middle of those on the row that halves its area."""

    area: int
    middle: tuple[int, int] | None


@dataclass(frozen=True)
class Tag:
    """A name to write at a box; `spread` is what a region has of it."""

    label: str
    score: float | None
    box: Box
    colour: Colour
    spread: Spread | None = None


class _Shown:
    """A tag as letters of a size: the whole of it, and the number in its place."""

    def __init__(self, tag: Tag, number: int, size: int) -> None:
        self._size, self._colour = size, tag.colour
        self._pad = max(2, size // 5)
        label = runs(safe_line(tag.label))
        note = "" if tag.score is None else f" {tag.score:.0%}"
        self.has_letters = label is not None
        self.short = [Run(str(number), OWN)]
        self.full = [*(label or self.short), *([Run(note, OWN)] if note else [])]
        self._text = tag.label + note

    def extent(self, text: list[Run]) -> tuple[int, int]:
        """Width and height of the tag."""
        wide = sum(font(run.file, self._size).getlength(run.text) for run in text)
        return ceil(wide) + 2 * self._pad, sum(self._metrics) + self._pad

    def lines(self, room: int) -> list[list[Run]]:
        """The whole of it, in lines that are no wider, where there is room for some letters."""
        if self.extent(self.full)[0] <= room or room < _FEW * self._size:
            return [self.full]
        return list(wrapped(self._text, self._size, room - 2 * self._pad)) or [self.full]

    def draw(self, draw: "ImageDraw", frame: Frame, text: list[Run]) -> None:
        left, top, right, bottom = frame
        draw.rectangle((left, top, right - 1, bottom - 1), fill=self._colour)
        self.write(draw, left + self._pad, top, text, text_color_on(self._colour))

    def write(self, draw: "ImageDraw", left: float, top: int, text: list[Run], ink: Colour) -> None:
        """Runs of several fonts stand on one line."""
        write(draw, left, top + self._pad // 2 + self._metrics[0], text, self._size, ink)

    @property
    def _metrics(self) -> tuple[int, int]:
        """How far letters rise above their line and reach below it."""
        return font(OWN, self._size).getmetrics()


def unwritable(labels: Iterable[str]) -> tuple[str, ...]:
    """What to say of labels that no font here has letters for."""
    lacking = [label for label in dict.fromkeys(labels) if runs(safe_line(label)) is None]
    if not lacking:
        return ()
    named = ", ".join(lacking[:_TOLD]) + (", …" if len(lacking) > _TOLD else "")
    return (f"drawn as numbers, their places in the result, for no font here has them: {named}",)


def spread(mask: "npt.NDArray[np.uint8]") -> Spread:
    """Of a region's mask, uint8 [height, width]."""
    import numpy as np

    filled = mask.sum(1).cumsum()
    if not filled[-1]:
        return Spread(0, None)
    row = int(np.searchsorted(filled, (filled[-1] + 1) // 2))
    own = np.flatnonzero(mask[row])
    return Spread(int(filled[-1]), (int(own[len(own) // 2]), row))


def decoded(mask: RunLengthMask) -> "npt.NDArray[np.uint8]":
    """The mask's pixels, uint8 [height, width]."""
    from pycocotools import mask as coco

    pixels: npt.NDArray[np.uint8] = coco.decode({"size": list(mask.size), "counts": mask.counts})
    return pixels


def whole(item: ImageInput) -> "Image":
    """The picture of an item in its full size, also where it was decoded smaller."""
    image = item.image
    return image if image.size == item.size else image.resize(item.size)


def _eroded(mask: "npt.NDArray[np.bool_]", steps: int) -> "npt.NDArray[np.bool_]":
    """The pixels of a mask that have it on all four sides `steps` away; beyond the crop is none."""
    import numpy as np

    framed = np.pad(mask, steps)
    high, wide = mask.shape
    across, down = slice(steps, steps + wide), slice(steps, steps + high)
    above, below = framed[:high, across], framed[2 * steps :, across]
    return mask & above & below & framed[down, :wide] & framed[down, 2 * steps :]
