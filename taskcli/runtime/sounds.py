"""Recordings as every model wants them: mono float32 at the model's rate, from any container."""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import numpy as np
import soxr

from taskcli.errors import InputError
from taskcli.items import Sound
from taskcli.runtime import containers, sndfile
from taskcli.runtime.blocks import Block, Samples
from taskcli.runtime.joined import Part, parts_of

_SHORTEST = 0.025  # one frame of every speech model here; less has no answer
_GATHERED = 1.0  # seconds: frames of a few milliseconds are mixed and resampled together
# Of the power that unrelated channels would have together. Below, they cancel one another.
_CANCELLED = 0.05
_FAINT = 1e-8  # power, -80 dB: what is fainter is no sound that could be lost

Read = Callable[[list[str]], Iterator[Block]]


def decode_sound(
    stream: BinaryIO, rate: int, max_seconds: float, track: int | None = None
) -> Sound:
    """Decode a recording to mono float32 at `rate` samples a second.

    libsndfile reads wav, flac, ogg and mp3; PyAV reads the rest (m4a, mp4, webm, ...), and what
    is damaged. Recordings that were joined end to end are heard one after the other. `track`
    counts from 1; by default the container chooses.
    Raises InputError for what is not sound, holds none, or is longer than `max_seconds`.
    """
    parts = parts_of(stream)
    heard: list[Samples] = []
    notes: list[str] = []
    failures: dict[int, InputError] = {}
    left = max_seconds
    for number, part in enumerate(parts, 1):
        try:
            heard.append(_hear(part, rate, left, track, notes))
            left -= len(heard[-1]) / rate
        except _TooLong:
            raise _too_long(max_seconds) from None
        except InputError as failure:
            failures[number] = failure
    notes += _not_heard(failures, len(parts))
    samples = heard[0] if len(heard) == 1 else np.concatenate([np.zeros(0, np.float32), *heard])
    _check(samples, rate)
    return Sound(samples, rate, tuple(dict.fromkeys(notes)))


def _not_heard(failures: Mapping[int, InputError], parts: int) -> list[str]:
    """What to note of the parts that cannot be heard. Raises the first if none can."""
    if not failures:
        return []
    number, failure = next(iter(failures.items()))
    if len(failures) == parts:
        raise failure
    others = len(failures) - 1
    more = "" if not others else ", nor is another" if others == 1 else f", nor are {others} others"
    return [f"part {number} of {parts} is not heard: {failure.message}{more}"]


def header_seconds(stream: BinaryIO) -> float:
    """How long a recording is by its header; 0 where that says nothing. Decodes no sound."""
    recording = sndfile.opened(stream)
    if recording is not None:
        return sndfile.seconds_of(recording)
    return containers.stated_seconds(stream)


def _hear(part: Part, rate: int, most: float, track: int | None, notes: list[str]) -> Samples:
    if part.unfinished:
        notes.append("the header was never finished: heard to the end of the file")
    if part.cut:
        notes.append("cut short: the file ends within the recording")
    stated = 0.0
    recording = sndfile.opened(part.stream) if part.whole and track in (None, 1) else None
    if recording is not None:
        try:
            return _mono(lambda told: sndfile.blocks(recording, told), rate, most, notes)
        except sndfile.Unfinished as stopped:
            stated = stopped.seconds
    return _mono(
        lambda told: containers.blocks(part.stream, track, most, stated, told), rate, most, notes
    )


# Channels


class _Levels:
    """The power of the channels, and of their mean."""

    def __init__(self) -> None:
        self._channels = np.zeros(0)
        self._mean, self._count = 0.0, 0

    def mix(self, channels: Samples) -> Samples:
        """[channels, n] -> [n], the mean of all channels."""
        if len(channels) == 1:
            return channels.reshape(-1)
        with np.errstate(all="ignore"):  # what is no number is told of in the end
            mean = np.asarray(_mean(channels), np.float32)
            power = np.array([float(one @ one) for one in channels])
        known = np.zeros(max(len(power), len(self._channels)))
        known[: len(power)] += power
        known[: len(self._channels)] += self._channels
        self._channels = known
        self._mean += float(mean @ mean)
        self._count += len(mean)
        return mean

    @property
    def loudest(self) -> int:
        return int(self._channels.argmax())

    @property
    def cancel(self) -> bool:
        """Nothing is left of what the channels hold, as when one of two is wired in reverse."""
        channels = len(self._channels)
        if channels < 2 or self._channels.max() < _FAINT * self._count:
            return False
        return bool(self._mean < _CANCELLED * self._channels.sum() / channels**2)


def _mean(channels: Samples) -> Samples:
    if len(channels) == 2:  # the same numbers as below, in half the time
        return np.asarray((channels[0] + channels[1]) * np.float32(0.5))
    return np.asarray(channels.mean(axis=0))


def _mono(read: Read, rate: int, most: float, notes: list[str]) -> Samples:
    """The mean of all channels, or the loudest where nothing would be left of them."""
    levels = _Levels()
    told: list[str] = []
    samples = _collect(read(told), levels.mix, rate, most)
    notes.extend(told)
    if not levels.cancel:
        return samples
    loudest = levels.loudest
    notes.append(
        f"the channels cancel one another: only channel {loudest + 1}, the loudest, is heard"
    )
    return _collect(read([]), lambda all: all[min(loudest, len(all) - 1)], rate, most)


# Rates


class _TooLong(InputError):
    """Longer than the user trusts."""


def _too_long(max_seconds: float) -> InputError:
    return InputError(
        f"longer than {max_seconds / 3600:g} h", "raise --max-duration if you trust it"
    )


def _collect(
    blocks: Iterator[Block], mix: Callable[[Samples], Samples], rate: int, most: float
) -> Samples:
    """One line of samples at `rate`, each stretch of another rate resampled by itself."""
    kept: list[Samples] = []
    seconds, source = 0.0, rate
    resampler = None
    try:
        for block in _gathered(blocks):
            seconds += block.seconds
            if seconds > most:
                raise _TooLong("too long")
            if block.rate != source:
                kept += _rest(resampler)
                source, resampler = block.rate, _resampler(block.rate, rate)
            mixed = mix(block.channels)
            kept.append(mixed if resampler is None else resampler.resample_chunk(mixed))
    except (InputError, sndfile.Unfinished):
        raise
    except Exception as failure:  # both decoders raise their own kinds for damaged data
        raise InputError(f"the recording is damaged: {failure}") from None
    kept += _rest(resampler)
    return np.concatenate(kept) if kept else np.zeros(0, np.float32)


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


def _check(samples: Samples, rate: int) -> None:
    if not len(samples):
        raise InputError("the recording holds no samples")
    if len(samples) < _SHORTEST * rate:
        raise InputError(f"only {1000 * len(samples) / rate:.0f} ms of sound, too short to answer")
    if not np.isfinite(samples).all():
        raise InputError("the recording holds samples that are not numbers")
