"""What is under way in a run: the stages of the work, an input, its parts, a batch of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from taskcli.engine.batching import Encoded
from taskcli.errors import StoppedError
from taskcli.media.source import Source

GO_ON = "--device cpu may go further"


@dataclass(frozen=True)
class Stages:
    """The work as plain callables. Each may raise for one item, or for a whole batch.

    `decode` and `encode` run in several threads at once, `collate` in one, `forward` in one per
    device, `read` in the caller's or in several, `fold` in the caller's. `encode` gives the parts
    of several items, each with the place of its item in the list, item after item; for a single
    item it may be lazy. `kept` is what of an item is still needed once it is encoded.
    """

    decode: Callable[[Source], Any]
    encode: Callable[[list[Any]], Iterable[tuple[int, Encoded[Any]]]]
    collate: Callable[[list[Any]], Any]
    forward: Callable[[Any], Any]
    read: Callable[[Any, Any, int], list[Any]]
    fold: Callable[[Any, list[Any]], Any]
    kept: Callable[[Any], Any] = lambda item: item
    is_out_of_memory: Callable[[Exception], bool] = lambda _: False
    is_fatal: Callable[[Exception], bool] = lambda _: False

    def raise_fatal(self, failure: Exception | None) -> None:
        """Raises StoppedError for what ends the run."""
        if failure is not None and self.is_fatal(failure):
            raise StoppedError(f"the device is lost: {failure}", GO_ON) from failure


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source: `result`, or `error`."""

    source: Source
    item: Any = None
    result: Any = None
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class Item:
    """One input under way. `parts` is their number, once all are encoded."""

    rank: int  # among the inputs of this run
    source: Source
    item: Any = None
    parts: int | None = None
    cost: int = 0  # of all parts together
    results: dict[int, object] = field(default_factory=dict)
    failure: Exception | None = None
    answered: bool = False

    def part(self, number: int, encoded: Encoded[Any]) -> "Part":
        self.cost += encoded.cost
        return Part(self, number, encoded)


@dataclass(frozen=True, slots=True)
class Part:
    item: Item
    number: int  # among the parts of its item
    encoded: Encoded[Any]


@dataclass(slots=True)
class Job:
    """A batch under way, and the items of which every part has left before it."""

    parts: list[Part] = field(default_factory=list)
    ended: list[Item] = field(default_factory=list)
    batch: Any = None
    outputs: Any = None
    results: list[object] | None = None  # of each part, once the outputs are read
    failure: Exception | None = None
