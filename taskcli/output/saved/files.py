"""Files written whole or not at all, inside one folder."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from taskcli.errors import InputError
from taskcli.output.saved.names import Names

_IN_THE_WAY = (FileExistsError, NotADirectoryError, IsADirectoryError)


class Files:
    """The files of a run below one folder. `known` are the ids of its inputs, where known."""

    def __init__(
        self, folder: Path, known: Iterable[str] = (), reserved: Iterable[str] = ()
    ) -> None:
        self._folder = folder
        self._names = Names(known, reserved)

    def write(self, id: str, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        """Write (suffix, content) pairs for one input; the paths of the files.

        Raises InputError where something else is in the way, OSError for a disk that is full.
        """
        name = self._names.of(id)
        return [
            str(self.put(name.with_name(name.name + suffix), content))
            for suffix, content in contents
        ]

    def put(self, relative: Path, content: bytes) -> Path:
        """Write one file at a path below the folder."""
        path = self._folder / relative
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._check_inside(path.parent)
            put(path, content)
        except _IN_THE_WAY:
            raise InputError(f"{path} cannot be written: something else has its name") from None
        return path

    def _check_inside(self, parent: Path) -> None:
        """A link planted in the folder must not lead the files elsewhere."""
        if not parent.resolve().is_relative_to(self._folder.resolve()):
            raise InputError(f"{parent} is a link that leads out of {self._folder}")


def put(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that it is never half there."""
    other = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
    try:
        with other.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        other.replace(path)
    except BaseException:
        with suppress(OSError):
            other.unlink()
        raise
