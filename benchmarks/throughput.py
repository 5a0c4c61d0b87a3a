"""Compare taskcli with what transformers offers, side by side in one run.

python -m benchmarks.throughput
python -m benchmarks.throughput --rows vit-12mpx,bert-mixed --repeat 5
python -m benchmarks.throughput --quick
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import transformers
import typer
from rich.console import Console

from benchmarks import chart, machine, stages
from benchmarks.answers import Answers
from benchmarks.contenders import (
    WARM_UP,
    Baselines,
    Contender,
    load_taskcli,
    one_pass,
    sweep,
    taskcli_contender,
)
from benchmarks.race import Timing, race
from benchmarks.report import Agreement, Measured, Pace, Report
from benchmarks.workload import ROWS, Row

_HERE = Path(__file__).parent
_NAMES = ", ".join(row.name for row in ROWS)
_TASKCLI, _DEFAULT, _TUNED = "taskcli", "default", "tuned"
_notes = Console(stderr=True)


def measure(row: Row, cache: Path, repeat: int, quick: bool) -> Measured:
    """One row of the table: sweep, race, limits and answers."""
    folder, inputs = row.checkpoint_folder(cache), row.inputs(cache, quick)
    load = machine.load_by_others()
    baselines = Baselines(row, folder)
    _notes.print(f"{row.title}: {len(inputs)} inputs; others use {load:.0%} of the cores")
    rates = sweep(baselines, inputs, quick)
    best = max(rates, key=lambda setting: rates[setting])
    model = load_taskcli(row, folder)
    contenders = {
        _TASKCLI: taskcli_contender(model, row),
        _DEFAULT: baselines.by_default(),
        _TUNED: baselines.tuned(best),
    }
    timings = _raced(contenders, inputs, repeat)
    exact = taskcli_contender(load_taskcli(row, folder, "float32"), row)(inputs)
    return Measured(
        name=row.name,
        title=row.title,
        count=len(inputs),
        taskcli_dtype=model.session.placement.dtype_name,
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
        against_float32=agreement(timings[_TASKCLI][0].answers, exact),
        load_by_others=load,
    )


def _raced(
    contenders: Mapping[str, Contender], inputs: list[str], repeat: int
) -> dict[str, list[Timing[Answers]]]:
    for contender in contenders.values():
        contender(inputs[:WARM_UP])
    passes = {name: one_pass(contender, inputs) for name, contender in contenders.items()}
    return race(passes, repeat, _tell)


def _tell(name: str, timing: Timing[Answers]) -> None:
    _notes.print(f"  {name}: {len(timing.answers) / timing.seconds:.1f}/s")


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


def main(
    rows: Annotated[str, typer.Option(help=f"Some of {_NAMES}, with commas.")] = "",
    repeat: Annotated[int, typer.Option(min=1, help="Passes of each contender.")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test on few inputs.")] = False,
    cache: Annotated[Path, typer.Option(help="Where inputs and checkpoints are kept.")] = (
        _HERE / ".cache"
    ),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of report.md and throughput.json: here, or, quick, the cache."),
    ] = None,
) -> None:
    """Measure taskcli beside transformers' pipelines, or its loops, on full-size models."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    repeat = 1 if quick else repeat
    measured = [measure(row, cache, repeat, quick) for row in chosen_rows(rows)]
    report = Report(machine.describe(), measured, repeat, quick)
    report.save(folder := out or (cache if quick else _HERE))
    chart.draw(measured, folder / "throughput.png")
    report.show(Console())


def chosen_rows(words: str) -> list[Row]:
    names = [name.strip() for name in words.split(",") if name.strip()]
    if unknown := set(names) - {row.name for row in ROWS}:
        raise typer.BadParameter(f"unknown rows {', '.join(unknown)}; known: {_NAMES}")
    return [row for row in ROWS if not names or row.name in names]


if __name__ == "__main__":
    typer.run(main)
