"""A file elsewhere that is fetched once and read several times."""

import io
import os
import threading
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from taskcli.remote.fetching import RemoteFile


@dataclass(frozen=True, eq=False)
class Kept(RemoteFile):
    """What was fetched; its content goes when nobody has it or a stream of it any more."""

    content: BinaryIO | None = field(default=None, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def travels(self) -> bool:
        return False

    def open(self) -> BinaryIO:
        """From its start, beside others that read it."""
        assert self.content is not None, "made by kept()"
        return cast(BinaryIO, io.BufferedReader(_Reader(self.content, self.lock)))


def kept(file: RemoteFile) -> Kept:
    """The file, fetched. Raises InputError."""
    if isinstance(file, Kept):
        return file
    return Kept(file.url, file.patience, file.size, file.archive, file.open())


class _Reader(io.RawIOBase):
    """A place of its own in a stream that others read, too."""

    def __init__(self, stream: BinaryIO, lock: threading.Lock) -> None:
        super().__init__()
        self._stream, self._lock = stream, lock
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with self._lock:
            end = self._stream.seek(0, os.SEEK_END) if whence == os.SEEK_END else 0
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self._lock:
            self._stream.seek(self._at)
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
