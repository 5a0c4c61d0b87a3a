"""The one error boundary: which exception becomes which text and exit code."""

import errno
import os
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from taskcli.cli import messages
from taskcli.errors import ExitCode, Interrupted, StoppedError, TaskcliError

_QUICK = ("help", "models", "config", "schema", "worker")  # they answer at once
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def start() -> NoReturn:
    """The program: a worker's answer, or `main` in a process of its own, which signals end."""
    messages.open_missing()
    settle_process()
    words = sys.argv[1:]
    code = _by_worker(words)
    _leave(_here(words) if code is None else code)


def _by_worker(words: list[str]) -> int | None:
    """The code of a call that a worker answers; None where this process is to answer it."""
    from taskcli.cli.worker.asking import is_for_worker, worker_is_there

    if not is_for_worker(words) or not worker_is_there():
        return None
    return _asked_of_worker(words)[0]


def _asked_of_worker(words: list[str]) -> tuple[int | None, str]:
    """The code, or None and why there is none."""
    from taskcli.cli.worker.client import asked

    try:
        return asked(words)
    except Interrupted as signal:
        _tell(signal.message)
        return signal.exit_code, ""
    except StoppedError as lost:
        return _report(lost), ""


def _here(words: list[str]) -> int:
    from taskcli.cli.run import watchdog

    watchdog.install(_tell)
    messages.status(_greeting(words))
    try:
        return _run_or_ask(words)
    except Interrupted as signal:  # between two places that catch it
        return signal.exit_code


def _run_or_ask(words: list[str]) -> int:
    """By `main`, which may find that a worker is wanted."""
    from taskcli.cli.worker.asking import is_for_worker

    if not is_for_worker(words):
        return main()
    from taskcli.cli.run.hosted import WorkerWanted, starting_workers

    try:
        with starting_workers():
            return main()
    except WorkerWanted:
        code = _by_new_worker(words)
        return main() if code is None else code


def _by_new_worker(words: list[str]) -> int | None:
    """As `_by_worker`, of a worker that is started where none runs; why not, if so, is said."""
    from taskcli.cli.run.streams import print_note
    from taskcli.cli.worker.starting import start_worker

    messages.status("starting a worker …")
    try:
        start_worker()
    except TaskcliError as failure:
        code, why = None, failure.message
    else:
        messages.status("")
        code, why = _asked_of_worker(words)
    if code is None:
        print_note(f"--warm always: {why}; this call loads the model itself")
    return code


def settle_process() -> None:
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


def main(arguments: list[str] | None = None, leave: Callable[[int], object] | None = None) -> int:
    """Run taskcli and return the exit code for the shell.

    `leave` is called with the code where a thread of ours cannot be waited for, as it reads a
    silent pipe, or computes after a second signal: Python's own exit aborts on both, so without
    one the process ends at once.
    """
    before = threading.enumerate()
    with messages.kept():
        code = _flushed(_run(arguments))
        messages.status("")
        if _works_on(before):
            (leave or _leave)(code)
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


def _works_on(before: list[threading.Thread]) -> bool:
    """Whether one of our threads goes on that was not there before."""
    left = [thread for thread in threading.enumerate() if thread not in before]
    return any(thread.name.startswith("taskcli-") for thread in left)


def _leave(code: int) -> NoReturn:
    """End the process without taking down libraries, which costs a fifth of a short call."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
