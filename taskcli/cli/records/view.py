"""taskcli view: records as a person reads them, on a terminal or as a page."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from taskcli import output
from taskcli.cli.records.choosing import (
    Choice,
    LabelFilter,
    OnlyAnswered,
    OnlyFailed,
    ScoreFilter,
)
from taskcli.cli.records.page import write_page
from taskcli.cli.records.reading import Records, read, with_item
from taskcli.cli.run import destination
from taskcli.cli.run.streams import results_stream
from taskcli.config.options import OutputOptions
from taskcli.inputs.sources import Sources
from taskcli.output.presentation import answers_of, presentation_of
from taskcli.output.terminal.statistics import Statistics
from taskcli.results import Record


def view(
    records: Annotated[
        list[str], typer.Argument(metavar="RECORDS", help="Files in .jsonl or .json; - for stdin.")
    ],
    labels: LabelFilter = None,
    min_score: ScoreFilter = None,
    failed: OnlyFailed = False,
    answered: OnlyAnswered = False,
    sort: Annotated[
        Literal["input", "name", "high", "low"],
        typer.Option(help="As written, by name, or by the best score of each."),
    ] = "input",
    stats: Annotated[
        bool, typer.Option("--stats", help="Counts of labels, and how scores are spread.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write the page of the run again."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a page that is there.")
    ] = False,
) -> None:
    """Look at records again, without the model: all, some of them, counts, or a page.

    Inputs that are still where they were are shown with their answers.
    """
    found = read(records)
    if report is not None:
        destination.check(OutputOptions(report=report, overwrite=overwrite), "rich", Sources((), 1))
    chosen = Choice.of(labels, found.labels, min_score, failed, answered).among(found)
    shown = _sorted(chosen, sort)
    with results_stream() as stream:
        if stats:
            Statistics.of(shown).show(Console(file=stream, highlight=False))
        elif report is None:
            _print(shown, found, stream)
        else:
            write_page(shown, found, report)


def _sorted(records: Iterable[Record], order: str) -> Iterable[Record]:
    if order == "input":
        return records
    if order == "name":
        return sorted(records, key=lambda one: one.input)
    return sorted(records, key=_best, reverse=order == "high")


def _best(record: Record) -> float:
    """The best score; below all others where there is none."""
    shape = presentation_of(record.result)
    scores = (shape.score_of(one) for one in answers_of(record.result))
    return max((score for score in scores if score is not None), default=-1.0)


def _print(records: Iterable[Record], found: Records, stream: Any) -> None:
    writer = output.open_writer("rich", stream, output.Layout(found.labels))
    for record in records:
        writer.write(with_item(record, found.task))
