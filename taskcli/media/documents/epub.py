"""The words of an EPUB book: its chapters, in the order in which they are read."""

import posixpath
import re
from urllib.parse import unquote

from taskcli.errors import InputError
from taskcli.media.documents import html
from taskcli.media.documents.package import Attributes, Elements, Package

_CONTAINER = "META-INF/container.xml"
_CHAPTERS = ("application/xhtml+xml", "text/html")
_MARKUP = re.compile(rb"[\xef\xbb\xbf\xff\xfe\0\s]*<")


def words(content: bytes, encoding: str) -> str:
    """Raises InputError."""
    package = Package(content)
    if _CONTAINER not in package.names:
        raise InputError("the book is damaged: it does not say where its chapters are")
    container = _Container()
    package.parse(_CONTAINER, container)
    book = _Book(posixpath.dirname(container.book))
    package.parse(_there(package, container.book), book)
    found = (html.words(_chapter(package, name), encoding) for name in book.chapters)
    return "\n".join(filter(None, found))


def _chapter(package: Package, name: str) -> bytes:
    """Raises InputError for one that is encrypted: publishers leave the rest of a book readable."""
    markup = package.read(_there(package, name))
    if not _MARKUP.match(markup):
        raise InputError("the book is locked: its chapters are encrypted", "DRM cannot be read")
    return markup


def _there(package: Package, name: str) -> str:
    if name not in package.names:
        raise InputError(f"the book is damaged: {name or 'its list of chapters'} is not in it")
    return name


class _Container(Elements):
    """Which file describes the book."""

    def __init__(self) -> None:
        self.book = ""

    def begin(self, tag: str, attrs: Attributes) -> None:
        if tag == "rootfile" and not self.book:
            self.book = attrs.get("full-path", "")


class _Book(Elements):
    """The chapters: files of the archive, all below no other folder than it has itself."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[str, str] = {}  # by their ids
        self.chapters: list[str] = []

    def begin(self, tag: str, attrs: Attributes) -> None:
        if tag == "item" and attrs.get("media-type") in _CHAPTERS:
            is_contents = "nav" in attrs.get("properties", "").split()
            if not is_contents:
                file = posixpath.join(self._folder, unquote(attrs.get("href", "")))
                self._files[attrs.get("id", "")] = posixpath.normpath(file)
        elif tag == "itemref" and attrs.get("idref") in self._files:
            self.chapters.append(self._files[attrs["idref"]])
