"""Documents that are ZIP archives of XML: what is in them is read in pieces, and bounded."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers import expat

from taskcli.errors import InputError, first_line
from taskcli.media.documents.patience import Patience

_BLOCK = 1 << 16  # bytes
_LARGEST = 1 << 29  # bytes of a document that is unpacked: longer than any that was written
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, NotImplementedError)

UNLOCK = "save a copy of it without a password"

Attributes = dict[str, str]


class Package:
    """The members of an archive in memory. Raises InputError for one that is damaged or locked."""

    def __init__(self, content: bytes) -> None:
        with _told():
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        self.names = frozenset(self._archive.namelist())
        self._left = _LARGEST
        self._patience = Patience()

    def pieces(self, name: str) -> Iterator[bytes]:
        """A member as it is unpacked."""
        with _told(), self._archive.open(name) as member:
            while piece := member.read(_BLOCK):
                self._left -= len(piece)
                self._patience.check()
                if self._left < 0:
                    raise InputError(
                        f"the document unpacks to more than {_LARGEST >> 20} MB",
                        "if it is what it seems, save it as text",
                    )
                yield piece

    def read(self, name: str) -> bytes:
        return b"".join(self.pieces(name))

    def parse(self, name: str, reader: "Elements") -> None:
        """Give the elements of an XML file to a reader, by their local names."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, attrs: reader.begin(
            _local(tag), {_local(key): value for key, value in attrs.items()}
        )
        parser.EndElementHandler = lambda tag: reader.end(_local(tag))
        parser.CharacterDataHandler = reader.data
        parser.EntityDeclHandler = _refuse_entities
        try:
            for piece in self.pieces(name):
                parser.Parse(piece)
            parser.Parse(b"", True)
        except expat.ExpatError as failure:
            raise InputError(f"the document is damaged: {name}: {failure}") from None


class Elements:
    """What reads XML. Of most elements there is nothing to be done."""

    def begin(self, tag: str, attrs: Attributes) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text of the element that is open."""


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_entities(*_: object) -> None:
    """Text that is declared once and meant a billion times, or that lies in another file."""
    raise InputError("the document declares entities, as no such document does")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as failure:  # so zipfile calls a password that is missing
        raise InputError(f"the document is locked: {first_line(failure)}", UNLOCK) from None
    except _DAMAGED as failure:
        raise InputError(f"the document is damaged: {first_line(failure)}") from None
