"""Pillow without its limit on pixels, where ours is checked: that one is of the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from PIL import Image

_any_size: ContextVar[bool] = ContextVar("any_size", default=False)
_check = Image._decompression_bomb_check


@contextmanager
def any_size() -> Iterator[None]:
    """In this thread. What a host's other threads open is checked as before."""
    token = _any_size.set(True)
    try:
        yield
    finally:
        _any_size.reset(token)


def _check_elsewhere(size: tuple[int, int], *, error_only: bool = False) -> None:
    if not _any_size.get():
        _check(size, error_only=error_only)


Image._decompression_bomb_check = _check_elsewhere
