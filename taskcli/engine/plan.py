"""Which items share a batch."""

import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How batches are cut.

    A window of decoded items is sorted by cost and cut so that longest x count stays within
    `budget` and count within `size`: little padding, bounded memory, still a stream.
    """

    size: int = 8
    budget: int = 8
    window: int = 64
    patience: float | None = None  # seconds to wait for more when the device is idle; None: always
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Planned(Generic[T]):
    index: int  # the place in the input, for the order of the records
    cost: int
    value: T
    alike: Hashable = None  # items share a batch only if equal here


def cut(window: list[Planned[T]], plan: Plan) -> Iterator[list[Planned[T]]]:
    """Batches of a window, cheapest first, so that a batch's last item is its longest."""
    groups: dict[Hashable, list[Planned[T]]] = defaultdict(list)
    for item in sorted(window, key=lambda item: item.cost):
        batch = groups[item.alike]
        if batch and (len(batch) == plan.size or item.cost * (len(batch) + 1) > plan.budget):
            yield batch
            batch = groups[item.alike] = []
        batch.append(item)
    yield from groups.values()


def windows(
    pull: Callable[[float | None], Planned[T] | None], plan: Plan, idle: Callable[[], bool]
) -> Iterator[list[Planned[T]]]:
    """Gather items into windows.

    `pull(seconds)` gives the next item, None at the end, and raises TimeoutError when none came
    in time. A pipe that pauses does not hold back what has arrived once the device is `idle`.
    """
    window: list[Planned[T]] = []
    since = time.monotonic()
    while True:
        try:
            item = pull(plan.patience if window else None)
        except TimeoutError:
            if idle():
                yield window
                window, since = [], time.monotonic()
            continue
        except Exception:  # the sources are broken: what came before is answered first
            yield window
            raise
        if item is None:
            break
        window.append(item)
        impatient = plan.patience is not None and time.monotonic() - since > plan.patience
        if len(window) == plan.window or (impatient and idle()):
            yield window
            window, since = [], time.monotonic()
    if window:
        yield window
