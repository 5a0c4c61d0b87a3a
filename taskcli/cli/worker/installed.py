"""Whether the code that this process has loaded is still what is installed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import taskcli

_LISTS = ("*.dist-info", "*.egg-info")  # folders that name a distribution and its version
Identity = tuple[int, int, int]


class Installed:
    """Taskcli's own modules and every distribution, as they were when this was made."""

    def __init__(self) -> None:
        self._then = {str(path): _identity(str(path)) for path in _files()}

    def is_current(self) -> bool:
        return all(_identity(path) == then for path, then in self._then.items())


def _files() -> Iterator[Path]:
    yield from Path(taskcli.__file__).parent.rglob("*.py")
    for folder in filter(os.path.isabs, sys.path):
        for pattern in _LISTS:
            yield from Path(folder).glob(pattern)


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # a thousand of them, before every call
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
