"""A whole object from elsewhere, in memory while it is small, else in a temporary file."""

import io
import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from taskcli.errors import InputError
from taskcli.remote.failures import ShortError, SlowError, why
from taskcli.remote.stores import USUAL, Patience, file_system
from taskcli.remote.urls import is_url, links_of, member_of, parts_of, redacted, scheme_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from taskcli.remote.archives import Archive

_IN_MEMORY = 8 << 20  # bytes
_BLOCK = 4 << 20  # bytes that are asked for at once


@dataclass(frozen=True, eq=False)
class RemoteFile:
    """One file elsewhere. `size` is in bytes, where it is known; `archive` is what it lies in."""

    url: str = field(repr=False)
    patience: Patience = USUAL
    size: int | None = None
    archive: "Archive | None" = None

    @property
    def suffix(self) -> str:
        """The extension of its name, in small letters."""
        first, inside = member_of(self.url)
        path = first if inside else parts_of(first).path
        return PurePosixPath(path).suffix.lower()

    @property
    def on_this_disk(self) -> str | None:
        """The path of the archive that it lies in, if that is here."""
        place = links_of(self.url)[-1]
        return None if is_url(place) else place

    @property
    def travels(self) -> bool:
        """Whether whoever asks for it fetches it then: nothing of it is open here."""
        return self.archive is None

    @property
    def id(self) -> str:
        return redacted(self.url)

    def open(self) -> BinaryIO:
        """All of it, from its start, for the caller to close. Raises InputError."""
        spool = Spool(self.patience)
        if self.archive is not None:
            self.archive.copy(member_of(self.url)[0].partition("://")[2], spool)
            return spool.stream
        return fetched(self.url, self.patience)


class Spool:
    """Where an object goes as it comes. Raises SlowError where that takes too long."""

    def __init__(self, patience: Patience) -> None:
        self.stream: BinaryIO = io.BytesIO()
        self.count = 0
        self._patience = patience
        self._since, self._before = time.monotonic(), 0

    def write(self, block: bytes) -> int:
        self._check_pace()
        if self.count <= _IN_MEMORY < self.count + len(block):
            from tempfile import TemporaryFile

            on_disk = cast(BinaryIO, TemporaryFile())  # noqa: SIM115  # the caller closes it
            on_disk.write(cast(io.BytesIO, self.stream).getbuffer())
            self.stream = on_disk
        self.stream.write(block)
        self.count += len(block)
        return len(block)

    def _check_pace(self) -> None:
        now = time.monotonic()
        if now - self._since > self._patience.timeout:
            if self.count - self._before < self._patience.least:
                raise SlowError
            self._since, self._before = now, self.count

    # What tells fsspec that this is a file to write to.
    def read(self) -> bytes:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        return self.count

    def close(self) -> None:
        self.stream.close()


def fetched(url: str, patience: Patience) -> BinaryIO:
    """The whole object. Raises InputError, after the retries that may help."""
    wait = patience.first_wait
    for attempt in range(patience.retries + 1):
        spool = Spool(patience)
        try:
            _copy(url, spool, patience)
        except Exception as failure:  # every store's library has its own
            spool.close()
            found = why(failure)
            if found.again and attempt < patience.retries:
                time.sleep(wait)
                wait *= 2
                continue
            tries = f", tried {attempt + 1} times" if attempt else ""
            reason = f"it cannot be fetched: {found.reason}{tries}"
            raise InputError(reason, found.hint) from None
        except BaseException:
            spool.close()
            raise
        spool.stream.seek(0)
        return spool.stream
    raise AssertionError("the last attempt returns or raises")


def _copy(url: str, spool: Spool, patience: Patience) -> None:
    files, path = file_system(url, patience)
    if scheme_of(url) in ("http", "https"):
        files.get_file(path, spool, chunk_size=_BLOCK)  # one request; a length is checked there
        return
    _copy_blocks(files, path, spool)


def _copy_blocks(files: "AbstractFileSystem", path: str, spool: Spool) -> None:
    with files.open(path, "rb", block_size=_BLOCK, cache_type="none") as stream:
        while block := stream.read(_BLOCK):
            spool.write(block)
        stated = getattr(stream, "size", None)
    if stated is not None and stated != spool.count:
        raise ShortError(spool.count, stated)
