"""The three that are compared: taskcli, transformers as called by default, and tuned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import taskcli
from benchmarks.answers import Answer, Answers
from benchmarks.baselines import Loaded
from benchmarks.race import timed
from benchmarks.workload import Row
from taskcli.api import Model
from taskcli.results import Record

BATCHES = (1, 2, 4, 8, 16, 32)
DTYPES = ("float32", "bfloat16")
WARM_UP = 4  # inputs
_SWEEP_INPUTS = 32  # a sweep reads no more than this; its best are measured on all inputs
_FINALISTS = 3

Contender = Callable[[list[str]], Answers]


@dataclass(frozen=True)
class Setting:
    """How transformers is called."""

    dtype: str
    batch: int

    def __str__(self) -> str:
        return f"{self.dtype}, batch {self.batch}"


def one_pass(contender: Contender, inputs: list[str]) -> Callable[[], Answers]:
    """What is timed: all inputs, each of which has one answer."""

    def answer() -> Answers:
        answers = contender(inputs)
        assert len(answers) == len(inputs), "every input has one answer"
        return answers

    return answer


def load_taskcli(row: Row, folder: Path, dtype: str = "auto", device: str = "auto") -> Model:
    return taskcli.load(row.task, str(folder), dtype=dtype, device=device, **row.options)


def taskcli_contender(model: Model, row: Row) -> Contender:
    def answer(inputs: list[str]) -> Answers:
        records = model(texts=inputs) if row.texts else model(inputs)
        return [_read(row, record) for record in records]

    return answer


def _read(row: Row, record: Record) -> Answer:
    assert record.error is None, f"{record.input}: {record.error}"
    return row.reading.of_result(record.result)


class Baselines:
    """What transformers offers for one row, each dtype loaded once, when it is first used."""

    def __init__(self, row: Row, folder: Path, device: str = "cpu") -> None:
        self._row, self._folder, self._device = row, folder, device
        self._loaded: dict[str | None, Loaded] = {}

    def by_default(self) -> Contender:
        """As called with a model and a list: the library chooses the dtype, one input at a time."""
        return lambda inputs: self._of(None).call(inputs, 1)

    def tuned(self, setting: Setting) -> Contender:
        return lambda inputs: self._of(setting.dtype).call(inputs, setting.batch)

    @property
    def default_dtype(self) -> str:
        return self._of(None).dtype

    def _of(self, dtype: str | None) -> Loaded:
        if dtype not in self._loaded:
            load = self._row.baseline.load
            self._loaded[dtype] = load(self._folder, dtype, self._device)
        return self._loaded[dtype]


def settings(quick: bool) -> Iterator[Setting]:
    for batch in BATCHES[::3] if quick else BATCHES:
        for dtype in DTYPES:
            yield Setting(dtype, batch)


def sweep(baselines: Baselines, inputs: list[str], quick: bool) -> dict[Setting, float]:
    """Items a second of every setting: all on the first inputs, the best ones on all."""
    some = inputs[:_SWEEP_INPUTS]
    sensible = [one for one in settings(quick) if one.batch <= len(some)]
    rates = _rates(baselines, sensible, some)
    if len(some) < len(inputs):
        ranked = sorted(rates, key=lambda setting: -rates[setting])
        finalists = _rates(baselines, ranked[:_FINALISTS], inputs)
        # Rates on fewer inputs do not compete with those on all.
        slowest = min(finalists.values())
        rates = {setting: min(rate, slowest) for setting, rate in rates.items()} | finalists
    return rates


def _rates(
    baselines: Baselines, chosen: Iterable[Setting], inputs: list[str]
) -> dict[Setting, float]:
    rates: dict[Setting, float] = {}
    for setting in chosen:
        contender = baselines.tuned(setting)
        contender(inputs[:WARM_UP])
        rates[setting] = len(inputs) / timed(one_pass(contender, inputs)).seconds
    return rates
