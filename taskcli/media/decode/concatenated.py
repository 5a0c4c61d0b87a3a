"""Recordings that were joined end to end, as `cat a.mp3 b.mp3` does: where each begins and ends.

libsndfile reads the first of them and stops, and FFmpeg loses count at the seams. So each is
opened as a file of its own.
"""

import io
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal, NamedTuple

from taskcli.errors import InputError
from taskcli.media.decode import mpeg

_MOST_PARTS = 10_000
_MOST_BOXES = 200_000  # of an MP4, or chunks of a WAV before its sound
_MOST_DAMAGE = 1_000  # places of an Ogg file; beyond, FFmpeg makes of it what it can
_SCANNED = 1 << 20  # bytes at a time
_SCANNED_FOR_PAGE = 1 << 16
_INITIAL = re.escape(bytes(byte for byte in range(256) if byte & 8))
# How recordings begin that do not say, or not cheaply, where they end: more than chance writes.
_BEGINNINGS = (
    re.compile(rb"fLaC[\x00\x80]\x00\x00\x22"),  # STREAMINFO stands first, always
    re.compile(rb"caff\x00\x01\x00\x00desc\x00{7}\x20"),
    re.compile(rb"TTA1[\x01\x02]\x00[\x01-\x20]\x00[\x08\x10\x18\x20]\x00"),
    re.compile(rb"FLV\x01[\x01\x04\x05]\x00{3}\x09\x00{4}"),
    re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),  # ASF
    # WavPack's blocks all begin alike: the first starts at sample 0, and its flags say "initial".
    re.compile(rb"wvpk.{4}[\x02-\x10]\x04\x00.{5}\x00{4}(?!\x00{4}).{5}[%b]" % _INITIAL, re.DOTALL),
)
_BEGINNING_BYTES = 32  # more than any of them has
_FIRST_BOX = b"ftyp"  # of an MP4
_AU = b".snd"
_CAF = b"caff"
_OGG_HEADER = 27  # bytes of a page's fixed part
_FIRST_PAGE = 2  # flag: a stream begins
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_UNKNOWN = (0, 0xFFFFFFFF)  # sizes that a writer states before it knows


@dataclass(frozen=True)
class Part:
    """One recording in a file.

    `whole` is false where its bytes are damaged, or hold several streams: libsndfile would leave
    something out without a word.
    """

    stream: BinaryIO
    whole: bool = True
    unfinished: bool = False  # a WAV whose header was never completed; `stream` shows it mended
    cut: bool = False  # the file ends inside of it
    missing: int = 0  # frames that its header counts and the file does not hold


def parts_of(stream: BinaryIO) -> list[Part]:
    """The recordings in a file, in order: one, for nearly all files."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(12)
    stream.seek(mpeg.id3_bytes(head))
    first = stream.read(_BEGINNING_BYTES)
    beginning = next((one for one in _BEGINNINGS if one.match(first)), None)
    if first[:4] == b"OggS":
        parts = list(_ogg(stream, size))
    elif beginning is not None:
        parts = list(_cut(stream, _repeated(stream, beginning), size))
        if first[:4] == _CAF:
            parts = [replace(part, cut=_is_cut_caf(part.stream)) for part in parts]
    elif _is_wav(head):
        parts = [_finished(one) for one in _cut(stream, _one_by_one(stream, size, _wav_end), size)]
    elif head[:4] == b"RF64" and head[8:] == b"WAVE":
        parts = [_finished_long(Part(stream))]
    elif _is_aiff(head):
        parts = list(_cut(stream, _one_by_one(stream, size, _aiff_end), size))
    elif head[:4] == _AU:
        parts = list(_cut(stream, _one_by_one(stream, size, _au_end), size))
    elif head[4:8] == _FIRST_BOX:
        parts = list(_cut(stream, _one_by_one(stream, size, _mp4_end), size))
    else:
        parts = [
            replace(part, missing=mpeg.missing_frames(part.stream))
            for part in _cut(stream, _mp3_starts(stream, size), size)
        ]
    stream.seek(0)
    return parts


def _cut(stream: BinaryIO, starts: Iterator[int], size: int) -> Iterator[Part]:
    places = _bounded(starts)
    if len(places) == 1:
        yield Part(stream)
        return
    for start, end in zip(places, [*places[1:], size], strict=True):
        yield Part(_window(stream, start, end))


def _bounded(starts: Iterator[int]) -> list[int]:
    found: list[int] = []
    for start in starts:
        found.append(start)
        if len(found) > _MOST_PARTS:
            raise InputError(f"joined from more than {_MOST_PARTS} recordings")
    return found


# What is found by how it begins: FLAC, CAF, TTA, FLV, ASF, WavPack


def _repeated(stream: BinaryIO, beginning: re.Pattern[bytes]) -> Iterator[int]:
    """The file's start, and wherever behind its own beginning another one stands."""
    yield 0
    stream.seek(0)
    at, kept = 0, b""
    latest = -1
    inside = False  # behind the recording's own beginning
    while block := stream.read(_SCANNED):
        data = kept + block
        for found in beginning.finditer(data):
            if at + found.start() <= latest:  # seen already, in the bytes that were kept
                continue
            latest = at + found.start()
            if inside:
                yield latest
            inside = True
        kept = data[-_BEGINNING_BYTES + 1 :]
        at += len(data) - len(kept)


