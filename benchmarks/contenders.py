"""The three that are compared: taskcli, the pipeline as called by default, and the tuned one."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

import taskcli
from benchmarks.workload import Row
from taskcli.api import Model

BATCHES = (1, 2, 4, 8, 16, 32)
DTYPES = ("float32", "bfloat16")
WARM_UP = 4  # inputs
_SWEEP_INPUTS = 32  # a sweep reads no more than this; its best are measured on all inputs
_FINALISTS = 3


@dataclass(frozen=True)
class Answer:
    """The label on top, and its score in [0, 1]."""

    label: str
    score: float


Answers = list[Answer]
Contender = Callable[[list[str]], Answers]


@dataclass(frozen=True)
class Setting:
    """How a pipeline is called."""

    dtype: str
    batch: int

    def __str__(self) -> str:
        return f"{self.dtype}, batch {self.batch}"


@dataclass(frozen=True)
class Timing:
    """One pass: seconds by the clock, and of processor time over all cores."""

    seconds: float
    cpu_seconds: float
    answers: Answers


def timed(contender: Contender, inputs: list[str]) -> Timing:
    """One pass over the inputs."""
    gc.collect()
    start, cpu_start = time.perf_counter(), time.process_time()
    answers = contender(inputs)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    assert len(answers) == len(inputs), "every input has one answer"
    return Timing(seconds, cpu_seconds, answers)


def load_taskcli(row: Row, folder: Path, dtype: str = "auto") -> Model:
    return taskcli.load(row.task, str(folder), dtype=dtype, **row.options)


def taskcli_contender(model: Model, row: Row) -> Contender:
    def answer(inputs: list[str]) -> Answers:
        records = model(texts=inputs) if row.texts else model(inputs)
        return [_top_of_record(record) for record in records]

    return answer


def _top_of_record(record: Any) -> Answer:
    assert record.error is None, f"{record.input}: {record.error}"
    return Answer(record.result[0].label, record.result[0].score)


class Pipelines:
    """The pipelines of one row, each dtype loaded once, when it is first used."""

    def __init__(self, row: Row, folder: Path) -> None:
        self._row = row
        self._folder = folder
        self._loaded: dict[str | None, Any] = {}

    def by_default(self) -> Contender:
        """As called with a task, a model and a list: the library chooses dtype and batch."""
        return self._contender(None)

    def tuned(self, setting: Setting) -> Contender:
        return self._contender(setting.dtype, batch_size=setting.batch)

    @property
    def default_dtype(self) -> str:
        return str(self._pipeline(None).dtype).removeprefix("torch.")

    def _contender(self, dtype: str | None, **kwargs: Any) -> Contender:
        pipeline, row = self._pipeline(dtype), self._row

        def answer(inputs: list[str]) -> Answers:
            return [_top(found) for found in pipeline(inputs, **row.pipeline_options, **kwargs)]

        return answer

    def _pipeline(self, dtype: str | None) -> Any:
        if dtype not in self._loaded:
            chosen = {} if dtype is None else {"dtype": getattr(torch, dtype)}
            self._loaded[dtype] = transformers.pipeline(
                self._row.pipeline, model=str(self._folder), **chosen
            )
        return self._loaded[dtype]


def _top(found: Any) -> Answer:
    best = found[0] if isinstance(found, list) else found
    return Answer(best["label"], best["score"])


def settings(quick: bool) -> Iterator[Setting]:
    for batch in BATCHES[::3] if quick else BATCHES:
        for dtype in DTYPES:
            yield Setting(dtype, batch)


def sweep(pipelines: Pipelines, inputs: list[str], quick: bool) -> dict[Setting, float]:
    """Items a second of every setting: all on the first inputs, the best ones on all."""
    some = inputs[:_SWEEP_INPUTS]
    rates = _rates(pipelines, settings(quick), some)
    if len(some) < len(inputs):
        ranked = sorted(rates, key=lambda setting: -rates[setting])
        finalists = _rates(pipelines, ranked[:_FINALISTS], inputs)
        # Rates on fewer inputs do not compete with those on all.
        slowest = min(finalists.values())
        rates = {setting: min(rate, slowest) for setting, rate in rates.items()} | finalists
    return rates


def _rates(
    pipelines: Pipelines, chosen: Iterable[Setting], inputs: list[str]
) -> dict[Setting, float]:
    rates: dict[Setting, float] = {}
    for setting in chosen:
        contender = pipelines.tuned(setting)
        contender(inputs[:WARM_UP])
        rates[setting] = len(inputs) / timed(contender, inputs).seconds
    return rates
