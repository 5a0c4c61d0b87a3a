"""Blocks of any rate as one line of samples at the model's."""

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
    """One line of samples at `rate`, each stretch of another rate resampled by itself."""
    seconds, source = 0.0, rate
    resampler = None
    try:
        for block in _gathered(blocks):
            seconds += block.seconds
            if seconds > most:
                raise TooLongError("too long")
            if block.rate != source:
                yield from _rest(resampler)
                source, resampler = block.rate, _resampler(block.rate, rate)
            mixed = mix(block.channels)
            yield mixed if resampler is None else resampler.resample_chunk(mixed)
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


def _resampler(source: int, rate: int) -> "soxr.ResampleStream | None":
    return None if source == rate else soxr.ResampleStream(source, rate, 1, dtype="float32")


def _rest(resampler: "soxr.ResampleStream | None") -> list[Samples]:
    """What a resampler still holds at the end of its stretch."""
    if resampler is None:
        return []
    return [resampler.resample_chunk(np.zeros(0, np.float32), last=True)]
