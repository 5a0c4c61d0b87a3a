"""A stream over bytes that lie elsewhere, with a place of its own."""

import io
import os
from abc import ABC, abstractmethod


class PlacedReader(io.RawIOBase, ABC):
    """Seekable; what it reads is told by `end` and `read_at`."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    @abstractmethod
    def end(self) -> int:
        """How many bytes there are."""

    @abstractmethod
    def read_at(self, at: int, count: int) -> bytes | bytearray:
        """Up to so many bytes from there on; none behind the end."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        end = self.end() if whence == os.SEEK_END else 0
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
