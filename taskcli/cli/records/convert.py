"""taskcli convert: records in another format, as the run itself would have written them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from taskcli import output as formats
from taskcli.cli.records.choosing import (
    Choice,
    LabelFilter,
    OnlyAnswered,
    OnlyFailed,
    ScoreFilter,
)
from taskcli.cli.records.reading import read
from taskcli.cli.records.target import Target, target_of
from taskcli.cli.records.writing import write
from taskcli.cli.run import destination
from taskcli.cli.run.streams import stdout_is_terminal
from taskcli.config.options import FormatName
from taskcli.errors import ExitCode, UsageError
from taskcli.files.identity import is_one
from taskcli.inputs.sources import Sources
from taskcli.tasks.asr.subtitle_options import (
    Karaoke,
    MaxLines,
    MaxLineWidth,
    MaxWords,
    WordCues,
)


def convert(
    records: Annotated[
        list[str], typer.Argument(metavar="RECORDS", help="Files in .jsonl or .json; - for stdin.")
    ],
    format: Annotated[
        FormatName,
        typer.Option("--format", "-f", help="Unset: as the extension of -o says."),
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write here; unset: standard output."),
    ] = None,
    labels: LabelFilter = None,
    min_score: ScoreFilter = None,
    failed: OnlyFailed = False,
    answered: OnlyAnswered = False,
    max_line_width: MaxLineWidth = None,
    max_lines: MaxLines = None,
    max_words: MaxWords = None,
    word_cues: WordCues = False,
    karaoke: Karaoke = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace output that is there.")
    ] = False,
) -> None:
    """Write records in another format, without the model.

    All formats of the task that answered are known: csv, parquet, coco, yolo, srt, conll, ...
    Those that hold parts of the inputs, or their sizes, open the inputs again.
    """
    found = read(records)
    chosen = formats.choose_format(
        format, output, stdout_is_terminal(), found.task.formats(), found.task.name
    )
    shape = {
        "max_line_width": max_line_width,
        "max_lines": max_lines,
        "max_words": max_words,
        "word_cues": word_cues,
        "karaoke": karaoke,
    }
    target = target_of(found, chosen, output, overwrite, shape)
    _check(target, records)
    kept = Choice.of(labels, found.labels, min_score, failed, answered).among(found)
    write(kept, target)
    raise typer.Exit(ExitCode.OK)


def _check(target: Target, files: Iterable[str]) -> None:
    file = target.written.output
    if file is not None and any(name != "-" and is_one(file, Path(name)) for name in files):
        raise UsageError(f"-o {file} is what is read", "write elsewhere")
    destination.check_folder_exists(target.written)
    destination.check(target.written, target.format.name, Sources((), 1))
