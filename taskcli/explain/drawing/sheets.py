"""Maps as a contact sheet: each frame of a view, its name beneath. Pillow loads when used."""

import io
from collections.abc import Iterator, Sequence
from functools import singledispatch
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from taskcli.explain.drawing.numbers import amount, coloured, span, weights
from taskcli.explain.views.kinds import WHOLE, Box, Frame, Looks, Maps, View
from taskcli.media.items import ImageInput, Item
from taskcli.output.drawing.lines import fitted, wrapped, write
from taskcli.output.drawing.typefaces import Run
from taskcli.output.palette import Colour

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Tile: TypeAlias = tuple["Image", Frame, str]  # a picture, what it shows, and its numbers in words

_PAPER, _INK, _SOFT = (255, 255, 255), (29, 32, 38), (93, 100, 112)
_SIDES = (
    (4, 420),
    (24, 240),
    (120, 150),
    (400, 96),
)  # frames up to, pixels of a tile's longer side
_MOST = 400  # frames of a sheet
_COLUMNS = 8
_GAP, _NAME, _TITLE = 14, 13, 20  # pixels; the latter two are sizes of letters
_LINE = _NAME + 4


def drawn(view: Maps | Looks, item: Item | None) -> bytes:
    """A PNG; nothing where a view has no frames."""
    frames = view.frames[:_MOST]
    side = next(side for most, side in _SIDES if len(frames) <= most)
    tiles = list(_tiles(view, frames, item, side))
    if not tiles:
        return b""
    content = io.BytesIO()
    _sheet(view, tiles, len(view.frames) - len(frames)).save(content, "PNG", compress_level=4)
    return content.getvalue()


@singledispatch
def _tiles(view: View, frames: Sequence[Frame], item: Item | None, side: int) -> Iterator[Tile]:
    raise TypeError(type(view).__name__)


@_tiles.register(Maps)
def _(view: Maps, frames: Sequence[Frame], item: Item | None, side: int) -> Iterator[Tile]:
    from PIL.Image import Resampling, composite, fromarray

    is_over = view.extent is not None and isinstance(item, ImageInput)
    extent = view.extent or WHOLE
    ground = _part(item.image, extent) if is_over else None  # type: ignore[union-attr]
    shared = span(view.frames, view.signed) if view.shared else None
    for frame in frames:
        ends = shared or span([frame], view.signed)
        heat = fromarray(coloured(frame.values, ends, view.signed))
        size = _fit(heat.size if ground is None else ground.size, side)
        tile = heat.resize(size, Resampling.NEAREST)
        if ground is not None:
            clear = fromarray(weights(frame.values, ends, view.signed)).resize(
                size, Resampling.NEAREST
            )
            tile = composite(tile, ground.resize(size, Resampling.LANCZOS), clear)
        _outline(tile, frame.box, extent)
        yield tile, frame, "" if view.shared else _scale(view, ends)


@_tiles.register(Looks)
def _(view: Looks, frames: Sequence[Frame], item: Item | None, side: int) -> Iterator[Tile]:
    """At each place a small map of where it looks."""
    import numpy as np
    from PIL.Image import Resampling, fromarray

    high, wide = view.grid
    for frame in frames:
        ends = span([frame], False)
        maps = np.full((high, high + 1, wide, wide + 1, 3), 255, np.uint8)
        pixels = coloured(frame.values, ends, False).reshape(high, wide, high, wide, 3)
        maps[:, :high, :, :wide] = pixels.transpose(0, 2, 1, 3, 4)
        mosaic = fromarray(maps.reshape(high * (high + 1), wide * (wide + 1), 3)[:-1, :-1])
        times = max(1, round(side * 1.5 / max(mosaic.size)))
        size = (mosaic.width * times, mosaic.height * times)
        yield (
            mosaic.resize(size, Resampling.NEAREST),
            frame,
            f"{amount(ends[0])} to {amount(ends[1])}",
        )


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _part(picture: "Image", extent: Box) -> "Image":
    """What lies at `extent`, and black where that is beyond the picture."""
    left, top, right, bottom = _pixels(extent, WHOLE, picture.size)
    return picture.convert("RGB").crop((round(left), round(top), round(right), round(bottom)))


