"""Where the worker of a user is found, and whether that place is the user's alone."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from taskcli.errors import UsageError

SOCKET, LOCK, LOG = "worker.sock", "worker.lock", "worker.log"  # in the folder
ANOTHER = 3  # what a process ends with that finds a worker running


def is_possible() -> bool:
    """Whether this system tells who is at the other end of a socket, as a worker needs."""
    return sys.platform in ("linux", "darwin")


def folder() -> Path:
    """The folder of the worker's socket, which need not be there. Raises UsageError."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and sys.platform == "linux":
        return Path(runtime, "taskcli")  # as platformdirs has it, which takes longer to import
    import platformdirs

    try:
        return Path(platformdirs.user_runtime_dir("taskcli"))
    except OSError as failure:  # somebody else has made what it lies in
        raise UsageError(str(failure), "set XDG_RUNTIME_DIR to a folder of your own") from None


def socket_file() -> Path:
    return folder() / SOCKET


def log_file() -> Path:
    return folder() / LOG


def private_folder() -> Path:
    """The folder, made where it is not there. Raises UsageError where others may enter it."""
    place = folder()
    with suppress(FileExistsError):
        place.mkdir(0o700, parents=True)
    check_private(place)
    return place


def check_private(place: Path) -> None:
    """Raises UsageError for a folder of somebody else, or one that others may enter."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{place} is no folder", "remove it")
    if found.st_uid != os.geteuid():
        hint = "set XDG_RUNTIME_DIR to a folder of your own"
        raise UsageError(f"{place} belongs to somebody else", hint)
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(f"{place} is open to other users", f"chmod 700 {place}")
