"""A file elsewhere that is fetched once and read several times."""

import io
import os
import threading
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from taskcli.remote.fetching import RemoteFile
from taskcli.remote.placed_reader import PlacedReader


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


class _Reader(PlacedReader):
    """A place of its own in a stream that others read, too."""

    def __init__(self, stream: BinaryIO, lock: threading.Lock) -> None:
        super().__init__()
        self._stream, self._lock = stream, lock

    def end(self) -> int:
        with self._lock:
            return self._stream.seek(0, os.SEEK_END)

    def read_at(self, at: int, count: int) -> bytes:
        with self._lock:
            self._stream.seek(at)
            return self._stream.read(count)
