"""The words of an OpenDocument text (.odt): its text, then its notes."""

import re

from taskcli.errors import InputError
from taskcli.media.documents.blocks import LINE, Blocks
from taskcli.media.documents.package import UNLOCK, Attributes, Elements, Package

_TEXT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
# What was deleted, comments, the number of a note, and how signs are pronounced.
_LEFT_OUT = frozenset("tracked-changes annotation note-citation ruby-text".split())
_SIGNS = {"tab": "\t", "line-break": "\n"}
_BLANKS = re.compile(r"[ \t\r\n]+")  # are one, by the standard: more are elements
_MOST_BLANKS = 1000  # that one element stands for


def words(content: bytes, _: str) -> str:
    """Raises InputError."""
    package = Package(content)
    if _TEXT not in package.names:
        raise InputError("the document is damaged: it has no text")
    if _MANIFEST in package.names and b"encryption-data" in package.read(_MANIFEST):
        raise InputError("the document is locked with a password", UNLOCK)
    text = _Text()
    package.parse(_TEXT, text)
    return "\n".join(filter(None, (text.body.text, text.notes.text)))


class _Text(Elements):
    def __init__(self) -> None:
        self.body, self.notes = Blocks(), Blocks()
        self._left_out = self._paragraphs = self._notes = 0  # that are open
        self._cells: list[int] = []  # of the row under way, of each table that is open

    @property
    def _blocks(self) -> Blocks:
        return self.notes if self._notes else self.body

    def begin(self, tag: str, attrs: Attributes) -> None:
        self._left_out += tag in _LEFT_OUT
        if self._left_out:
            return
        self._notes += tag == "note"
        self._paragraphs += tag in ("p", "h")
        if tag == "table-row":
            self._cells.append(0)
        elif tag == "table-cell" and self._cells:
            self._blocks.add("\t" if self._cells[-1] else "")
            self._cells[-1] += 1
        elif tag == "s":
            self._blocks.add(" " * _count(attrs.get("c", "1")))
        elif self._paragraphs:
            self._blocks.add(_SIGNS.get(tag, ""))

    def end(self, tag: str) -> None:
        if tag in _LEFT_OUT:
            self._left_out -= 1
        if self._left_out:
            return
        if tag == "table-row" and self._cells:
            self._cells.pop()
        self._paragraphs -= tag in ("p", "h")
        if tag in ("table-row", "table", "p", "h"):
            self._end_block(tag)
        self._notes -= tag == "note"

    def _end_block(self, tag: str) -> None:
        """In a row paragraphs are parts of its line."""
        if self._cells and not self._notes:
            self._blocks.add(" ")
        elif tag == "table-row":
            self._blocks.end(LINE)
        else:
            self._blocks.end()

    def data(self, text: str) -> None:
        if self._paragraphs and not self._left_out:
            self._blocks.add(_BLANKS.sub(" ", text))


def _count(number: str) -> int:
    return min(int(number), _MOST_BLANKS) if number.isdecimal() else 1
