"""The one error boundary: which exception becomes which text and exit code."""

import errno
import os
import sys
import threading
import warnings
from contextlib import suppress
from typing import NoReturn

from taskcli.cli import messages
from taskcli.errors import ExitCode, Interrupted, StoppedError, TaskcliError

_QUICK = ("help", "models", "config", "schema")  # they answer at once
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def start() -> NoReturn:
    """The program: `main` in a process of its own, which signals end and which leaves at once."""
    from taskcli.cli.run import watchdog

    messages.open_missing()
    _settle_process()
    watchdog.install(_tell)
    messages.status(_greeting(sys.argv[1:]))
    try:
        code = main()
    except Interrupted as signal:  # between two places that catch it
        code = signal.exit_code
    _leave(code)


def _settle_process() -> None:
    """What the program may decide for its process, and the library may not."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # we use threads and never fork
    os.environ.setdefault("USE_HUB_KERNELS", "NO")
    if not os.environ.get("TASKCLI_DEBUG"):
        warnings.simplefilter("ignore")  # what concerns an input is in its record


def _greeting(words: list[str]) -> str:
    """What a person sees before anything is imported, if this may become a run."""
    quiet = {"--help", "-h", "--quiet", "--version"} & set(words)
    quick = not words or words[0].startswith("-") or words[0] in _QUICK
    return "" if quiet or quick or "_TASKCLI_COMPLETE" in os.environ else f"{words[0]}: starting …"


def main(arguments: list[str] | None = None) -> int:
    """Run taskcli and return the exit code for the shell."""
    before = threading.enumerate()
    with messages.kept():
        code = _flushed(_run(arguments))
        messages.status("")
        _leave_workers(before, code)
    return code


def _run(arguments: list[str] | None) -> int:
    instruction = os.environ.get("_TASKCLI_COMPLETE", "")
    if instruction in ("complete_bash", "complete_zsh", "complete_fish"):
        from taskcli.cli.completion import complete

        return complete(instruction)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _call(words)
    except Interrupted as signal:
        _tell(signal.message)
        return signal.exit_code
    except Exception as error:
        if os.environ.get("TASKCLI_DEBUG"):
            raise
        return _report(error)


def _call(words: list[str]) -> int:
    from typer.exceptions import TyperException

    from taskcli.cli.app import make_app
    from taskcli.cli.wording import as_meant, explained

    words, stdout = as_meant(words), sys.stdout
    try:
        code = make_app(words)(args=words, prog_name="taskcli", standalone_mode=False)
    except SystemExit:  # so Typer and rich end where the reader of what they print has gone
        sys.stdout = stdout
        return ExitCode.OK
    except TyperException as wrong:
        error = explained(wrong)
        if error is None:  # help was asked for, by giving no word
            return ExitCode.USAGE
        raise error from wrong
    return code if isinstance(code, int) else ExitCode.OK


def _flushed(code: int) -> int:
    """The code, once what was printed has reached its reader, unless that one has gone."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    except OSError as failure:
        _let_go_of_stdout()
        return _report(failure)
    return code


def _let_go_of_stdout() -> None:
    """What could not be written stays in the stream; it must not fail once more at the end."""
    with suppress(OSError, ValueError):
        os.dup2(messages.nowhere().fileno(), sys.stdout.fileno())


def _report(error: Exception) -> int:
    from taskcli.cli.run.streams import print_error

    if isinstance(error, BrokenPipeError):
        return ExitCode.OK
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        error = StoppedError(f"the output cannot be written: {error.strerror}")
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
        print(line, file=messages.stream(), flush=True)


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
