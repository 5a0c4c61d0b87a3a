"""An object that a run writes elsewhere: in parts as they fill, there when it is whole."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from taskcli.errors import StoppedError, UsageError
from taskcli.remote.failures import why
from taskcli.remote.stores import USUAL, file_system, require
from taskcli.remote.urls import WRITTEN_TO, redacted, scheme_of

_PART = 8 << 20  # bytes, of which S3 takes 10,000


class Upload(io.RawIOBase):
    """Bytes for an object, and text, which is UTF-8 there. Raises StoppedError where it fails.

    It is there once it is finished. What is left otherwise was never there: parts that were sent
    are taken back, where the store lets them.
    """

    def __init__(self, url: str) -> None:
        self._shown = redacted(url)
        self.sent = 0
        with self._told():
            files, path = file_system(url, USUAL)
            self._object: Any = files.open(path, "wb", block_size=_PART)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Exception as failure:  # every store's library has its own
            found = why(failure)
            message = f"{self._shown} cannot be written: {found.reason}"
            raise StoppedError(message, found.hint) from None

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        data = content
        if isinstance(content, str):  # it may hold halves of surrogate pairs, which UTF-8 has not
            data = content.encode("utf-8", "backslashreplace")
        with self._told():
            self._object.write(data)
        self.sent += len(data)
        return len(content)

    def tell(self) -> int:
        return self.sent

    def flush(self) -> None:
        """Nothing: what is too little for a part waits for more."""

    def finish(self) -> None:
        with self._told():
            self._object.close()

    def forget(self) -> None:
        with suppress(Exception):  # it was not there, and is not
            self._object.discard()
        self._object.closed = True  # else it would be finished when nobody knows it any more


def check_place(url: str, overwrite: bool, read: Iterable[str]) -> None:
    """Raises UsageError for a place that cannot be written to, or has something already.

    `read` are the ids of the inputs.
    """
    store, shown = require(url), redacted(url)
    if not store.writes:
        raise UsageError(f"-o {shown}: {store.name} is not written to", WRITTEN_TO)
    if shown in set(read):
        raise UsageError(f"-o {shown} is one of the inputs", "write elsewhere")
    try:
        there = _is_there(url)
    except UsageError:
        raise
    except Exception as failure:  # every store's library has its own
        found = why(failure)
        raise UsageError(f"-o {shown}: it cannot be written: {found.reason}", found.hint) from None
    if there and not overwrite:
        raise UsageError(f"{shown} exists already", "--overwrite replaces it")


def _is_there(url: str) -> bool:
    """Raises FileNotFoundError for a bucket that is not there."""
    files, path = file_system(url, USUAL)
    files.invalidate_cache()
    try:
        if files.info(path)["type"] == "directory":
            raise UsageError(f"-o {redacted(url)} is a folder", "name a file in it")
        return True
    except FileNotFoundError:
        if scheme_of(url) != "memory" and not files.exists(path.split("/")[0]):
            raise
        return False
