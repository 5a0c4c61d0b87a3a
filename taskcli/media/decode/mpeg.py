"""MP3 files by their bytes: tags, frames, and what the first frame states of the rest."""

import os
from typing import BinaryIO, NamedTuple

_RATES = (44_100, 48_000, 32_000)  # of MPEG-1; half of it in MPEG-2, a quarter in 2.5
# kbit/s by the index in a header, of layer 3: MPEG-1, and the two later versions.
_KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SIDE_BYTES = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
_VBRI_OFFSET = 36  # wherever the side information ends
_CHECKSUM = 2  # bytes
_IN_A_ROW = 3  # frames that must follow one another: two bytes may look like a header anywhere
_SEARCHED = 1 << 17  # bytes in which a first frame must begin
_SEARCHED_FIRST = 1 << 11  # bytes in which it nearly always does
_MOST_TAGS = 1_000
_ID3V1_BYTES = 128
_SHORTEST_FRAME, _LONGEST_FRAME = 24, 1_441  # bytes, of layer 3


class Frame(NamedTuple):
    """A frame of layer 3 by its header: bytes, and whether it is of MPEG-1, and mono."""

    size: int
    first_version: bool
    mono: bool


class Stated(NamedTuple):
    """Where the frames begin, and where those end that the first one counts.

    `frames` is their number; 0 where it does not count their bytes as well.
    """

    start: int
    end: int
    frames: int = 0


def frame_of(header: bytes) -> Frame | None:
    """The frame that begins with these four bytes; None for what is no header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, index, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate == 3 or index in (0, 15):
        return None
    first = version == 3
    hertz = _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    size = (144 if first else 72) * _KBITS[not first][index] * 1000 // hertz + (header[2] >> 1 & 1)
    return Frame(size, first, header[3] >> 6 == 3)


def stated(stream: BinaryIO, start: int = 0) -> Stated | None:
    """What the first frame behind `start` states of the rest; None where it states no length.

    Encoders write it at a fixed place of that frame. The same letters elsewhere, in a tag say,
    mean nothing.
    """
    at = first_frame(stream, start)
    if at is None:
        return None
    stream.seek(at)
    data = stream.read(_LONGEST_FRAME)
    frame = frame_of(data)
    assert frame is not None, "first_frame() found one"
    count, size = _counts(data, 4 + _SIDE_BYTES[frame.first_version, frame.mono])
    if not count:
        return None
    counted = size
    if not _SHORTEST_FRAME <= size / count <= _LONGEST_FRAME:
        size = _bytes_of(stream, at, count + 1)  # this one is not counted
    return Stated(at, at + size, count if size == counted else 0) if size else None


def missing_frames(stream: BinaryIO) -> int:
    """How many of the frames that the first one counts are not in the file; 0 if that is unsure.

    Both counts must say so, of frames and of bytes: some encoders count the first frame, too.
    """
    promised, end = stated(stream), _end_of_frames(stream)
    if promised is None or promised.end <= end:
        return 0
    at, held = promised.start, -1  # the first is not counted
    while at < end:  # a file that is whole never comes this far
        stream.seek(at)
        frame = frame_of(stream.read(4))
        if frame is None:
            return 0
        at += frame.size
        held += at <= end
    return max(0, promised.frames - held)


def _end_of_frames(stream: BinaryIO) -> int:
    """Where the file ends, or its ID3v1 tag begins."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _ID3V1_BYTES))
    return size - _ID3V1_BYTES if stream.read(3) == b"TAG" else size


def _counts(data: bytes, offset: int) -> tuple[int, int]:
    """The frames and bytes that a first frame states; 0 for what it does not.

    The mark stands behind the side information, which a checksum may move.
    """
    for place in (offset, offset + _CHECKSUM):
        if data[place : place + 4] in (b"Xing", b"Info"):
            flags = _number(data, place + 4)
            count = _number(data, place + 8) if flags & 1 else 0
            size = _number(data, place + (12 if flags & 1 else 8)) if flags & 2 else 0
            return count, size
    if data[_VBRI_OFFSET : _VBRI_OFFSET + 4] == b"VBRI":
        return _number(data, _VBRI_OFFSET + 14), _number(data, _VBRI_OFFSET + 10)
    return 0, 0


def _bytes_of(stream: BinaryIO, start: int, count: int) -> int:
    """The length of so many frames, by their headers; 0 where they do not follow one another."""
    stream.seek(start)
    at, data = 0, b""
    size = 0
    for _ in range(count):
        if at + 4 > len(data):
            data, at = data[at:] + stream.read(_SEARCHED), 0
        frame = frame_of(data[at : at + 4])
        if frame is None:
            return 0
        if at + frame.size > len(data):
            data, at = data[at:] + stream.read(_SEARCHED), 0
        at += frame.size
        size += frame.size
    return size


def first_frame(stream: BinaryIO, start: int = 0) -> int | None:
    """Where frames begin behind `start`, tags skipped; None where none do."""
    at = _behind_tags(stream, start)
    for searched in (_SEARCHED_FIRST, _SEARCHED):
        stream.seek(at)
        data = stream.read(searched + _IN_A_ROW * _LONGEST_FRAME)
        found = data.find(b"\xff")
        while 0 <= found < searched:
            if _frames_follow(data, found):
                return at + found
            found = data.find(b"\xff", found + 1)
    return None


def _frames_follow(data: bytes, at: int) -> bool:
    """Several frames one behind the other, of one version."""
    versions = set()
    for _ in range(_IN_A_ROW):
        frame = frame_of(data[at : at + 4])
        if frame is None:
            return False
        versions.add(frame.first_version)
        at += frame.size
    return len(versions) == 1


def _behind_tags(stream: BinaryIO, at: int) -> int:
    for _ in range(_MOST_TAGS):
        stream.seek(at)
        head = stream.read(32)
        if (size := id3_bytes(head)) != 0:
            at += size
        elif head[:3] == b"TAG":
            at += _ID3V1_BYTES
        elif head[:8] == b"APETAGEX":  # its header, or its footer where it has no header
            at += 32 + int.from_bytes(head[12:16], "little") * (head[23] >> 5 & 1)
        else:
            break
    return at


def id3_bytes(head: bytes) -> int:
    """The length of the ID3v2 tag that begins here; 0 for what is none."""
    if len(head) < 10 or head[:3] != b"ID3" or any(part > 127 for part in head[6:10]):
        return 0
    size = sum(part << shift for part, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
