"""Which files in a folder taskcli left there: a line each in a hidden file, before the file is."""

import errno
import json
import os
import stat
from pathlib import Path

from taskcli.errors import InputError

NAME = ".taskcli.files"
_SLACK = 2_000_000_000  # nanoseconds; FAT keeps even seconds


class Ours:
    """The files of earlier runs below one folder, as they were left.

    A file that somebody has changed since has another size or time, and is theirs.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._left: dict[str, list[tuple[int, int]]] | None = None  # (size, time) by path

    def has(self, relative: Path, found: os.stat_result) -> bool:
        """Whether the file that is there now, `found`, is one of ours."""
        if self._left is None:
            self._left = self._read()
        return stat.S_ISREG(found.st_mode) and any(
            size == found.st_size and abs(time - found.st_mtime_ns) <= _SLACK
            for size, time in self._left.get(relative.as_posix(), ())
        )

    def add(self, relative: Path, left: os.stat_result) -> None:
        """Note a file that is about to get its name."""
        line = json.dumps([relative.as_posix(), left.st_size, left.st_mtime_ns])
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._file, flags, 0o666)
        except OSError as failure:
            if failure.errno == errno.ELOOP:
                raise InputError(f"{self._file} is a link, which is not followed") from None
            raise
        with os.fdopen(descriptor, "ab", 0) as stream:
            stream.write(f"\n{line}".encode())  # its end comes first: a torn line spoils no other

    def _read(self) -> dict[str, list[tuple[int, int]]]:
        left: dict[str, list[tuple[int, int]]] = {}
        try:
            with self._file.open("rb") as stream:
                for line in stream:
                    _take(line, left)
        except FileNotFoundError:
            pass
        return left


def _take(line: bytes, left: dict[str, list[tuple[int, int]]]) -> None:
    try:
        path, size, time = json.loads(line)
        left.setdefault(path, []).append((int(size), int(time)))
    except (ValueError, TypeError):  # a torn or blank line
        return