def _is_cut_caf(stream: BinaryIO) -> bool:
    """Whether a chunk goes on behind the end of the file; FFmpeg hears what there is."""
    size = stream.seek(0, os.SEEK_END)
    at = 8
    for _ in range(_MOST_BOXES):
        head = _head(stream, at)
        if len(head) < 12:
            return False
        held = int.from_bytes(head[4:], "big", signed=True)
        if held < 0:  # the writer did not know: it goes to the end of the file
            return False
        at += 12 + held
        if at > size:
            return True
    return False


# MP3


def _mp3_starts(stream: BinaryIO, size: int) -> Iterator[int]:
    """A first frame that counts its bytes ends its recording there; without it, none ends."""
    start = 0
    yield start
    while (stated := mpeg.stated(stream, start)) is not None and start < stated.end < size:
        following = mpeg.first_frame(stream, stated.end)
        if following is None:
            return
        start = following
        yield start


# Ogg


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


def _ogg(stream: BinaryIO, size: int) -> Iterator[Part]:
    links = _ogg_links(stream)
    if len(links) <= 1:
        yield Part(stream, not links or _is_plain(links[0]), cut=bool(links) and links[0].cut)
        return
    ends = [link.start for link in links[1:]] + [size]
    for link, end in zip(links, ends, strict=True):
        yield Part(_window(stream, link.start, end), _is_plain(link), cut=link.cut)


def _is_plain(link: _Link) -> bool:
    return link.whole and link.streams == 1


def _ogg_links(stream: BinaryIO) -> list[_Link]:
    """Chained recordings: where a stream begins behind the pages of another."""
    links: list[_Link] = []
    inside = True  # behind the first pages of the streams of a link
    for page in _ogg_pages(stream):
        if not page.whole:
            if links:
                links[-1].whole, links[-1].cut = False, page.cut
            continue
        if not page.flags & _FIRST_PAGE:
            inside = True
            continue
        if inside:
            links.append(_Link(page.start if links else 0))
            if len(links) > _MOST_PARTS:
                raise InputError(f"joined from more than {_MOST_PARTS} recordings")
        inside = False
        links[-1].streams += 1
    return links


def _ogg_pages(stream: BinaryIO) -> Iterator[_Page]:
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


# What states its own length: WAV, AIFF, MP4


def _one_by_one(
    stream: BinaryIO, size: int, end_of: Callable[[BinaryIO, int], int | None]
) -> Iterator[int]:
    """Where recordings begin, by where each says that it ends."""
    start: int | None = 0
    while start is not None:
        yield start
        start = end_of(stream, start)
        if start is not None and start >= size:
            return


