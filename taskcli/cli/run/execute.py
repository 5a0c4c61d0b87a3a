"""The story of one run, on one page: settle everything cheap, then load, then stream."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import fields, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TextIO

from taskcli import output
from taskcli.api import DecodeLimits, RecordWithInput, open_model, window_of
from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.fetching import watching
from taskcli.cli.run import destination, dry_run, report, resume, writers
from taskcli.cli.run.no_overwrite import Apart, of_stream, outputs_of
from taskcli.cli.run.request import Invocation, RunConfig
from taskcli.cli.run.signals import Stopping
from taskcli.cli.run.streams import (
    Reporter,
    nobody_else_reads_stdin,
    print_note,
    results_stream,
    standard_input,
    stdout_is_terminal,
)
from taskcli.config import settings
from taskcli.config.options import ModelOptions, OutputOptions, RunOptions
from taskcli.errors import ExitCode
from taskcli.inputs.sources import Reading, Sources, printable, resolve
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.source import Source
from taskcli.task import Task
from taskcli.tasks import BY_NAME, every_group

if TYPE_CHECKING:
    from taskcli.output.report import Report


def run(call: Invocation) -> ExitCode:
    """Run one command. Raises TaskcliError for what stops it before or in mid-run."""
    config = resolve_run(call)
    for note in config.sources.notes if not config.output.quiet else ():
        print_note(note)
    if config.run.dry_run:
        dry_run.show(config)
        return ExitCode.OK
    with Stopping() as stopping:
        config = replace(config, checkpoint=_fetch(config))
        earlier = _earlier(config)
        pending = _pending(config, earlier)
        if pending is not None and config.output.resume:
            writers.check_files(config, pending.paths)
        if pending is None:
            _write_none(config)
            return ExitCode.SOME_FAILED if earlier.failed else ExitCode.OK
        try:
            return _answer(config, pending, earlier, stopping)
        except BrokenPipeError:  # the reader has what it wants, as with `| head`
            return ExitCode.OK


def _fetch(config: RunConfig) -> Checkpoint:
    """The checkpoint on this disk; what the lock changed about it is said."""
    quiet, model = config.output.quiet, config.model
    if config.checkpoint.note and not quiet:
        print_note(config.checkpoint.note)
    network = cache.unplugged() if model.offline else nullcontext()
    with network, watching(quiet) as watch:
        return cache.fetch(
            config.checkpoint,
            offline=model.offline,
            allow_pickle=model.allow_pickle,
            watch=watch,
        )


def _answer(
    config: RunConfig, pending: Sources, earlier: resume.Journal, stopping: Stopping
) -> ExitCode:
    """Load the checkpoint and write a record for every source: all of it is on this disk."""
    with cache.unplugged(), nobody_else_reads_stdin(), _results(config) as standard:
        written = config.output
        reporter = Reporter(
            written.quiet,
            config.format,
            written.output,
            written.report,
            earlier.count,
            scrolls=standard.isatty(),
        )
        with reporter.loading(config.checkpoint.name) as placed:
            model = open_model(
                config.task,
                config.options,
                config.checkpoint,
                config.run.device,
                config.run.dtype,
                config.run.batch_size,
                _limits(config.inputs),
                placed,
            )
        stopping.working()
        run = model.run(
            pending,
            ordered=not config.run.unordered,
            stop=stopping.event,
            heard=reporter.hear,
            looked_at=_is_looked_at(config.output),
        )
        answers = writers.saved(run.answers(), config, model, earlier.ids)
        with (
            destination.told(config.output, config.format, standard),
            config.opened(standard) as stream,
            report.opened(config, model, pending.total) as page,
            reporter.watching(pending.total, _recordings(config, pending)),
        ):
            writer = writers.open_writer(config, stream, model.labels)
            writers.show_as_it_comes(writer, config, run)
            failed = _write_all(answers, config, writer, page, reporter, stopping)
        for note in () if written.quiet else writer.notes():
            print_note(note)
        interrupted = stopping.exit_code is not None
        reporter.summarise(model.loaded.placement, run.batching_note, interrupted)
    if stopping.exit_code is not None:
        return stopping.exit_code
    return ExitCode.SOME_FAILED if failed + earlier.failed else ExitCode.OK


def _results(config: RunConfig) -> AbstractContextManager[TextIO]:
    return results_stream(needed=config.output.output is None)


def resolve_run(call: Invocation) -> RunConfig:
    """Options by precedence, inputs by name, checkpoint by registry: nothing heavy."""
    files = _from_files(call)
    layers = (call.given, files)
    inputs = settings.build(call.input_group, "taskcli.toml", *layers)
    model = settings.build(ModelOptions, "taskcli.toml", *layers)
    run_options = settings.build(RunOptions, "taskcli.toml", *layers)
    written = settings.build(call.task.Output, "taskcli.toml", *layers)
    sources = _resolve(call, inputs)
    checkpoint = lock.resolve(call.task.name, model.model, model.revision)
    options = merge_options(call.task, call.given, files, checkpoint)
    call.task.refuse(options, checkpoint.languages)
    destination.check_folder_exists(written)
    chosen = output.choose_format(
        written.format, written.output, stdout_is_terminal(), call.task.formats(), call.task.name
    )
    destination.check_saving(call.task, written)
    options = call.task.for_output(options, chosen, written)
    sources = sources.with_fields(call.task.variants(options))
    destination.check(written, chosen, sources)
    writers.check(chosen, written, sources)
    apart = _apart(call, inputs, sources, written, chosen)
    config = RunConfig(
        call.task,
        options,
        inputs,
        model,
        run_options,
        written,
        checkpoint,
        apart.guarded(sources),
        chosen,
        report.command_line(call),
        apart,
    )
    if not written.resume:
        writers.check_files(config, sources.paths)
    return config


def _apart(
    call: Invocation, inputs: Any, sources: Sources, written: OutputOptions, chosen: str
) -> Apart:
    """What keeps inputs and outputs apart. Raises UsageError where they are not."""
    of_texts = MEDIA[call.task.media].is_text
    listed = inputs.files_from
    in_rows = sources.total is None and not sources.live and not of_texts

    def read() -> Iterator[str]:
        yield from sources.paths
        if listed not in (None, "-"):
            yield listed
        if (ids := getattr(written, "coco_ids", None)) is not None:
            yield str(ids)
        if in_rows:  # read once more, to know the files that they name
            rows = _resolve(call, inputs).items
            yield from (source.path for source in rows if source.path is not None)

    live = sources.live and (listed == "-" or not of_texts)
    apart = Apart(tuple(outputs_of(written, chosen, sys.stdout)), read, live, written.overwrite)
    apart.check(of_stream(sys.stdin) if "-" in (*call.inputs, listed) else None)
    return apart


def _from_files(call: Invocation) -> dict[str, Any]:
    settings.check_environment(*every_group())
    return settings.from_files(call.task.name, call.task.groups(), every_group(), BY_NAME)


def merge_options(
    task: type[Task[Any, Any, Any]],
    given: dict[str, Any],
    files: dict[str, Any],
    checkpoint: Checkpoint,
) -> Any:
    """Flags and environment, then settings files, then what suits the checkpoint."""
    where = f"configs/{task.name}.toml"
    usual = settings.fields_of(checkpoint.options, settings.keys_of(task.Options), where)
    return settings.build(task.Options, "taskcli.toml", given, files, usual)


def _resolve(call: Invocation, inputs: Any) -> Sources:
    reading = Reading(
        call.task.media,
        call.task.text_fields,
        chats=call.task.chats,
        field=inputs.field,
        recursive=inputs.recursive,
        lines=getattr(inputs, "lines", False),
        encoding=getattr(inputs, "encoding", AUTO),
        delimiter=inputs.delimiter,
    )
    return resolve(
        call.inputs,
        reading,
        texts=getattr(inputs, "text", ()),
        files_from=inputs.files_from,
        null=inputs.null,
        stdin=standard_input(),
    )


def _limits(inputs: Any) -> DecodeLimits:
    """The decoding limits among the input options; each medium has its own."""
    named = [field.name for field in fields(DecodeLimits) if hasattr(inputs, field.name)]
    return DecodeLimits(**{name: getattr(inputs, name) for name in named})


def _earlier(config: RunConfig) -> resume.Journal:
    file = config.output.output
    if file is None or not config.output.resume or not file.exists():
        return resume.Journal()
    return resume.resume(file, config.fingerprint, config.output.retry_failed)


def _pending(config: RunConfig, earlier: resume.Journal) -> Sources | None:
    """The sources from the first window on that lacks an answer, or None if none does."""
    sources, by_path, by_id = config.sources, earlier.copy(), earlier.copy()
    total = None if sources.total is None else max(1, sources.total - earlier.count)
    paths = tuple(path for path in sources.paths if not by_path.answers(printable(path)))
    marked = (replace(s, answered=True) if by_id.answers(s.id) else s for s in sources.items)
    latest = deque[Source](maxlen=window_of(config.task.media, config.run.batch_size))
    for source in marked:
        latest.append(source)
        if not source.answered:
            return Sources(chain(latest, marked), total, sources.live, paths)
    return None


def _is_looked_at(written: OutputOptions) -> bool:
    """Whether pictures are drawn on: all other formats want their sizes alone."""
    previews = getattr(written, "preview", False)
    return bool(previews or written.report is not None or written.save_dir is not None)


def _recordings(config: RunConfig, pending: Sources) -> tuple[str, ...] | None:
    return pending.paths if MEDIA[config.task.media].is_timed else None


def _write_all(
    answers: Iterator[RecordWithInput],
    config: RunConfig,
    writer: output.Writer,
    page: "Report | None",
    reporter: Reporter,
    stopping: Stopping,
) -> int:
    """Write every record as it comes; the number that failed."""
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


def _write_none(config: RunConfig) -> None:
    """No records are still valid output, such as an empty array."""
    with (
        _results(config) as standard,
        destination.told(config.output, config.format, standard),
        config.opened(standard) as stream,
        report.opened(config, None, 0),
    ):
        writers.open_writer(config, stream, {}).close()
