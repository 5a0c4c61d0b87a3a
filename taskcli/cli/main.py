"""The one error boundary: which exception becomes which text and exit code."""

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from taskcli.errors import ExitCode, Interrupted, StoppedError, TaskcliError


def start() -> NoReturn:
    """The program: `main` in a process of its own, which signals end and which leaves at once."""
    from taskcli.cli import guard

    guard.install(_tell)
    try:
        code = main()
    except Interrupted as signal:  # between two places that catch it
        code = signal.exit_code
    _leave(code)


def main(arguments: list[str] | None = None) -> int:
    """Run taskcli and return the exit code for the shell."""
    before = threading.enumerate()
    code = _run(arguments)
    _leave_workers(before, code)
    return code


def _run(arguments: list[str] | None) -> int:
    instruction = os.environ.get("_TASKCLI_COMPLETE", "")
    if instruction in ("complete_bash", "complete_zsh", "complete_fish"):
        from taskcli.cli.completion import complete

        return complete(instruction)
    from taskcli.cli.app import make_app

    words = sys.argv[1:] if arguments is None else arguments
    try:
        make_app(words)(args=words, prog_name="taskcli")
    except SystemExit as finished:  # Typer ends every command so, and shows usage errors itself
        return finished.code if isinstance(finished.code, int) else ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Interrupted as signal:
        _tell(signal.message)
        return signal.exit_code
    except Exception as error:
        if os.environ.get("TASKCLI_DEBUG"):
            raise
        return _report(error)
    return ExitCode.OK


def _report(error: Exception) -> int:
    from taskcli.cli.streams import print_error

    if not isinstance(error, TaskcliError):  # a fault of ours, told as plainly as any other
        reason = f"{type(error).__name__}: {error}"
        error = StoppedError(
            f"unexpected {reason}", "TASKCLI_DEBUG=1 shows where; please report it"
        )
    print_error(error)
    return error.exit_code


def _tell(line: str) -> None:
    """A line of last words: without a library that may be half loaded."""
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or a full pipe
        print(line, file=sys.stderr, flush=True)


def _leave_workers(before: list[threading.Thread], code: int) -> None:
    """Exit at once if one of our threads cannot be waited for.

    It reads a silent pipe, or computes after a second signal; Python's own exit aborts on both.
    """
    left = [thread for thread in threading.enumerate() if thread not in before]
    if any(thread.name.startswith("taskcli-") for thread in left):
        _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process without taking down libraries, which costs a fifth of a short call."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
