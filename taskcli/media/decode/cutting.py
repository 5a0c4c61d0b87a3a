"""Excerpts, cut out of the samples of a recording as they come."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from taskcli.media.clips import Heard
from taskcli.media.decode.audio_blocks import Samples

# Filters and codecs hear a little of what came before a sample: by then it no longer matters.
_SETTLED = 1.0  # seconds
_NEAR = 10.0  # seconds: as many are decoded in the time that opening a file anew takes


def skipped_seconds(start: float) -> int:
    """How much lies before the second at which an excerpt begins that need not be decoded.

    Whole seconds, which are whole samples before and behind resampling, at any two rates.
    """
    return max(0, int(start - _SETTLED))


def passes(heard: Heard) -> Iterator[Heard]:
    """Excerpts near one another together: they are decoded in one go, behind one seek."""
    near = heard.excerpts[:1]
    for one in heard.excerpts[1:]:
        if one.start - near[-1].end > _NEAR:
            yield replace(heard, excerpts=near)
            near = ()
        near = (*near, one)
    yield replace(heard, excerpts=near)


class Cutter:
    """Keeps what lies in excerpts of samples that follow one another from `at` on."""

    def __init__(self, heard: Heard, rate: int, at: int) -> None:
        self.at = at
        self._bounds = deque(one.samples_at(rate) for one in heard.excerpts)

    def kept(self, piece: Samples) -> Samples:
        """What of the next samples [n], or [lines, n], lies in them."""
        begins, self.at = self.at, self.at + piece.shape[-1]
        found = [
            piece[..., max(0, first - begins) : end - begins]
            for first, end in self._bounds
            if first < self.at and end > begins
        ]
        while self._bounds and self._bounds[0][1] <= self.at:
            self._bounds.popleft()
        if len(found) < 2:
            return found[0] if found else piece[..., :0]
        return np.concatenate(found, axis=-1)

    @property
    def is_done(self) -> bool:
        """Whether nothing more of them can come."""
        return not self._bounds
