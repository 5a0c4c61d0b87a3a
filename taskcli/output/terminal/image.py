"""A picture in the terminal: as such where the terminal announces that, else in half blocks."""

import base64
import io
import os
from collections.abc import Iterator
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.style import Style

from taskcli.output.presentation import presentation_of
from taskcli.output.writer import Layout
from taskcli.results import Record

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDEST, _HIGHEST = 80, 24  # columns and rows; a character is about twice as high as wide
_SHARPEST = 1_200  # pixels of a side that is sent to a terminal
WHY_NONE = "no preview: it needs a terminal with 256 colours"
_CHUNK = 4_096  # bytes of one kitty command


def protocol() -> str:
    """kitty, iterm, or blocks for terminals that announce neither, or hide behind another."""
    told = os.environ
    if "TMUX" in told or told.get("TERM", "").startswith("screen"):
        return "blocks"
    if "KITTY_WINDOW_ID" in told or told.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if told.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm") or told.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "blocks"


def can_show(console: Console) -> bool:
    """Whether a picture would look like one: sixteen colours are too few for half blocks."""
    if console.no_color or console.color_system is None:
        return False
    return protocol() != "blocks" or console.color_system in ("256", "truecolor")


def picture(record: Record, layout: Layout, names: bool) -> "Image":
    """The input with what was found; `names` are left out where they could not be read."""
    drawn = presentation_of(record.result).drawn
    image: Image = (
        resolve_name(drawn)(record.result, record.item, layout, names)
        if drawn
        else record.item.image
    )
    return image


def sent(image: "Image", how: str, room: int) -> str:
    """The escape sequence that shows a picture on a terminal of so many columns."""
    columns = max(1, min(room, _WIDEST, round(2 * _HIGHEST * image.width / image.height)))
    content = io.BytesIO()
    image = image.copy()
    image.thumbnail((_SHARPEST, _SHARPEST))
    image.save(content, "PNG")
    data = base64.standard_b64encode(content.getvalue()).decode("ascii")
    if how == "iterm":
        return f"\x1b]1337;File=inline=1;width={columns};preserveAspectRatio=1:{data}\x07\n"
    parts = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    head = f"a=T,f=100,c={columns},"
    commands = (
        f"\x1b_G{head if number == 0 else ''}m={int(number < len(parts) - 1)};{part}\x1b\\"
        for number, part in enumerate(parts)
    )
    return "".join(commands) + "\n"


class HalfBlocks:
    """Two pixels in each character: the upper in its colour, the lower behind it."""

    def __init__(self, image: "Image") -> None:
        self._image = image

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        image = self._image.convert("RGB")
        wide, high = min(options.max_width, _WIDEST), 2 * _HIGHEST
        scale = min(wide / image.width, high / image.height)
        size = max(1, round(image.width * scale)), max(2, round(image.height * scale / 2) * 2)
        pixels = image.resize(size).load()
        assert pixels is not None
        for row in range(0, size[1], 2):
            for column in range(size[0]):
                ink, ground = (_style(pixels[column, row + below]) for below in (0, 1))
                yield Segment("▀", Style(color=ink, bgcolor=ground))
            yield Segment.line()


def _style(pixel: Any) -> Color:
    return Color.from_rgb(*pixel)
