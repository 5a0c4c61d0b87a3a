"""The words of a PDF, page after page: the lines of a paragraph are one, as they were written."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.errors import InputError, first_line
from taskcli.media.documents.package import UNLOCK
from taskcli.media.documents.patience import Patience

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_LARGEST = 1 << 25  # bytes of what is drawn on a page: reading it takes thirty times that
_FULL = 0.8  # of a page's wide lines: a shorter one ends its paragraph
_NARROW = 40  # characters: lines that are no wider, as in tables and poems, are left as they are
_SPLIT = re.compile(r"[^\W\d_][-\u2010\xad]$")  # a word that goes on in the next line
# What begins a line of its own: an item of a list, a heading with a number such as 1.2.
_ITEM = re.compile(r"([-\u2022\u2013\u25aa*]|\(?\w{1,3}[.)])\s|\d+(\.\d+)+\.?\s+[A-Z]")
_LEADERS = re.compile(r"(\. ?){5}")  # dots that lead to a number, as in a table of contents


def words(content: bytes, _: str) -> str:
    """Raises InputError, also for a document that is locked, and for pictures of text."""
    try:
        pages = list(_pages(content))
    except InputError:
        raise
    except Exception as failure:  # whatever a damaged file makes Python raise
        raise InputError(f"the PDF is damaged: {first_line(failure)}") from None
    if not any(pages):
        raise InputError(
            "there is no text in this PDF, only what is drawn, as where pages were scanned",
            "OCR makes text of pictures: ocrmypdf scanned.pdf readable.pdf, say",
        )
    return "\n\n".join(filter(None, pages)) + "\n"


def _pages(content: bytes) -> Iterator[str]:
    patience = Patience()
    for page in _opened(content).pages:
        patience.check()
        _check_size(page)
        yield joined(page.extract_text(visitor_operand_before=patience.check).splitlines())


def _opened(content: bytes) -> "PdfReader":
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    reader = PdfReader(io.BytesIO(content))
    try:
        if reader.is_encrypted and not reader.decrypt(""):  # many ask for a password to print only
            raise InputError("the PDF is locked with a password", UNLOCK)
    except DependencyError as failure:
        told = f"the PDF is encrypted: {first_line(failure)}"
        raise InputError(told, "pip install 'taskcli[documents]'") from None
    return reader


def _check_size(page: "PageObject") -> None:
    drawn = page.get_contents()
    if drawn is not None and len(drawn.get_data()) > _LARGEST:
        raise InputError(
            f"a page of the PDF unpacks to more than {_LARGEST >> 20} MB",
            "save it as text with a program that can show it",
        )


def joined(lines: Sequence[str]) -> str:
    """A page's lines, of which those of a paragraph are joined: each but its last is a full one."""
    lines = [line.strip() for line in lines]
    widths = sorted((len(line) for line in lines if line), reverse=True)
    wide = widths[len(widths) // 4] if widths else 0
    text: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and line and not _ITEM.match(line):
            text[-1] = _continued(text[-1], line)
        elif line or (text and text[-1]):  # of several empty lines one
            text.append(line)
        is_full = wide > _NARROW and len(line) >= _FULL * wide
        goes_on = is_full and not _LEADERS.search(line)
    return "\n".join(text).strip()


def _continued(line: str, rest: str) -> str:
    if _SPLIT.search(line) and rest[0].islower():
        return line[:-1] + rest
    return f"{line} {rest}"
