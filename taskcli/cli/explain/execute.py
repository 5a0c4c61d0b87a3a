"""One call of `taskcli explain`: resolve, fetch and load as the task's command, then watch."""

from dataclasses import replace

from taskcli.api import open_model
from taskcli.checkpoints import cache
from taskcli.cli import messages
from taskcli.cli.explain.shown import open_shown
from taskcli.cli.run.fetch import fetch
from taskcli.cli.run.request import Invocation
from taskcli.cli.run.resolve import resolve_run
from taskcli.cli.run.signals import Stopping
from taskcli.cli.run.streams import nobody_else_reads_stdin, results_stream
from taskcli.errors import ExitCode


def run_inputs(call: Invocation, asked: str, stage: str | None) -> ExitCode:
    """Explain every input. Raises TaskcliError for what stops it."""
    config = resolve_run(call)
    with Stopping() as stopping:
        config = replace(config, checkpoint=fetch(config))
        with cache.unplugged(), nobody_else_reads_stdin(), results_stream() as stream:
            messages.status(f"loading {config.checkpoint.name} …")
            model = open_model(
                config.task,
                config.options,
                config.checkpoint,
                replace(config.run, compile=False),  # each part of it is looked into
                vars(config.inputs),
            )
            messages.status("")
            from taskcli.explain import explain

            shown, failed = open_shown(asked, stream, stage), 0
            for source in config.sources.items:
                explanation = explain(model, source)
                shown.write(explanation)
                failed += explanation.record.error is not None
                if stopping.exit_code is not None:
                    return stopping.exit_code
    return ExitCode.SOME_FAILED if failed else ExitCode.OK
