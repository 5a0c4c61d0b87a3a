"""Chained recordings of Ogg: where a stream begins behind the pages of another."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from taskcli.errors import InputError
from taskcli.media.decode.joined.parts import MOST_PARTS, Part, window

_MOST_DAMAGE = 1_000  # places of an Ogg file; beyond, FFmpeg makes of it what it can
_SCANNED_FOR_PAGE = 1 << 16
_OGG_HEADER = 27  # bytes of a page's fixed part
_FIRST_PAGE = 2  # flag: a stream begins
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass
class _Link:
    start: int
    streams: int = 0
    whole: bool = True
    cut: bool = False


class _Page(NamedTuple):
    start: int
    flags: int
    whole: bool = True
    cut: bool = False  # the file ends inside of it


def ogg_parts(stream: BinaryIO, size: int) -> Iterator[Part]:
    links = _links(stream)
    if len(links) <= 1:
        yield Part(stream, not links or _is_plain(links[0]), cut=bool(links) and links[0].cut)
        return
    ends = [link.start for link in links[1:]] + [size]
    for link, end in zip(links, ends, strict=True):
        yield Part(window(stream, link.start, end), _is_plain(link), cut=link.cut)


def _is_plain(link: _Link) -> bool:
    return link.whole and link.streams == 1


def _links(stream: BinaryIO) -> list[_Link]:
    """Chained recordings: where a stream begins behind the pages of another."""
    links: list[_Link] = []
    inside = True  # behind the first pages of the streams of a link
    for page in _pages(stream):
        if not page.whole:
            if links:
                links[-1].whole, links[-1].cut = False, page.cut
            continue
        if not page.flags & _FIRST_PAGE:
            inside = True
            continue
        if inside:
            links.append(_Link(page.start if links else 0))
            if len(links) > MOST_PARTS:
                raise InputError(f"joined from more than {MOST_PARTS} recordings")
        inside = False
        links[-1].streams += 1
    return links


def _pages(stream: BinaryIO) -> Iterator[_Page]:
    """All pages, and places where none is whole."""
    at, damaged = 0, 0
    stream.seek(at)
    while damaged < _MOST_DAMAGE and (header := stream.read(_OGG_HEADER)):
        lacing = stream.read(header[-1]) if header[:4] == b"OggS" else b""
        body = stream.read(sum(lacing)) if lacing else b""
        if header[:4] == b"OggS" and _checked(header, lacing + body):
            yield _Page(at, header[5])
            at += len(header) + len(lacing) + len(body)
            continue
        following = _next_page(stream, at + 1)
        yield _Page(
            at, 0, whole=False, cut=following is None and _ends_within(header, lacing, body)
        )
        damaged += 1
        if following is None:
            return
        at = following
        stream.seek(at)


def _ends_within(header: bytes, lacing: bytes, body: bytes) -> bool:
    """Whether the file ends inside of a page, read as far as it goes."""
    if len(header) < _OGG_HEADER:
        return header[:4] == b"OggS"[: len(header)]
    return header[:4] == b"OggS" and (len(lacing) < header[-1] or len(body) < sum(lacing))


def _checked(header: bytes, rest: bytes) -> bool:
    """Ogg's checksum is CRC-32 with its bits the other way round."""
    if len(header) < _OGG_HEADER:
        return False
    data = (header[:22] + bytes(4) + header[26:] + rest).translate(_REVERSED)
    found = zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return found.to_bytes(4, "big").translate(_REVERSED) == header[22:26]


def _next_page(stream: BinaryIO, at: int) -> int | None:
    stream.seek(at)
    kept = b""
    while block := stream.read(_SCANNED_FOR_PAGE):
        data = kept + block
        if (found := data.find(b"OggS")) >= 0:
            return at + found
        kept = data[-3:]
        at += len(data) - len(kept)
    return None
