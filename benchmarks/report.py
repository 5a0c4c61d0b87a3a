"""The measured rows as a table on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.machine import Machine
from benchmarks.stages import Limits
from benchmarks.sweep import DTYPES, fast_dtypes
from benchmarks.tables import as_markdown, as_table, machine_line


@dataclass(frozen=True)
class Agreement:
    """Share of inputs with the same label on top, and the largest difference of its score."""

    same_label: float
    score_difference: float


@dataclass(frozen=True)
class Pace:
    """Whole passes over `count` inputs, one per repetition: seconds, and those of all cores."""

    count: int
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.count / median(self.seconds)

    @property
    def core_milliseconds(self) -> float:
        """Processor time of one input: other processes hardly change it."""
        return 1000 * median(self.cpu_seconds) / self.count


@dataclass(frozen=True)
class Measured:
    """One row of the table."""

    name: str
    title: str
    count: int
    most: int  # inputs, had there been time
    taskcli_dtype: str
    taskcli: Pace
    baseline: str  # what transformers has for it
    default_dtype: str
    default: Pace
    tuned_setting: str
    tuned: Pace
    sweep: dict[str, float]  # items a second of each setting
    limits: Limits
    tuned_padding: float | None
    against_baseline: Agreement  # both in float32
    against_float32: Agreement  # taskcli's default dtype and its float32
    load_by_others: float  # share of the cores in use before the row began

    @property
    def paces(self) -> tuple[Pace, Pace, Pace]:
        return self.taskcli, self.default, self.tuned

    @property
    def rates(self) -> list[float]:
        """Inputs a second of each."""
        return [pace.per_second for pace in self.paces]


@dataclass(frozen=True)
class Report:
    machine: Machine
    rows: list[Measured]
    repeat: int
    quick: bool
    dtypes: tuple[str, ...]  # of the sweep
    minutes: float  # that all rows had

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.md").write_text(self.markdown())
        (folder / "throughput.json").write_text(json.dumps(self.as_json(), indent=2) + "\n")

    def show(self, console: Console) -> None:
        for title, columns, lines in self._tables():
            console.print(as_table(title, columns, lines))

    def markdown(self) -> str:
        parts = ["# Throughput", *self._preface()]
        for title, columns, lines in self._tables():
            parts += [f"## {title}", as_markdown(columns, lines)]
        return "\n\n".join([*parts, _HOW]) + "\n"

    def as_json(self) -> dict[str, object]:
        rows = [
            asdict(row)
            | {"per_second": row.rates}
            | {"core_milliseconds": [pace.core_milliseconds for pace in row.paces]}
            | {"slowest_stage": row.limits.slowest, "together": row.limits.together}
            for row in self.rows
        ]
        named = ("repeat", "quick", "dtypes", "minutes")
        settings = {name: getattr(self, name) for name in named}
        return {"machine": asdict(self.machine), "settings": settings, "rows": rows}

    def _preface(self) -> list[str]:
        notes = [machine_line(self.machine), "\n".join(map(_work, self.rows))]
        busy = max((row.load_by_others for row in self.rows), default=0.0)
        notes.append(
            f"Medians of {self.repeat} interleaved passes. All rows together had about "
            f"{self.minutes:.0f} minutes, and each as many inputs as went into its share. The "
            f"sweep is in {_dtypes(self.dtypes)}. Other processes used up to {busy:.0%} of the "
            "cores before a row began."
        )
        return [*notes, *(["**A smoke test: the figures mean nothing.**"] if self.quick else [])]

    def _tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        return [
            (title, columns, [line(row) for row in self.rows])
            for title, columns, line in (
                ("Items a second", _SPEED, _speed),
                ("Processor time, core-milliseconds an input", _SPEED, _effort),
                ("Each stage of taskcli alone, items a second", _LIMITS, _limits),
                ("Answers", _ANSWERS, _answers),
            )
        ]


def _dtypes(tried: Sequence[str]) -> str:
    slow = [name for name in DTYPES if name not in {*tried, *fast_dtypes()}]
    left_out = [f", without {name}, which this processor does not compute fast" for name in slow]
    return " and ".join(tried) + "".join(left_out)


def _work(row: Measured) -> str:
    count = str(row.count) if row.count == row.most else f"{row.count} of {row.most}"
    return (
        f"- {row.name}: {row.title}, {count} inputs; taskcli {row.taskcli_dtype}, "
        f"{row.baseline} {row.default_dtype}, tuned {row.tuned_setting}"
    )


_SPEED = ["row", "taskcli", "default", "tuned", "x default", "x tuned"]
_LIMITS = [
    "row",
    "decode",
    "preprocess",
    "forward",
    "postprocess",
    "/ slowest",
    "/ shared",
    "padding",
    "tuned",
]
_ANSWERS = ["row", "= default", "score", "= float32", "score"]


def _speed(row: Measured) -> list[str]:
    rates = row.rates
    ratios = [rates[0] / rate for rate in rates[1:]]
    return [row.name, *(f"{rate:.1f}" for rate in rates), *(f"{ratio:.2f}" for ratio in ratios)]


def _effort(row: Measured) -> list[str]:
    times = [pace.core_milliseconds for pace in row.paces]
    ratios = [time / times[0] for time in times[1:]]
    return [row.name, *(f"{time:.0f}" for time in times), *(f"{ratio:.2f}" for ratio in ratios)]


def _limits(row: Measured) -> list[str]:
    limits = row.limits
    rates = (limits.decode, limits.preprocess, limits.forward, limits.postprocess)
    return [
        row.name,
        *(f"{rate:.0f}" if rate >= 100 else f"{rate:.1f}" for rate in rates),
        f"{row.taskcli.per_second / limits.slowest:.2f}",
        f"{row.taskcli.per_second / limits.together:.2f}",
        _share(limits.padding),
        _share(row.tuned_padding),
    ]


def _answers(row: Measured) -> list[str]:
    pairs = (row.against_baseline, row.against_float32)
    cells = [(f"{pair.same_label:.1%}", f"± {pair.score_difference:.1g}") for pair in pairs]
    return [row.name, *cells[0], *cells[1]]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


_HOW = """## How it was measured

- `default` is `transformers.pipeline(task, folder)` called with a list, nothing else set (texts:
  `truncation=True`); where the library has no pipeline, its documented loop: tokenize, `generate()`
  or `forward()`, decode. `tuned` is the best of batch 1, 2, 4, 8, 16, 32, as far as there are
  inputs, in the dtypes named above: found on the first 32 inputs, its best three on all.
  `taskcli` is `taskcli.load(task, folder)` with its defaults (texts: `truncate=True`).
- All in one process, loaded before the clock starts, warmed up on a few inputs, then in turn.
- The architectures are full-size with random weights, built from their configs.
- Processor time is summed over all cores, waiting in a loop included. A ratio by the clock that
  is above the ratio here comes from keeping all cores busy, the rest from doing less.
- Stages run alone, one after the other, on the batches that the engine cuts; decoding on one
  thread. `/ slowest` is end to end over the slowest stage, decoding counted on all its threads.
  Where model and decoder share the cores no overlap can reach 1; `/ shared` is end to end over what
  perfect overlap gives there.
- `padding` is the share of padded positions in all: taskcli's, and the tuned pipeline's.
- Answers: share of inputs with the same label on top (or text, names, span) and the largest
  difference of its score; taskcli and transformers both in float32, then taskcli in its default
  dtype and in float32."""
