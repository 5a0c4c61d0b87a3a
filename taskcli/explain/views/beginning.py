"""The beginning of a recording: as much of it as views show, and where its moments lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.tasks.stretches import Stretch

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

_MOST_SECONDS = 30  # that are shown of a recording
_EDGE = 4  # vectors that the widths of convolutions may cost at the ends of a recording


@dataclass(frozen=True)
class Beginning:
    """What a model heard first of a recording: `part`, in a `row` of a `batch`.

    `samples` [n] are those that are shown of it, at `rate` a second; `is_whole` says that they are
    the whole recording.
    """

    part: Stretch
    batch: int
    row: int
    samples: "Array"
    rate: int
    is_whole: bool

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def of_what(self) -> str:
        """A sentence for what is left out, if anything is."""
        return "" if self.is_whole else f" Shown are the first {self.seconds:.3g} seconds."


def beginning(seen: Seen) -> Beginning:
    """Of a recording that was begun again, as its last attempt heard it; of its first channel."""
    places: list[tuple[Stretch, int, int]] = [
        (part, batch, row)
        for batch, parts in enumerate(seen.parts)
        for row, part in enumerate(parts)
    ]
    part, batch, row = min(places, key=lambda one: (-one[0].attempt, one[0].place, one[0].start))
    shown = part.samples[: _MOST_SECONDS * part.rate]
    others = {one.place for one, _, _ in places if one.attempt == part.attempt} - {part.place}
    is_whole = part.last and len(shown) == len(part.samples) and not others
    return Beginning(part, batch, row, shown, part.rate, is_whole)


def seconds_between(seen: Seen, start: Beginning, count: int) -> float:
    """Between two of the `count` vectors that a model made of the part that it heard.

    By the strides of its convolutions, where these explain the count.
    """
    samples = len(start.part.samples)
    ratio = getattr(seen.task.model.config, "inputs_to_logits_ratio", None)
    if ratio and 0 <= samples / ratio - count <= _EDGE:
        return float(ratio / start.rate)
    return float(samples / start.rate / max(count, 1))


def times(count: int, step: float) -> Sequence[str]:
    """When each of so many moments begins."""
    return [f"{number * step:.2f} s" for number in range(count)]
