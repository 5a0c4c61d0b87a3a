"""asr: subtitles, a table, text and JSON, named and laid out as by the whisper tools."""

import json

from taskcli.media.captions import Caption
from taskcli.output.artifacts import Contents
from taskcli.output.formats.subtitles import LINED, cues, document, named
from taskcli.output.serialize import plain
from taskcli.output.writer import Layout
from taskcli.results import Record


def endings(layout: Layout) -> tuple[str, ...]:
    return ".srt", ".vtt", ".tsv", ".txt", ".json"


def render(record: Record, layout: Layout) -> Contents:
    found = cues(record.result, layout)
    for kind in LINED:
        yield f".{kind}", document(found, kind, layout).encode("utf-8", "replace")
    rows = [_row(cue) for cue in found]
    yield ".tsv", "".join(["start\tend\ttext\n", *rows]).encode("utf-8", "replace")
    yield ".txt", f"{record.result.text}\n".encode("utf-8", "replace")
    yield ".json", _json(record, found).encode()


def _row(cue: Caption) -> str:
    """Whole milliseconds, as whisper's table has them."""
    start, end = (round(second * 1000) for second in cue.timestamp)
    return f"{start}\t{end}\t{' '.join(named(cue).split())}\n"


def _json(record: Record, found: list[Caption]) -> str:
    """The keys of whisper's own file, as far as they are known here."""
    segments, whose = [], "speaker" if record.result.channels is None else "channel"
    for number, cue in enumerate(found):
        start, end = plain(cue.timestamp, seconds=True)
        known = {whose: cue.voice, "language": cue.language}
        told = {key: value for key, value in known.items() if value is not None}
        segments.append({"id": number, "start": start, "end": end, "text": cue.text, **told})
    data = {"text": record.result.text, "segments": segments, "language": record.result.language}
    return json.dumps(data, indent=1) + "\n"
