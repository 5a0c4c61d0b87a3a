"""A file among the inputs: a path on this disk, or what lies elsewhere."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, TypeAlias

from taskcli.errors import InputError
from taskcli.remote.fetching import RemoteFile

File: TypeAlias = str | RemoteFile
AUTO = "auto"  # what a file holds follows from its name


def id_of(file: File) -> str:
    """What its record is called."""
    return file.id if isinstance(file, RemoteFile) else printable(file)


def archive_of(file: File) -> str | None:
    """The archive on this disk that it lies in."""
    return file.on_this_disk if isinstance(file, RemoteFile) else None


def suffix_of(file: File) -> str:
    return file.suffix if isinstance(file, RemoteFile) else Path(file).suffix.lower()


def kind_of(file: File, asked: str = AUTO) -> str:
    """The extension that a file is read by: its own, or that of the format that is asked for."""
    return suffix_of(file) if asked == AUTO else f".{asked}"


def opened(file: File) -> BinaryIO:
    """Only regular files, since a pipe or a device could wait for ever.

    Raises InputError, or OSError for one that is not there.
    """
    if isinstance(file, RemoteFile):
        return file.open()
    if not stat.S_ISREG(Path(file).stat().st_mode):
        raise InputError("not a regular file", "give its content through -")
    return Path(file).open("rb")


def printable(path: str) -> str:
    """A path as valid Unicode: bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
