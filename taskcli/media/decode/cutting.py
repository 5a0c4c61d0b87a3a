"""An excerpt, cut out of the samples of a recording as they come."""

from taskcli.media.decode.audio_blocks import Samples
from taskcli.media.excerpt import Excerpt

# Filters and codecs hear a little of what came before a sample: by then it no longer matters.
_SETTLED = 1.0  # seconds
_FOREVER = 2**62  # samples


def skipped_seconds(excerpt: Excerpt) -> int:
    """How much lies before the excerpt that need not be decoded.

    Whole seconds, which are whole samples before and behind resampling, at any two rates.
    """
    return max(0, int(excerpt.start - _SETTLED))


class Cutter:
    """Keeps what lies in an excerpt of samples that follow one another from `at` on."""

    def __init__(self, excerpt: Excerpt, rate: int, at: int) -> None:
        self.at = at
        self._first = round(excerpt.start * rate)
        self._end = round(min(excerpt.end * rate, _FOREVER))

    def kept(self, piece: Samples) -> Samples:
        """What of the next samples [n], or [lines, n], lies in it."""
        begins, self.at = self.at, self.at + piece.shape[-1]
        if begins >= self._first and self.at <= self._end:
            return piece
        return piece[..., max(0, self._first - begins) : max(0, self._end - begins)]

    @property
    def is_done(self) -> bool:
        """Whether nothing more of it can come."""
        return self.at >= self._end
