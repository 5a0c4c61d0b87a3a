"""Measure the host's part of every path: all but the model, beside the bare limit.

python -m benchmarks.host
python -m benchmarks.host texts-100 segment-640 --cores 1 --seconds 5
python -m benchmarks.host --quick
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer
from rich.console import Console

from benchmarks.hostreport import HostReport
from benchmarks.hostrow import HostRow

if TYPE_CHECKING:
    from benchmarks.machine import Machine

_HERE = Path(__file__).parent
_notes = Console(stderr=True)
_WIDE = Console(width=110)  # no column is cut where there is no terminal


Measured = tuple["Machine", list[HostRow]]


def measured(names: list[str], cores: int, cache: Path, seconds: float, quick: bool) -> Measured:
    """The rows of these paths, measured by a process that may use so many cores."""
    context = multiprocessing.get_context("spawn")
    with _allowed(cores), ProcessPoolExecutor(1, context) as process:
        return process.submit(_measured, names, cache, seconds, quick).result()


@contextmanager
def _allowed(cores: int) -> Iterator[None]:
    """Give processes that are begun here the first `cores` of this one's alone."""
    own = os.sched_getaffinity(0)
    if len(own) < cores:
        raise typer.BadParameter(f"{cores} cores are more than the {len(own)} that may be used")
    os.sched_setaffinity(0, sorted(own)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _measured(names: list[str], cache: Path, seconds: float, quick: bool) -> Measured:
    # The cores are counted when the libraries load, so no earlier than here; and as `taskcli`
    # itself does, tokenizers may use all of them.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from benchmarks.hostpaths import BY_NAME
    from benchmarks.hostrun import measure
    from benchmarks.machine import describe

    if unknown := set(names) - BY_NAME.keys():
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}; known: {', '.join(BY_NAME)}")
    rows = []
    for name in names or BY_NAME:
        row = measure(BY_NAME[name], cache, seconds, quick)
        rows.append(row)
        _notes.print(
            f"{row.path}, {row.cores} cores: {row.rate:.1f}/s, {row.ratio:.2f} of the limit, "
            f"{row.core_ms:.2f} core-ms"
        )
    return describe(), rows


def main(
    paths: Annotated[list[str] | None, typer.Argument(help="Which paths; all if none.")] = None,
    cores: Annotated[str, typer.Option(help="How many cores may be used, with commas.")] = "1,2",
    seconds: Annotated[float, typer.Option(min=0, help="For each path and limit together.")] = 6.0,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test on few inputs.")] = False,
    cache: Annotated[Path, typer.Option(help="Where inputs and checkpoints are kept.")] = (
        _HERE / ".cache"
    ),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of host.md and host.json: here, or, quick, the cache."),
    ] = None,
) -> None:
    """Measure what the host does for each input, with a device that answers at once."""
    rows: list[HostRow] = []
    for count in sorted({int(word) for word in cores.split(",")}):
        machine, found = measured(paths or [], count, cache, 0 if quick else seconds, quick)
        rows += found
    report = HostReport(machine, rows, psutil.cpu_percent(interval=1.0) / 100, quick)
    report.save(out or (cache if quick else _HERE))
    report.show(_WIDE)


if __name__ == "__main__":
    typer.run(main)