def _pixels(box: Box, extent: Box, size: tuple[int, int]) -> Box:
    """The sides of a box, in pixels of a picture of `size` that shows `extent`."""
    left, top, right, bottom = extent
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    xmin, ymin, xmax, ymax = box
    return (xmin - left) * across, (ymin - top) * down, (xmax - left) * across, (ymax - top) * down


def _outline(tile: "Image", box: Box | None, extent: Box) -> None:
    from PIL.ImageDraw import Draw

    if box is None:
        return
    left, top, right, bottom = _pixels(box, extent, tile.size)
    if left <= right and top <= bottom:
        Draw(tile).rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=(0, 0, 0), width=4)
        Draw(tile).rectangle((left, top, right, bottom), outline=(255, 255, 255), width=2)


def _sheet(view: View, tiles: Sequence[Tile], left_out: int) -> "Image":
    """Frames that differ in their last axis alone stand in a row."""
    from PIL import Image
    from PIL.ImageDraw import Draw

    rows = [
        row[at : at + _COLUMNS]
        for _, same in groupby(tiles, lambda tile: tile[1].place[:-1])
        for row in [list(same)]
        for at in range(0, len(row), _COLUMNS)
    ]
    wide = max(tile.width for tile, *_ in tiles) + _GAP
    lines = max(len(_caption(frame, numbers)) for _, frame, numbers in tiles)
    high = max(tile.height for tile, *_ in tiles) + lines * _LINE + _GAP
    width = max(max(map(len, rows)) * wide + _GAP, 480)
    head, about = _head(view, left_out, width - 2 * _GAP), _about(view, width - 2 * _GAP)
    top = 2 * _GAP + _TITLE + _LINE * (len(head) - 1)
    sheet = Image.new("RGB", (width, top + len(rows) * high + len(about) * _LINE + _GAP), _PAPER)
    draw = Draw(sheet)
    for line, text in enumerate(head):
        size, ink = (_NAME, _SOFT) if line else (_TITLE, _INK)
        write(draw, _GAP, _GAP + _TITLE + line * _LINE, text, size, ink)
    for down, row in enumerate(rows):
        for across, tile in enumerate(row):
            _put(sheet, draw, tile, (_GAP + across * wide, top + down * high), wide - 4)
    for line, text in enumerate(about, 1):
        write(draw, _GAP, top + len(rows) * high + line * _LINE, text, _NAME, _SOFT)
    return sheet


def _head(view: View, left_out: int, width: int) -> list[list[Run]]:
    """The title, and a scale that all frames share."""
    more = f" ({left_out} further ones left out)" if left_out else ""
    lines = [fitted(f"{view.title}{more}", _TITLE, width)]
    if isinstance(view, Maps) and view.shared:
        lines.append(fitted(f"all: {_scale(view, span(view.frames, view.signed))}", _NAME, width))
    return lines


def _scale(view: Maps, ends: tuple[float, float]) -> str:
    return f"{amount(ends[0])} to {amount(ends[1], view.unit)}"


def _about(view: View, width: int) -> list[list[Run]]:
    return list(wrapped(view.about, _NAME, width))


def _put(
    sheet: "Image", draw: "ImageDraw", tile: Tile, corner: tuple[int, int], width: int
) -> None:
    picture, frame, numbers = tile
    x, y = corner
    sheet.paste(picture, corner)
    for line, (text, ink) in enumerate(_caption(frame, numbers), 1):
        at = y + picture.height + line * _LINE
        write(draw, x, at, fitted(text, _NAME, width), _NAME, ink)


def _caption(frame: Frame, numbers: str) -> list[tuple[str, Colour]]:
    """Each axis has a line of its own, so that none is cut for another."""
    told: list[tuple[str, Colour]] = [(one, _INK) for one in frame.place]
    return told + [(text, _SOFT) for text in (frame.note, numbers) if text]
