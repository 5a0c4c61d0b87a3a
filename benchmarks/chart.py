"""The picture of the table: how many times as fast as transformers each row is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from benchmarks.report import Measured

matplotlib.use("Agg")
from matplotlib import pyplot

_DEFAULT, _TUNED, _INK = "#0d6b6b", "#7fb8b3", "#333333"
_BAR = 0.38  # of the height of a row


def draw(rows: Sequence[Measured], file: Path) -> None:
    """Two bars a row: beside transformers as called by default, and at its best setting."""
    figure, axes = pyplot.subplots(figsize=(9, 0.55 * len(rows) + 1.4), dpi=150)
    for offset, colour, which, label in (
        (-_BAR / 2, _DEFAULT, 1, "as it is called by default"),
        (_BAR / 2, _TUNED, 2, "at the best batch size and precision"),
    ):
        ratios = [row.paces[0].per_second / row.paces[which].per_second for row in rows]
        places = [place + offset for place in range(len(rows))]
        bars = axes.barh(places, ratios, _BAR, color=colour, label=label)
        axes.bar_label(bars, [f"{ratio:.1f}x" for ratio in ratios], padding=3, fontsize=8)
    axes.axvline(1, color=_INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.title for row in rows], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("inputs a second, taskcli over transformers", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
    pyplot.close(figure)
