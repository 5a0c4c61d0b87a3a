"""Words with times: SubRip (srt), WebVTT (vtt) and Audacity's labels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, TextIO

from taskcli.errors import StoppedError
from taskcli.media.captions import Caption, captions
from taskcli.media.cues import CueShape
from taskcli.media.line_breaks import wrapped
from taskcli.media.subtitles import mended, unseen
from taskcli.output.formats.translated_cues import clock, times, translated
from taskcli.output.writer import Layout, Writer
from taskcli.results import ChannelText, Chunk, Record, Transcript, Translation

LINED = ("srt", "vtt")
_HEAD = {"vtt": "WEBVTT\n\n"}


class _SubtitleWriter(Writer):
    """Cues of short lines, cut at pauses and between words; or one cue a word."""

    kind: ClassVar[str]

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._count = 0
        self._head = _HEAD.get(self.kind, "")
        self._told: list[str] = []

    def write(self, record: Record) -> None:
        if record.error is not None:
            return
        if isinstance(record.result, Translation):
            self._told += (f"{record.input}: {one}" for one in _mended(record.result))
            self._write_translation(record.result)
            return
        self._begin()
        for cue in cues(record.result, self.layout):
            self._count += 1
            self.stream.write(_written(self._count, cue, self.kind, self.layout))
        self.stream.flush()

    def notes(self) -> list[str]:
        """Of cues that are mended as they are written."""
        return self._told

    def _write_translation(self, found: Translation) -> None:
        """Raises StoppedError for a second one, of which a pipe does not tell beforehand."""
        if self._count:
            what = f"{self.kind} holds the subtitles of one input, and there is a second"
            raise StoppedError(what, "write to a .jsonl file, or give them one by one")
        self._count, self._head = 1, ""  # it has its own
        self.stream.write(translated(found, self.kind))
        self.stream.flush()

    def close(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.stream.write(self._head)
        self._head = ""


def _mended(found: Translation) -> Sequence[str]:
    return mended("cue", "cues", [place + 1 for place in unseen(found.chunks or ())])


class SubRipWriter(_SubtitleWriter):
    kind = "srt"


class WebVttWriter(_SubtitleWriter):
    kind = "vtt"


class AudacityWriter(_SubtitleWriter):
    kind = "audacity"


def cues(transcript: Transcript, layout: Layout) -> list[Caption]:
    """In the order of time; those of channels that were each heard by themselves may overlap.

    One channel alone, or one speaker, is not named.
    """
    chunks, channels = transcript.chunks or (), transcript.channels or ()
    if len(channels) > 1:
        found = [cue for own in channels for cue in _of_channel(chunks, own, layout)]
        return sorted(found, key=lambda cue: cue.timestamp)
    speakers = {turn.speaker for turn in transcript.turns or () if turn.speaker is not None}
    if len(speakers) > 1:
        said = "\n".join(turn.text for turn in transcript.turns or ())
        return captions(chunks, said, _beside(max(speakers, key=len), layout))
    found = captions(chunks, transcript.text, layout.cue_shape)
    return [cue._replace(voice=None) for cue in found]


def _of_channel(chunks: Sequence[Chunk], own: ChannelText, layout: Layout) -> Iterator[Caption]:
    said = (chunk for chunk in chunks if chunk.channel == own.channel)
    for cue in captions(said, own.text, _beside(own.channel, layout)):
        yield cue._replace(voice=own.channel)


def _beside(voice: str, layout: Layout) -> CueShape:
    """There is room for the name before the text."""
    return replace(layout.cue_shape, width=max(layout.cue_shape.width - len(f"{voice}: "), 1))


def named(cue: Caption) -> str:
    """What is said, behind the channel that it is said in, or who says it."""
    return cue.text if cue.voice is None else f"{cue.voice}: {cue.text}"


def document(found: Iterable[Caption], kind: str, layout: Layout) -> str:
    """A whole file of cues."""
    written = (_written(n, cue, kind, layout) for n, cue in enumerate(found, 1))
    return _HEAD.get(kind, "") + "".join(written)


def _written(number: int, cue: Caption, kind: str, layout: Layout) -> str:
    if kind == "audacity":
        start, end = cue.timestamp
        return f"{start:.6f}\t{end:.6f}\t{' '.join(named(cue).split())}\n"
    head = f"{number}\n{times(cue.timestamp, kind)}"
    if kind == "srt":
        return f"{head}\n{_plain(named(cue), layout.line_width)}\n\n"
    stamps = _stamps(cue) if layout.karaoke else {}
    voice = "" if cue.voice is None else f"<v {cue.voice}>"
    return f"{head}\n{voice}{_stamped(cue.text, layout.line_width, stamps)}\n\n"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


# A cue ends at a blank line and `-->` starts one: neither may come from the words. WebVTT has
# names for what it obeys; SubRip has none, so its arrow becomes another.


def _plain(text: str, width: int) -> str:
    return "\n".join(wrapped(text.replace("-->", "→"), width)) or "…"


def _stamps(cue: Caption) -> dict[int, str]:
    """When each word is said, by how many letters of the cue stand before it.

    WebVTT wants inner times that grow, within those of the cue.
    """
    found, letters = {}, 0
    last, end = map(_milliseconds, cue.timestamp)
    for word in cue.words:
        start = _milliseconds(word.timestamp[0])
        if last < start < end:
            found[letters] = f"<{clock(word.timestamp[0], '.')}>"
            last = start
        letters += sum(not letter.isspace() for letter in word.text)
    return found


def _stamped(text: str, width: int, stamps: dict[int, str]) -> str:
    """The lines, with each stamp before its letter."""
    lines = "\n".join(wrapped(text, width)) or "…"
    if not stamps:
        return _escaped(lines)
    written, start, letters = "", 0, 0
    for place, letter in enumerate(lines):
        if letter.isspace():
            continue
        if letters in stamps:
            written += _escaped(lines[start:place]) + stamps[letters]
            start = place
        letters += 1
    return written + _escaped(lines[start:])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")
