"""Boxes, regions and names on a picture, legible at any size. Pillow loads when it is used."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from taskcli.output.palette import Colour, ink_on
from taskcli.results import Box, RunLengthMask

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

_SMALLEST = 480  # pixels of the longer side: smaller pictures are enlarged, or no name would fit
_MOST_TIMES = 16
_BLEND = 0.45  # of a region's colour over the picture

_FINE, _BOLD = 200, 60  # widths of a line in a picture's side; bold shows when it is reduced
_EDGE = (24, 24, 24)

Frame = tuple[int, int, int, int]  # left, top, right, bottom


class Sketch:
    """A picture to draw on. Coordinates are the picture's own; `scale` enlarges small ones."""

    def __init__(self, image: "Image", size: tuple[int, int], bold: bool = False) -> None:
        from PIL import ImageDraw, ImageFont
        from PIL.Image import Resampling

        self.scale = min(max(1, -(-_SMALLEST // max(size))), _MOST_TIMES)
        wide, high = size[0] * self.scale, size[1] * self.scale
        same = image.size == (wide, high)
        self.image = image.copy() if same else image.resize((wide, high), Resampling.LANCZOS)
        self._draw = ImageDraw.Draw(self.image)
        side = (wide * high) ** 0.5
        self.line = max(2, round(side / (_BOLD if bold else _FINE)))
        self._font = cast("FreeTypeFont", ImageFont.load_default(max(13, side / 36)))
        self._names: list[Frame] = []

    def box(self, box: Box, colour: Colour) -> None:
        """A frame inside the box's outermost pixels, between dark edges that show on any ground."""
        left, top, right, bottom = self._scaled(box)
        edge = max(1, self.line // 4)
        for inset, width, ink in ((0, self.line + 2 * edge, _EDGE), (edge, self.line, colour)):
            sides = (left + inset, top + inset, right - 1 - inset, bottom - 1 - inset)
            if sides[0] <= sides[2] and sides[1] <= sides[3]:
                self._draw.rectangle(sides, outline=ink, width=width)

    def name(self, text: str, box: Box, colour: Colour) -> None:
        """A label at a box: above it if there is room, inside the picture, on no other label."""
        pad = max(2, round(self._font.size / 5))
        text = self._fitted(text, self.image.width - 2 * pad)
        wide = int(self._font.getlength(text)) + 2 * pad
        height = sum(self._font.getmetrics()) + pad
        frame = self._free(wide, min(height, self.image.height), self._scaled(box))
        self._names.append(frame)
        self._draw.rectangle((frame[0], frame[1], frame[2] - 1, frame[3] - 1), fill=colour)
        place = (frame[0] + pad, frame[1] + pad // 2)
        self._draw.text(place, text, fill=ink_on(colour), font=self._font)

    def name_inside(self, text: str, mask: Any, colour: Colour) -> None:
        """A label on the row that halves a region's area, in the middle of its pixels there."""
        import numpy as np

        filled = mask.sum(1).cumsum()
        if not filled[-1]:
            return
        row = int(np.searchsorted(filled, (filled[-1] + 1) // 2))
        own = np.flatnonzero(mask[row])
        middle = int(own[len(own) // 2])
        half = int(self._font.getlength(text)) // (2 * self.scale)
        top = row + self.line
        self.name(text, Box(middle - half, top, middle + half, top), colour)

    def region(self, mask: Any, box: Box, colour: Colour) -> None:
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
        left, top, right, bottom = (side * self.scale for side in _sides(box))
        return left, top, right, bottom

    def _fitted(self, text: str, room: int) -> str:
        """The text, cut if the whole picture is too narrow for it."""
        short = text
        while short and self._font.getlength(short) > room:
            short = short[:-1]
        return short if short == text or len(short) < 2 else short[:-1] + "…"

    def _free(self, wide: int, high: int, box: Frame) -> Frame:
        places = [self._inside(*corner, wide, high) for corner in _corners(wide, high, box)]
        free = (place for place in places if not any(_overlap(place, it) for it in self._names))
        return next(free, places[0])

    def _inside(self, left: int, top: int, wide: int, high: int) -> Frame:
        left = max(0, min(left, self.image.width - wide))
        top = max(0, min(top, self.image.height - high))
        return left, top, min(left + wide, self.image.width), min(top + high, self.image.height)


def decoded(mask: RunLengthMask) -> Any:
    """The mask's pixels, uint8 [height, width]."""
    from pycocotools import mask as coco

    return coco.decode({"size": list(mask.size), "counts": mask.counts})


def whole(item: Any) -> "Image":
    """The picture of an item in its full size, also where it was decoded smaller."""
    image: Image = item.image
    return image if image.size == item.size else image.resize(item.size)


def _sides(box: Box) -> Frame:
    return box.xmin, box.ymin, box.xmax, box.ymax


def _corners(wide: int, high: int, box: Frame) -> Iterator[tuple[int, int]]:
    """Where a label may begin, best first: above the box, in its top, below it, in its bottom."""
    left, top, right, bottom = box
    for first in (top - high, top, bottom, bottom - high):
        yield left, first
        yield right - wide, first
    for step in range(1, max(2, (bottom - top) // max(high, 1))):
        yield left, top + step * high


def _overlap(one: Sequence[int], other: Sequence[int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _eroded(mask: Any, steps: int) -> Any:
    """The pixels of a mask that have it on all four sides `steps` away; beyond the crop is none."""
    import numpy as np

    framed = np.pad(mask, steps)
    high, wide = mask.shape
    across, down = slice(steps, steps + wide), slice(steps, steps + high)
    above, below = framed[:high, across], framed[2 * steps :, across]
    return mask & above & below & framed[down, :wide] & framed[down, 2 * steps :]
