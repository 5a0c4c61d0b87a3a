"""Recordings as every model wants them: mono float32 at the model's rate, from any container."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import BinaryIO

import numpy as np
import soxr

from taskcli.errors import InputError
from taskcli.media.decode import containers, sndfile
from taskcli.media.decode.audio_blocks import Block, Samples
from taskcli.media.decode.concatenated import Part, parts_of
from taskcli.media.decode.settings import AudioSettings
from taskcli.media.items import AudioInput, LongSound, Recording
from taskcli.media.source import Source

_HELD_SECONDS = 600  # of a recording that is decoded whole; a longer one is read as it is heard
_SHORTEST = 0.025  # one frame of every speech model here; less has no answer
_GATHERED = 1.0  # seconds: frames of a few milliseconds are mixed and resampled together
# Of the power that unrelated channels would have together. Below, they cancel one another.
_CANCELLED = 0.05
_FAINT = 1e-8  # power, -80 dB: what is fainter is no sound that could be lost


def decode(stream: BinaryIO, source: Source, settings: AudioSettings) -> Recording:
    """Decode a recording to mono float32 at the `rate` of the settings, in samples a second.

    libsndfile reads wav, flac, ogg and mp3; PyAV reads the rest (m4a, mp4, webm, ...), and what
    is damaged. Recordings that were joined end to end are heard one after the other. `track`
    counts from 1; by default the container chooses. What is longer than ten minutes is a
    LongSound, which reads on in `stream` and closes it at its end.
    Raises InputError for what is not sound, holds none, or is longer than `max_duration`;
    a LongSound does so where it meets it.
    """
    rate, max_seconds = settings.rate, settings.max_duration * 3600
    reading = _Reading(stream, rate, max_seconds, settings.track)
    pieces = reading.pieces()
    head = deque[Samples]()
    held = 0
    for piece in pieces:
        if piece is None:
            head.clear()
            held = 0
            continue
        head.append(piece)
        held += len(piece)
        if held > _HELD_SECONDS * rate:
            if not reading.states_less_than(max_seconds):
                for _ in pieces:  # what is too long is known before any of it is answered
                    pass
                head.clear()
                pieces = reading.pieces()
            return LongSound(rate, _read_on(head, pieces, stream), reading.notes)
    samples = head[0] if len(head) == 1 else np.concatenate([np.zeros(0, np.float32), *head])
    return AudioInput(samples, rate, tuple(dict.fromkeys(reading.notes)))


def _read_on(
    head: deque[Samples], pieces: Iterator[Samples | None], stream: BinaryIO
) -> Iterator[Samples | None]:
    """What was read of a long recording, no longer held, and the rest."""
    with stream:
        while head:
            yield head.popleft()
        yield from pieces


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


class _Reading:
    """One recording in pieces. What is found on the way may send it back to its start."""

    def __init__(self, stream: BinaryIO, rate: int, most: float, track: int | None) -> None:
        self.notes: list[str] = []
        self._rate, self._most, self._track = rate, most, track
        self._parts = parts_of(stream)
        # What an attempt found, by the number of the part: how long it is, where libsndfile cannot
        # read on; the one channel to hear; why it cannot be heard.
        self._unfinished: dict[int, float] = {}
        self._alone: dict[int, int] = {}
        self._failed: dict[int, InputError] = {}

    def pieces(self) -> Iterator[Samples | None]:
        """The samples in order; None where all that came before is void.

        Raises InputError for what has no answer.
        """
        heard = 0
        while True:
            self.notes.clear()
            found = self._findings
            for piece in self._attempt():
                heard += len(piece)
                yield piece
            if found == self._findings:
                break
            if heard:
                yield None
            heard = 0
        self.notes += _not_heard(self._failed, len(self._parts))
        _check_length(heard, self._rate)

    def states_less_than(self, seconds: float) -> bool:
        """Whether that is sure without decoding."""
        (first, *others) = self._parts
        place = first.stream.tell()  # a decoder reads on from there
        try:
            return not others and 0 < header_seconds(first.stream) <= seconds
        finally:
            first.stream.seek(place)

    @property
    def _findings(self) -> int:
        return len(self._unfinished) + len(self._alone) + len(self._failed)

    def _attempt(self) -> Iterator[Samples]:
        """Every part that can be heard. Once something new is found, it gives no more."""
        found, left = self._findings, self._most
        for number, part in enumerate(self._parts, 1):
            if number in self._failed:
                continue
            heard = 0
            try:
                for piece in self._heard(number, part, left):
                    heard += len(piece)
                    if found == self._findings:
                        _check_numbers(piece)
                        yield piece
            except sndfile.Unfinished as stopped:
                self._unfinished[number] = stopped.seconds
            except _TooLong:
                raise _too_long(self._most) from None
            except InputError as failure:
                self._failed[number] = failure
            left -= heard / self._rate

    def _heard(self, number: int, part: Part, most: float) -> Iterator[Samples]:
        if part.unfinished:
            self.notes.append("the header was never finished: heard to the end of the file")
        if part.cut:
            self.notes.append("cut short: the file ends within the recording")
        levels = _Levels()
        alone = self._alone.get(number)
        mix = levels.mix if alone is None else partial(_channel, alone)
        yield from _resampled(self._blocks(number, part, most), mix, self._rate, most)
        if part.missing:
            frames = "1 frame" if part.missing == 1 else f"{part.missing} frames"
            self.notes.append(f"damaged: the file lacks {frames} that its header counts")
        if alone is not None:
            self.notes.append(
                f"the channels cancel one another: only channel {alone + 1}, the loudest, is heard"
            )
        elif levels.cancel:
            self._alone[number] = levels.loudest

    def _blocks(self, number: int, part: Part, most: float) -> Iterator[Block]:
        if number not in self._unfinished and part.whole and self._track in (None, 1):
            recording = sndfile.opened(part.stream)
            if recording is not None:
                return sndfile.blocks(recording, self.notes)
        stated = self._unfinished.get(number, 0.0)
        return containers.blocks(part.stream, self._track, most, stated, self.notes)


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


def _channel(number: int, channels: Samples) -> Samples:
    """One of [channels, n], or the last where there are fewer: their number may change."""
    return np.asarray(channels[min(number, len(channels) - 1)])


# Rates


class _TooLong(InputError):
    """Longer than the user trusts."""


def _too_long(max_seconds: float) -> InputError:
    return InputError(
        f"longer than {max_seconds / 3600:g} h", "raise --max-duration if you trust it"
    )


def _resampled(
    blocks: Iterator[Block], mix: Callable[[Samples], Samples], rate: int, most: float
) -> Iterator[Samples]:
    """One line of samples at `rate`, each stretch of another rate resampled by itself."""
    seconds, source = 0.0, rate
    resampler = None
    try:
        for block in _gathered(blocks):
            seconds += block.seconds
            if seconds > most:
                raise _TooLong("too long")
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


def _check_numbers(samples: Samples) -> None:
    if not np.isfinite(samples).all():
        raise InputError("the recording holds samples that are not numbers")


def _check_length(count: int, rate: int) -> None:
    if not count:
        raise InputError("the recording holds no samples")
    if count < _SHORTEST * rate:
        raise InputError(f"only {1000 * count / rate:.0f} ms of sound, too short to answer")
