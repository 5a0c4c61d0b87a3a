"""The picture of the table: how many times as fast as transformers each row is.

python -m benchmarks.chart    # of the report that is there
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from PIL import Image

matplotlib.use("Agg")
from matplotlib import pyplot

_DEFAULT, _TUNED, _INK = "#0d6b6b", "#7fb8b3", "#333333"
_COLOURS = 32
_BAR = 0.38  # of the height of a row


def draw(rows: Sequence[tuple[str, Sequence[float]]], file: Path) -> None:
    """Two bars a row: beside transformers as called by default, and at its best setting.

    Each row is its title and inputs a second: of taskcli, by default, at best.
    """
    figure, axes = pyplot.subplots(figsize=(8, 0.48 * len(rows) + 1.3), dpi=100)
    for offset, colour, which, label in (
        (-_BAR / 2, _DEFAULT, 1, "as it is called by default"),
        (_BAR / 2, _TUNED, 2, "at the best batch size and precision"),
    ):
        ratios = [rates[0] / rates[which] for _, rates in rows]
        places = [place + offset for place in range(len(rows))]
        bars = axes.barh(places, ratios, _BAR, color=colour, label=label)
        axes.bar_label(bars, [f"{ratio:.1f}x" for ratio in ratios], padding=3, fontsize=8)
    axes.axvline(1, color=_INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [title for title, _ in rows], fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.08, y=0.02)
    axes.set_xlabel("inputs a second, taskcli over transformers", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)
    pyplot.close(figure)
    _lighten(file)


def _lighten(file: Path) -> None:
    """Few colours are a third of the bytes."""
    with Image.open(file) as image:
        few = image.convert("RGB").quantize(_COLOURS)
    few.save(file, optimize=True)


if __name__ == "__main__":
    here = Path(__file__).parent
    told = json.loads((here / "throughput.json").read_text())["rows"]
    draw([(row["title"], row["per_second"]) for row in told], here / "throughput.png")
