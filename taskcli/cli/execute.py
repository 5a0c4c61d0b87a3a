"""The story of one run, on one page: settle everything cheap, then load, then stream."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, replace
from typing import Any, TextIO

from taskcli import __version__, hub, journal, output, settings
from taskcli.api import Answered, DecodeLimits, open_model
from taskcli.checkpoints import Checkpoint, Registry
from taskcli.cli import destination, dry_run, writing
from taskcli.cli.stopping import Stopping
from taskcli.cli.streams import Reporter, results_stream, standard_input, stdout_is_terminal
from taskcli.errors import ExitCode
from taskcli.options import INPUT_GROUPS, InputOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.sources import Reading, Source, Sources, resolve
from taskcli.task import Task
from taskcli.tasks import BY_NAME

_READING = ("field", "lines", "encoding", "text")  # what the ids of inputs depend on


@dataclass(frozen=True)
class Call:
    """What the user typed: `given` holds flags and environment, not defaults."""

    task: type[Task[Any, Any, Any]]
    input_group: type[InputOptions]
    inputs: tuple[str, ...]
    given: dict[str, Any]


@dataclass(frozen=True)
class Settled:
    """Everything that is decided before a heavy library loads."""

    task: type[Task[Any, Any, Any]]
    options: Any
    inputs: Any
    model: ModelOptions
    run: RunOptions
    output: OutputOptions
    checkpoint: Checkpoint
    sources: Sources
    format: str

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for two runs to share an output file."""
        return {
            "task": self.task.name,
            "model": self.checkpoint.name,
            "revision": self.checkpoint.revision,
            "options": asdict(self.options),
            "reading": {name: getattr(self.inputs, name, None) for name in _READING},
            "dtype": self.run.dtype,
            "taskcli": __version__,
        }

    def opened(self, standard: TextIO) -> AbstractContextManager[TextIO]:
        return destination.opened(self.output, self.format, self.fingerprint, standard)


def run(call: Call) -> ExitCode:
    """Run one command. Raises TaskcliError for what stops it before or in mid-run."""
    settled = settle(call)
    if settled.run.dry_run:
        dry_run.show(settled)
        return ExitCode.OK
    checkpoint = hub.fetch(
        settled.checkpoint, offline=settled.model.offline, allow_pickle=settled.model.allow_pickle
    )
    settled = replace(settled, checkpoint=checkpoint)
    earlier = _earlier(settled)
    pending = _pending(settled.sources, earlier)
    if pending is None:
        _write_none(settled)
        return ExitCode.SOME_FAILED if earlier.failed else ExitCode.OK
    try:
        return _answer(settled, pending, earlier)
    except BrokenPipeError:  # the reader has what it wants, as with `| head`
        return ExitCode.OK


def _answer(settled: Settled, pending: Sources, earlier: journal.Journal) -> ExitCode:
    """Load the checkpoint and write a record for every source."""
    with Stopping() as stopping, results_stream() as standard:
        reporter = Reporter(settled.output.quiet, settled.format, settled.output.output)
        model = open_model(
            settled.task,
            settled.options,
            settled.checkpoint,
            settled.run.device,
            settled.run.dtype,
            settled.run.batch_size,
            _limits(settled.inputs),
        )
        answers = model.answers(pending, ordered=not settled.run.unordered, stop=stopping.event)
        answers = writing.saved(answers, settled, model)
        with settled.opened(standard) as stream, reporter.watching(pending.total):
            writer = writing.open_writer(settled, stream, model.labels)
            writing.show_as_it_comes(writer, settled, model, pending)
            failed = _write_all(answers, settled, writer, reporter, stopping)
        reporter.summarise(model.session.placement, stopping.exit_code is not None)
    if stopping.exit_code is not None:
        return stopping.exit_code
    return ExitCode.SOME_FAILED if failed + earlier.failed else ExitCode.OK


def settle(call: Call) -> Settled:
    """Options by precedence, inputs by name, checkpoint by registry: nothing heavy."""
    files = _from_files(call)
    layers = (call.given, files)
    inputs = settings.build(call.input_group, "taskcli.toml", *layers)
    model = settings.build(ModelOptions, "taskcli.toml", *layers)
    run_options = settings.build(RunOptions, "taskcli.toml", *layers)
    written = settings.build(call.task.Output, "taskcli.toml", *layers)
    sources = _resolve(call, inputs)
    checkpoint = Registry(call.task.name).resolve(model.model, model.revision)
    options = merge_options(call.task, call.given, files, checkpoint)
    chosen = output.choose_format(
        written.format, written.output, stdout_is_terminal(), call.task.formats, call.task.name
    )
    destination.check_saving(call.task.name, written)
    options = call.task.for_output(options, chosen, written)
    sources = sources.with_fields(call.task.variants(options))
    destination.check(written, chosen, sources)
    return Settled(
        call.task, options, inputs, model, run_options, written, checkpoint, sources, chosen
    )


def _from_files(call: Call) -> dict[str, Any]:
    shared = (ModelOptions, RunOptions, call.task.Output)
    keys = settings.keys_of(call.task.Options, call.input_group, *shared)
    others = [group for task in BY_NAME.values() for group in (task.Options, task.Output)]
    elsewhere = settings.keys_of(*others, *INPUT_GROUPS.values())
    return settings.from_files(call.task.name, keys, elsewhere, BY_NAME)


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


def _resolve(call: Call, inputs: Any) -> Sources:
    reading = Reading(
        call.task.media,
        call.task.text_fields,
        field=inputs.field,
        recursive=inputs.recursive,
        lines=getattr(inputs, "lines", False),
        encoding=getattr(inputs, "encoding", "utf-8"),
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
    usual = DecodeLimits()
    return DecodeLimits(
        getattr(inputs, "max_pixels", usual.max_pixels),
        getattr(inputs, "max_duration", usual.max_hours),
        getattr(inputs, "encoding", usual.encoding),
    )


def _earlier(settled: Settled) -> journal.Journal:
    file = settled.output.output
    if file is None or not settled.output.resume or not file.exists():
        return journal.Journal()
    return journal.resume(file, settled.fingerprint)


def _pending(sources: Sources, earlier: journal.Journal) -> Sources | None:
    """The sources without an answer yet, or None if there are none."""
    rest = (source for source in sources.items if not earlier.answers(source.id))
    first = next(rest, None)
    if first is None:
        return None
    total = None if sources.total is None else max(1, sources.total - earlier.count)
    return Sources(_with_first(first, rest), total, sources.live)


def _with_first(first: Source, rest: Iterator[Source]) -> Iterator[Source]:
    yield first
    yield from rest


def _write_all(
    answers: Iterator[Answered],
    settled: Settled,
    writer: output.Writer,
    reporter: Reporter,
    stopping: Stopping,
) -> int:
    """Write every record as it comes; the number that failed."""
    failed = 0
    with destination.full_disk_told(), closing(answers):  # type: ignore[type-var]
        try:
            for record, _, item in answers:
                writer.write(replace(record, item=item))
                reporter.note(record, item)
                failed += record.error is not None
                if record.error is not None and settled.run.on_error == "stop":
                    stopping.event.set()
        finally:
            writer.close()  # a JSON array is ended even if the run is not
    return failed


def _write_none(settled: Settled) -> None:
    """No records are still valid output, such as an empty array."""
    with results_stream() as standard, settled.opened(standard) as stream:
        writing.open_writer(settled, stream, {}).close()
