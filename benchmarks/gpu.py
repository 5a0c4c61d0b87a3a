"""The whole table on one accelerator, in absolute figures, beside what its arithmetic allows.

python -m benchmarks.gpu
python -m benchmarks.gpu --rows vit-640,gpt2 --seconds 10
python -m benchmarks.gpu --device cpu --quick

It needs nobody to look on, and takes about ten minutes; rows that fail are told and passed over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import torch
import transformers
import typer
from rich.console import Console
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import machine
from benchmarks.contenders import (
    WARM_UP,
    Baselines,
    Contender,
    Setting,
    load_taskcli,
    one_pass,
    taskcli_contender,
)
from benchmarks.race import timed
from benchmarks.tables import as_markdown, as_table, machine_line
from benchmarks.throughput import chosen_rows
from benchmarks.workload import Row
from taskcli.api import Model

_HERE = Path(__file__).parent
_TIMES = 16  # as many inputs as a processor gets
_TUNED = Setting("bfloat16", 64)
_COUNTED = 4  # inputs whose arithmetic is counted
_SIDE, _SMALL_SIDE = 8192, 1024  # of the matrices whose product is timed, on a card and a processor
_MEGABYTE = 1 << 20
_COLUMNS = ["row", "inputs/s", "core-ms", "TFLOP/s", "of the card", "MB", "x default", "x tuned"]
_notes = Console(stderr=True)


@dataclass(frozen=True)
class CardRow:
    """One row on one card; `tflops` is 10^12 operations a second, two for a multiply-add."""

    name: str
    title: str
    dtype: str
    rate: float  # inputs a second
    core_ms: float  # of the host, an input
    gflop: float  # of the model, an input
    tflops: float
    share: float  # of the matrix rate
    peak_mb: float
    default: float  # inputs a second
    tuned: float

    def cells(self) -> list[str]:
        return [
            self.name,
            f"{self.rate:,.1f}",
            f"{self.core_ms:.2f}",
            f"{self.tflops:.2f}",
            f"{self.share:.1%}",
            f"{self.peak_mb:,.0f}",
            f"{self.rate / self.default:.2f}",
            f"{self.rate / self.tuned:.2f}",
        ]


def measure(
    row: Row, cache: Path, device: str, matrix_rate: float, seconds: float, quick: bool
) -> CardRow:
    """taskcli, then transformers as called by default and at a large batch, each for a while."""
    folder = row.checkpoint_folder(cache)
    inputs = row.inputs(cache, row.quick if quick else row.count * _TIMES)
    model = load_taskcli(row, folder, device=device)
    placement = model.session.placement
    flop = _flop(model, row, inputs[:_COUNTED]) / min(_COUNTED, len(inputs))
    with _peak(placement.device) as peak:
        rate, core_ms = _paced(taskcli_contender(model, row), inputs, seconds)
    del model
    baselines = Baselines(row, folder, str(placement.device))
    few = inputs[: max(WARM_UP, len(inputs) // _TIMES)]  # one at a time
    return CardRow(
        name=row.name,
        title=row.title,
        dtype=placement.dtype_name,
        rate=rate,
        core_ms=core_ms,
        gflop=flop / 1e9,
        tflops=rate * flop / 1e12,
        share=rate * flop / matrix_rate,
        peak_mb=peak[0] / _MEGABYTE,
        default=_paced(baselines.by_default(), few, seconds / 2)[0],
        tuned=_paced(baselines.tuned(_TUNED), inputs, seconds / 2)[0],
    )


def _paced(contender: Contender, inputs: list[str], seconds: float) -> tuple[float, float]:
    """Inputs a second, and core-milliseconds each: the best of the passes after a warm-up."""
    contender(inputs[:WARM_UP])
    end = time.perf_counter() + seconds
    passes = [timed(one_pass(contender, inputs))]
    while time.perf_counter() < end:
        passes.append(timed(one_pass(contender, inputs)))
    best = min(passes, key=lambda one: one.seconds)
    return len(inputs) / best.seconds, 1000 * best.cpu_seconds / len(inputs)


def _flop(model: Model, row: Row, inputs: list[str]) -> float:
    """Floating-point operations of the model for these inputs, by torch's own counter."""
    counted = 0
    task = type(model.session.task)
    forward = task.forward

    def counting(self: Any, batch: Any) -> Any:
        nonlocal counted
        with FlopCounterMode(display=False) as counter:
            outputs = forward(self, batch)
        counted += counter.get_total_flops()
        return outputs

    with mock.patch.object(task, "forward", counting):
        taskcli_contender(model, row)(inputs)
    return float(counted)


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large square matrix product: what the card gives at most."""
    side = _SMALL_SIDE if device.type == "cpu" else _SIDE
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    best = 0.0
    for _ in range(6):
        start = time.perf_counter()
        product = left @ right
        product[0, 0].item()  # waits for the device
        best = max(best, 2 * side**3 / (time.perf_counter() - start))
    return best


@contextmanager
def _peak(device: torch.device) -> Iterator[list[float]]:
    """Bytes that torch took at most on the device meanwhile; 0 where it does not count them."""
    taken = [0.0]
    module = None if device.type == "cpu" else torch.get_device_module(device)
    if module is not None and hasattr(module, "reset_peak_memory_stats"):
        module.reset_peak_memory_stats(device)
    yield taken
    if module is not None and hasattr(module, "max_memory_allocated"):
        taken[0] = float(module.max_memory_allocated(device))


def main(
    rows: Annotated[str, typer.Option(help="Some of the rows, with commas.")] = "",
    device: Annotated[str, typer.Option(help="As in taskcli --device.")] = "auto",
    seconds: Annotated[float, typer.Option(help="For each contender of a row.")] = 12.0,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test on few inputs.")] = False,
    cache: Annotated[Path, typer.Option(help="Where inputs and checkpoints are kept.")] = (
        _HERE / ".cache"
    ),
    out: Annotated[Path | None, typer.Option(help="Folder of gpu.md and gpu.json.")] = None,
) -> None:
    """Measure taskcli on one accelerator, row by row."""
    from taskcli.runtime.placement import place

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    placement = place(device, "auto", 0)
    if placement.device.type == "cpu" and not quick:
        raise typer.BadParameter("there is no accelerator here; --quick tries it on the processor")
    seconds = 0 if quick else seconds
    best = matrix_rate(placement.device, placement.dtype)
    measured: list[CardRow] = []
    failed: list[str] = []
    for row in chosen_rows(rows):
        _notes.print(f"{row.title} ...")
        try:
            measured.append(measure(row, cache, str(placement.device), best, seconds, quick))
        except Exception as failure:  # the others are measured all the same
            failed.append(f"{row.name}: {type(failure).__name__}: {failure}")
            _notes.print(failed[-1])
    _save(out or (cache if quick else _HERE), measured, failed, best, placement, quick)


def _save(
    folder: Path, rows: list[CardRow], failed: list[str], best: float, placement: Any, quick: bool
) -> None:
    described = machine.describe()
    lines = [row.cells() for row in rows]
    Console().print(as_table("On one accelerator", _COLUMNS, lines))
    facts = {"machine": asdict(described), "matrix_rate_tflops": best / 1e12, "failed": failed}
    folder.mkdir(parents=True, exist_ok=True)
    data = facts | {"quick": quick, "rows": [asdict(row) for row in rows]}
    (folder / "gpu.json").write_text(json.dumps(data, indent=2) + "\n")
    parts = [
        "# On one accelerator",
        machine_line(described),
        f"Matrix products in {placement.dtype_name}: {best / 1e12:.1f} TFLOP/s.",
        *(["**A smoke test: the figures mean nothing.**"] if quick else []),
        as_markdown(_COLUMNS, lines),
        *(f"- failed: {line}" for line in failed),
        _HOW,
    ]
    (folder / "gpu.md").write_text("\n\n".join(parts) + "\n")


_HOW = """- `core-ms` is processor time of the host for an input. `of the card` is the operations
  of the model a second, as torch counts them, over those of a large matrix product in the same run.
- `default` is transformers as called by default, `tuned` the same in bfloat16 at batch 64.
- Full-size architectures with random weights; best pass after a warm-up."""


if __name__ == "__main__":
    typer.run(main)
