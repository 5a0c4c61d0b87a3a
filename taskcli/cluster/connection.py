"""The Ray cluster of a run: one that is there, or one that starts here and ends with the run."""

import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskcli.engine import THREADS
from taskcli.environment import variables
from taskcli.errors import UsageError, first_line

ADDRESS = "RAY_ADDRESS"  # Ray's own variable, which its jobs set
_REACHED = 10.0  # seconds for a machine to answer at all
_ENDING = 6.0  # seconds for Ray to end its processes
_LONGEST = 40  # bytes of a folder in which the paths of Ray's sockets do not become too long
_STORE = 512 << 20  # bytes for what is on its way; beyond it Ray writes to its folder
# One for each process: Ray reads it once. Whoever lacks it cannot talk to a Ray of ours.
_TOKEN = secrets.token_hex(32)


def address_of(given: str | None) -> str | None:
    """The cluster to connect to; None where one is to be started."""
    return given or os.environ.get(ADDRESS) or None


@contextmanager
def connected(address: str | None, cpus: int) -> Iterator[None]:
    """Ray, at an address or started here with so many `cpus`, while the block runs.

    Raises UsageError where no cluster answers. What is started here leaves neither processes nor
    files.
    """
    _check_reached(address or "")
    held = _Held(address, cpus)
    try:
        held.wait()
        yield
    finally:
        held.end()


def _check_reached(address: str) -> None:
    """Ray itself tries a HOST:PORT at which nobody listens for minutes. Raises UsageError."""
    host, _, port = address.rpartition(":")
    if "/" in address or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED).close()
    except (OSError, OverflowError, UnicodeError) as failure:
        raise _no_cluster(address, first_line(failure)) from None


def _no_cluster(address: str | None, why: str) -> UsageError:
    return UsageError(
        f"no Ray cluster answers at {address}: {why}",
        "ray status tells; without --address and RAY_ADDRESS one is started here",
    )


class _Held:
    """Ray, in a thread that lives as long: the kernel ends Ray's processes with it, and signals
    reach the main thread while Ray starts."""

    def __init__(self, address: str | None, cpus: int) -> None:
        self._address, self._cpus = address, cpus
        self._folder = None if address else _private_folder()
        self._up, self._over = threading.Event(), threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._hold, name=f"{THREADS}ray", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._up.wait()
        if isinstance(self._failure, ConnectionError):
            raise _no_cluster(self._address, first_line(self._failure)) from self._failure
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        self._over.set()
        try:
            if self._up.is_set():  # else the process is about to end, and Ray's processes with it
                self._thread.join(_ENDING)
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _hold(self) -> None:
        with variables({} if self._address else _OWN):  # Ray reads some at its import
            import ray

            try:
                ray.init(self._address or "local", **_how(), **self._own())
            except Exception as failure:
                self._failure = failure
            self._up.set()
            self._over.wait()
            ray.shutdown()

    def _own(self) -> dict[str, Any]:
        """What we decide of a Ray of our own."""
        if self._folder is None:
            return {}
        return {
            "num_cpus": self._cpus,
            "include_dashboard": False,
            "object_store_memory": _STORE,
            "_temp_dir": str(self._folder),
        }


_OWN = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _TOKEN}


def _how() -> dict[str, Any]:
    debug = bool(os.environ.get("TASKCLI_DEBUG"))
    return {"log_to_driver": debug, "logging_level": "INFO" if debug else "ERROR"}


def _private_folder() -> Path:
    usual = tempfile.gettempdir()
    place = usual if len(os.fsencode(usual)) <= _LONGEST else "/tmp"
    return Path(tempfile.mkdtemp(prefix="taskcli-ray-", dir=place))
