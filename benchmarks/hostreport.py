"""What the host takes, as a table on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.hostrow import PARTS, HostRow
from benchmarks.tables import as_markdown, as_table, machine_line

if TYPE_CHECKING:
    from benchmarks.machine import Machine

_RATES = ("path", "cores", "rate", "limit", "ratio", "core-ms", "limit's core-ms")
_STAGES = ("path", "cores", *PARTS)


@dataclass(frozen=True)
class HostReport:
    machine: Machine
    rows: Sequence[HostRow]
    load_by_others: float  # share of the cores in use after the last row
    quick: bool

    def save(self, folder: Path) -> None:
        """Write host.json, which is a list of rows, and host.md with all that belongs to them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "host.json").write_text(json.dumps(list(map(asdict, self.rows)), indent=2) + "\n")
        (folder / "host.md").write_text(self.markdown())

    def show(self, console: Console) -> None:
        for title, columns, lines in self._tables():
            console.print(as_table(title, columns, lines))

    def markdown(self) -> str:
        parts = [
            "# What the host does for an input",
            machine_line(self.machine),
            f"Other processes used {self.load_by_others:.0%} of the cores after the last row.",
            *(["**A smoke test: the figures mean nothing.**"] if self.quick else []),
        ]
        for title, columns, lines in self._tables():
            parts += [f"## {title}", as_markdown(columns, lines)]
        return "\n\n".join([*parts, _HOW]) + "\n"

    def _tables(self) -> list[tuple[str, Sequence[str], list[list[str]]]]:
        return [
            ("Inputs a second with an instant device", _RATES, list(map(_rates, self.rows))),
            ("Core-milliseconds an input, by stage", _STAGES, list(map(_stages, self.rows))),
        ]


def _rates(row: HostRow) -> list[str]:
    rates = [_number(row.rate), _number(row.limit), f"{row.ratio:.2f}"]
    return [row.path, str(row.cores), *rates, _number(row.core_ms), _number(row.limit_core_ms)]


def _stages(row: HostRow) -> list[str]:
    return [row.path, str(row.cores), *(_number(row.stages[name]) for name in PARTS)]


def _number(value: float) -> str:
    """With three digits, or all before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


_HOW = """## How it was measured

- An instant device: the model's forward pass, and `generate()`, answer with constants of the shapes
  that the full-size architecture gives, made once for each shape of a batch. All else is real:
  finding and decoding inputs, the checkpoint's processor, planning and padding of batches, reading
  answers, folding them, and JSON Lines through the writer to the null device. Batches are cut as
  for an accelerator: up to 16 times as large as for a processor.
- Left out: the forward pass and `generate()`, transfers to a device and conversion to its dtype,
  loading, saved files, reports, the progress bar, and what a disk takes (files are in its cache).
  `forward` is what is done around the model's call: moving inputs, looking for NaN, and what a task
  does with its answers on the device, such as argmax; where there is a device, that is its work.
- `rate` and `limit` are inputs a second by the clock, of the best of several passes; both take
  turns in one process, which may use so many cores, and have as many threads. `core-ms` is
  processor time of all threads for an input, of the pass that took the least, and `limit's` that
  of the bare work.
- The stages are processor time of the calls that the engine makes, in the threads where they run,
  in core-milliseconds an input, of the same pass. `libraries` is that of threads that Python did
  not begin: of torch's operators and of tokenizers, whoever called them. `engine` is the rest:
  threads, queues, plans, records, and the clocks, about 2 microseconds for each call.
- The limits: pictures, JPEG decoded by Pillow no smaller than twice what is needed, and resized;
  segment, that and pycocotools' encode of ten masks; depth, that and Pillow's resize of the map;
  texts, one call of the tokenizer, which uses all cores; generate, that and its decoding of the new
  tokens; sounds, soundfile's read, the mean of both channels and soxr's resampling.
- Inputs: camera JPEGs of `images-12mpx` are of mixed sizes, those of other 12 Mpx rows all of
  4000x3000; texts of 100 words; prompts of 5 to 30 words and 64 new tokens; 6 s of 44.1 kHz stereo,
  wav, flac and mp3 in turn. segment finds ten regions, detect ten objects."""
