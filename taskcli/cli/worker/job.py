"""One call, answered in the main thread of the worker."""

import signal
import socket
import threading
from contextlib import suppress
from types import FrameType

from taskcli.api.opening import Load
from taskcli.cli.main import main, settle_process
from taskcli.cli.run.hosted import Declined, hosted_by
from taskcli.cli.run.watchdog import CODES
from taskcli.cli.worker import wire
from taskcli.cli.worker.call import Call, standing_in
from taskcli.errors import Interrupted

_DECLINED: wire.Message = {"declined": "it is not for the worker"}


class Job:
    """A call that is accepted; the Host of the run in it."""

    def __init__(self, call: Call, link: socket.socket, load: Load) -> None:
        self.ended = threading.Event()
        self.load = load
        self._call, self._link = call, link
        self._main = threading.main_thread()
        self._begun = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._number = 0  # of a signal that no run has heard
        self._listens, self._loads, self._left = False, True, False

    def signal(self, number: int) -> None:
        """Another thread passes on a signal of the client's."""
        self._begun.wait()
        with self._one_at_a_time:
            if not self.ended.is_set():
                signal.pthread_kill(self._main.ident or 0, number)

    def answer(self) -> bool:
        """Run it, and tell the client the exit code.

        False where this process may not go on: it was interrupted while libraries loaded, or a
        thread of the run cannot be waited for.
        """
        for number in CODES:
            signal.signal(number, self._hear)
        self._begun.set()
        try:
            with standing_in(self._call):
                told = self._told()
        except (OSError, ValueError) as failure:  # nobody can be in its place
            told = {"declined": str(failure)}
        with self._one_at_a_time:
            self.ended.set()
        with suppress(OSError):  # the client may have gone
            wire.send(self._link, told)
            self._link.shutdown(socket.SHUT_RDWR)
        is_interrupted = self._number or told.get("code") in CODES.values()
        return not (self._left or (is_interrupted and self._loads))

    def working(self) -> None:
        self._loads = False
        with suppress(OSError):
            wire.send(self._link, {"working": True})

    def _told(self) -> wire.Message:
        """What the client is to be told at the end."""
        settle_process()
        try:
            with hosted_by(self):
                self._listens = True
                if self._number:  # it came before the run began
                    self._hear(self._number, None)
                code = main(self._call.words, leave=self._leave)
        except Interrupted as signalled:  # between two places that catch it
            code = signalled.exit_code
        except Declined:
            return _DECLINED
        finally:
            self._listens = False
        return {"code": int(code)}

    def _leave(self, code: int) -> None:
        self._left = True

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Before the run has a handler of its own, and after it."""
        self._number = number
        if self._listens:
            raise Interrupted(CODES[signal.Signals(number)], "interrupted")
