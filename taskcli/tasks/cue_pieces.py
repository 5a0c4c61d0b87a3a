"""What is said in subtitles: pieces of cues without their markup, and those that go together."""

import html
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from taskcli.media.channels import VOICE
from taskcli.media.patterns import Pattern
from taskcli.media.subtitles import Subtitles
from taskcli.media.word_boundaries import stands_close
from taskcli.results import Cue

# Tags of both formats, SubRip's positions and colours in braces, and notes around what is sung.
TAG = Pattern(
    r"</?[A-Za-z][^<>\n]*>|<[\d:.]+>|\{\\[^{}\n]*\}|\{[A-Za-z]:[^{}\n]*\}|\s+[♪♫]+|[♪♫]+\s*"
)
# Who speaks: a dash, a name in capitals, or one of those that transcripts give.
_LEAD = Pattern(
    r"\s*(?:[-–‐](?![-–‐])\s*)?(?:>>+\s*)?"
    rf"(?:\p{{Lu}}[\p{{Lu}}\p{{N}} .'’&#-]{{1,30}}:(?:\s+|$)|{VOICE})?"
)
_VOICE = Pattern(r"\s*<v[ .]", "re")
_LETTER = Pattern(r"\p{L}")
_ENDED = Pattern(r"[.!?…。！？।؟۔♪♫][\p{Pe}\p{Pf}\"'\s]*$")
_LEFT_OPEN = Pattern(r"(?:…|\.\.)[\p{Pe}\p{Pf}\"'\s]*$")
_SMALL = Pattern(r"[\s….\p{Pi}\p{Ps}\"'-]*\p{Ll}")
_LONGEST_PAUSE = 3.0  # seconds between cues that one sentence may go over
_MOST_JOINED = 6  # cues; where more would be one sentence, marks of ends are missing


@dataclass(frozen=True, slots=True)
class Piece:
    """What one speaker says in a cue: a `text` without the `tags`, which stand at its offsets.

    `lead` is kept before it, `raw` is all of it as the file has it. What `opens` is not joined
    with what was said before.
    """

    cue: int
    lead: str
    text: str
    tags: tuple[tuple[int, str], ...]
    raw: str
    opens: bool

    @property
    def is_said(self) -> bool:
        return _LETTER.search(self.text) is not None


def runs_of(subtitles: Subtitles) -> Iterator[list[Piece]]:
    """The pieces of all cues, in order; those that are one sentence over several cues together."""
    run: list[Piece] = []
    for piece in _pieces(subtitles):
        if run and not _goes_on(run[-1], piece, subtitles.cues):
            yield from _bounded(run)
            run = []
        run.append(piece)
    yield from _bounded(run)


def _bounded(run: list[Piece]) -> Iterator[list[Piece]]:
    if len(run) <= _MOST_JOINED:
        yield from [run] if run else []
        return
    yield from ([piece] for piece in run)


def _goes_on(before: Piece, after: Piece, cues: tuple[Cue, ...]) -> bool:
    if after.opens or after.cue != before.cue + 1 or not (before.is_said and after.is_said):
        return False
    pause = cues[after.cue].timestamp[0] - cues[before.cue].timestamp[1]
    if pause > _LONGEST_PAUSE:
        return False
    if not _ENDED.search(before.text):
        return True
    return bool(_LEFT_OPEN.search(before.text) and _SMALL.match(after.text))


def _pieces(subtitles: Subtitles) -> Iterator[Piece]:
    for number, cue in enumerate(subtitles.cues):
        lines: list[str] = []
        for line in cue.text.split("\n"):
            if lines and _speaks(line):
                yield _piece(number, lines, subtitles.is_webvtt)
                lines = []
            lines.append(line)
        if cue.text:
            yield _piece(number, lines, subtitles.is_webvtt)


def _speaks(line: str) -> bool:
    """Whether somebody begins to speak in a line."""
    return bool(_VOICE.match(line) or _LEAD.match(TAG.sub("", line))[0].strip())


def _piece(cue: int, lines: list[str], is_webvtt: bool) -> Piece:
    whole = lines[0]
    for line in lines[1:]:
        whole += ("" if stands_close(whole, line) else " ") + line
    text, tags = _untagged(whole, is_webvtt)
    lead = _LEAD.match(text).end()
    kept, at = "", 0
    for place, tag in itertools.takewhile(lambda one: one[0] < lead, tags):
        kept, at = kept + text[at:place] + tag, place
    own = tuple((place - lead, tag) for place, tag in tags if place >= lead)
    before = kept + text[at:lead]
    return Piece(cue, before, text[lead:], own, "\n".join(lines), _speaks(lines[0]))


def _untagged(text: str, is_webvtt: bool) -> tuple[str, list[tuple[int, str]]]:
    """The text alone, and the tags with their places in it."""
    said, tags, at = "", [], 0
    for found in TAG.finditer(text):
        said += _read(text[at : found.start()], is_webvtt)
        tags.append((len(said), found[0]))
        at = found.end()
    return said + _read(text[at:], is_webvtt), tags


def _read(text: str, is_webvtt: bool) -> str:
    return html.unescape(text) if is_webvtt else text
