"""SIGINT and SIGTERM: once finishes the batch in flight, a second SIGINT stops at once."""

import signal
import threading
from types import FrameType
from typing import Any

from taskcli.errors import ExitCode

_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Stopping:
    """While open, the two signals set `event` and tell the `exit_code` that they ask for."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.exit_code: ExitCode | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():  # Python allows no other
            self._before = {number: signal.signal(number, self._note) for number in _CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.exit_code = _CODES[signal.Signals(number)]
        self.event.set()
