"""A worker is started, and is there when libraries are loaded."""

import os
import subprocess
import sys
import time
from pathlib import Path

import taskcli
from taskcli.cli.worker import address, wire
from taskcli.cli.worker.connecting import NoWorker, end, standing
from taskcli.errors import StoppedError, UsageError

USUAL_IDLE = 900.0  # seconds
_PATIENCE = 120.0  # seconds for libraries to load, on a machine with much else to do
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from taskcli.cli.worker.program import main; main()"
)


def start_worker(idle: float = USUAL_IDLE) -> bool:
    """Start a worker and wait until it listens; False where one does already, and goes on.

    After `idle` seconds without a call it ends; 0 is never. Raises UsageError where it cannot be
    private, and StoppedError where it does not begin.
    """
    if not address.is_possible():
        raise UsageError("there is no worker on this system", "it needs Linux or macOS")
    address.private_folder()
    if found := _found():
        if not found["ending"]:
            return False
        end()
    process = _begun(idle)
    until = time.monotonic() + _PATIENCE
    while not _found():
        if process.poll() not in (None, address.ANOTHER):
            raise StoppedError("the worker did not start", f"{address.log_file()} may say why")
        if time.monotonic() > until:
            raise StoppedError("the worker does not answer", f"end its process: {_holder()}")
        time.sleep(0.05)
    return True


def _found() -> wire.Message | None:
    try:
        return standing()
    except NoWorker:
        return None


def _begun(idle: float) -> "subprocess.Popen[bytes]":
    home = Path(taskcli.__file__).parents[1]
    log = os.open(address.log_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(home), str(idle)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(os.environ),  # as calls tell theirs, without what C libraries have put there
            cwd="/",
            umask=0o077,
            start_new_session=True,  # the terminal's signals are the clients' to pass on
        )
    finally:
        os.close(log)


def _holder() -> str:
    try:
        return (address.folder() / address.LOCK).read_text("ascii") or "unknown"
    except OSError:
        return "unknown"
