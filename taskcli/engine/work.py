"""What is under way in a run: the stages of the work, an input, its parts, a batch of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from taskcli.engine.batching import Encoded
from taskcli.media.source import Source

GO_ON = "--device cpu may go further"


@dataclass(frozen=True, eq=False)
class Device:
    """What computes batches: `forward` runs in a thread of its own.

    `check` computes something trivial, and raises where the device does not answer.
    """

    name: str
    forward: Callable[[Any], Any]
    check: Callable[[], object]


@dataclass(frozen=True)
class Stages:
    """The work as plain callables. Each may raise for one item, or for a whole batch.

    `decode` and `encode` run in several threads at once, `collate` in one at a time, `read` in the
    caller's or in several, `fold` in the caller's; any of the `devices` may compute any batch.
    `encode` gives the parts of several items, each with the place of its item in the list, item
    after item; for a single item it may be lazy. `latest`, in the caller's thread, is given the
    last results of an item whose first parts are read, and not all, as more are. `kept` is what of
    an item is still needed once it is encoded. `is_device_error` says whether a device may be to
    blame for a failure, and not what it was given.
    """

    decode: Callable[[Source], Any]
    encode: Callable[[list[Any]], Iterable[tuple[int, Encoded[Any]]]]
    collate: Callable[[list[Any]], Any]
    devices: Sequence[Device]
    read: Callable[[Any, Any, int], list[Any]]
    fold: Callable[[Any, list[Any]], Any]
    latest: Callable[[Source, Any, list[Any]], object] | None = None
    kept: Callable[[Any], Any] = lambda item: item
    is_out_of_memory: Callable[[Exception], bool] = lambda _: False
    is_device_error: Callable[[Exception], bool] = lambda _: False


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
    first: int = 0  # so many parts, from the first on, have results, where somebody is told
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


@dataclass(slots=True, eq=False)
class Job:
    """A batch under way, and the items of which every part has left before it."""

    parts: list[Part] = field(default_factory=list)
    ended: list[Item] = field(default_factory=list)
    batch: Any = None
    outputs: Any = None
    results: list[object] | None = None  # of each part, once the outputs are read
    failure: Exception | None = None
    is_final: bool = False  # whether the failure is its answer
    number: int = 0  # of the batch that was planned, also where this is a piece of it
    device: Device | None = None  # that computed it
    # Why devices could not compute it that still answer.
    tried: dict[Device, Exception] = field(default_factory=dict)
    felled: int = 0  # devices that were lost at it
    owner: Device | None = None  # whose memory is too small for more: others have larger ones to do

    def collate(self, stages: Stages) -> None:
        try:
            self.batch = stages.collate([part.encoded.value for part in self.parts])
        except Exception as failure:
            self.failure = failure

    def piece(self, parts: list[Part], owner: Device | None) -> "Job":
        """Some of its parts, to be computed by themselves."""
        return Job(parts, number=self.number, felled=self.felled, owner=owner)
