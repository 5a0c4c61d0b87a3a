"""The checkpoint of a run, on this disk."""

from contextlib import nullcontext

from taskcli.checkpoints import cache
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.fetching import watching
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.streams import print_note


def fetch(config: RunConfig) -> Checkpoint:
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
