"""A recording in pieces, read again from its start where something is found on the way."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import BinaryIO

import numpy as np

from taskcli.errors import InputError
from taskcli.media.channels import EACH, MIX
from taskcli.media.clips import SHORTEST, Heard, shown
from taskcli.media.decode import containers, sndfile
from taskcli.media.decode.audio_blocks import Block, Samples
from taskcli.media.decode.channels import Each, Levels, channel, chosen
from taskcli.media.decode.concatenated import parts_of
from taskcli.media.decode.cutting import Cutter, passes, skipped_seconds
from taskcli.media.decode.joined.parts import Part
from taskcli.media.decode.resampling import TooLongError, resampled
from taskcli.media.decode.settings import AudioSettings


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


class Reading:
    """One recording in pieces. What is found on the way may send it back to its start."""

    def __init__(self, stream: BinaryIO, settings: AudioSettings) -> None:
        self.notes: list[str] = []
        self._settings, self._rate = settings, settings.rate
        self._most = settings.max_duration * 3600
        self.heard = Heard.of(settings.start, settings.duration, settings.clips)
        self._parts = parts_of(stream)
        # What an attempt found, by the number of the part: how long it is, where libsndfile cannot
        # read on; the one channel to hear; why it cannot be heard.
        self._unfinished: dict[int, float] = {}
        self._alone: dict[int, int] = {}
        self._failed: dict[int, InputError] = {}
        self._each = Each() if settings.channel == EACH else None

    def pieces(self) -> Iterator[Samples | None]:
        """The samples in order; None where all that came before is void.

        Raises InputError for what has no answer.
        """
        heard = 0
        while True:
            self.notes.clear()
            found = self._findings
            for piece in self._attempt():
                heard += piece.shape[-1]
                yield piece
            if found == self._findings:
                break
            if heard:
                yield None
            heard = 0
        self.notes += _not_heard(self._failed, len(self._parts))
        if not heard and self.heard.start:
            raise self._ended_before()
        _check_length(heard, self._rate)
        if missed := self.heard.missed(heard / self._rate):
            self.notes.append(
                f"--clips {shown(missed)}: the recording {self._end(missed[0].start)}"
            )

    @property
    def surely_fits(self) -> bool:
        """Whether it is not too long, without decoding."""
        if self.heard.seconds <= self._most:
            return True
        return 0 < self._stated_seconds() <= self.heard.until(self._most)

    def _stated_seconds(self) -> float:
        """By the header; 0 where that says nothing."""
        (first, *others) = self._parts
        place = first.stream.tell()  # a decoder reads on from there
        try:
            return 0.0 if others else header_seconds(first.stream)
        finally:
            first.stream.seek(place)

    def _ended_before(self) -> InputError:
        asked = self._settings.start if self._settings.clips is None else self._settings.clips
        return InputError(
            f"{self.heard.asked} {asked}: the recording {self._end(self.heard.start)}",
            "give a time within it",
        )

    def _end(self, before: float) -> str:
        """What there is to say of where the recording ends, before so many seconds."""
        stated = self._stated_seconds()
        return f"is {stated:.1f} s long" if 0 < stated <= before else "ends before that"

    @property
    def _findings(self) -> int:
        grown = 0 if self._each is None else self._each.grown
        return len(self._unfinished) + len(self._alone) + len(self._failed) + grown

    def _attempt(self) -> Iterator[Samples]:
        """Every part that can be heard. Once something new is found, it gives no more."""
        # How long parts are is not known before they were decoded.
        if len(self._parts) > 1:
            yield from self._pass(self.heard, 0)
            return
        for near in self._passes():
            yield from self._pass(near, skipped_seconds(near.start))

    def _passes(self) -> Sequence[Heard]:
        """What of the only part is decoded in one go: all, where no seek leads near a place."""
        found, part = list(passes(self.heard)), self._parts[0]
        if len(found) == 1 or (self._may_be_plain(1, part) and sndfile.opened(part.stream)):
            return found
        return found if containers.is_indexed(part.stream) else [self.heard]

    def _pass(self, heard: Heard, skipped: int) -> Iterator[Samples]:
        found = self._findings
        cutter = Cutter(heard, self._rate, skipped * self._rate)
        for number, part in enumerate(self._parts, 1):
            if number in self._failed or cutter.is_done:
                continue
            try:
                for piece in self._of_part(number, part, cutter, skipped):
                    if piece.size and found == self._findings:
                        _check_numbers(piece)
                        yield piece
            except sndfile.Unfinished as stopped:
                self._unfinished[number] = stopped.seconds
            except TooLongError:
                raise _too_long(self._most) from None
            except InputError as failure:
                self._failed[number] = failure

    def _of_part(self, number: int, part: Part, cutter: Cutter, skipped: int) -> Iterator[Samples]:
        if part.unfinished:
            self.notes.append("the header was never finished: heard to the end of the file")
        if part.cut:
            self.notes.append("cut short: the file ends within the recording")
        levels = Levels()
        alone = self._alone.get(number)
        mix = self._mix(levels, alone)
        left = self.heard.until(self._most) - cutter.at / self._rate
        blocks = self._blocks(number, part, left, skipped)
        trusted = math.inf if self.heard.seconds <= self._most else left
        for piece in resampled(blocks, mix, self._rate, trusted):
            yield cutter.kept(piece)
            if cutter.is_done:
                break
        if part.missing:
            frames = "1 frame" if part.missing == 1 else f"{part.missing} frames"
            self.notes.append(f"damaged: the file lacks {frames} that its header counts")
        if alone is not None:
            self.notes.append(
                f"the channels cancel one another: only channel {alone + 1}, the loudest, is heard"
            )
        elif levels.cancel:
            self._alone[number] = levels.loudest

    def _mix(self, levels: Levels, alone: int | None) -> Callable[[Samples], Samples]:
        """What makes of channels what is heard; the mean of all goes through their levels."""
        if self._each is not None:
            return self._each
        if self._settings.channel != MIX:
            return partial(chosen, self._settings.channel)
        return levels.mix if alone is None else partial(channel, alone)

    def _blocks(self, number: int, part: Part, most: float, skipped: int) -> Iterator[Block]:
        if self._may_be_plain(number, part):
            recording = sndfile.opened(part.stream)
            if recording is not None:
                return sndfile.blocks(recording, self.notes, skipped)
        track, stated = self._settings.track, self._unfinished.get(number, 0.0)
        return containers.blocks(part.stream, track, most + skipped, stated, self.notes, skipped)

    def _may_be_plain(self, number: int, part: Part) -> bool:
        """Whether libsndfile is asked for a part, which it may not read."""
        track = self._settings.track
        return number not in self._unfinished and part.whole and track in (None, 1)


def _too_long(max_seconds: float) -> InputError:
    return InputError(
        f"longer than {max_seconds / 3600:g} h", "raise --max-duration if you trust it"
    )


def _check_numbers(samples: Samples) -> None:
    if not np.isfinite(samples).all():
        raise InputError("the recording holds samples that are not numbers")


def _check_length(count: int, rate: int) -> None:
    if not count:
        raise InputError("the recording holds no samples")
    if count < SHORTEST * rate:
        raise InputError(f"only {1000 * count / rate:.0f} ms of sound, too short to answer")
