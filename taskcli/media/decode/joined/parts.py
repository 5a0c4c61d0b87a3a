"""One of the recordings in a file, and a stretch of a file as a file."""

import io
import os
from dataclasses import dataclass
from typing import BinaryIO

MOST_PARTS = 10_000  # of a file


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


def window(
    stream: BinaryIO, start: int, end: int, written: dict[int, bytes] | None = None
) -> BinaryIO:
    return _Window(stream, start, end, written or {})  # type: ignore[return-value]
