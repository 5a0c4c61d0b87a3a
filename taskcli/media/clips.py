"""Which stretches of a recording are heard: one, or the clips that a user lists."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from taskcli.errors import UsageError
from taskcli.media.excerpt import Excerpt, seconds_of

SHORTEST = 0.025  # seconds, one frame of every speech model here; less has no answer
_LEAST = 0.1  # seconds: less would hold no word
_SUCH_AS = "give START-END with commas between, such as 0:30-1:15,2:00-"


@dataclass(frozen=True)
class Heard:
    """What is heard of a recording: excerpts in the order of time, one at least.

    `asked` is the option that says so; each of several is heard by itself.
    """

    excerpts: tuple[Excerpt, ...] = (Excerpt(),)
    asked: str = ""

    @classmethod
    def of(cls, start: str | None, duration: str | None, clips: str | None) -> "Heard":
        """As the options say it, which were checked."""
        if clips is not None:
            return cls(clips_of(clips), "--clips")
        begins = seconds_of(start or "0") or 0.0
        lasts = math.inf if duration is None else seconds_of(duration) or 0.0
        return cls((Excerpt(begins, begins + lasts),), "--start")

    @property
    def start(self) -> float:
        """Seconds of the file."""
        return self.excerpts[0].start

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.excerpts)

    def heard_of(self, seconds: float) -> float:
        """How much is heard of a recording that is so long."""
        return sum(one.heard_of(seconds) for one in self.excerpts)

    def until(self, most: float) -> float:
        """The second of the file at which so many seconds of it were heard."""
        *others, last = self.excerpts
        for one in others:
            if one.seconds >= most:
                return one.start + most
            most -= one.seconds
        return last.start + most

    def missed(self, seconds: float) -> list[Excerpt]:
        """Those behind the first of which next to nothing was heard, if so much was of all."""
        found = []
        for before, one in pairwise(self.excerpts):
            seconds -= before.seconds
            if seconds < SHORTEST:
                found.append(one)
        return found


def clips_of(text: str) -> tuple[Excerpt, ...]:
    """Clips as a user writes them, in the order of time. Raises UsageError for what is none."""
    clips = sorted(_clips(text), key=lambda one: (one.start, one.end))
    for one, other in pairwise(clips):
        if other.start < one.end:
            raise UsageError(
                f"--clips: {_shown(one)} and {_shown(other)} overlap",
                "let each begin where the one before has ended, or give them as one",
            )
    return tuple(clips)


def _clips(text: str) -> Iterator[Excerpt]:
    for word in text.split(","):
        start, dash, end = (one.strip() for one in word.partition("-"))
        first = seconds_of(start or "0")
        last = seconds_of(end) if end else math.inf
        if not dash or first is None or last is None or not start + end:
            raise UsageError(f"--clips {word.strip() or text}: not a stretch of time", _SUCH_AS)
        if last - first < _LEAST:
            raise UsageError(
                f"--clips {word.strip()}: a clip is at least {_LEAST:g} s long", _SUCH_AS
            )
        yield Excerpt(first, last)


def _shown(clip: Excerpt) -> str:
    return f"{clip.start:g}-{'' if math.isinf(clip.end) else f'{clip.end:g}'}"


def shown(clips: list[Excerpt]) -> str:
    """In seconds, as the option takes them."""
    return ",".join(map(_shown, clips))
