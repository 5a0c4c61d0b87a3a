"""A page without its data: one file, of which its own style and script run, and nothing else."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from pathlib import Path

_IMPORT = re.compile(r'^import [^;]* from "(\.[./\w]*\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_STYLE = re.compile(r'^@import "(\.[./\w]*\.css)";\n', re.MULTILINE)
_PART = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)
_MARK = "<!-- data -->"


def template(folder: Path, title: str) -> tuple[str, str]:
    """What stands before the data and behind it, of the page.html, page.css and page.js there.

    The page's own parts stand in the frame that all pages have.
    """
    style = _styles(folder / "page.css")
    modules = _modules((folder / "page.js").resolve()).values()
    script = '"use strict";\n(() => {\n' + "\n".join(modules) + "})();\n"
    filled = {
        **_parts(_read(folder / "page.html")),
        "title": html.escape(title),
        "style-hash": _hash(style),
        "script-hash": _hash(script),
        "style": style,
        "script": script,
    }
    page = _read(Path(__file__).with_name("frame.html"))
    for name, value in filled.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    head, tail = page.split(_MARK)
    return head, tail


def _parts(page: str) -> dict[str, str]:
    """By the names in the comments over them."""
    _, *pieces = _PART.split(page)
    return {name: text.rstrip("\n") for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def _modules(file: Path, found: Mapping[Path, str] | None = None) -> dict[Path, str]:
    """A module of the script and all that it imports, each after what it uses itself.

    A page from disk may import nothing, so they share one scope: no name stands in two of them.
    """
    known = dict(found or {})
    if file in known:
        return known
    source = _read(file)
    for used in _IMPORT.findall(source):
        known |= _modules((file.parent / used).resolve(), known)
    return {**known, file: _EXPORT.sub("", _IMPORT.sub("", source))}


def _styles(file: Path) -> str:
    """A style sheet after those that it imports."""
    return _STYLE.sub(lambda used: _styles(file.parent / used[1]), _read(file))


def _read(file: Path) -> str:
    return file.read_text("utf-8")


def _hash(text: str) -> str:
    """As a content security policy names what may run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
