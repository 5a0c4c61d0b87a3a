"""The process of a worker, from its start to its end."""

import fcntl
import gc
import os
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from taskcli.cli import messages
from taskcli.cli.main import settle_process
from taskcli.cli.worker import address, common
from taskcli.cli.worker.installed import Installed
from taskcli.cli.worker.server import Server

# What every run loads, so that none has to.
_LIBRARIES = (
    "torch", "taskcli.runtime.loader", "taskcli.runtime.session", "taskcli.cli.app",
    "taskcli.cli.command", "taskcli.cli.run.execute", "taskcli.engine.run",
)  # fmt: skip


def main() -> NoReturn:
    """Called with how many seconds without a call end it; 0 is none."""
    process = _Process(address.private_folder())
    settle_process()
    threading.excepthook = process.note_failure
    if not process.is_alone():
        os._exit(address.ANOTHER)
    facts = common.facts()
    process.load_libraries()
    with process.listening() as listening:
        Server(listening, facts, float(sys.argv[2]) or None, process).serve()
    process.end()


class _Process:
    """The Process of the server."""

    def __init__(self, folder: Path) -> None:
        """It has the environment that it was started with."""
        self._environment = dict(os.environ)
        self._log, self._lock, self._socket = (
            folder / name for name in (address.LOG, address.LOCK, address.SOCKET)
        )
        self._installed = Installed()
        self._chance: Any = None  # the state of torch's generator

    def is_alone(self) -> bool:
        """Whether no other worker runs; none can begin until this one has ended."""
        locked = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        os.truncate(locked, 0)
        os.write(locked, str(os.getpid()).encode())
        return True

    def load_libraries(self) -> None:
        with messages.kept():
            for name in _LIBRARIES:
                import_module(name)
        self._chance = import_module("torch").get_rng_state()
        gc.collect()
        gc.freeze()  # what is there now stays: later collections are short

    def listening(self) -> socket.socket:
        """The socket, which replaces one that a worker left that was killed."""
        with suppress(FileNotFoundError):
            self._socket.unlink()
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(self._socket))
        self._socket.chmod(0o600)
        made.listen(16)
        self.note("began")
        return made

    def is_current(self) -> bool:
        return self._installed.is_current()

    def be_as_new(self) -> None:
        import_module("torch").set_rng_state(self._chance)
        if stores := sys.modules.get("taskcli.remote.stores"):
            stores.forget()  # its credentials were another call's

    def begin_anew(self) -> NoReturn:
        self.note("begins anew: the last call left what cannot be waited for")
        self._disappear()
        self._have_own_streams()
        os.chdir("/")
        os.umask(0o077)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], self._environment)

    def end(self) -> NoReturn:
        self._disappear()
        self.note("ended")
        os._exit(0)

    def note_failure(self, failure: threading.ExceptHookArgs) -> None:
        self.note("".join(traceback.format_exception(failure.exc_value)))

    def _disappear(self) -> None:
        with suppress(OSError):
            self._socket.unlink()

    def _have_own_streams(self) -> None:
        """Nothing in, and the log out."""
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, descriptor in enumerate((nothing, log, log)):
            os.dup2(descriptor, number)

    def note(self, line: str) -> None:
        """A line for the log."""
        with suppress(OSError), self._log.open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%F %T')} {os.getpid()} {line}\n")
