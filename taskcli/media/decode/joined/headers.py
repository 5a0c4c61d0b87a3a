"""Recordings that state where they end: WAV, AIFF, AU, MP4. And CAF, whose chunks tell it."""

import os
from typing import BinaryIO, Literal

_MOST_BOXES = 200_000  # of an MP4, or chunks of a WAV before its sound
FIRST_BOX = b"ftyp"  # of an MP4
AU = b".snd"
_UNKNOWN = (0, 0xFFFFFFFF)  # sizes that a writer states before it knows


def is_cut_caf(stream: BinaryIO) -> bool:
    """Whether a chunk goes on behind the end of the file; FFmpeg hears what there is."""
    size = stream.seek(0, os.SEEK_END)
    at = 8
    for _ in range(_MOST_BOXES):
        head = bytes_at(stream, at)
        if len(head) < 12:
            return False
        held = int.from_bytes(head[4:], "big", signed=True)
        if held < 0:  # the writer did not know: it goes to the end of the file
            return False
        at += 12 + held
        if at > size:
            return True
    return False


def is_wav(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def wav_end(stream: BinaryIO, start: int) -> int | None:
    """Where another WAV begins behind this one; None where none does."""
    end = stated_end(stream, start, "little")
    return end if end is not None and is_wav(bytes_at(stream, end)) else None


def aiff_end(stream: BinaryIO, start: int) -> int | None:
    end = stated_end(stream, start, "big")
    return end if end is not None and is_aiff(bytes_at(stream, end)) else None


def au_end(stream: BinaryIO, start: int) -> int | None:
    """Its header states where the samples begin, and how many bytes they are."""
    head = bytes_at(stream, start)
    offset, held = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    end = start + offset + held
    return end if held not in _UNKNOWN and bytes_at(stream, end)[:4] == AU else None


def mp4_end(stream: BinaryIO, start: int) -> int | None:
    """Where another first box stands behind the boxes of this file."""
    at = start
    for _ in range(_MOST_BOXES):
        head = bytes_at(stream, at, 16)
        if at > start and head[4:8] == FIRST_BOX:
            return at
        size = int.from_bytes(head[:4], "big")
        if size == 1:  # it does not fit there
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # the last: it goes to the end of the file
            return None
        at += size
    return None


def bytes_at(stream: BinaryIO, at: int, count: int = 12) -> bytes:
    stream.seek(at)
    return stream.read(count)


def stated_end(stream: BinaryIO, start: int, order: Literal["little", "big"]) -> int | None:
    """Where the header says that it ends; None where the writer did not know."""
    stated = int.from_bytes(bytes_at(stream, start)[4:8], order)
    return None if stated in _UNKNOWN else start + 8 + stated + stated % 2


def data_of(stream: BinaryIO) -> int | None:
    """Where the size of the sound stands."""
    at = 12
    for _ in range(_MOST_BOXES):
        head = bytes_at(stream, at, 8)
        if len(head) < 8:
            return None
        if head[:4] == b"data":
            return at + 4
        size = int.from_bytes(head[4:], "little")
        at += 8 + size + size % 2
    return None
