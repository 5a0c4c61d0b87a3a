"""One of the recordings in a file, and a stretch of a file as a file."""

from dataclasses import dataclass
from typing import BinaryIO

from taskcli.remote.placed_reader import PlacedReader

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


class _Window(PlacedReader):
    """Bytes `start` to `end` of a stream, some of them replaced."""

    def __init__(self, stream: BinaryIO, start: int, end: int, written: dict[int, bytes]) -> None:
        super().__init__()
        self._stream, self._start, self._size = stream, start, end - start
        self._written = written

    def end(self) -> int:
        return self._size

    def read_at(self, at: int, count: int) -> bytearray:
        self._stream.seek(self._start + at)
        data = bytearray(self._stream.read(max(0, min(count, self._size - at))))
        for place, value in self._written.items():
            for offset, byte in enumerate(value, place - at):
                if 0 <= offset < len(data):
                    data[offset] = byte
        return data


def window(
    stream: BinaryIO, start: int, end: int, written: dict[int, bytes] | None = None
) -> BinaryIO:
    return _Window(stream, start, end, written or {})  # type: ignore[return-value]
