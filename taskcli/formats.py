"""The formats of answers.

FORMATS is the only table of formats: a new one is a module with its writer and a row. What a task
can be written as follows from its result type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any, Literal

from taskcli.results import (
    Answer,
    Detection,
    Entity,
    Segment,
    Transcript,
    Translation,
    parts_of,
)


@dataclass(frozen=True)
class Format:
    """What everybody knows of one format.

    `writer` is `module:name`, so the table is read without importing it. It is called with
    (stream, Layout), that of a folder with (folder, the ids of the inputs that are known, Layout).
    """

    name: str
    about: str
    writer: str
    holds: tuple[type[Any], ...] = ()  # result types, one of which a task must have; () is any
    extensions: tuple[str, ...] = ()  # of files that have it without --format
    # A document is of use only when it is whole, as is what is binary and given bytes; of a stream
    # what is there can be used.
    kind: Literal["stream", "document", "binary", "folder"] = "stream"
    package: str = ""  # what must be installed to write it, by the extra of the format's name
    one_input: bool = False  # whether it has no place for a second
    resumes: bool = False  # whether --resume goes on with it
    quotes: bool = False  # whether it has words of the text that an answer is about
    # A field that answers have only when it is asked for, and what asks for it, by result type.
    asks_field: str = ""
    asked_by: Mapping[type[Any], str] = field(default_factory=dict)
    asks_inputs: bool = False  # whether it cannot be written without the inputs themselves
    terminal_safe: bool = False  # whether it escapes or leaves out what a terminal obeys
    signature: str = ""  # at the head of a file, not of a pipe
    spare: int = 0  # bytes that are kept on the disk for what ends a file
    empty: int = 0  # bytes of a file without a record
    keeps: bool = False  # whether it has a place for columns of the user's own
    warns: bool = False  # whether it has a place for warnings

    def load_writer(self) -> Any:
        return resolve_name(self.writer)


_FOUND = (Detection, Segment)
_CUES_ASKED_BY = {Transcript: "with --timestamps segment", Translation: "on subtitles"}
_ROWS = (
    Format(
        "rich",
        "for people, on a terminal",
        "taskcli.output.terminal.console:ConsoleWriter",
        keeps=True,
        warns=True,
        quotes=True,
        terminal_safe=True,
    ),
    Format(
        "jsonl",
        "a record a line, as it comes",
        "taskcli.output.formats.jsonl:JsonLinesWriter",
        keeps=True,
        warns=True,
        extensions=(".jsonl", ".ndjson"),
        resumes=True,
        terminal_safe=True,
    ),
    Format(
        "json",
        "one array of records",
        "taskcli.output.formats.jsonl:JsonWriter",
        keeps=True,
        warns=True,
        extensions=(".json",),
        terminal_safe=True,
        spare=4,
        empty=3,
    ),
    Format(
        "csv",
        "a table with a line an answer",
        "taskcli.output.formats.csv:CsvWriter",
        keeps=True,
        extensions=(".csv",),
        signature="\ufeff",  # without it Excel takes a file for one in the country's old code page
    ),
    Format(
        "tsv",
        "the same table, parted by tabs",
        "taskcli.output.formats.csv:TsvWriter",
        keeps=True,
        extensions=(".tsv",),
    ),
    Format(
        "parquet",
        "a table with typed columns, for pandas, DuckDB, datasets",
        "taskcli.output.formats.parquet:ParquetWriter",
        keeps=True,
        extensions=(".parquet",),
        kind="binary",
        package="pyarrow",
    ),
    Format(
        "text",
        "the bare answer",
        "taskcli.output.formats.text:TextWriter",
        extensions=(".txt",),
    ),
    Format(
        "srt",
        "SubRip's subtitles",
        "taskcli.output.formats.subtitles:SubRipWriter",
        holds=(Transcript, Translation),
        asks_field="chunks",
        asked_by=_CUES_ASKED_BY,
        extensions=(".srt",),
        one_input=True,
    ),
    Format(
        "vtt",
        "WebVTT's subtitles",
        "taskcli.output.formats.subtitles:WebVttWriter",
        holds=(Transcript, Translation),
        asks_field="chunks",
        asked_by=_CUES_ASKED_BY,
        extensions=(".vtt",),
        one_input=True,
    ),
    Format(
        "audacity",
        "Audacity's label track",
        "taskcli.output.formats.subtitles:AudacityWriter",
        holds=(Transcript,),
        asks_field="chunks",
        asked_by=_CUES_ASKED_BY,
        one_input=True,
    ),
    Format(
        "coco",
        "COCO's data set, as annotation tools load it",
        "taskcli.output.formats.coco:CocoWriter",
        asks_inputs=True,
        holds=_FOUND,
        kind="document",
    ),
    Format(
        "coco-results",
        "COCO's results, as its evaluation takes them",
        "taskcli.output.formats.coco:CocoResultsWriter",
        holds=_FOUND,
        kind="document",
    ),
    Format(
        "yolo",
        "YOLO's labels, a file a picture",
        "taskcli.output.formats.yolo:YoloWriter",
        asks_inputs=True,
        holds=_FOUND,
        kind="folder",
    ),
    Format(
        "conll",
        "CoNLL-2003's columns, a word a line",
        "taskcli.output.formats.conll:ConllWriter",
        quotes=True,
        asks_inputs=True,
        holds=(Entity,),
    ),
    Format(
        "brat",
        "brat's standoff annotations, two files a text",
        "taskcli.output.formats.brat:BratWriter",
        quotes=True,
        asks_inputs=True,
        holds=(Entity,),
        kind="folder",
    ),
    Format(
        "squad",
        "SQuAD's data set, with the answers found",
        "taskcli.output.formats.squad:SquadWriter",
        quotes=True,
        asks_inputs=True,
        holds=(Answer,),
        kind="document",
    ),
    Format(
        "squad-predictions",
        "the answers, as SQuAD's scorer takes them",
        "taskcli.output.formats.squad:PredictionsWriter",
        holds=(Answer,),
        kind="document",
    ),
    Format(
        "squad-na-probs",
        "the scores of no answer, as SQuAD's scorer takes them",
        "taskcli.output.formats.squad:NoAnswerWriter",
        holds=(Answer,),
        asks_field="no_answer_score",
        asked_by={Answer: "with --no-answer"},
        kind="document",
    ),
)
FORMATS: Mapping[str, Format] = {row.name: row for row in _ROWS}

UNIVERSAL = tuple(row.name for row in _ROWS if not row.holds)
FOLDERS = tuple(row.name for row in _ROWS if row.kind == "folder")
BY_EXTENSION = {extension: row.name for row in _ROWS for extension in row.extensions}


def formats_of(result: Any) -> tuple[str, ...]:
    """The formats of a result type, beyond the universal ones."""
    parts = set(parts_of(result))
    return tuple(row.name for row in _ROWS if parts.intersection(row.holds))
