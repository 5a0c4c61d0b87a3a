"""SIGINT and SIGTERM in a run: one finishes the batch in flight, a second ends at once."""

import signal
import threading
from types import FrameType
from typing import Any

from taskcli.cli.run import hosted, watchdog
from taskcli.cli.run.watchdog import CODES, LOADING
from taskcli.engine import Stop
from taskcli.errors import ExitCode, Interrupted

_FINISHING = 3.0  # seconds for the batch in flight


class Stopping:
    """While open, the two signals set `event` and tell the `exit_code` that they ask for.

    Before `working` is called there is nothing to finish, and the first raises Interrupted.
    """

    def __init__(self) -> None:
        self.event = Stop()
        self.exit_code: ExitCode | None = None
        self._loading = True
        self._again = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():  # Python allows no other
            self._before = {number: signal.signal(number, self._note) for number in CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def working(self) -> None:
        """From now on there is a run to end."""
        self._loading = False
        watchdog.working()
        hosted.working()

    def hurry(self) -> None:
        """The run has failed: nothing is waited for beyond a batch that is nearly done."""
        self.event.within(0 if self._again else _FINISHING)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._again = self.exit_code is not None
        self.exit_code = self.exit_code or CODES[signal.Signals(number)]
        if self._loading:
            raise Interrupted(self.exit_code, LOADING)
        self.event.within(0 if self._again else _FINISHING)
        if self._again:
            raise Interrupted(self.exit_code, "interrupted")
