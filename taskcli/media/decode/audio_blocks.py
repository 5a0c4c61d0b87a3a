"""What both decoders give: stretches of samples, and how they say what was wrong."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]

# Recordings are decoded and resampled in blocks: bounded memory, which the next block has again.
BLOCK_SECONDS = 2
SLACK_SECONDS = 0.2  # headers count whole frames, and an encoder's delay
_LONGEST = 1e8  # seconds, three years: a header that states more states nothing


class Block(NamedTuple):
    """Float32 samples, shape [channels, n], of `rate` samples a second."""

    rate: int
    channels: Samples

    @property
    def seconds(self) -> float:
        return float(self.channels.shape[1] / self.rate)


def believed(seconds: float) -> float:
    """The length that a header states; 0 where that is none."""
    return seconds if 0 < seconds < _LONGEST else 0.0


def cut_short(stated: float, held: float) -> str | None:
    """What to note of a recording that holds fewer seconds than its header states, if it does."""
    if believed(stated) <= held + SLACK_SECONDS:
        return None
    return f"cut short: the header promises {stated:.1f} s, the file holds {held:.1f}"


def silence(rate: int, channels: int, seconds: float) -> Iterator[Block]:
    """So many seconds of it, in blocks of the usual size."""
    left = round(seconds * rate)
    nothing = np.zeros((channels, min(max(left, 0), BLOCK_SECONDS * rate)), np.float32)
    while left > 0:
        yield Block(rate, nothing[:, :left])
        left -= nothing.shape[1]


def behind(blocks: Iterator[Block], seconds: float) -> Iterator[Block]:
    """The blocks without so many seconds at their beginning."""
    for block in blocks:
        dropped = min(round(seconds * block.rate), block.channels.shape[1])
        seconds -= dropped / block.rate
        if dropped < block.channels.shape[1]:
            yield Block(block.rate, block.channels[:, dropped:])
