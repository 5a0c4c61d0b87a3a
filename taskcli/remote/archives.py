"""Files inside an archive, which is fetched whole and once where it is elsewhere itself."""

import io
import re
import tarfile
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from weakref import WeakValueDictionary

from taskcli.errors import InputError

_BLOCK = 1 << 20  # bytes
_BOMB_BYTES, _BOMB_RATIO = 1 << 30, 200  # what no honest file unpacks to
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


class Sink(Protocol):
    stream: BinaryIO

    def write(self, block: bytes) -> int: ...


class Archive(ABC):
    """An archive that is opened when it is first read. Any thread may ask for what is in it."""

    def __init__(self, opened: Callable[[], BinaryIO]) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._failure: InputError | None = None
        self._is_open = False

    def sizes(self) -> dict[str, int]:
        """The regular files in it, and how many bytes each has. Raises InputError."""
        with self._lock:
            self._open()
            return dict(self._sizes())

    def copy(self, name: str, sink: Sink) -> None:
        """Write a file of it, and go to its start. Raises InputError."""
        with self._lock:
            self._open()
            try:
                with self._member(name) as member:
                    while block := member.read(_BLOCK):
                        sink.write(block)
            except KeyError:
                raise InputError("the archive holds no such file") from None
            except RuntimeError:
                raise InputError("the file is encrypted in its archive", "unpack it") from None
            except _BROKEN as failure:
                reason = f"the archive is damaged here: {type(failure).__name__}"
                raise InputError(reason) from None
        sink.stream.seek(0)

    def _open(self) -> None:
        """A failure is told for every file, and looked for once."""
        if self._failure is not None:
            raise self._failure
        if self._is_open:
            return
        try:
            self._read(self._opened())
            self._is_open = True
        except InputError as failure:
            self._failure = InputError(f"its archive: {failure.message}", failure.hint)
        except (*_BROKEN, ValueError):
            self._failure = InputError("its archive is damaged, or is none")
        if self._failure is not None:
            raise self._failure

    @abstractmethod
    def _read(self, stream: BinaryIO) -> None: ...

    @abstractmethod
    def _sizes(self) -> Iterator[tuple[str, int]]: ...

    @abstractmethod
    def _member(self, name: str) -> IO[bytes]:
        """Raises KeyError for a name that it has not."""


def _refuse_bomb(size: int, packed: int) -> None:
    """Raises InputError for a file of which too few bytes are stored."""
    if size > _BOMB_BYTES and size > _BOMB_RATIO * packed:
        raise InputError(f"it would unpack to {size:,} bytes, as a bomb does")


class _Zip(Archive):
    def _read(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream)

    def _sizes(self) -> Iterator[tuple[str, int]]:
        entries = self._zip.infolist()
        return ((one.filename, one.file_size) for one in entries if not one.is_dir())

    def _member(self, name: str) -> IO[bytes]:
        entry = self._zip.getinfo(name)
        _refuse_bomb(entry.file_size, entry.compress_size)
        return self._zip.open(entry)


class _Tar(Archive):
    """Links and devices in it are no files."""

    def _read(self, stream: BinaryIO) -> None:
        self._packed = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self._tar = tarfile.open(fileobj=stream)  # noqa: SIM115  # read on, member by member
        self._files = {one.name.removeprefix("./"): one for one in self._tar if one.isreg()}

    def _sizes(self) -> Iterator[tuple[str, int]]:
        return ((name, one.size) for name, one in self._files.items())

    def _member(self, name: str) -> IO[bytes]:
        entry = self._files[name]
        _refuse_bomb(entry.size, self._packed)  # files of a tar are packed together
        member = self._tar.extractfile(entry)
        assert member is not None, "a regular file has content"
        return member


_KINDS: dict[str, type[Archive]] = {"zip": _Zip, "tar": _Tar}
_known: "WeakValueDictionary[tuple[str, str], Archive]" = WeakValueDictionary()
_lock = threading.Lock()


def archive_of(kind: str, inside: str, opened: Callable[[], BinaryIO]) -> Archive:
    """The archive that `inside` names, one for all of its files as long as one of them is meant."""
    with _lock:
        found = _known.get((kind, inside))
        if found is None:
            found = _known[kind, inside] = _KINDS[kind](opened)
        return found


def on_this_disk(path: str) -> BinaryIO:
    """Raises InputError."""
    try:
        if not Path(path).is_file():
            raise InputError(f"{path} is no file")
        return Path(path).open("rb")
    except OSError as failure:
        raise InputError(f"{path} cannot be read: {failure.strerror}") from None


def matches(pattern: str) -> Callable[[str], object]:
    """As a glob of fsspec: * within a folder, ** through all."""
    from fsspec.utils import glob_translate

    return re.compile(glob_translate(pattern)).match
