"""Signals that end the process wherever it is: in C code, in a decoder, while libraries load.

Python runs a signal handler in the main thread, between two of its own instructions. So that a
signal counts meanwhile, too, two others watch, and end a process that does not end in time: a
thread, because the main thread may be in C code, and a child process, because C code that holds
Python's lock stops every thread.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from taskcli.errors import ExitCode, Interrupted

CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
LOADING = "interrupted while loading"
_AT_ONCE = 1.0  # seconds for leaving by Python's own way: open files are closed by it
_FINISHING = 6.0  # seconds for that after the first signal of a run, whose batch is finished
_BEHIND = 1.0  # seconds by which the child process waits longer than the thread
WORKING = 0  # among the numbers of signals: from now on there is something to finish

_pipe: int | None = None


def install(tell: Callable[[str], None]) -> None:
    """Watch over this process until it ends. `tell` shows a line to the user."""
    global _pipe
    for number in CODES:
        signal.signal(number, interrupt)
    reading, writing = os.pipe()
    if hasattr(os, "fork"):
        reading = _watched_by_child(reading, writing)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    _pipe = writing
    watch = threading.Thread(target=_end_in_time, args=(reading, tell), daemon=True)
    watch.name = "signals"
    watch.start()


def working() -> None:
    """Loading is over: a first signal is now given time to finish a batch."""
    if _pipe is not None:
        os.write(_pipe, bytes([WORKING]))


def interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(CODES[signal.Signals(number)], "interrupted")


def _watched_by_child(reading: int, writing: int) -> int:
    """Let a child read the signals, and pass them on: the pipe to read them from instead."""
    passed, passing = os.pipe()
    if os.fork():
        os.close(reading)
        os.close(passing)
        return passed
    try:
        os.close(writing)  # or the pipe would never end
        _kill_in_time(reading, passing)
    finally:
        os._exit(0)


def _kill_in_time(reading: int, passing: int) -> None:
    parent = os.getppid()
    for number in CODES:  # a terminal sends them to both
        signal.signal(number, signal.SIG_IGN)
    for standard in (0, 1, 2):  # or a reader would wait for this process, too
        with suppress(OSError):
            os.close(standard)

    def pass_on(byte: bytes) -> None:
        with suppress(OSError):
            os.write(passing, byte)

    if _overdue(reading, _BEHIND, pass_on) and os.getppid() == parent:
        os.kill(parent, signal.SIGKILL)


def _end_in_time(reading: int, tell: Callable[[str], None]) -> None:
    loading = True

    def note(byte: bytes) -> None:
        nonlocal loading
        loading = loading and byte[0] != WORKING

    number = _overdue(reading, 0.0, note)
    if number:
        tell(LOADING if loading else "interrupted")
        os._exit(CODES[signal.Signals(number)])


class Patience:
    """Until when a process may end by itself after a signal: soon, or after a batch."""

    def __init__(self, behind: float = 0.0) -> None:
        """`behind` is how many seconds others watch whose turn comes first."""
        self.number = 0  # of the first signal
        self._behind = behind
        self._finishing = False
        self._until: float | None = None

    def hear(self, number: int) -> None:
        """Of a signal, or WORKING."""
        if number == WORKING:
            self._finishing = True
        elif number in CODES:
            seconds = _FINISHING if self._finishing and not self.number else _AT_ONCE
            self.number = self.number or number
            self._until = time.monotonic() + seconds + self._behind

    @property
    def left(self) -> float | None:
        """Seconds; None where nothing has asked it to end."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())


def _overdue(reading: int, behind: float, note: Callable[[bytes], None]) -> int:
    """Wait for a signal that has not ended the process in time: its number, or 0 at the end."""
    patience = Patience(behind)
    while True:
        if not select.select([reading], [], [], patience.left)[0]:
            return patience.number
        byte = os.read(reading, 1)
        if not byte:
            return 0
        note(byte)
        patience.hear(byte[0])
