"""Numbers of options: pixels or a share, as `400` or `1%`, and ranges, as `0,10`."""

import math
from dataclasses import dataclass

from taskcli.errors import UsageError

SHARED = "shared"  # in place of a range: the one of all that a run has, known when it is over


@dataclass(frozen=True, slots=True)
class Amount:
    """So many pixels, or a share."""

    number: float
    is_share: bool = False

    def of(self, whole: float) -> float:
        """In pixels, where there are `whole` of them."""
        return self.number * whole if self.is_share else self.number


def amount(text: str, flag: str) -> Amount:
    """Raises UsageError for what is neither, or below 0; `flag` is where it was given."""
    word = text.strip()
    try:
        number = float(word.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise UsageError(
            f"{flag} {text}: neither pixels nor a share", f"such as {flag} 400, or {flag} 1%"
        )
    return Amount(number / 100, True) if word.endswith("%") else Amount(number)


def ends(text: str) -> tuple[float, float] | None:
    """LOW,HIGH as numbers, of which the first is less; None for what is no such range."""
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
