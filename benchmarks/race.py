"""Whole passes, timed; those of several contenders in turn."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Timing(Generic[T]):
    """One pass: seconds by the clock, and of processor time over all cores."""

    seconds: float
    cpu_seconds: float
    answers: T


def timed(work: Callable[[], T]) -> Timing[T]:
    """One pass."""
    gc.collect()
    start, cpu_start = time.perf_counter(), time.process_time()
    answers = work()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Timing(seconds, cpu_seconds, answers)


def race(
    contenders: Mapping[str, Callable[[], T]],
    repeat: int,
    tell: Callable[[str, Timing[T]], None],
) -> dict[str, list[Timing[T]]]:
    """Passes in turn, each repetition beginning with another contender; `tell` hears of each."""
    names = list(contenders)
    timings: dict[str, list[Timing[T]]] = {name: [] for name in names}
    for turn in range(repeat):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            timings[name].append(timed(contenders[name]))
            tell(name, timings[name][-1])
    return timings
