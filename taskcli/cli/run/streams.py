"""stdin is read by us alone, stdout carries results and nothing else, stderr what to know."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from rich.console import Console
from rich.text import Text

from taskcli.cli import messages
from taskcli.errors import TaskcliError, UsageError
from taskcli.output.sanitize import safe

if TYPE_CHECKING:
    pass


def standard_input() -> BinaryIO:
    """Standard input by a reader of our own.

    A thread that waits in `sys.stdin` holds its lock, and Python aborts at exit on that. Its
    descriptor is its own, too, so that libraries can be given another one. One that the caller
    closed is empty.
    """
    if sys.stdin is None:
        return io.BytesIO()
    try:
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except (OSError, io.UnsupportedOperation):  # a replaced stdin has no descriptor
        return sys.stdin.buffer


@contextmanager
def nobody_else_reads_stdin() -> Iterator[None]:
    """Libraries, and what they start, find the end of an empty file; `standard_input` reads on."""
    before, kept = sys.stdin, None
    with suppress(AttributeError, OSError, io.UnsupportedOperation):  # closed, or replaced
        kept = (before.fileno(), os.dup(before.fileno()))
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        if kept is not None:
            os.dup2(nothing.fileno(), kept[0])
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = before
            if kept is not None:
                os.dup2(kept[1], kept[0])
                os.close(kept[1])


def stdout_is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


@contextmanager
def results_stream(needed: bool = True) -> Iterator[TextIO]:
    """The real standard output, kept from libraries: their prints go to stderr meanwhile.

    One that the caller closed is refused if the results are `needed` in it.
    """
    if sys.stdout is None:
        if needed:
            raise UsageError("standard output is closed", "write to a file with -o")
        yield messages.nowhere()
        return
    try:
        kept = os.dup(sys.stdout.fileno())
    except (OSError, io.UnsupportedOperation):  # a replaced stdout has no descriptor
        yield sys.stdout
        return
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    stream = os.fdopen(os.dup(kept), "w", encoding="utf-8", errors="backslashreplace", newline="")
    try:
        yield stream
    finally:
        with suppress(OSError):  # every record was flushed, so a failure has been told
            stream.close()
        os.dup2(kept, sys.stdout.fileno())
        os.close(kept)


def print_error(error: TaskcliError) -> None:
    """What was wrong, then what to do next."""
    console = Console(file=messages.stream(), highlight=False)
    line = Text("error: ", style="bold red").append(Text(safe(error.message), style="default"))
    console.print(line, soft_wrap=True)
    if error.hint:
        console.print(Text(f"  → {safe(error.hint)}", style="dim"), soft_wrap=True)


def print_note(text: str) -> None:
    """Something that the user should know and need not act on."""
    console = Console(file=messages.stream(), highlight=False)
    console.print(Text("note: ", style="dim").append(safe(text)), soft_wrap=True)
