"""The bar on stderr: inputs, or for recordings, which differ in length, seconds of sound."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from taskcli.media.clips import Heard

_PATIENCE = 0.2  # seconds to wait, once the work is done, for the header that is being read


@dataclass(frozen=True)
class Recordings:
    """The files of a run whose inputs are sound, and what of each is heard."""

    paths: Sequence[str]
    heard: Heard = field(default_factory=Heard)

    @classmethod
    def of(cls, paths: Sequence[str], inputs: object) -> "Recordings":
        """As the input options of a run say it."""
        start, duration, clips = (
            getattr(inputs, name, None) for name in ("start", "duration", "clips")
        )
        return cls(paths, Heard.of(start, duration, clips))


class Bar:
    def __init__(
        self, progress: Progress, total: int | None, by_sound: bool, answered: int = 0
    ) -> None:
        """`answered` inputs of an earlier run are added to the `total` of this one."""
        total = None if total is None else total + answered
        self._progress, self._total, self._by_sound = progress, total, by_sound
        self._count, self._sound, self._failed = answered, 0.0, 0
        # By sound the whole is unknown, and the bar moves to and fro, until the headers were read.
        whole = None if by_sound else total
        self._task = progress.add_task(
            "working",
            total=whole,
            completed=0 if by_sound else answered,
            done=self._done(),
            rate="",
        )

    def advance(self, seconds: float, rate: str, failed: int = 0) -> None:
        """One more input is answered, and so many seconds of its sound that were not yet.

        Of all inputs so far so many have `failed`.
        """
        self._count += 1
        self._failed = failed
        self.hear(seconds, rate)

    def hear(self, seconds: float, rate: str) -> None:
        """So many more seconds of sound are answered."""
        self._sound += seconds
        self._progress.update(
            self._task,
            completed=self._sound if self._by_sound else self._count,
            done=self._done(),
            rate=rate,
        )

    def describe(self, text: str) -> None:
        """Who is at work."""
        self._progress.update(self._task, description=text)

    def measure(self, seconds: float) -> None:
        """The sound of all inputs is as long as this, by what their headers state."""
        self._progress.update(self._task, total=seconds)

    def _done(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._count}/{'?' if self._total is None else self._total}{failed}"


@contextmanager
def showing(
    console: Console, total: int | None, recordings: Recordings | None, answered: int = 0
) -> Iterator[Bar]:
    """A bar while the block runs. `recordings` are those of a run whose inputs are sound."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[done]}", style="progress.download"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = Bar(progress, total, recordings is not None, answered)
        known = recordings is not None and len(recordings.paths) == total
        with _measuring(recordings if known else None, bar.measure):
            yield bar


@contextmanager
def _measuring(recordings: Recordings | None, tell: Callable[[float], None]) -> Iterator[None]:
    """Add up what the headers of files state, beside the work."""
    known = recordings or Recordings(())
    done = threading.Event()

    def measure() -> None:
        from taskcli.media.decode.decoder import stated_seconds

        seconds = 0.0
        for path in known.paths:
            if done.is_set():
                return
            seconds += known.heard.heard_of(stated_seconds(path))
        tell(seconds)

    thread = threading.Thread(target=measure, name="taskcli-headers", daemon=True)
    if known.paths:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if known.paths:
            thread.join(_PATIENCE)
