"""How many inputs of a row go into the time that it has: slow models get fewer inputs, and as
many passes as others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contenders import Baselines, Setting
from benchmarks.sweep import inputs_of_a_sweep

FEWEST = 2
_TRIED_FOR = 3.0  # seconds, by which time one input after the other tells how long each takes
_TOGETHER = 8  # inputs of the batch that is tried
_LONGEST = 15.0  # seconds, beyond which that batch is not tried


@dataclass(frozen=True)
class Effort:
    """Seconds that an input takes transformers, alone and among others in a batch."""

    alone: float
    together: float

    def count(self, most: int, seconds: float, dtypes: Sequence[str], repeat: int) -> int:
        """As many inputs, up to `most`, as all passes of a row take no more than `seconds` for."""
        fitting = [
            count
            for count in range(FEWEST, most + 1)
            if self._seconds(count, dtypes, repeat) <= seconds
        ]
        return max(fitting, default=min(FEWEST, most))

    def _seconds(self, count: int, dtypes: Sequence[str], repeat: int) -> float:
        """Of the sweep, the race of three contenders, the stages and the answers in float32."""
        alone, together = inputs_of_a_sweep(count, dtypes)
        alone += count * repeat
        together += count * (2 * repeat + 2)
        return alone * self.alone + together * self.together


def effort(baselines: Baselines, inputs: Sequence[str]) -> Effort:
    """Measured on a few of `inputs`, which are at least one."""
    alone = _alone(baselines, inputs)
    batch = list(inputs[:_TOGETHER])
    if alone * len(batch) > _LONGEST:
        return Effort(alone, alone)
    call = baselines.tuned(Setting("float32", len(batch)))
    start = time.perf_counter()
    call(batch)
    return Effort(alone, min(alone, (time.perf_counter() - start) / len(batch)))


def _alone(baselines: Baselines, inputs: Sequence[str]) -> float:
    call, spent, done = baselines.by_default(), 0.0, 0
    call([inputs[0]])
    start = time.perf_counter()
    while done < len(inputs) and spent < _TRIED_FOR:
        call([inputs[done]])
        done, spent = done + 1, time.perf_counter() - start
    return spent / done
