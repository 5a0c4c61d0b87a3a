"""Where records go. `open_writer` decides format by flag, extension and terminal, once."""

from pathlib import Path
from typing import TextIO, cast

from taskcli.errors import UsageError
from taskcli.output.writer import Writer

UNIVERSAL = ("rich", "jsonl", "json", "csv", "tsv", "text")
_BY_EXTENSION = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".srt": "srt",
    ".vtt": "vtt",
}

_HARMLESS = ("rich", "jsonl", "json")  # formats that escape or leave out what a terminal obeys

__all__ = ["UNIVERSAL", "Writer", "choose_format", "open_writer"]


def choose_format(
    asked: str, output: Path | None, terminal: bool, extra: tuple[str, ...], task: str
) -> str:
    """The format of a run. Raises UsageError for one that the task has not."""
    chosen = asked
    if asked == "auto" and output is not None:
        chosen = _BY_EXTENSION.get(output.suffix.lower(), "")
        if not chosen:
            known = " ".join(_BY_EXTENSION)
            raise UsageError(
                f"-o {output}: the extension names no format",
                f"use one of {known}, or add --format",
            )
    elif asked == "auto":
        chosen = "rich" if terminal else "jsonl"
    if chosen not in (*UNIVERSAL, *extra):
        known = ", ".join((*UNIVERSAL, *extra))
        raise UsageError(f"{task} has no format {chosen}", f"it has {known}")
    return chosen


def open_writer(chosen: str, stream: TextIO) -> Writer:
    """The writer of a format that `choose_format` gave."""
    if stream.isatty() and chosen not in _HARMLESS:
        from taskcli.output.console import PlainTerminal

        stream = cast(TextIO, PlainTerminal(stream))
    if chosen == "rich":
        from taskcli.output.console import ConsoleWriter

        return ConsoleWriter(stream)
    if chosen in ("jsonl", "json"):
        from taskcli.output import jsonl

        return jsonl.JsonLinesWriter(stream) if chosen == "jsonl" else jsonl.JsonWriter(stream)
    if chosen in ("csv", "tsv"):
        from taskcli.output.csv import TableWriter

        return TableWriter(stream, delimiter="," if chosen == "csv" else "\t")
    if chosen in ("srt", "vtt"):
        from taskcli.output.subtitles import SubtitleWriter

        return SubtitleWriter(stream, chosen)
    from taskcli.output.text import TextWriter

    return TextWriter(stream)
