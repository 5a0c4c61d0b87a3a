"""Subtitles as files have them: the cues of SubRip (srt) and WebVTT (vtt)."""

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from taskcli.media.cues import LONGEST_TIME
from taskcli.media.patterns import Pattern
from taskcli.results import Cue

_TOLD = 5  # lines that a note names
_LINE_END = Pattern(r"\r\n|\n|\r", "re")
_WEBVTT = Pattern(r"WEBVTT(?:[ \t]|$)", "re")
_CLOCK = r"((?:\d+:)?\d{1,3}:\d{1,2}[.,]\d{1,3})"
_TIMES = Pattern(rf"[ \t]*{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}(?:[ \t]+(\S.*))?[ \t]*", "re")


@dataclass(frozen=True, slots=True)
class Subtitles:
    """A file of cues; `head` is what stands before the first of WebVTT, None of SubRip.

    `notes` say what of it had to be mended.
    """

    cues: tuple[Cue, ...]
    head: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_webvtt(self) -> bool:
        return self.head is not None


def read_subtitles(text: str) -> Subtitles | None:
    """The subtitles that a text is, of which no word is left out; None for any other text."""
    lines = _LINE_END.split(text.removeprefix("\ufeff"))
    is_webvtt = _WEBVTT.match(lines[0]) is not None
    if not is_webvtt and not _begins_as_subrip(lines):
        return None
    starts = [place for place, line in enumerate(lines) if _TIMES.fullmatch(line)]
    if not starts:
        return None
    begins = [place - _has_id(lines, place, is_webvtt) for place in starts]
    ends = [*begins[1:], len(lines)]
    spans = list(zip(begins, starts, ends, strict=True))
    cues = [_cue(lines, *span, is_webvtt) for span in spans]
    head = _block(lines[: begins[0]]) if is_webvtt else None
    notes = mended(
        "the cue at line", "the cues at lines", [starts[place] + 1 for place in unseen(cues)]
    )
    if not is_webvtt:  # there other blocks between cues are notes and styles
        notes += _untimed(lines, [(start + 1, end) for _, start, end in spans])
    return Subtitles(tuple(lasting(cues)), head, notes)


def lasting(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Cues that are shown: one that ends before it begins is, until the next, for 6 s at most."""
    starts = sorted(cue.timestamp[0] for cue in cues)
    for cue in cues:
        start, _ = cue.timestamp
        if _is_over(cue):
            following = bisect.bisect_right(starts, start)
            until = starts[following] if following < len(starts) else math.inf
            cue = replace(cue, timestamp=(start, min(until, start + LONGEST_TIME)))
        yield cue


def unseen(cues: Sequence[Cue]) -> list[int]:
    """Which cues end before they begin, so that no player shows them: their places, from 0."""
    return [place for place, cue in enumerate(cues) if _is_over(cue)]


def _is_over(cue: Cue) -> bool:
    start, end = cue.timestamp
    return end <= start


def mended(one: str, several: str, numbers: Sequence[int]) -> tuple[str, ...]:
    """What to note of cues that `lasting` mends, by the words for one of them and for several."""
    stays = f"shown until the next, for {LONGEST_TIME:g} s at most"
    if len(numbers) == 1:
        return (f"{one} {numbers[0]} ends before it begins: {stays}",)
    return (f"{several} {_listed(numbers)} end before they begin: {stays}",) * bool(numbers)


def _untimed(lines: Sequence[str], bodies: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """What to note of blocks that have the number of a cue and no times: they are text of one."""
    found = [
        place + 1
        for begin, end in bodies
        for place in range(begin, end - 1)
        if lines[place].strip().isdecimal() and lines[place + 1].strip()
        if place > begin and not lines[place - 1].strip()
    ]
    if len(found) == 1:
        return (f"the block at line {found[0]} has no times: it is read as of the cue before",)
    told = f"the blocks at lines {_listed(found)} have no times"
    return (f"{told}: they are read as of the cues before",) * bool(found)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_TOLD])) + ", ..." * (len(numbers) > _TOLD)


def _begins_as_subrip(lines: Sequence[str]) -> bool:
    """Times in the first line that is not blank, or in the one after a number."""
    first, second = [*(line for line in itertools.islice(lines, 64) if line.strip()), "", ""][:2]
    begun = second if first.strip().isdecimal() else first
    return _TIMES.fullmatch(begun) is not None


def _has_id(lines: Sequence[str], place: int, is_webvtt: bool) -> bool:
    """Whether the line above the times is the cue's own: a number, in WebVTT any name."""
    above = lines[place - 1].strip() if place else ""
    if not is_webvtt:
        return above.isdecimal()
    return bool(above) and place > 1 and not lines[place - 2].strip()


def _cue(lines: Sequence[str], begin: int, start: int, end: int, is_webvtt: bool) -> Cue:
    times = _TIMES.fullmatch(lines[start])
    body = lines[start + 1 : end]
    said = list(itertools.takewhile(str.strip, body)) if is_webvtt else body
    return Cue(
        "\n".join(line.rstrip() for line in said if line.strip()),
        (_seconds(times[1]), _seconds(times[2])),
        lines[begin].strip() if begin < start else None,
        times[3],
        _block(body[len(said) :]) or None,
    )


def _block(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n \t")


def _seconds(clock: str) -> float:
    whole, fraction = clock.replace(",", ".").split(".")
    seconds = 0
    for number in whole.split(":"):
        seconds = 60 * seconds + int(number)
    return seconds + int(fraction) / 1000  # as players read it, also where it is short


def without_blank_lines(text: str) -> Iterator[str]:
    """The lines of a cue: a blank one would end it."""
    return (line for line in _LINE_END.split(text) if line.strip())
