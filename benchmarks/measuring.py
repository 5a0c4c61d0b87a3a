"""One row of the table: a sweep of transformers, a race, the limits of each stage, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks import machine, stages
from benchmarks.answers import Answers
from benchmarks.contenders import (
    WARM_UP,
    Baselines,
    Contender,
    load_taskcli,
    one_pass,
    taskcli_contender,
)
from benchmarks.fitting import effort
from benchmarks.race import Timing, race
from benchmarks.report import Agreement, Measured, Pace
from benchmarks.sweep import sweep
from benchmarks.workload import Row

_TASKCLI, _DEFAULT, _TUNED = "taskcli", "default", "tuned"
_TRIED = 8  # inputs that tell how long one takes
notes = Console(stderr=True)


@dataclass(frozen=True)
class Plan:
    """How rows are measured: `repeat` passes of each contender, the sweep in `dtypes`."""

    cache: Path
    dtypes: tuple[str, ...]
    repeat: int
    quick: bool


def measure(row: Row, plan: Plan, seconds: float) -> Measured:
    """As many of the row's inputs as go into `seconds`; where it is quick, its few."""
    baselines = Baselines(row, row.checkpoint_folder(plan.cache))
    inputs = _inputs(row, baselines, plan, seconds)
    load = machine.load_by_others()
    notes.print(f"{row.title}: {len(inputs)} inputs; others use {load:.0%} of the cores")
    rates = sweep(baselines, inputs, plan.dtypes)
    best = max(rates, key=lambda setting: rates[setting])
    model = load_taskcli(row, row.checkpoint_folder(plan.cache))
    dtype = model.session.placement.dtype_name
    contenders = {
        _TASKCLI: taskcli_contender(model, row),
        _DEFAULT: baselines.by_default(),
        _TUNED: baselines.tuned(best),
    }
    timings = _raced(contenders, inputs, plan.repeat)
    ours = timings[_TASKCLI][0].answers
    exact = ours if dtype == "float32" else _in_float32(row, plan, inputs)
    return Measured(
        name=row.name,
        title=row.title,
        count=len(inputs),
        most=row.quick if plan.quick else row.count,
        taskcli_dtype=dtype,
        taskcli=_pace(timings[_TASKCLI]),
        baseline=row.baseline.name,
        default_dtype=baselines.default_dtype,
        default=_pace(timings[_DEFAULT]),
        tuned_setting=str(best),
        tuned=_pace(timings[_TUNED]),
        sweep={str(setting): rate for setting, rate in rates.items()},
        limits=stages.measure(model, row, inputs),
        tuned_padding=stages.baseline_padding(model, row, inputs, best.batch),
        against_baseline=agreement(exact, timings[_DEFAULT][0].answers),
        against_float32=agreement(ours, exact),
        load_by_others=load,
    )


def _inputs(row: Row, baselines: Baselines, plan: Plan, seconds: float) -> list[str]:
    if plan.quick:
        return row.inputs(plan.cache, row.quick)
    # No more files are made than are read; texts differ with how many there are.
    some = row.inputs(plan.cache, row.count if row.texts else min(_TRIED, row.count))
    count = effort(baselines, some).count(row.count, seconds, plan.dtypes, plan.repeat)
    return row.inputs(plan.cache, count)


def _in_float32(row: Row, plan: Plan, inputs: list[str]) -> Answers:
    model = load_taskcli(row, row.checkpoint_folder(plan.cache), "float32")
    return taskcli_contender(model, row)(inputs)


def _raced(
    contenders: Mapping[str, Contender], inputs: list[str], repeat: int
) -> dict[str, list[Timing[Answers]]]:
    for contender in contenders.values():
        contender(inputs[:WARM_UP])
    passes = {name: one_pass(contender, inputs) for name, contender in contenders.items()}
    return race(passes, repeat, _tell)


def _tell(name: str, timing: Timing[Answers]) -> None:
    notes.print(f"  {name}: {len(timing.answers) / timing.seconds:.1f}/s")


def _pace(timings: list[Timing[Answers]]) -> Pace:
    return Pace(
        len(timings[0].answers),
        tuple(timing.seconds for timing in timings),
        tuple(timing.cpu_seconds for timing in timings),
    )


def agreement(ours: Answers, theirs: Answers) -> Agreement:
    """Scores are compared where the labels are the same."""
    pairs = list(zip(ours, theirs, strict=True))
    same = [(a, b) for a, b in pairs if a.label == b.label]
    largest = max((abs(a.score - b.score) for a, b in same), default=0.0)
    return Agreement(len(same) / len(pairs), largest)
