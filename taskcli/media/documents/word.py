"""The words of a Word document (.docx): its text, then its notes."""

from taskcli.errors import InputError
from taskcli.media.documents.blocks import LINE, Blocks
from taskcli.media.documents.package import Attributes, Elements, Package

_USUAL = "word/document.xml"
_RELATIONS = "_rels/.rels"
_NOTES = ("word/footnotes", "word/endnotes")
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
# What was deleted or moved, what fields are made of, how signs are pronounced, and what stands in
# for shapes where a program does not know them.
_LEFT_OUT = frozenset("del moveFrom delText delInstrText instrText rt Fallback".split())


def words(content: bytes, _: str) -> str:
    """Raises InputError."""
    package = Package(content)
    body = _Relations.of(package)
    if body not in package.names:
        raise InputError("the document is damaged: it has no text")
    text = _Text()
    package.parse(body, text)
    for name in sorted(name for name in package.names if name.startswith(_NOTES)):
        package.parse(name, text)
    return text.blocks.text


class _Relations(Elements):
    """Which file of a package is the document's text."""

    def __init__(self) -> None:
        self.body = _USUAL

    @classmethod
    def of(cls, package: Package) -> str:
        found = cls()
        if _RELATIONS in package.names:
            package.parse(_RELATIONS, found)
        return found.body

    def begin(self, tag: str, attrs: Attributes) -> None:
        if tag == "Relationship" and attrs.get("Type", "").endswith("/officeDocument"):
            self.body = attrs.get("Target", "").lstrip("/")


class _Text(Elements):
    def __init__(self) -> None:
        self.blocks = Blocks()
        self._left_out = self._runs = self._texts = 0  # that are open
        self._cells: list[int] = []  # of the row under way, of each table that is open

    def begin(self, tag: str, attrs: Attributes) -> None:
        self._left_out += tag in _LEFT_OUT
        if self._left_out:
            return
        self._runs += tag == "r"
        self._texts += tag == "t"
        if tag == "tr":
            self._cells.append(0)
        elif tag == "tc" and self._cells:
            self.blocks.add("\t" if self._cells[-1] else "")
            self._cells[-1] += 1
        elif self._runs:  # elsewhere a tab is where one would end
            self.blocks.add(_SIGNS.get(tag, ""))

    def end(self, tag: str) -> None:
        if tag in _LEFT_OUT:
            self._left_out -= 1
        if self._left_out:
            return
        self._runs -= tag == "r"
        self._texts -= tag == "t"
        if tag == "tr" and self._cells:
            self._cells.pop()
        if tag in ("tr", "tbl", "p"):
            self._end_block(tag)

    def _end_block(self, tag: str) -> None:
        """In a row paragraphs are parts of its line."""
        if self._cells:
            self.blocks.add(" ")
        elif tag == "tr":
            self.blocks.end(LINE)
        else:
            self.blocks.end()

    def data(self, text: str) -> None:
        if self._texts and not self._left_out:
            self.blocks.add(text)
