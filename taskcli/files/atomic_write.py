"""Whole files or none: written under another name, they get their own at once."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


class Unfinished:
    """A new file beside `file`, whose name it takes when it is finished.

    What has the name until then is never opened: a link is replaced and not followed, and another
    name of the same file keeps its content.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._path = file.with_name(f".{file.name[:40]}.{os.urandom(4).hex()}")
        self.stream: BinaryIO = self._path.open("xb")

    def finish(self) -> None:
        """Take the name. The stream stays open. Raises OSError, and then nothing is replaced."""
        self.stream.flush()
        self._keep_mode()
        os.fsync(self.stream.fileno())
        self._path.replace(self._file)

    def _keep_mode(self) -> None:
        """What only its owner could read stays so."""
        with suppress(OSError):
            before = self._file.lstat().st_mode
            if stat.S_ISREG(before):
                os.fchmod(self.stream.fileno(), stat.S_IMODE(before))

    def close(self) -> None:
        """Close the stream, and forget the file where it was not finished."""
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self._path.unlink()


@contextmanager
def appearing(file: Path) -> Iterator[BinaryIO]:
    """A file that is there, whole, once the block is left; left by an exception, it never was."""
    unfinished = Unfinished(file)
    try:
        yield unfinished.stream
        unfinished.finish()
    finally:
        unfinished.close()


class WholeWrites(io.TextIOBase):
    """Text for a file on a disk: what lies between two flushes is written whole or not at all.

    `spare` bytes are kept behind the text while it grows, so that a disk that is full has still
    room for what ends a document; the file must be nobody else's then.
    """

    def __init__(self, descriptor: int, spare: int = 0) -> None:
        self._descriptor = descriptor
        self._spare = spare
        self._waiting: list[str] = []
        self.written = 0  # bytes

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._waiting.append(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits. Raises OSError, and then nothing of it is in the file."""
        # Text may hold lone surrogates, which UTF-8 has not.
        data = "".join(self._waiting).encode("utf-8", "backslashreplace")
        self._waiting.clear()
        if data:
            self._put(data)
            self.written += len(data)

    def _put(self, data: bytes) -> None:
        rest = memoryview(data + b" " * self._spare)
        whole = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BaseException:
            self._take_back(whole - len(rest))
            raise
        os.lseek(self._descriptor, -self._spare, os.SEEK_CUR)

    def _take_back(self, count: int) -> None:
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        size, spare = os.fstat(self._descriptor).st_size, self._spare
        self._spare = 0
        if spare or size == end:  # else somebody has written behind us
            os.ftruncate(self._descriptor, min(size, end - count + spare))
        os.lseek(self._descriptor, end - count, os.SEEK_SET)

    def end(self) -> None:
        """Write what waits, and cut what was spared."""
        self.flush()
        self._spare = 0
        os.ftruncate(self._descriptor, os.lseek(self._descriptor, 0, os.SEEK_CUR))
