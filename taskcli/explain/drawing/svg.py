"""Drawings as SVG, which read on light and dark ground; what a text says stays text."""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from taskcli.output.sanitize import safe_line

_NOT_XML = re.compile("[\ufffe\uffff]")
_STYLE = (
    "svg{background:#fff;color:#1d2026}"
    "text{font:12px ui-monospace,'DejaVu Sans Mono',monospace;fill:currentColor;white-space:pre}"
    ".title{font:600 17px system-ui,'DejaVu Sans',sans-serif}"
    ".soft{fill:#5d6470}.ink{stroke:currentColor}.line{stroke:#b9b5ac}.end{text-anchor:end}"
    ".middle{text-anchor:middle}.on-dark{fill:#fff}.on-light{fill:#000}"
    ".none{fill:none}.mark{fill:none;stroke:#00c8b4;stroke-width:2}"
    ".plus{fill:#d95f02}.minus{fill:#3b6fb6}.bar{fill:#0b6b74}.wave{stroke:#0b6b74;fill:none}"
    ".answer{fill:#0b6b7433;stroke:#0b6b74;stroke-width:2.5}.kept{fill:#8882;stroke:#5d6470}"
    ".dropped{fill:none;stroke:#b9b5ac;stroke-dasharray:3 3}"
    "@media(prefers-color-scheme:dark){svg{background:#14161a;color:#e8e9ec}.soft{fill:#a3a9b5}"
    ".line{stroke:#4a5160}.bar{fill:#5cc8cf}.wave{stroke:#5cc8cf}.plus{fill:#ff9d4d}"
    ".minus{fill:#7fb2ff}.answer{fill:#5cc8cf33;stroke:#5cc8cf}}"
)


class Figure:
    """What is drawn from the upper left on; it is as large as what is in it."""

    def __init__(self, title: str) -> None:
        self._title = title
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
        size = f'width="{self._width + 12:.0f}" height="{self._height + 12:.0f}"'
        box = f'viewBox="0 0 {self._width + 12:.0f} {self._height + 12:.0f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>'
        name = f"<title>{escape(clean(self._title))}</title><style>{_STYLE}</style>"
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
