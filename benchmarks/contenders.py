"""The three that are compared: taskcli, transformers as called by default, and tuned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import taskcli
from benchmarks.answers import Answer, Answers
from benchmarks.baselines import Loaded
from benchmarks.workload import Row
from taskcli.api import Model
from taskcli.results import Record

WARM_UP = 4  # inputs

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
