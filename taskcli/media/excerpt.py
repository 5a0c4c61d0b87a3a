"""The stretch of a recording that is heard, and times as people write them."""

import math
import re
from dataclasses import dataclass

_FOREVER = 2**62  # samples
_UNIT = re.compile(r"[0-9]{1,6}")  # minutes, or hours
_SECONDS = re.compile(r"[0-9]{1,8}(\.[0-9]{0,9})?|\.[0-9]{1,9}")


def seconds_of(text: str) -> float | None:
    """Of 90, 1:30 or 1:02:03.5, by what parts hours, minutes and seconds; None for no time."""
    *units, last = text.split(":")
    if len(units) > 2 or not _SECONDS.fullmatch(last) or not all(map(_UNIT.fullmatch, units)):
        return None
    total = 0.0
    for place, number in enumerate([*map(int, units), float(last)]):
        if place and number >= 60:
            return None
        total = total * 60 + number
    return total


@dataclass(frozen=True)
class Excerpt:
    """From `start` up to `end`, in seconds of the file, which may be shorter."""

    start: float = 0.0
    end: float = math.inf

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def heard_of(self, seconds: float) -> float:
        """How much is heard of a recording that is so long."""
        return max(0.0, min(self.end, seconds) - self.start)

    def samples_at(self, rate: int) -> tuple[int, int]:
        """From which sample up to which, of so many a second."""
        return round(self.start * rate), round(min(self.end * rate, _FOREVER))
