"""The records of parts in the order of the whole list: which are kept, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from taskcli.cli.run.made_with import difference
from taskcli.cli.shards.part import BEHIND, Part
from taskcli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

_ANY_SHARE = {"shard": None}  # the one thing in which the shares of a run differ
_NAMED = 5  # places, parts or shares that a line names


@dataclass(frozen=True)
class Joined:
    """Of the records that are kept, in their order, the part that each is in, and where in it."""

    part: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    offset: "Numbers"
    failed: int
    doubled: int  # records that are left out, as another answers the same input
    gaps: tuple[str, ...]  # why inputs may have no record


def check(parts: Sequence[Part]) -> None:
    """Raises UsageError for parts that are not of one whole."""
    first = parts[0]
    for part in parts[1:]:
        if differs := _difference(part, first):
            raise UsageError(
                f"{part.file} and {first.file} are not of one run: {part.file} was made {differs}",
                "merge the shares of one run",
            )
    counts = {count for part in parts for _, count in part.shares}
    if len(counts) > 1:
        raise UsageError(
            f"the parts are shares of different divisions: {_some(sorted(counts))}",
            "merge those of one --shard I/N",
        )


def _difference(part: Part, first: Part) -> str | None:
    """What a part was made with, where that is not what the first one was."""
    tasks = [", ".join(sorted(one.tasks)) for one in (part, first)]
    if all(tasks) and tasks[0] != tasks[1]:
        return f"with task {tasks[0]}, not task {tasks[1]}"
    if part.made_with is None or first.made_with is None:
        return None
    return difference(part.made_with | _ANY_SHARE, first.made_with | _ANY_SHARE)


def join(parts: Sequence[Part]) -> Joined:
    """Where two parts answer one input, an answer is kept before a failure, then the earlier."""
    import numpy as np

    def column(name: str, kind: str = "q") -> "Numbers":
        return np.concatenate([np.frombuffer(getattr(part, name), kind) for part in parts])

    index, frame, input = column("index"), column("frame"), column("input")
    failed = column("failed", "b")
    part = np.repeat(np.arange(len(parts)), [len(one.index) for one in parts])
    order = np.lexsort((part, failed, input, frame, index))
    same_index = np.diff(index[order]) == 0
    doubled = np.concatenate([[False], same_index & (np.diff(input[order]) == 0)])[: len(order)]
    kept = order[~doubled]
    return Joined(
        part[kept],
        column("offset")[kept],
        int(failed[kept].sum()),
        int(doubled.sum()),
        tuple(_gaps(parts, index[kept], _is_frame(index[kept], frame[kept], failed[kept]))),
    )


def _is_frame(index: "Numbers", frame: "Numbers", failed: "Numbers") -> "Numbers":
    """Which records share their place with the one before, as another frame of one file does.

    So does what its damage hides behind the last of them.
    """
    import numpy as np

    behind = np.diff(frame, prepend=BEHIND) > 0
    is_one: Numbers = (np.diff(index, prepend=-1) == 0) & behind
    return is_one & ((frame < BEHIND) | (failed > 0))


def _gaps(parts: Sequence[Part], index: "Numbers", is_frame: "Numbers") -> list[str]:
    """What says that inputs lack a record, in words; `index` is sorted."""
    import numpy as np

    told = []
    there = {number for part in parts for number, _ in part.shares}
    count = max((count for part in parts for _, count in part.shares), default=0)
    if missing := count - len(there):
        numbers = (number for number in range(1, count + 1) if number not in there)
        shares = [f"{number}/{count}" for number in islice(numbers, _NAMED)]
        told.append(f"no part holds share {_listed(shares, missing)}")
    if torn := [part.file for part in parts if part.torn]:
        told.append(f"{_some(torn)} ends in the midst of a record, which is left out")
    if unended := [part.file for part in parts if part.ended is False]:
        told.append(f"{_some(unended)} did not come to its end: --resume goes on with it")
    steps = np.diff(index, prepend=-1)
    before = np.flatnonzero(steps > 1)
    if lacking := int((steps[before] - 1).sum()):
        named = before[:_NAMED]
        places = [_span(int(index[at - 1]) + 2 if at else 1, int(index[at])) for at in named]
        inputs = "1 input has" if lacking == 1 else f"{lacking:,} inputs have"
        least = "at least " if told else ""  # nothing tells how many are behind the last record
        told.append(f"{least}{inputs} no record: number {_listed(places, len(before))} of the list")
    if clashes := int(((steps == 0) & ~is_frame).sum()):
        told.append(f"the shares were made of different lists: {clashes:,} places hold two inputs")
    return told


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _some(values: object) -> str:
    named = [str(value) for value in values]  # type: ignore[attr-defined]
    return _listed(named[:_NAMED], len(named))


def _listed(named: Sequence[str], count: int) -> str:
    """The first of so many."""
    return ", ".join(named) + (f" and {count - len(named):,} more" if count > len(named) else "")
