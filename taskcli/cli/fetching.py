"""How a download looks on stderr: a bar on a terminal, else a line for each large file."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from taskcli.checkpoints.download import Unwatched, Watch
from taskcli.cli import messages
from taskcli.output.terminal.views import safe_line


class _Lines(Unwatched):
    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, file: str, size: int, have: int) -> None:
        rest = f", {have / 1e6:,.0f} MB of it are here" if have else ""
        self._console.print(f"fetching {safe_line(file)} ({size / 1e6:,.0f} MB{rest})")


class _Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("", start=False, visible=False)

    def begin(self, file: str, size: int, have: int) -> None:
        self._progress.start()  # only now: mostly there is nothing to fetch
        self._bar = self._progress.add_task(str(safe_line(file)), total=size, completed=have)

    def advance(self, count: int) -> None:
        self._progress.advance(self._bar, count)


@contextmanager
def watching(quiet: bool = False) -> Iterator[Watch]:
    """A watch to hand to a download."""
    console = Console(file=messages.stream(), highlight=False, markup=False, quiet=quiet)
    if not console.is_interactive:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console, transient=True)
    try:
        yield _Bars(progress)
    finally:
        progress.stop()
