"""What stderr tells of a run: progress, a line per failure, and the summary."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from taskcli.cli import messages
from taskcli.cli.run.progress import Bar, Recordings, showing
from taskcli.formats import FORMATS
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.output.sanitize import safe, safe_line
from taskcli.results import Record

if TYPE_CHECKING:
    from taskcli.output.terminal.statistics import Statistics
    from taskcli.runtime.foresight import Foreseen
    from taskcli.runtime.placement import Placement

    Where = Placement | Foreseen  # what a run computes on, by either who may say it

_BESIDE_BAR = 30  # columns
_WARNED = 10  # warnings that are told of a run whose format has no place for them


class Reporter:
    """Progress while a run goes on, a line per failure, and a summary at the end."""

    def __init__(
        self,
        quiet: bool,
        chosen: str,
        output: Path | None,
        goes_on: str | None,
        answered: int = 0,
        scrolls: bool = False,
        stats: bool = False,
    ) -> None:
        """`goes_on` says what does if the run is interrupted.

        `answered` inputs have records of an earlier run; stdout may be a terminal.
        """
        self._statistics = _no_statistics() if stats else None
        self._answered = answered
        self._quiet = quiet
        self._hinted: set[str] = set()  # a hint is shown once
        self._has_warnings = FORMATS[chosen].warns  # else they are told here
        self._warned: set[str] = set()
        self._with_warnings = 0  # inputs
        self._loaded = 0.0  # seconds
        self._console = Console(file=messages.stream(), highlight=False, quiet=quiet)
        self._shown = chosen == "rich" and output is None  # failures are in the view already
        self._goes_on = goes_on
        interactive = self._console.is_interactive and not quiet
        self._animated = interactive and not self._shown
        # Answers scroll by on a terminal: a line below them says how far the run is.
        self._below = interactive and self._shown and scrolls
        self._alone = interactive and self._shown
        self._total: int | None = None
        self._bar: Bar | None = None
        self._count = self._failed = 0
        self._sound = 0.0  # seconds
        self._heard: dict[int, float] = {}  # seconds of the recordings that are being answered
        self._began = time.monotonic()
        self._workers = self._most_workers = 0  # of a run on Ray

    @contextmanager
    def loading(self, name: str) -> Iterator[Callable[[Any], None]]:
        """Say so while a checkpoint loads; what is given hears where to."""
        began = time.monotonic()

        def placed(placement: "Placement") -> None:
            self.status(f"loading {name} on {placement.device_name}, {placement.dtype_name} …")

        self.status(f"loading {name} …")
        yield placed
        messages.status("")
        self._loaded = time.monotonic() - began

    def status(self, text: str) -> None:
        """What is going on, until the next."""
        messages.status("" if self._quiet else text)

    def say(self, text: str) -> None:
        """A line that the user should read while the run goes on."""
        messages.status("")
        self._console.print(Text(text, style="dim"), soft_wrap=True)

    def workers(self, count: int) -> None:
        """So many answer now, of a run on Ray."""
        self._workers = count
        self._most_workers = max(count, self._most_workers)
        if self._bar is not None:
            self._bar.describe(self._by)

    @contextmanager
    def watching(
        self, total: int | None, recordings: Sequence[str] | None, inputs: object
    ) -> Iterator[None]:
        """Show progress, where somebody sees it.

        `recordings` are the files of audio inputs, of which the `inputs` options say what is heard.
        """
        self._began = time.monotonic()  # loading the model is not the rate of the work
        self._total = None if total is None else total + self._answered
        if not self._animated:
            self._show_line()
            yield
            messages.status("")
            return
        heard = None if recordings is None else Recordings.of(recordings, inputs)
        with showing(self._console, total, heard, self._answered) as self._bar:
            self._bar.describe(self._by)
            yield
        self._bar = None

    def make_way(self) -> None:
        """A record is about to be printed where the line of progress stands."""
        messages.status("")

    def _show_line(self) -> None:
        if not self._below or self._total == 1:
            return
        done = self._answered + self._count
        left = ""
        if self._total is not None and self._count:
            seconds = (time.monotonic() - self._began) / self._count * (self._total - done)
            left = f"  {_clock(seconds)} left"
        whole = "?" if self._total is None else self._total
        rate = f"  {self._rate()}" if self._count else ""
        by = f"{self._by}  " if self._workers else ""
        failed = f"  {self._failed} failed" if self._failed else ""
        messages.status(f"{by}{done}/{whole}{failed}{rate}{left}")

    @property
    def _by(self) -> str:
        """Who answers, as progress has it."""
        return _counted(self._workers) if self._workers else "working"

    def hear(self, source: Source, seconds: float) -> None:
        """So much more of a recording is answered."""
        self._heard[source.number] = self._heard.get(source.number, 0.0) + seconds
        self._sound += seconds
        if self._bar is not None:
            self._bar.hear(seconds, self._rate())

    def hears_words(self, total: int | None) -> Callable[[Source, str], None] | None:
        """What hears the words of the only recording as they are known, where somebody looks on."""
        return self._say if total == 1 and (self._animated or self._alone) else None

    def _say(self, source: Source, text: str) -> None:
        """How far the recording is heard, and the last words, as many as have room."""
        if self._bar is not None:
            self._bar.describe(_end(text, _BESIDE_BAR))
            return
        heard = f"{_length(self._sound)} heard  {self._rate()}  "
        messages.status(heard + _end(text, self._console.width - cell_len(heard) - 1))

    def note(self, record: Record, source: Source, item: Item | None = None) -> None:
        self._count += 1
        if self._statistics is not None:
            self._statistics.add(record)
        seconds = getattr(item, "seconds", 0.0) - self._heard.pop(source.number, 0.0)
        self._sound += seconds
        if record.error is not None:
            self._failed += 1
            if not self._shown:
                line = Text("error: ", style="red").append(safe_line(record.input), style="bold")
                self._console.print(line.append(f": {safe(record.error.message)}"), soft_wrap=True)
                self._hint(record.error.hint)
        if record.warnings and not self._has_warnings:
            self._tell_warnings(record)
        if self._bar is not None:
            self._bar.advance(seconds, self._rate(), self._failed)
        self._show_line()

    def _tell_warnings(self, record: Record) -> None:
        """Each in other words, as far as a person reads them."""
        self._with_warnings += 1
        for warning in record.warnings:
            if warning not in self._warned and len(self._warned) < _WARNED:
                self._warned.add(warning)
                self.warn(f"{record.input}: {warning}")

    def warn(self, line: str) -> None:
        """Something went wrong that no record tells, or no format; the run goes on."""
        told = Text("warning: ", style="yellow").append(safe_line(line), style="default")
        self._console.print(told, soft_wrap=True)

    def _hint(self, hint: str | None) -> None:
        if hint and hint not in self._hinted:
            self._hinted.add(hint)
            self._console.print(Text(f"  → {safe(hint)}", style="dim"), soft_wrap=True)

    def summarise(
        self,
        placement: "Where",
        is_compiled: bool,
        batching_note: str,
        interrupted: bool,
    ) -> None:
        """The last line; `batching_note` is how inputs were batched that could not share."""
        seconds = time.monotonic() - self._began
        inputs = "1 input" if self._count == 1 else f"{self._count} inputs"
        failed = f", {self._failed} failed" if self._failed else ""
        if self._with_warnings:
            where = " (jsonl has all of them)" if len(self._warned) == _WARNED else ""
            failed += f", {self._with_warnings} with warnings{where}"
        by = f"{_counted(self._most_workers)}, " if self._most_workers else ""
        compiled = ", compiled" if is_compiled else ""
        where = f"{by}{placement.device_name}, {placement.dtype_name}{compiled}"
        sound = f" of {_length(self._sound)} of sound" if self._sound else ""
        batches = f", {batching_note} (--dry-run says why)" if batching_note else ""
        work = f"{inputs}{failed}{sound} in {seconds:.1f} s ({self._rate()}) on {where}{batches}"
        line = f"loaded in {self._loaded:.1f} s; {work}"
        self._console.print(Text(line, style="dim"))
        if self._statistics is not None:  # was asked for, so --quiet does not keep it back
            self._statistics.show(Console(file=messages.stream(), highlight=False))
        if interrupted and self._goes_on is not None:
            self._console.print(f"interrupted: {self._goes_on}", soft_wrap=True)

    def _rate(self) -> str:
        """Inputs a second; of recordings, which differ in length, seconds of sound a second."""
        seconds = max(time.monotonic() - self._began, 1e-6)
        if self._sound:
            return f"{self._sound / seconds:.1f}x real time"
        return f"{self._count / seconds:.1f}/s"


def _end(text: str, columns: int) -> str:
    """The last words of a line, where not all of it has room."""
    line = safe_line(text)
    if cell_len(line) <= columns:
        return line
    line = line[-max(columns, 1) :]
    while cell_len(line) >= columns and line:
        line = line[1:]
    return f"…{line}"


def _no_statistics() -> "Statistics":
    from taskcli.output.terminal.statistics import Statistics

    return Statistics()


def _counted(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
