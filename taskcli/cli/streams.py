"""stdout carries results and nothing else; stderr carries progress, errors and the summary."""

import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.console import Console
from rich.text import Text

from taskcli.cli import messages
from taskcli.cli.progress import Bar, showing
from taskcli.errors import TaskcliError, UsageError
from taskcli.items import Item
from taskcli.output.safe import safe, safe_line
from taskcli.results import Record


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


class Reporter:
    """Progress while a run goes on, a line per failure, and a summary at the end."""

    def __init__(self, quiet: bool, chosen: str, output: Path | None, report: Path | None) -> None:
        self._console = Console(file=messages.stream(), highlight=False, quiet=quiet)
        self._shown = chosen == "rich" and output is None  # failures are in the view already
        self._resumable = chosen == "jsonl" and output is not None
        self._with = "--resume" if report is None else "--resume and another --report"
        self._animated = self._console.is_interactive and not self._shown and not quiet
        self._bar: Bar | None = None
        self._count = self._failed = 0
        self._sound = 0.0  # seconds
        self._began = time.monotonic()

    @contextmanager
    def watching(self, total: int | None, recordings: Sequence[str] | None) -> Iterator[None]:
        """Show progress, where somebody sees it. `recordings` are the files of audio inputs."""
        self._began = time.monotonic()  # loading the model is not the rate of the work
        if not self._animated:
            yield
            return
        with showing(self._console, total, recordings) as self._bar:
            yield
        self._bar = None

    def note(self, record: Record, item: Item | None = None) -> None:
        self._count += 1
        seconds = getattr(item, "seconds", 0.0)
        self._sound += seconds
        if record.error is not None:
            self._failed += 1
            if not self._shown:
                line = Text("error: ", style="red").append(safe_line(record.input), style="bold")
                self._console.print(line.append(f": {safe(record.error.message)}"), soft_wrap=True)
        if self._bar is not None:
            self._bar.advance(seconds, self._rate())

    def summarise(self, placement: Any, kept_apart: str, interrupted: bool) -> None:
        """The last line; `kept_apart` is how inputs were batched that could not share."""
        seconds = time.monotonic() - self._began
        inputs = "1 input" if self._count == 1 else f"{self._count} inputs"
        failed = f", {self._failed} failed" if self._failed else ""
        where = f"{placement.device_name}, {placement.dtype_name}"
        sound = f" of {_length(self._sound)} of sound" if self._sound else ""
        batches = f", {kept_apart} (--dry-run says why)" if kept_apart else ""
        line = f"{inputs}{failed}{sound} in {seconds:.1f} s ({self._rate()}) on {where}{batches}"
        self._console.print(Text(line, style="dim"))
        if interrupted and self._resumable:
            self._console.print(f"interrupted: the same command with {self._with} goes on")

    def _rate(self) -> str:
        """Inputs a second; of recordings, which differ in length, seconds of sound a second."""
        seconds = max(time.monotonic() - self._began, 1e-6)
        if self._sound:
            return f"{self._sound / seconds:.1f}x real time"
        return f"{self._count / seconds:.1f}/s"


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
