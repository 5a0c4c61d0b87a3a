"""A recording's words with times: SubRip (srt), WebVTT (vtt) and Audacity's labels."""

from collections.abc import Iterable
from typing import ClassVar, TextIO

from taskcli.media.cues import captions, wrapped
from taskcli.output.writer import Layout, Writer
from taskcli.results import Chunk, Record, Transcript

LINED = ("srt", "vtt")
_HEAD = {"vtt": "WEBVTT\n\n"}


class _SubtitleWriter(Writer):
    """Cues of short lines, cut at pauses and between words; or one cue a word."""

    kind: ClassVar[str]

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._count = 0
        stream.write(_HEAD.get(self.kind, ""))

    def write(self, record: Record) -> None:
        if record.error is not None:
            return
        for cue in cues(record.result, self.layout):
            self._count += 1
            self.stream.write(_written(self._count, cue, self.kind, self.layout.line_width))
        self.stream.flush()


class SubRipWriter(_SubtitleWriter):
    kind = "srt"


class WebVttWriter(_SubtitleWriter):
    kind = "vtt"


class AudacityWriter(_SubtitleWriter):
    kind = "audacity"


def cues(transcript: Transcript, layout: Layout) -> list[Chunk]:
    chunks = transcript.chunks or ()
    return captions(chunks, transcript.text, layout.line_width, layout.word_cues)


def document(found: Iterable[Chunk], kind: str, layout: Layout) -> str:
    """A whole file of cues."""
    written = (_written(n, cue, kind, layout.line_width) for n, cue in enumerate(found, 1))
    return _HEAD.get(kind, "") + "".join(written)


def _written(number: int, cue: Chunk, kind: str, width: int) -> str:
    if kind == "audacity":
        start, end = cue.timestamp
        return f"{start:.6f}\t{end:.6f}\t{' '.join(cue.text.split())}\n"
    times = " --> ".join(_clock(second, "." if kind == "vtt" else ",") for second in cue.timestamp)
    return f"{number}\n{times}\n{_lines(cue.text, kind, width)}\n\n"


def _clock(seconds: float, mark: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}"
    return f"{clock}{mark}{milliseconds % 1000:03}"


def _lines(text: str, kind: str, width: int) -> str:
    """A cue ends at a blank line and `-->` starts one: neither may come from the words.

    WebVTT has names for what it obeys; SubRip has none, so its arrow becomes another.
    """
    if kind == "srt":
        return "\n".join(wrapped(text.replace("-->", "→"), width)) or "…"
    lines = "\n".join(wrapped(text, width)) or "…"
    return lines.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")
