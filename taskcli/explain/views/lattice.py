"""What a CTC head held of every letter at every moment, and the path through it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.beginning import times
from taskcli.explain.views.ctc_path import Path, best_path, letters_of
from taskcli.explain.views.kinds import Frame, Grid, View
from taskcli.explain.views.shares import softmax

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from taskcli.explain.views.kinds import Array

WANTED = ("lm_head", "*ctc_head")
_MOST_ROWS = 30  # letters; all others share one row
_LEAST = 0.05  # of a moment: what a letter that is never the likeliest must reach once


def draw(seen: Seen) -> Iterator[View]:
    path = best_path(seen)
    if path is None:
        return
    for stage, calls in seen.calls.items():
        if path.start.batch < len(calls):
            for output in calls[path.start.batch].outputs:
                scores = _scores(output, path)
                if scores is not None:
                    yield _lattice(seen, stage, path, softmax(scores))
                    return


def _scores(output: "Array", path: Path) -> "Array | None":
    """[moments, letters], if it is from these that the path was taken."""
    import numpy as np

    if output.ndim != 3 or len(output) <= path.start.row:
        return None
    row = output[path.start.row]
    for scores in (row, row.T):  # a convolution has letters first
        if len(scores) >= len(path.labels):
            shown: Array = scores[: len(path.labels)]
            if np.array_equal(shown.argmax(-1), path.labels):
                return shown
    return None


def _lattice(seen: Seen, stage: str, path: Path, shares: "Array") -> Grid:
    import numpy as np

    shown = _letters(path, shares)
    rest = np.clip(1 - shares[:, shown].sum(-1, keepdims=True), 0, 1)
    place = {label: row for row, label in enumerate(shown)}
    return Grid(
        stage,
        "CTC lattice",
        "How likely each letter is at each moment. The path takes the likeliest each time; it is "
        "not searched for, and no language model is asked. The last row holds all letters that are "
        f"not shown together.{_of_spaces(seen, shown)}{path.of_what}",
        [Frame(np.concatenate((shares[:, shown], rest), 1).T)],
        [*letters_of(seen, shown), "others"],
        times(len(path.labels), path.step),
        marked=[(place.get(label, len(shown)), at) for at, label in enumerate(path.labels)],
        row_name="letter",
        column_name="moment",
    )


def _of_spaces(seen: Seen, shown: Sequence[int]) -> str:
    tokenizer = seen.task.processor.tokenizer
    space = str(getattr(tokenizer, "word_delimiter_token", None) or "").strip()
    is_shown = space and tokenizer.convert_tokens_to_ids(space) in shown
    return f" “{space}” is the space between words." if is_shown else ""


def _letters(path: Path, shares: "Array") -> Sequence[int]:
    """Those of the path as they come, then the likeliest of the others."""
    on_path = list(dict.fromkeys(path.labels))
    others: npt.NDArray[np.int64] = (-shares.sum(0)).argsort(kind="stable")
    heard = [int(one) for one in others if shares[:, one].max() >= _LEAST]
    return list(dict.fromkeys([*on_path, *heard]))[:_MOST_ROWS]
