"""What can go wrong, as values: every error has a message, a next step and an exit code."""

from enum import IntEnum
from importlib.util import find_spec


class ExitCode(IntEnum):
    """What the shell is told; scripts branch on these, so they never change meaning."""

    OK = 0
    SOME_FAILED = 1  # finished, but at least one input has an error record
    USAGE = 2  # the call is wrong: nothing was read or written
    CHECKPOINT = 3  # the checkpoint cannot be had or cannot serve the task
    STOPPED = 4  # stopped in mid-run: what was written is whole, and the message says how to go on
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM


class TaskcliError(Exception):
    """An expected failure. `message` says what and which; `hint` says what to do next."""

    exit_code: ExitCode

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TaskcliError):
    """The call itself is wrong: unknown name, missing path, options that contradict."""

    exit_code = ExitCode.USAGE


class CheckpointError(TaskcliError):
    """The checkpoint cannot be found, fetched, trusted, or cannot serve this task."""

    exit_code = ExitCode.CHECKPOINT


class InputError(TaskcliError):
    """One input cannot be answered; it becomes an error record and the run goes on."""

    exit_code = ExitCode.SOME_FAILED


class WorkerLost(InputError):
    """The process that answered an input died of it, each time: only runs on Ray outlive that."""


class StoppedError(TaskcliError):
    """The run cannot go on: the device is lost, the disk is full. What was written is whole."""

    exit_code = ExitCode.STOPPED


class Interrupted(BaseException):
    """A signal that ends the program now. No Exception: nothing that goes on may catch it."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message


def first_line(failure: BaseException) -> str:
    """What a library's exception says, without the pages that may follow; its name if nothing."""
    return (str(failure).strip() or type(failure).__name__).splitlines()[0]


def require_package(package: str, extra: str, needed: str) -> None:
    """Raise UsageError where what an extra brings is not there; it is not imported.

    `needed` says what for. A folder of that name, which Python takes for a package, is none.
    """
    found = find_spec(package)
    if found is None or found.origin is None:
        raise UsageError(needed, f"pip install 'taskcli[{extra}]'")
