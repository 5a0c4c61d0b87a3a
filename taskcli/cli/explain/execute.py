"""One call of `taskcli explain`: resolve, fetch and load as the task's command, then watch."""

from dataclasses import replace

from taskcli.api import Model, open_model
from taskcli.checkpoints import cache
from taskcli.cli import messages
from taskcli.cli.explain.shown import Shown, named, open_shown
from taskcli.cli.run.fetch import fetch
from taskcli.cli.run.request import Invocation, RunConfig
from taskcli.cli.run.resolve import resolve_run
from taskcli.cli.run.signals import Stopping
from taskcli.cli.run.streams import nobody_else_reads_stdin, results_stream
from taskcli.errors import ExitCode, UsageError
from taskcli.explain import outline


def run_inputs(call: Invocation, asked: str, stage: str | None) -> ExitCode:
    """Explain every input. Raises TaskcliError for what stops it."""
    config = resolve_run(call, saves_answers=False)
    if config.checkpoint.helper is not None:
        raise UsageError(
            f"--{config.checkpoint.helper.task}: explain follows one model", "leave it out"
        )
    with Stopping() as stopping:
        config = replace(config, checkpoint=fetch(config))
        with cache.unplugged(), nobody_else_reads_stdin(), results_stream() as stream:
            model = _loaded(config)
            named(outline(model), stage)  # a wrong name is told before anything is written
            failed = _explain_all(config, model, open_shown(asked, stream, stage), stopping)
    if stopping.exit_code is not None:
        return stopping.exit_code
    return ExitCode.SOME_FAILED if failed else ExitCode.OK


def _loaded(config: RunConfig) -> Model:
    messages.status(f"loading {config.checkpoint.name} …")
    model = open_model(
        config.task,
        config.options,
        config.checkpoint,
        replace(config.run, compile=False),  # each part of it is looked into
        vars(config.inputs),
    )
    messages.status("")
    return model


def _explain_all(config: RunConfig, model: Model, shown: Shown, stopping: Stopping) -> int:
    """How many inputs failed."""
    from taskcli.cli.explain import leaving
    from taskcli.explain import explain

    failed = 0
    with leaving.opened(config, model) as left:
        for source in config.sources.items:
            explanation = left.leave(explain(model, source, left.wants_views), source)
            shown.write(explanation)
            failed += explanation.record.error is not None
            if stopping.exit_code is not None:
                left.stop(stopping)
                break
    return failed
