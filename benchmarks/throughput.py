"""Compare taskcli with what transformers offers, side by side in one run.

python -m benchmarks.throughput
python -m benchmarks.throughput --rows vit-12mpx,bert-mixed --repeat 5 --minutes 20
python -m benchmarks.throughput --resume
python -m benchmarks.throughput --quick
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import transformers
import typer
from rich.console import Console

from benchmarks import chart, machine
from benchmarks.kept import kept_rows
from benchmarks.measuring import Plan, measure
from benchmarks.report import Measured, Report
from benchmarks.sweep import DTYPES, fast_dtypes
from benchmarks.workload import ROWS, Row

_HERE = Path(__file__).parent
_NAMES = ", ".join(row.name for row in ROWS)


def main(
    rows: Annotated[str, typer.Option(help=f"Some of {_NAMES}, with commas.")] = "",
    dtypes: Annotated[
        str,
        typer.Option(help="Of the sweep, with commas; those that the processor computes fast."),
    ] = "",
    repeat: Annotated[int, typer.Option(min=3, help="Passes of each contender, in turn.")] = 3,
    minutes: Annotated[
        float, typer.Option(help="For all rows: slow ones get the fewer inputs for it.")
    ] = 25,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep rows measured here before, and their report.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test on few inputs.")] = False,
    cache: Annotated[Path, typer.Option(help="Where inputs and checkpoints are kept.")] = (
        _HERE / ".cache"
    ),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of report.md, throughput.json and .png: here; quick, the cache."),
    ] = None,
) -> None:
    """Measure taskcli beside transformers' pipelines, or its loops, on full-size models.

    Each row is in the report as soon as it is measured.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    plan = Plan(cache, _chosen_dtypes(dtypes), 1 if quick else repeat, quick)
    folder = out or (cache if quick else _HERE)
    report = Report(machine.describe(), [], plan.repeat, quick, plan.dtypes, minutes)
    if resume:
        report.rows.extend(kept_rows(folder / "throughput.json", report))
    _measure_all(chosen_rows(rows), plan, report, folder)
    report.show(Console())


def _measure_all(rows: list[Row], plan: Plan, report: Report, folder: Path) -> None:
    """Those that are not in the report yet; each leaves the others what it did not need."""
    known = {row.name for row in report.rows}
    left = [row for row in rows if row.name not in known]
    end = time.monotonic() + 60 * report.minutes
    for number, row in enumerate(left):
        seconds = max(end - time.monotonic(), 0) / (len(left) - number)
        add(report, measure(row, plan, seconds))
        report.save(folder)
        chart.draw([(one.title, one.rates) for one in report.rows], folder / "throughput.png")


def add(report: Report, measured: Measured) -> None:
    """In the order of the table."""
    report.rows.append(measured)
    order = [row.name for row in ROWS]
    report.rows.sort(key=lambda row: order.index(row.name))


def _chosen_dtypes(words: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in words.split(",") if name.strip())
    if unknown := set(names) - set(DTYPES):
        raise typer.BadParameter(f"unknown dtypes {', '.join(unknown)}; known: {', '.join(DTYPES)}")
    return names or fast_dtypes()


def chosen_rows(words: str) -> list[Row]:
    names = [name.strip() for name in words.split(",") if name.strip()]
    if unknown := set(names) - {row.name for row in ROWS}:
        raise typer.BadParameter(f"unknown rows {', '.join(unknown)}; known: {_NAMES}")
    return [row for row in ROWS if not names or row.name in names]


if __name__ == "__main__":
    typer.run(main)
