"""Processor time of a run by stage, taken in the threads in which the stages run."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.hostrow import STAGES
from taskcli.api import Model, Run
from taskcli.engine import Stages
from taskcli.runtime.session import Session


class Meter:
    """Seconds of processor time by name. What is timed within another counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._inner = threading.local()  # seconds that were timed within what is being timed
        self._threads: set[int] = set()  # in which anything was timed
        self._libraries = self._library_threads()

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, timed; what it gives lazily is timed as it comes."""

        def call(*args: Any) -> Any:
            made = self._run(name, work, args)
            return self._each(name, made) if isinstance(made, Iterator) else made

        return call

    def _each(self, name: str, values: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (value := self._run(name, next, (values, end))) is not end:
            yield value

    def _run(self, name: str, work: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        outer = getattr(self._inner, "seconds", 0.0), getattr(self._inner, "name", None)
        self._threads.add(threading.get_native_id())
        self._inner.seconds, self._inner.name = 0.0, name
        start = time.thread_time()
        try:
            return work(*args)
        finally:
            spent = time.thread_time() - start
            with self._lock:
                self.seconds[name] += spent - self._inner.seconds
            self._inner.seconds, self._inner.name = outer[0] + spent, outer[1]

    @contextmanager
    def following(self) -> Iterator[None]:
        """Count the time of threads that a stage begins as the stage's own."""
        begin = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            name = getattr(self._inner, "name", None)
            if name is not None:
                thread.run = self.timed(name, thread.run)  # type: ignore[method-assign]
            begin(thread)

        with mock.patch.object(threading.Thread, "start", start):
            yield

    def library_seconds(self) -> float:
        """Of threads since this began that Python did not begin: OpenMP's, the tokenizers'.

        0 where the system does not tell.
        """
        now = self._library_threads()
        return sum(spent - self._libraries.get(thread, 0) for thread, spent in now.items()) / 1e9

    def _library_threads(self) -> dict[int, int]:
        """Nanoseconds that each has taken, by its number."""
        # A thread that is about to end has left Python's own list, and still stands in this one.
        own = self._threads | {thread.native_id for thread in threading.enumerate()}
        threads = {int(one.name): one for one in Path("/proc/self/task").glob("*")}
        return {
            number: _nanoseconds(threads[number] / "schedstat") for number in threads.keys() - own
        }


@dataclass(frozen=True, eq=False)
class MeteredSession(Session):
    """A session whose encoding is timed also where a stage does it on its way, as of pictures."""

    meter: Meter = field(default_factory=Meter)

    def encode(self, items: list[Any]) -> Iterator[tuple[int, Any]]:
        found: Iterator[tuple[int, Any]] = self.meter.timed("encode", super().encode)(items)
        return found


def metered(model: Model, meter: Meter) -> Model:
    sessions = tuple(
        MeteredSession(
            **{one.name: getattr(session, one.name) for one in fields(Session)}, meter=meter
        )
        for session in model.sessions
    )
    return replace(model, sessions=sessions)


def time_stages(run: Run, meter: Meter) -> None:
    """Time every stage of a run that is about to begin."""
    made = run._stages

    def stages(threads: int) -> Stages:
        plain = made(threads)
        named = {
            name: meter.timed(name, getattr(plain, name)) for name in STAGES if name != "forward"
        }
        devices = [
            replace(one, forward=meter.timed("forward", one.forward)) for one in plain.devices
        ]
        return replace(plain, **named, devices=devices)

    run._stages = stages  # type: ignore[method-assign]


def _nanoseconds(file: Path) -> int:
    try:
        return int(file.read_text("ascii").split()[0])
    except OSError:  # it has ended, or the kernel counts nothing
        return 0
