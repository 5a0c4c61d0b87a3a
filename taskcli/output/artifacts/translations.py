"""translate: subtitles as a file of their own kind, any other text as a text."""

from taskcli.output.artifacts import Contents
from taskcli.output.formats.translated_cues import translated
from taskcli.output.writer import Layout
from taskcli.results import Record, Translation

ONE_OF_THEM = True  # which, the text decides


def endings(layout: Layout) -> tuple[str, ...]:
    return ".txt", ".srt", ".vtt"


def render(record: Record, layout: Layout) -> Contents:
    yield _file(record.result)


def _file(found: Translation) -> tuple[str, bytes]:
    if found.chunks is None:
        return ".txt", f"{found.translation_text}\n".encode("utf-8", "replace")
    kind = "srt" if found.head is None else "vtt"
    return f".{kind}", translated(found, kind).encode("utf-8", "replace")
