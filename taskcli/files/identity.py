"""Whether two paths are one file: by device and inode, whatever they are called."""

import os
import stat
import unicodedata
from pathlib import Path

Identity = tuple[int, int]  # device and inode


def identity(path: str | os.PathLike[str] | int) -> Identity | None:
    """Of the regular file that a path leads to, or that a descriptor has open; else None."""
    try:
        found = os.fstat(path) if isinstance(path, int) else Path(path).stat()
    except (OSError, ValueError):  # the latter: a NUL in a name
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def is_one(path: Path, other: Path) -> bool:
    """Whether two paths are one file, or would be if they were there."""
    there = identity(path)
    if there is not None and there == identity(other):
        return True
    return _name(path) == _name(other) and _folder(path) == _folder(other)


def _name(path: Path) -> str:
    """Some file systems take no notice of capitals, or of composition."""
    return unicodedata.normalize("NFC", path.name).casefold()


def _folder(path: Path) -> Path:
    return path.absolute().parent.resolve()
