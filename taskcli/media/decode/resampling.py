"""Blocks of any rate as lines of samples at the model's."""

from collections.abc import Callable, Iterator

import numpy as np
import soxr

from taskcli.errors import InputError
from taskcli.media.decode import sndfile
from taskcli.media.decode.audio_blocks import Block, Samples

_GATHERED = 1.0  # seconds: frames of a few milliseconds are mixed and resampled together


class TooLongError(InputError):
    """Longer than the user trusts."""


def resampled(
    blocks: Iterator[Block], mix: Callable[[Samples], Samples], rate: int, most: float
) -> Iterator[Samples]:
    """Samples at `rate`, each stretch of another rate resampled by itself.

    `mix` makes [n] of the channels, or a line for each of some, [lines, n].
    """
    seconds, source = 0.0, (rate, 0)
    resampler = None
    try:
        for block in _gathered(blocks):
            seconds += block.seconds
            if seconds > most:
                raise TooLongError("too long")
            mixed = mix(block.channels)
            if (block.rate, _lines(mixed)) != source:
                yield from _rest(resampler)
                source = block.rate, _lines(mixed)
                resampler = None if block.rate == rate else _Resampler(block.rate, rate, mixed)
            yield mixed if resampler is None else resampler.resampled(mixed)
    except (InputError, sndfile.Unfinished):
        raise
    except Exception as failure:  # both decoders raise their own kinds for damaged data
        raise InputError(f"the recording is damaged: {failure}") from None
    yield from _rest(resampler)


def _gathered(blocks: Iterator[Block]) -> Iterator[Block]:
    """The same samples in fewer blocks."""
    waiting: list[Block] = []
    seconds = 0.0
    for block in blocks:
        if waiting and not _alike(waiting[0], block):
            yield _merged(waiting)
            waiting, seconds = [], 0.0
        waiting.append(block)
        seconds += block.seconds
        if seconds >= _GATHERED:
            yield _merged(waiting)
            waiting, seconds = [], 0.0
    if waiting:
        yield _merged(waiting)


def _alike(one: Block, other: Block) -> bool:
    return one.rate == other.rate and len(one.channels) == len(other.channels)


def _merged(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(blocks[0].rate, np.concatenate([one.channels for one in blocks], axis=1))


def _lines(samples: Samples) -> int:
    """How many, of [lines, n]; 0 of [n]."""
    return len(samples) if samples.ndim > 1 else 0


class _Resampler:
    """Resamples what follows one another, in lines as the first samples have them."""

    def __init__(self, source: int, rate: int, first: Samples) -> None:
        lines = _lines(first)
        self._stream = soxr.ResampleStream(source, rate, max(lines, 1), dtype="float32")
        self._nothing = np.zeros((lines, 0) if lines else 0, np.float32)

    def resampled(self, samples: Samples, last: bool = False) -> Samples:
        if samples.ndim == 1:
            return np.asarray(self._stream.resample_chunk(samples, last))
        return np.ascontiguousarray(self._stream.resample_chunk(samples.T, last).T)

    def rest(self) -> Samples:
        """What it still holds at the end."""
        return self.resampled(self._nothing, last=True)


def _rest(resampler: _Resampler | None) -> list[Samples]:
    return [] if resampler is None else [resampler.rest()]
