"""From what the user typed to all that follows from it: options, inputs, checkpoint, format."""

from dataclasses import replace

from taskcli import output
from taskcli.cli.run import beside, destination, hosted, report, writers
from taskcli.cli.run.elsewhere import check_elsewhere, reads_hub
from taskcli.cli.run.inputs import kept_apart, sources_of
from taskcli.cli.run.options import given_options, resolve_checkpoint
from taskcli.cli.run.request import Invocation, RunConfig
from taskcli.cli.run.streams import stdout_is_terminal
from taskcli.inputs import shards


def resolve_run(call: Invocation, saves_answers: bool = True) -> RunConfig:
    """Options by precedence, inputs by name, checkpoint by registry: nothing heavy.

    `saves_answers` tells whether --save-dir is for files of answers, which may ask more of these.
    Raises UsageError for a call that cannot be run, and CheckpointError for an unknown checkpoint.
    """
    given = given_options(call)
    written = given.output
    hosted.check(given.run, given.cluster)
    check_elsewhere(call, given)
    sources = sources_of(call, given.inputs, beside.endings(call.task, written))
    checkpoint, options = resolve_checkpoint(call, given)
    destination.check_folder_exists(written)
    destination.check_asked(written, call.flags)
    chosen = output.choose_format(
        written.format, written.output, stdout_is_terminal(), call.task.formats(), call.task.name
    )
    asked_for = written if saves_answers else replace(written, save_dir=None)
    destination.check_cues(asked_for, chosen, call.flags)
    written, asked_for = (one.suited(chosen, call.typed) for one in (written, asked_for))
    options = call.task.for_output(options, chosen, asked_for)
    sources = sources.with_fields(call.task.variants(options))
    destination.check(written, chosen, sources)
    writers.check(chosen, written, sources, given.inputs.keep)
    apart = kept_apart(call, given.inputs, sources, written, chosen)
    return RunConfig(
        call.task,
        options,
        given.inputs,
        given.model,
        given.run,
        given.cluster,
        written,
        checkpoint,
        shards.of(given.inputs.shard, apart.guarded(sources)),
        chosen,
        report.command_line(call),
        apart,
        reads_hub(call.inputs, given.inputs),
    )