def _is_wav(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def _wav_end(stream: BinaryIO, start: int) -> int | None:
    """Where another WAV begins behind this one; None where none does."""
    end = _stated_end(stream, start, "little")
    return end if end is not None and _is_wav(_head(stream, end)) else None


def _aiff_end(stream: BinaryIO, start: int) -> int | None:
    end = _stated_end(stream, start, "big")
    return end if end is not None and _is_aiff(_head(stream, end)) else None


def _au_end(stream: BinaryIO, start: int) -> int | None:
    """Its header states where the samples begin, and how many bytes they are."""
    head = _head(stream, start)
    offset, held = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    end = start + offset + held
    return end if held not in _UNKNOWN and _head(stream, end)[:4] == _AU else None


def _mp4_end(stream: BinaryIO, start: int) -> int | None:
    """Where another first box stands behind the boxes of this file."""
    at = start
    for _ in range(_MOST_BOXES):
        head = _head(stream, at, 16)
        if at > start and head[4:8] == _FIRST_BOX:
            return at
        size = int.from_bytes(head[:4], "big")
        if size == 1:  # it does not fit there
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # the last: it goes to the end of the file
            return None
        at += size
    return None


def _head(stream: BinaryIO, at: int, count: int = 12) -> bytes:
    stream.seek(at)
    return stream.read(count)


def _stated_end(stream: BinaryIO, start: int, order: Literal["little", "big"]) -> int | None:
    """Where the header says that it ends; None where the writer did not know."""
    stated = int.from_bytes(_head(stream, start)[4:8], order)
    return None if stated in _UNKNOWN else start + 8 + stated + stated % 2


def _finished(part: Part) -> Part:
    """A WAV; where its header says nothing of its sound, as if that had been completed."""
    stream = part.stream
    data = _data_of(stream)
    if data is None or (_stated_end(stream, 0, "little") or 0) > data + 4:
        return part
    size = stream.seek(0, os.SEEK_END)
    held = size - data - 4
    if any(_head(stream, data, 4)) or held <= 0:
        return part
    sizes = {4: size - 8, data: held}
    written = {at: min(value, 0xFFFFFFFF).to_bytes(4, "little") for at, value in sizes.items()}
    return Part(_window(stream, 0, size, written), unfinished=True)


def _finished_long(part: Part) -> Part:
    """An RF64, a WAV for more than 4 GB, whose first chunk has the sizes; as above."""
    sizes = _head(part.stream, 12, 32)
    data = _data_of(part.stream)
    if data is None or sizes[:4] != b"ds64" or any(sizes[16:24]):
        return part
    size = part.stream.seek(0, os.SEEK_END)
    written = {20: size - 8, 28: size - data - 4}
    mended = {at: value.to_bytes(8, "little") for at, value in written.items()}
    return Part(_window(part.stream, 0, size, mended), unfinished=True)


def _data_of(stream: BinaryIO) -> int | None:
    """Where the size of the sound stands."""
    at = 12
    for _ in range(_MOST_BOXES):
        head = _head(stream, at, 8)
        if len(head) < 8:
            return None
        if head[:4] == b"data":
            return at + 4
        size = int.from_bytes(head[4:], "little")
        at += 8 + size + size % 2
    return None


# A stretch of a file as a file


class _Window(io.RawIOBase):
    """Bytes `start` to `end` of a stream, some of them replaced."""

    def __init__(self, stream: BinaryIO, start: int, end: int, written: dict[int, bytes]) -> None:
        super().__init__()
        self._stream, self._start, self._size = stream, start, end - start
        self._written = written
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._stream.seek(self._start + self._at)
        data = bytearray(self._stream.read(max(0, min(len(buffer), self._size - self._at))))
        for at, value in self._written.items():
            for offset, byte in enumerate(value, at - self._at):
                if 0 <= offset < len(data):
                    data[offset] = byte
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _window(
    stream: BinaryIO, start: int, end: int, written: dict[int, bytes] | None = None
) -> BinaryIO:
    return _Window(stream, start, end, written or {})  # type: ignore[return-value]
