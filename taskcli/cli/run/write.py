"""The answers of a run, written: as records, as files beside them, onto the page of a report."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from taskcli import output
from taskcli.api import RecordWithInput
from taskcli.cli.run import report, saving, writers
from taskcli.cli.run.engines import Answers, Engine
from taskcli.cli.run.pending import Pending
from taskcli.cli.run.reporter import Reporter
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.signals import Stopping
from taskcli.cli.run.streams import print_note

if TYPE_CHECKING:
    from taskcli.output.report import Report


def write(
    run: Answers,
    config: RunConfig,
    model: Engine,
    pending: Pending,
    standard: TextIO,
    reporter: Reporter,
    stopping: Stopping,
) -> int:
    """Write every answer as it comes; the number that failed."""
    sources = pending.sources
    recordings = sources.paths if config.is_timed else None
    answers = saving.saved(run.answers(), config, model, pending.earlier.ids)
    with (
        config.opened(standard) as stream,
        report.opened(config, model, sources.total) as page,
        reporter.watching(sources.total, recordings, config.inputs),
    ):
        writer = writers.open_writer(config, stream, model.labels)
        writers.show_as_it_comes(writer, config, run)
        failed = _write_all(answers, config, writer, page, reporter, stopping)
    for note in () if config.output.quiet else writer.notes():
        print_note(note)
    return failed


def _write_all(
    answers: Iterator[RecordWithInput],
    config: RunConfig,
    writer: output.Writer,
    page: "Report | None",
    reporter: Reporter,
    stopping: Stopping,
) -> int:
    failed = 0
    with closing(answers):  # type: ignore[type-var]
        try:
            for record, source, item in answers:
                reporter.make_way()
                writer.write(replace(record, item=item))
                if page is not None:
                    page.write(record, item, source.path)
                reporter.note(record, source, item)
                failed += record.error is not None
                if record.error is not None and config.run.on_error == "stop":
                    stopping.event.set()
        except BaseException:  # the output is lost, or a second signal came
            stopping.hurry()
            raise
        finally:
            writer.close()  # a JSON array is ended even if the run is not
    if writer.note and not config.output.quiet:
        print_note(writer.note)
    if page is not None:
        page.stopped = report.why_stopped(stopping)
    return failed


def write_none(config: RunConfig, standard: TextIO) -> None:
    """No records are still valid output, such as an empty array."""
    with config.opened(standard) as stream, report.opened(config, None, 0):
        writers.open_writer(config, stream, {}).close()
