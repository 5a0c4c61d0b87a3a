"""Several channels as one line of samples, by their mean or by one of them, or as a line each."""

import numpy as np

from taskcli.errors import InputError
from taskcli.media.channels import MIX, number_of
from taskcli.media.decode.audio_blocks import Samples

# Of the power that unrelated channels would have together. Below, they cancel one another.
_CANCELLED = 0.05
_FAINT = 1e-8  # power, -80 dB: what is fainter is no sound that could be lost


class Levels:
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
            power = _powers(channels)
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
        both: Samples = np.add(channels[0], channels[1])
        both *= np.float32(0.5)
        return both
    return np.asarray(channels.mean(axis=0))


def _powers(channels: Samples) -> Samples:
    """The power of each, [channels]."""
    interleaved = channels.T
    if len(channels) != 2 or not interleaved.flags.c_contiguous:
        return np.array([float(one @ one) for one in channels])
    # Two that lie as (left, right), (left, right) are complex numbers, whose squares have the
    # difference of their powers as real part: read in line, they take a third of the time.
    line = interleaved.reshape(-1)
    pairs = line.view(np.complex64)
    total, difference = float(line @ line), float((pairs @ pairs).real)
    return np.array([total + difference, total - difference]) / 2


def channel(number: int, channels: Samples) -> Samples:
    """One of [channels, n], or the last where there are fewer: their number may change."""
    return np.asarray(channels[min(number, len(channels) - 1)])


def chosen(word: str, channels: Samples) -> Samples:
    """The one that the user named, of [channels, n]. Raises InputError where there is none."""
    number = number_of(word) or 0
    if not 0 < number <= len(channels):
        has = "is mono" if len(channels) == 1 else f"has {len(channels)} channels"
        raise InputError(
            f"there is no channel {word}: the recording {has}",
            f"--channel {MIX} hears all that there are",
        )
    return np.asarray(channels[number - 1])


class Each:
    """Every channel as a line of its own, [channels, n]: as many as there are at most.

    `grown` counts how often there were more than before.
    """

    def __init__(self) -> None:
        self.grown = self._count = 0

    def __call__(self, channels: Samples) -> Samples:
        if len(channels) > self._count:
            self.grown += self._count > 0
            self._count = len(channels)
        lines = np.zeros((self._count, channels.shape[1]), np.float32)
        lines[: len(channels)] = channels
        return lines
