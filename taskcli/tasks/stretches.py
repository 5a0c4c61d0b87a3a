"""Recordings in stretches that are heard together, and what was answered of each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskcli.media.clips import SHORTEST
from taskcli.media.items import AudioInput, Recording

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, Any]


class Place(NamedTuple):
    """What of a recording is answered by itself: a channel, and from which sample on.

    It is counted from the first that is heard, by the time of the file. `is_helpers` where a
    helper of the task answers it, and not the task's own model.
    """

    channel: int = 0
    start: int = 0
    is_helpers: bool = False


_ALL = Place()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples of one recording that are heard together, and `fresh`: how many of them are new.

    `attempt` counts how often the recording was begun: results of earlier attempts are void.
    """

    samples: "Samples"
    rate: int
    fresh: int
    start: int = 0  # in samples behind its place
    last: bool = True  # of its place
    place: Place = _ALL
    attempt: int = 0

    @property
    def nbytes(self) -> int:
        return int(self.samples.nbytes)

    @property
    def span(self) -> tuple[int, int]:
        """From which sample behind its place to which."""
        return self.start, self.start + len(self.samples)

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def __len__(self) -> int:
        return len(self.samples)


class Cutting(Protocol):
    """Cuts samples [n] that follow one another into stretches."""

    def feed(self, samples: "Samples") -> Iterator[Stretch]: ...

    def end(self) -> Iterator[Stretch]: ...


class Windows:
    """Up to `whole` samples in one, more of them in windows, a `step` apart.

    The last window reaches to the end; less than a `unit` of samples is not worth one more.
    """

    def __init__(self, rate: int, whole: int, window: int, step: int, unit: int = 1) -> None:
        import numpy as np

        self._rate, self._whole = rate, whole
        self._window, self._step, self._unit = window, step, unit
        self._start = 0
        self._held: Samples = np.zeros(0, np.float32)  # from `start` on

    def feed(self, samples: "Samples") -> Iterator[Stretch]:
        import numpy as np

        self._held = np.concatenate((self._held, samples)) if len(self._held) else samples
        while len(self._held) >= self._window + self._unit and (
            self._start or len(self._held) > self._whole
        ):
            window = self._held[: self._window]
            yield Stretch(window, self._rate, self._step, self._start, False)
            self._start, self._held = self._start + self._step, self._held[self._step :]

    def end(self) -> Iterator[Stretch]:
        yield Stretch(self._held, self._rate, len(self._held), self._start)


class Whole:
    """All samples in one stretch, for models that hear it at once."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._pieces: list[Samples] = []

    def feed(self, samples: "Samples") -> Iterator[Stretch]:
        self._pieces.append(samples)
        return iter(())

    def end(self) -> Iterator[Stretch]:
        import numpy as np

        pieces, self._pieces = self._pieces, []  # which would be held beside what is made of them
        samples = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        del pieces
        yield Stretch(samples, self._rate, len(samples))


class _Attempt:
    """One reading of a recording: each excerpt, and each channel in it, as `begin` has it cut.

    A `helper` cuts all excerpts as one.
    """

    def __init__(
        self, item: Recording, begin: Callable[[], Cutting], helper: Cutting | None, number: int
    ) -> None:
        self._begin, self._helper, self._number = begin, helper, number
        self._least = SHORTEST * item.rate
        bounds = [one.samples_at(item.rate) for one in item.excerpts]
        self._places = [(first - bounds[0][0], end - first) for first, end in bounds]
        self._heard = 0  # samples of the excerpt that is being heard
        self._channels: list[Cutting] = []

    def feed(self, lines: "Samples") -> Iterator[Stretch]:
        """The next samples [channels, n]."""
        helped = [] if self._helper is None else self._helper.feed(lines[0])
        yield from map(self._of_helper, helped)
        while lines.shape[1]:
            left = self._places[0][1] - self._heard
            own, lines = lines[:, :left], lines[:, left:]
            self._heard += own.shape[1]
            self._channels = self._channels or [self._begin() for _ in own]
            fed = zip(self._channels, own, strict=True)
            yield from self._placed([cutting.feed(line) for cutting, line in fed])
            if own.shape[1] == left:
                yield from self._end_excerpt()

    def end(self) -> Iterator[Stretch]:
        """The recording ends."""
        yield from self._end_excerpt()
        yield from map(self._of_helper, [] if self._helper is None else self._helper.end())

    def _of_helper(self, part: Stretch) -> Stretch:
        """Time that goes by is counted by the others."""
        return replace(part, place=Place(is_helpers=True), fresh=0, attempt=self._number)

    def _end_excerpt(self) -> Iterator[Stretch]:
        """It ends, or the recording does: one of which next to nothing came is none."""
        if not self._places[0][0] or self._heard >= self._least:
            yield from self._placed([cutting.end() for cutting in self._channels])
        self._heard, self._channels = 0, []
        self._places = self._places[1:] or self._places

    def _placed(self, found: Sequence[Iterator[Stretch]]) -> Iterator[Stretch]:
        """Time that goes by is counted by the first channel."""
        behind, _ = self._places[0]
        for channel, own in enumerate(found):
            for one in own:
                place = Place(channel, one.place.start + behind)
                fresh = 0 if channel else one.fresh
                yield replace(one, place=place, fresh=fresh, attempt=self._number)


def stretches(
    item: Recording,
    begin: Callable[[], Cutting],
    helper: Callable[[], Cutting | None] = lambda: None,
) -> Iterator[Stretch]:
    """The stretches of a recording, as `begin` has them cut: of each channel by itself, if asked,
    and of each excerpt. A `helper` hears one channel, and all excerpts as one.

    They come in the order of time, as it is read.
    """
    attempt = _Attempt(item, begin, helper(), 0)
    number = 0
    for piece in [item.samples] if isinstance(item, AudioInput) else item.read():
        if piece is None:
            number += 1
            attempt = _Attempt(item, begin, helper(), number)
        else:
            yield from attempt.feed(piece[None] if piece.ndim == 1 else piece)
    yield from attempt.end()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model said of a stretch; its `span` is in samples behind its place."""

    result: Any
    place: Place
    span: tuple[int, int]
    attempt: int

    @classmethod
    def of(cls, result: object, part: Stretch) -> "Answered":
        return cls(result, part.place, part.span, part.attempt)


def by_place(results: Sequence[Answered]) -> Iterator[tuple[Place, list[Answered]]]:
    """What was answered of each place, channel by channel, in the order of time.

    A recording that was begun again is answered by its last attempt.
    """
    valid = [one for one in results if one.attempt == results[-1].attempt]
    for place, own in groupby(sorted(valid, key=_place_of), key=_place_of):
        yield place, list(own)


def _place_of(answered: Answered) -> Place:
    return answered.place
