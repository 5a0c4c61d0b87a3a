"""The story of one run, on one page: resolve everything cheap, fetch, load, answer, write."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TextIO

from taskcli.checkpoints import cache
from taskcli.cli.run import dry_run, what_is_saved
from taskcli.cli.run.engines import begun
from taskcli.cli.run.fetch import fetch
from taskcli.cli.run.pending import Pending, nothing_left, pending_of
from taskcli.cli.run.request import Invocation, RunConfig
from taskcli.cli.run.resolve import resolve_run
from taskcli.cli.run.signals import Stopping
from taskcli.cli.run.streams import nobody_else_reads_stdin, print_note, results_stream
from taskcli.cli.run.write import write, write_none
from taskcli.errors import ExitCode


def run(call: Invocation) -> ExitCode:
    """Run one command. Raises TaskcliError for what stops it before or in mid-run."""
    config = what_is_saved.checked(resolve_run(call))
    for note in config.sources.notes if not config.output.quiet else ():
        print_note(note)
    if config.run.dry_run:
        dry_run.show(config)
        return ExitCode.OK
    with Stopping() as stopping:
        config = replace(config, checkpoint=fetch(config))
        pending = pending_of(config)
        if pending.done:
            with _results(config) as standard:
                write_none(config, standard)
            if config.inputs.shard and not (pending.earlier.count or config.output.quiet):
                print_note("0 inputs in this share")
            nothing_left(config)
            return ExitCode.SOME_FAILED if pending.earlier.failed else ExitCode.OK
        if config.output.resume:
            what_is_saved.check_files(config, pending.sources.ids)
        try:
            return _answer(config, pending, stopping)
        except BrokenPipeError:  # the reader has what it wants, as with `| head`
            return ExitCode.OK


def _answer(config: RunConfig, pending: Pending, stopping: Stopping) -> ExitCode:
    """Load the checkpoint and write a record for every source: all of it is on this disk."""
    # Inputs that are on the Hub are fetched meanwhile; what computes opens no socket all the same.
    answering = nullcontext() if config.reads_hub else cache.unplugged()
    with answering, nobody_else_reads_stdin(), _results(config) as standard:
        reporter = config.reporter(pending.earlier.count, scrolls=standard.isatty())
        with begun(config, pending, stopping, reporter) as (model, run):
            failed = write(run, config, model, pending, standard, reporter, stopping)
            interrupted = stopping.exit_code is not None
            on, is_compiled = model.loaded.placement, model.loaded.is_compiled
            reporter.summarise(on, is_compiled, run.batching_note, interrupted)
    if stopping.exit_code is not None:
        return stopping.exit_code
    if not stopping.event.is_set():
        nothing_left(config)
    return ExitCode.SOME_FAILED if failed + pending.earlier.failed else ExitCode.OK


def _results(config: RunConfig) -> AbstractContextManager[TextIO]:
    return results_stream(needed=config.output.output is None)
