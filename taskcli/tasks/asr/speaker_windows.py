"""Who speaks in windows of a recording that overlap, as who speaks in all of it.

A model numbers the speakers of every window anew: those are one that speak together where two
windows meet.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.excerpt import Excerpt
from taskcli.task import WithWarnings
from taskcli.tasks.asr.speakers import SPEAKS, Activity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shares = NDArray[np.float32]


class Heard(NamedTuple):
    """How likely each speaker speaks in a window [frames, speakers], from when to when."""

    shares: "Shares"
    start: float  # seconds
    end: float


def joined(windows: Sequence[Heard], excerpts: Sequence[Excerpt]) -> WithWarnings[Activity]:
    """The activity in all windows of these excerpts of a file, in their order, with a warning where
    nothing tells which speakers are one.

    Each keeps the half of what it has in common with a neighbour that lies further inside of it.
    """
    import numpy as np

    first = windows[0]
    step = (first.end - first.start) / len(first.shares)
    whole, unsure = first.shares, []
    for window in windows[1:]:
        own, at = _in_steps(window, step), round(window.start / step)
        before, after = whole[at:], own[: len(whole) - at]
        has_met = _is_spoken(before) and _is_spoken(after)
        if not has_met and _is_spoken(whole) and _is_spoken(own):
            unsure.append(_in_file(window.start, excerpts))
        kept = len(before) // 2
        own = own[:, _order(before, after)]
        whole = np.concatenate((whole[: at + kept], own[kept:]))
    return WithWarnings(Activity(whole, step), tuple(map(_note, unsure[:1])))


def _in_steps(window: Heard, step: float) -> "Shares":
    """As many frames as steps: the last window may be shorter, and its frames a little longer."""
    import numpy as np

    count = max(round((window.end - window.start) / step), 1)
    places = (np.arange(count) + 0.5) * len(window.shares) / count
    taken: Shares = window.shares[places.astype(int)]
    return taken


def _in_file(seconds: float, excerpts: Sequence[Excerpt]) -> float:
    """The time of the file when so many seconds were heard."""
    *others, last = excerpts
    for one in others:
        if seconds < one.seconds:
            return one.start + seconds
        seconds -= one.seconds
    return last.start + seconds


def _is_spoken(shares: "Shares") -> bool:
    return bool((shares > SPEAKS).any())


def _order(before: "Shares", after: "Shares") -> list[int]:
    """Which speaker after is which before: so that they differ least; else as they are."""
    import numpy as np

    count = before.shape[1]
    apart = np.abs(before[:, :, None] - after[:, None, :]).sum(0)  # [before, after]
    orders = permutations(range(count))
    return list(min(orders, key=lambda order: float(apart[range(count), order].sum())))


def _note(seconds: float) -> str:
    return (
        f"nobody speaks around {seconds:.0f} s, where two windows meet: from there on speakers may "
        "have changed their numbers"
    )
