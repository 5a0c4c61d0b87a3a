"""Drawings as SVG, which read on light and dark ground; what a text says stays text."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

from taskcli.output.sanitize import safe_line

_SMALL = 6.2  # pixels of a letter of what is told about a drawing
_LINE = (600.0, 900.0)  # pixels of its lines, at least and at most
_NOT_XML = re.compile("[\ufffe\uffff]")


@cache
def _style() -> str:
    return files(__package__).joinpath("figure.css").read_text("utf-8")


class Figure:
    """What is drawn from the upper left on; it is as large as what is in it.

    What is told `about` it stands below.
    """

    def __init__(self, title: str, about: str) -> None:
        self._title, self._about = title, about
        self._parts: list[str] = []
        self._width, self._height = 320.0, 0.0
        self.text(12, 26, title, "title", letter=9.5)

    def text(self, x: float, y: float, text: str, kind: str = "", letter: float = 7.3) -> None:
        """`letter` is about how wide one is, in pixels."""
        anchored = "end" in kind or "middle" in kind
        self._grow(x if anchored else x + letter * len(text), y + 8)
        self._put("text", {"x": x, "y": y, "class": kind}, clean(text))

    def turned(self, x: float, y: float, text: str) -> None:
        """From here upwards."""
        self._put("text", {"transform": f"translate({x:g} {y:g}) rotate(-90)"}, clean(text))

    def rect(
        self,
        at: tuple[float, float],
        size: tuple[float, float],
        kind: str = "",
        told: str = "",
        **more: object,
    ) -> None:
        """`told` is shown of it where a pointer rests."""
        self._grow(at[0] + size[0], at[1] + size[1])
        place = {"x": at[0], "y": at[1], "width": size[0], "height": size[1], "class": kind}
        self._put("rect", {**place, **more}, title=told)

    def path(self, steps: Iterable[str], kind: str = "", **more: object) -> None:
        self._put("path", {"d": "".join(steps), "class": kind, **more})

    def image(self, at: tuple[float, float], size: tuple[float, float], url: str) -> None:
        self._grow(at[0] + size[0], at[1] + size[1])
        place = {"x": at[0], "y": at[1], "width": size[0], "height": size[1], "href": url}
        self._put("image", {**place, "preserveAspectRatio": "none", "style": _CRISP})

    def done(self) -> bytes:
        letters = int(min(max(self._width, _LINE[0]), _LINE[1]) / _SMALL)
        for line in wrap(self._about, letters):
            self.text(12, self._height + 12, line, "about", letter=_SMALL)
        size = f'width="{self._width + 12:.0f}" height="{self._height + 12:.0f}"'
        box = f'viewBox="0 0 {self._width + 12:.0f} {self._height + 12:.0f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>'
        name = f"<title>{escape(clean(self._title))}</title><style>{_style()}</style>"
        return "\n".join([head, name, *self._parts, "</svg>\n"]).encode()

    def _grow(self, right: float, bottom: float) -> None:
        self._width, self._height = max(self._width, right), max(self._height, bottom)

    def _put(
        self, tag: str, attributes: dict[str, object], text: str = "", title: str = ""
    ) -> None:
        said = "".join(
            f" {key.replace('_', '-')}={_quoted(one)}" for key, one in attributes.items()
        )
        told = f"<title>{escape(clean(title))}</title>" if title else ""
        self._parts.append(f"<{tag}{said}>{told}{escape(text)}</{tag}>")


_CRISP = "image-rendering:pixelated"


def clean(text: str) -> str:
    """A line that XML can hold, and that reads in its own order."""
    return _NOT_XML.sub("\ufffd", safe_line(text))


def _quoted(value: object) -> str:
    return quoteattr(f"{value:g}" if isinstance(value, float) else str(value))
