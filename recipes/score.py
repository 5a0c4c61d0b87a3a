"""One measured number beside its bar, and tables of such numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from safetensors import safe_open

Rows = list[tuple[str, "Score"]]  # each with the starter that it belongs to

PAGE = """# Starters

The checkpoints that ship with taskcli, one or more for each task, so that every command answers on
a fresh machine without a network: `--model starter`. They are real architectures, trained from
nothing on one small world that code in [recipes](../recipes/README.md) makes: scenes of coloured
solids, espeak's speech, and told stories, reviews and news. Of anything else they know nothing.
**Not for production**: real work uses `base` and up.

{starters}

All weights are float16 safetensors: {total:.1f} MB together. Each folder holds a model card with
what it was trained on and where it fails.

## Scores

On data that training never saw, made from seed {seed}, {count} samples a score
(some have fewer, as their name says), in {minutes:.0f} minutes:

    make starters-eval SEED={seed} COUNT={count}

{scores}
"""


@dataclass(frozen=True)
class Score:
    """One measured number and the bar it has to meet."""

    metric: str
    value: float
    bar: float
    lower_is_better: bool = False  # error rates

    @property
    def met(self) -> bool:
        return self.value <= self.bar if self.lower_is_better else self.value >= self.bar

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Metric, value, bar and whether it is met, as one reads them."""
        sign = "<=" if self.lower_is_better else ">="
        return (
            self.metric,
            f"{self.value:.3f}",
            f"{sign} {self.bar:.2f}",
            "yes" if self.met else "no",
        )


def table_of(rows: Rows, title: str) -> Table:
    table = Table("starter", "metric", title=title)
    for heading in ("score", "bar", "met"):
        table.add_column(heading, justify="right")
    for starter, score in rows:
        table.add_row(starter, *score.cells)
    return table


def page_of(rows: Rows, folders: list[Path], seed: int, count: int, minutes: float) -> str:
    """docs/starters.md as Markdown."""
    starters = [_described(folder) for folder in folders]
    total = sum(_weights(folder).stat().st_size for folder in folders) / 1e6
    return PAGE.format(
        starters=_markdown(["starter", "architecture", "parameters", "bytes"], starters),
        scores=_markdown(
            ["starter", "metric", "score", "bar", "met"], [(name, *s.cells) for name, s in rows]
        ),
        total=total,
        seed=seed,
        count=count,
        minutes=minutes,
    )


def _described(folder: Path) -> tuple[str, str, str, str]:
    [architecture] = json.loads((folder / "config.json").read_text())["architectures"]
    with safe_open(_weights(folder), "pt") as file:
        parameters = sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118
    card = f"[{folder.name}](../taskcli/starter/{folder.name}/README.md)"
    return card, f"`{architecture}`", f"{parameters:,}", f"{_weights(folder).stat().st_size:,}"


def _weights(folder: Path) -> Path:
    return folder / "model.safetensors"


def _markdown(headings: list[str], rows: list[tuple[str, ...]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
