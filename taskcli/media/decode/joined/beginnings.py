"""Recordings that are found by how they begin: FLAC, CAF, TTA, FLV, ASF, WavPack."""

import re
from collections.abc import Iterator
from typing import BinaryIO

_SCANNED = 1 << 16  # bytes at a time: more would take fresh memory for each
_INITIAL = re.escape(bytes(byte for byte in range(256) if byte & 8))
# How recordings begin that do not say, or not cheaply, where they end: more than chance writes.
BEGINNINGS = (
    re.compile(rb"fLaC[\x00\x80]\x00\x00\x22"),  # STREAMINFO stands first, always
    re.compile(rb"caff\x00\x01\x00\x00desc\x00{7}\x20"),
    re.compile(rb"TTA1[\x01\x02]\x00[\x01-\x20]\x00[\x08\x10\x18\x20]\x00"),
    re.compile(rb"FLV\x01[\x01\x04\x05]\x00{3}\x09\x00{4}"),
    re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),  # ASF
    # WavPack's blocks all begin alike: the first starts at sample 0, and its flags say "initial".
    re.compile(rb"wvpk.{4}[\x02-\x10]\x04\x00.{5}\x00{4}(?!\x00{4}).{5}[%b]" % _INITIAL, re.DOTALL),
)
BEGINNING_BYTES = 32  # more than any of them has


def repeated(stream: BinaryIO, beginning: re.Pattern[bytes]) -> Iterator[int]:
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
        kept = data[-BEGINNING_BYTES + 1 :]
        at += len(data) - len(kept)
