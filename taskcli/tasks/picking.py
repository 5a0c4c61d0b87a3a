"""Which of what was found in a picture is kept: by name, and by size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

import typer

from taskcli.checkpoints.label_names import LabelNames, known_names
from taskcli.errors import UsageError
from taskcli.media.amounts import Amount, amount

Labels = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help="Keep only what has one of these labels."),
]
MinArea = Annotated[
    str | None,
    typer.Option(
        metavar="PIXELS|SHARE%",
        help="Keep only what covers so many pixels, or such a share of the picture: 400, or 1%.",
    ),
]


class Found(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def area(self) -> float: ...


FoundT = TypeVar("FoundT", bound=Found)


@dataclass(frozen=True)
class Picked:
    """What is kept: of some labels, of at least an area. None is all of either."""

    labels: LabelNames | None
    area: Amount | None

    @classmethod
    def of(cls, labels: str | None, min_area: str | None, known: Mapping[int, str]) -> "Picked":
        """As the options say, of the `known` labels. Raises UsageError for another."""
        names = None if labels is None else known_names(labels, known.values())
        return cls(names, area_of(min_area))

    def among(self, found: list[FoundT], size: tuple[int, int]) -> list[FoundT]:
        """What is kept of what was found in a picture of this size, in the same order."""
        kept = found
        if self.labels is not None:
            kept = [one for one in kept if one.label in self.labels]
        if self.area is not None:
            least = self.area.of(math.prod(size))
            kept = [one for one in kept if one.area >= least]
        return kept


def area_of(text: str | None) -> Amount | None:
    """--min-area as an amount of pixels. Raises UsageError for none that a picture can have."""
    if text is None:
        return None
    least = amount(text, "--min-area")
    if least.is_share and least.number > 1:
        raise UsageError(f"--min-area {text}: more than the picture", "try --min-area 1%")
    return least
