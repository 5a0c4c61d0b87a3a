"""Recordings that were joined end to end, as `cat a.mp3 b.mp3` does: where each begins and ends.

libsndfile reads the first of them and stops, and FFmpeg loses count at the seams. So each is
opened as a file of its own.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.media.decode import mpeg
from taskcli.media.decode.joined.beginnings import BEGINNING_BYTES, BEGINNINGS, repeated
from taskcli.media.decode.joined.headers import (
    AU,
    FIRST_BOX,
    aiff_end,
    au_end,
    is_aiff,
    is_cut_caf,
    is_wav,
    mp4_end,
    wav_end,
)
from taskcli.media.decode.joined.ogg import ogg_parts
from taskcli.media.decode.joined.parts import MOST_PARTS, Part, window
from taskcli.media.decode.joined.unfinished import finished, finished_long

_CAF = b"caff"


def parts_of(stream: BinaryIO) -> list[Part]:
    """The recordings in a file, in order: one, for nearly all files."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(12)
    stream.seek(mpeg.id3_bytes(head))
    first = stream.read(BEGINNING_BYTES)
    beginning = next((one for one in BEGINNINGS if one.match(first)), None)
    if first[:4] == b"OggS":
        parts = list(ogg_parts(stream, size))
    elif beginning is not None:
        parts = list(_cut(stream, repeated(stream, beginning), size))
        if first[:4] == _CAF:
            parts = [replace(part, cut=is_cut_caf(part.stream)) for part in parts]
    elif is_wav(head):
        parts = [finished(one) for one in _cut(stream, _one_by_one(stream, size, wav_end), size)]
    elif head[:4] == b"RF64" and head[8:] == b"WAVE":
        parts = [finished_long(Part(stream))]
    elif is_aiff(head):
        parts = list(_cut(stream, _one_by_one(stream, size, aiff_end), size))
    elif head[:4] == AU:
        parts = list(_cut(stream, _one_by_one(stream, size, au_end), size))
    elif head[4:8] == FIRST_BOX:
        parts = list(_cut(stream, _one_by_one(stream, size, mp4_end), size))
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
        yield Part(window(stream, start, end))


def _bounded(starts: Iterator[int]) -> list[int]:
    found: list[int] = []
    for start in starts:
        found.append(start)
        if len(found) > MOST_PARTS:
            raise InputError(f"joined from more than {MOST_PARTS} recordings")
    return found


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
