"""taskcli explain --architecture: a checkpoint by its configuration, which alone is fetched."""

from pathlib import Path

from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.download import bring_config
from taskcli.checkpoints.hub_errors import explained, ways_out
from taskcli.checkpoints.registry import Checkpoint
from taskcli.checkpoints.vetting import refuse_unsafe
from taskcli.cli.explain.shown import open_shown
from taskcli.cli.run.options import given_options
from taskcli.cli.run.request import Invocation
from taskcli.cli.run.streams import results_stream
from taskcli.errors import CheckpointError, ExitCode, UsageError


def run_architecture(call: Invocation, asked: str, stage: str | None) -> ExitCode:
    """Explain a checkpoint by its configuration. Raises TaskcliError for what stops it."""
    if call.inputs:
        raise UsageError(
            f"--architecture takes no input, and {call.inputs[0]} is given",
            "leave one of them out",
        )
    for name in ("report", "save_dir"):
        if call.flags.get(name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"--architecture runs no input, so {flag} would show nothing",
                "leave one of them out",
            )
    given = given_options(call).model
    checkpoint = lock.resolve(call.task.name, given.model, given.revision)
    folder = _config_of(checkpoint, given.offline)
    with cache.unplugged(), results_stream() as stream:
        from taskcli.explain import draw

        drawn = draw(call.task, checkpoint.name, folder)
        open_shown(asked, stream, stage).write_architecture(call.task.name, checkpoint, drawn)
    return ExitCode.OK


def _config_of(checkpoint: Checkpoint, offline: bool) -> Path:
    """The folder of its config.json, which alone is fetched if nothing of it is here."""
    here = cache.find(checkpoint)
    if here is not None and here.folder is not None:
        refuse_unsafe(here.name, here.folder)
        return here.folder
    if offline or cache.is_offline():
        raise CheckpointError(
            f"the config.json of {checkpoint.name} is not here, and this run is offline",
            ways_out(checkpoint),
        )
    with explained(checkpoint):
        folder = bring_config(checkpoint)
    refuse_unsafe(checkpoint.name, folder)
    return folder
