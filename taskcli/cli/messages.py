"""stderr is kept for our own lines: libraries, those in C too, write to nowhere meanwhile."""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TextIO

_CLEAR = "\x1b[2K"  # the line of the cursor
_ours: list[TextIO] = []  # the stream of the innermost `kept`
_status = ""  # the line that stands on the terminal and will be taken away


def stream() -> TextIO:
    """Where a line to the user goes; a status that stands there is taken away."""
    status("")
    return _stream()


def _stream() -> TextIO:
    return _ours[-1] if _ours else (sys.stderr or nowhere())


def status(text: str) -> None:
    """Show what is going on, in one line of a terminal until the next; elsewhere nothing."""
    global _status
    terminal = _stream()
    if not (text or _status) or os.environ.get("TERM") == "dumb" or not terminal.isatty():
        return
    import shutil

    from taskcli.output.sanitize import safe_line

    wide = shutil.get_terminal_size().columns - 1
    with suppress(OSError, ValueError):
        terminal.write(f"\r{_CLEAR}{safe_line(text)[:wide]}")
        terminal.flush()
    _status = text


@cache
def nowhere() -> TextIO:
    """It stays open: libraries hold on to the stderr that they met when they were imported."""
    return Path(os.devnull).open("w", encoding="utf-8")


def open_missing() -> None:
    """Standard streams that the caller closed: or the next files would get their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one


@contextmanager
def kept() -> Iterator[None]:
    """Keep stderr while the block runs. TASKCLI_DEBUG shows what libraries say.

    A crash in C is still told, by the fault handler.
    """
    if os.environ.get("TASKCLI_DEBUG"):
        yield
        return
    before, own = sys.stderr, _own_stderr()
    descriptor = os.dup(2)
    os.dup2(nowhere().fileno(), 2)
    sys.stderr = nowhere()
    _ours.append(own)
    fatal = _tells_crashes(own)
    try:
        yield
    finally:
        if fatal:
            faulthandler.disable()
        _ours.pop()
        sys.stderr = before
        os.dup2(descriptor, 2)
        os.close(descriptor)
        if own not in (before, nowhere()):
            with suppress(OSError):
                own.close()


def _own_stderr() -> TextIO:
    if sys.stderr is None:  # closed by the caller
        return nowhere()
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # a replaced stderr has no descriptor
        return sys.stderr
    return os.fdopen(descriptor, "w", 1, sys.stderr.encoding, "backslashreplace")


def _tells_crashes(own: TextIO) -> bool:
    if faulthandler.is_enabled():
        return False
    with suppress(OSError, ValueError):
        faulthandler.enable(own)
        return True
    return False
