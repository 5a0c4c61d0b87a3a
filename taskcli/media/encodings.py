"""Which encoding a text is in, and its lines, decoded one at a time."""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from taskcli.errors import InputError

AUTO = "auto"  # what the byte-order mark says; without one UTF-8, or UTF-16 by its zero bytes

_UTF8 = "utf-8-sig"  # with or without the mark
# UTF-32's mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# As JSON texts are told apart (RFC 4627, section 3): two characters of ASCII.
_UNMARKED = (
    (re.compile(rb"[^\0]\0[^\0]\0", re.DOTALL), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]", re.DOTALL), "utf-16-be"),
)


def codec_of(head: bytes, asked: str) -> str:
    """The codec of a text that begins with `head`; one that was asked for by name wins."""
    if asked == AUTO:
        marked = (codec for mark, codec in _MARKS if head.startswith(mark))
        unmarked = (codec for pattern, codec in _UNMARKED if pattern.match(head))
        return next(chain(marked, unmarked), _UTF8)
    return _UTF8 if codecs.lookup(asked).name == "utf-8" else asked


def is_wide(codec: str) -> bool:
    """Whether a line end is more than a byte."""
    return codec != _UTF8 and "\n".encode(codec) != b"\n"


def shown(codec: str) -> str:
    """A codec as it is named to the user."""
    return codec.removesuffix("-sig").upper() if codec.startswith("utf") else codec


def decoded(content: bytes, asked: str) -> str:
    """A whole text. Raises InputError for bytes that are none in this encoding."""
    codec = codec_of(content, asked)
    try:
        return content.decode(codec)
    except UnicodeDecodeError as failure:
        raise _undecoded(f"not {shown(codec)} text", failure) from None


def decoded_pieces(content: Iterable[bytes], asked: str) -> Iterator[str]:
    """A text as it is read. Raises InputError behind what is text in this encoding."""
    pieces = iter(content)
    first = next(pieces, b"")
    codec = codec_of(first, asked)
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for piece in chain([first], pieces):
            if text := decoder.decode(piece):
                yield text
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as failure:
        raise _undecoded(f"not {shown(codec)} text", failure) from None


def decoded_lines(stream: Iterable[bytes], asked: str) -> Iterator[tuple[int, str | InputError]]:
    """(line number, text) of the non-blank lines; a line that does not decode is its own error."""
    pieces = iter(stream)
    first = next(pieces, b"")
    codec = codec_of(first, asked)
    if codec == _UTF8:
        first, codec = first.removeprefix(codecs.BOM_UTF8), "utf-8"
    pieces = chain([first], pieces)
    lines = _wide_lines(pieces, codec) if is_wide(codec) else _narrow_lines(pieces, codec)
    for number, line in enumerate(lines, 1):
        if isinstance(line, UnicodeDecodeError):
            yield number, _undecoded(f"line {number} is not {shown(codec)}", line)
        elif line.strip():
            yield number, line.rstrip("\r\n")


def _undecoded(what: str, failure: UnicodeDecodeError) -> InputError:
    return InputError(f"{what}: {failure}", "name the right one with --encoding")


def _narrow_lines(pieces: Iterable[bytes], codec: str) -> Iterator[str | UnicodeDecodeError]:
    for piece in pieces:
        try:
            yield piece.decode(codec)
        except UnicodeDecodeError as failure:
            yield failure


def _wide_lines(pieces: Iterable[bytes], codec: str) -> Iterator[str | UnicodeDecodeError]:
    """Nothing is readable after what does not decode."""
    decoder = codecs.getincrementaldecoder(codec)()
    rest = ""
    try:
        for piece in pieces:
            *whole, rest = (rest + decoder.decode(piece)).split("\n")
            yield from whole
        yield rest + decoder.decode(b"", final=True)
    except UnicodeDecodeError as failure:
        yield failure
