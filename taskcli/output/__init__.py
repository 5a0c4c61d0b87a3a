"""Where records go. `open_writer` decides format by flag, extension and terminal, once."""

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO, cast

from taskcli.errors import UsageError
from taskcli.output.writer import Layout, Writer

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

ONE_RECORDING = ("srt", "vtt", "audacity")  # formats that hold one input
# Formats that are whole only when the run has ended.
DOCUMENTS = ("coco", "coco-results", "squad", "squad-predictions", "squad-na-probs")
FOLDERS = ("yolo", "brat")  # formats that are a folder of files

_HARMLESS = ("rich", "jsonl", "json")  # formats that escape or leave out what a terminal obeys

__all__ = [
    "DOCUMENTS",
    "FOLDERS",
    "ONE_RECORDING",
    "UNIVERSAL",
    "Layout",
    "Writer",
    "choose_format",
    "open_folder",
    "open_writer",
]


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


def open_folder(chosen: str, folder: Path, known: Iterable[str], layout: Layout) -> Writer:
    """The writer of a format that is a folder; `known` are the ids of the inputs, where known."""
    from taskcli.output.formats.brat import BratWriter
    from taskcli.output.formats.yolo import YoloWriter

    made = YoloWriter if chosen == "yolo" else BratWriter
    return made(folder, known, layout)


def open_writer(chosen: str, stream: TextIO, layout: Layout | None = None) -> Writer:
    """The writer of a format that `choose_format` gave."""
    layout = layout or Layout()
    if stream.isatty() and chosen not in _HARMLESS:
        from taskcli.output.terminal.console import PlainTerminal

        stream = cast(TextIO, PlainTerminal(stream))
    if chosen == "rich":
        from taskcli.output.terminal.console import ConsoleWriter

        return ConsoleWriter(stream, layout)
    if chosen in ("jsonl", "json"):
        from taskcli.output.formats import jsonl

        return jsonl.JsonLinesWriter(stream) if chosen == "jsonl" else jsonl.JsonWriter(stream)
    if chosen in ("csv", "tsv"):
        from taskcli.output.formats.csv import TableWriter

        return TableWriter(stream, delimiter="," if chosen == "csv" else "\t")
    if chosen in ONE_RECORDING:
        from taskcli.output.formats.subtitles import SubtitleWriter

        return SubtitleWriter(stream, chosen, layout)
    if chosen == "coco":
        from taskcli.output.formats.coco import CocoWriter

        return CocoWriter(stream, layout)
    if chosen == "coco-results":
        from taskcli.output.formats.coco import CocoResultsWriter

        return CocoResultsWriter(stream, layout)
    if chosen.startswith("squad"):
        from taskcli.output.formats import squad

        return squad.WRITERS[chosen](stream)
    if chosen == "conll":
        from taskcli.output.formats.conll import ConllWriter

        return ConllWriter(stream)
    from taskcli.output.formats.text import TextWriter

    return TextWriter(stream)
