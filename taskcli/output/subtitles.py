"""Subtitles of one recording: SubRip (srt) and WebVTT (vtt)."""

import textwrap
from typing import TextIO

from taskcli.captions import LINE, phrases
from taskcli.output.writer import Writer
from taskcli.results import Record, Transcript


class SubtitleWriter(Writer):
    """Cues of short lines, cut at pauses and between words."""

    def __init__(self, stream: TextIO, kind: str) -> None:
        super().__init__(stream)
        self._mark = "." if kind == "vtt" else ","
        self._count = 0
        if kind == "vtt":
            stream.write("WEBVTT\n\n")

    def write(self, record: Record) -> None:
        if not isinstance(record.result, Transcript):
            return
        for cue in phrases(record.result.chunks or ()):
            self._count += 1
            start, end = (_clock(second, self._mark) for second in cue.timestamp)
            self.stream.write(f"{self._count}\n{start} --> {end}\n{_lines(cue.text)}\n\n")
        self.stream.flush()


def _clock(seconds: float, mark: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}"
    return f"{clock}{mark}{milliseconds % 1000:03}"


def _lines(text: str) -> str:
    """A cue ends at a blank line and `-->` starts one: neither may come from the words."""
    return "\n".join(textwrap.wrap(text.replace("-->", "→"), LINE)) or "…"
