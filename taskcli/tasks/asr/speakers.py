"""Who says what: words with times, and how likely each speaker speaks meanwhile."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.cues import phrases, spaced, text_of
from taskcli.media.excerpt import Excerpt
from taskcli.media.word_pieces import whole_words
from taskcli.results import Chunk, Transcript, Turn
from taskcli.task import WithWarnings
from taskcli.tasks.asr.joining import labelled
from taskcli.tasks.asr.options import Timestamps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPEAKS = 0.5  # the probability from which on somebody is said to speak
_NOBODY = "nobody was found to speak: what is said has no speaker"


class Activity(NamedTuple):
    """How likely each speaker speaks: `shares` [frames, speakers] from 0 to 1, `step` seconds each.

    Of a recording those that are heard follow one another, also where they lie apart in the file.
    """

    shares: "NDArray[np.float32]"
    step: float


class WhoSpeaks:
    """Asks an activity who speaks; speakers are numbers of its columns."""

    def __init__(self, activity: Activity) -> None:
        import numpy as np

        shares, self._step = activity
        speaking = np.where(shares > SPEAKS, shares, 0)
        self._until = np.concatenate((np.zeros((1, shares.shape[1])), speaking.cumsum(0)))
        self._best = speaking.argmax(1)
        self._spoken = np.flatnonzero(speaking.any(1))  # frames in which somebody speaks

    def during(self, start: float, end: float) -> int | None:
        """Who speaks most between two times; nearest to them, if nobody does; None for no speech.

        Times are in seconds.
        """
        if not len(self._spoken):
            return None
        frames = len(self._best)
        first = min(int(start / self._step), frames - 1)
        last = min(max(math.ceil(end / self._step), first + 1), frames)
        share = self._until[last] - self._until[first]
        return int(share.argmax() if share.any() else self._best[self._nearest(first, last)])

    def _nearest(self, first: int, last: int) -> int:
        place = self._spoken.searchsorted(first)
        around = self._spoken[max(place - 1, 0) : place + 1]
        return int(min(around, key=lambda frame: first - frame if frame < first else frame - last))


def with_speakers(
    said: Transcript, activity: Activity, excerpts: Sequence[Excerpt], timestamps: Timestamps
) -> WithWarnings[Transcript]:
    """The transcript with a speaker for each of its chunks, and a line for each turn.

    Its chunks are words, or phrases where a checkpoint has no times of words, in the times of a
    file of which `excerpts` are heard. Speakers are numbered as they are first heard.
    """
    chunks = _told(said.chunks or (), WhoSpeaks(activity), excerpts)
    turns = tuple(_turns(spaced(chunks, said.text)))
    several = len({turn.speaker for turn in turns} - {None}) > 1
    text = labelled((turn.speaker, turn.text) for turn in turns) if several else said.text
    shown = tuple(_as_asked(chunks, said.text, timestamps)) if timestamps != "none" else None
    notes = (_NOBODY,) if any(turn.speaker is None for turn in turns) else ()
    return WithWarnings(replace(said, text=text, chunks=shown, turns=turns), notes)


def _told(chunks: Iterable[Chunk], speaking: WhoSpeaks, excerpts: Sequence[Excerpt]) -> list[Chunk]:
    numbers: dict[int, int] = {}
    told: list[Chunk] = []
    by_clip = groupby(chunks, key=lambda chunk: _clip(chunk, excerpts))
    words = [word for _, own in by_clip for word in whole_words(own)]
    for word, pieces in zip(words, _pieces(words, chunks), strict=True):
        start, end = (sum(one.heard_of(at) for one in excerpts) for at in word.timestamp)
        found = speaking.during(start, end)
        speaker = (
            None if found is None else f"speaker {numbers.setdefault(found, len(numbers) + 1)}"
        )
        told += [replace(piece, speaker=speaker) for piece in pieces]
    return told


def _clip(chunk: Chunk, excerpts: Sequence[Excerpt]) -> int:
    return sum(one.start <= chunk.timestamp[0] for one in excerpts)


def _pieces(words: Iterable[Chunk], chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """The chunks that each word, or phrase, consists of: they say the same, one after another."""
    left = iter(chunks)
    for word in words:
        own: list[Chunk] = []
        missing = _letters(word)
        while missing > 0 and (chunk := next(left, None)) is not None:
            own.append(chunk)
            missing -= _letters(chunk)
        yield own


def _letters(chunk: Chunk) -> int:
    return sum(not letter.isspace() for letter in chunk.text)


def _turns(words: Iterable[Chunk]) -> Iterator[Turn]:
    for speaker, group in groupby(words, key=attrgetter("speaker")):
        own = list(group)
        times = own[0].timestamp[0], own[-1].timestamp[1]
        yield Turn(speaker, times, text_of(own).strip())


def _as_asked(chunks: Sequence[Chunk], text: str, timestamps: Timestamps) -> Iterator[Chunk]:
    if timestamps == "word":
        yield from chunks
        return
    found = [one for one in phrases(spaced(chunks, text)) if one.text]
    for phrase, own in zip(found, _pieces(found, chunks), strict=True):
        sure = [one.score for one in own if one.score is not None]
        score = sum(sure) / len(sure) if sure else None
        yield replace(own[0], text=phrase.text, timestamp=phrase.timestamp, score=score)
