"""The options of a run: which of a flag, the environment, a settings file, a checkpoint decides."""

from dataclasses import dataclass
from typing import Any

from taskcli.checkpoints import lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.run.request import Invocation
from taskcli.config import settings
from taskcli.config.input_options import InputOptions
from taskcli.config.options import ClusterOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.task import Task
from taskcli.tasks import BY_NAME, every_group


@dataclass(frozen=True)
class GivenOptions:
    """The groups that every task has; `files` may hold options of the task's own, too."""

    inputs: InputOptions
    model: ModelOptions
    run: RunOptions
    cluster: ClusterOptions
    output: OutputOptions
    files: dict[str, Any]


def given_options(call: Invocation) -> GivenOptions:
    """What flags, the environment and settings files say. Raises UsageError."""
    settings.check_environment(*every_group())
    files = settings.from_files(call.task.name, call.task.groups(), every_group(), BY_NAME)
    layers = (call.given, files)
    return GivenOptions(
        settings.build(call.input_group, "taskcli.toml", *layers),
        settings.build(ModelOptions, "taskcli.toml", *layers),
        settings.build(RunOptions, "taskcli.toml", *layers),
        settings.build(ClusterOptions, "taskcli.toml", *layers),
        settings.build(call.task.Output, "taskcli.toml", *layers),
        files,
    )


def resolve_checkpoint(call: Invocation, given: GivenOptions) -> tuple[Checkpoint, Any]:
    """The checkpoint, with its helper if there is to be one, and the options of the task.

    Raises UsageError, and CheckpointError for an unknown checkpoint.
    """
    checkpoint = lock.resolve(call.task.name, given.model.model, given.model.revision)
    options = _merge_options(call.task, call.given, given.files, checkpoint)
    call.task.refuse(options, checkpoint.languages)
    call.task.refuse_inputs(options, given.inputs)
    return call.task.helped(options, checkpoint), options


def _merge_options(
    task: type[Task[Any, Any, Any]],
    given: dict[str, Any],
    files: dict[str, Any],
    checkpoint: Checkpoint,
) -> Any:
    """Flags and environment, then settings files, then what suits the checkpoint."""
    where = f"configs/{task.name}.toml"
    usual = settings.named(task.Options, checkpoint.options, where)
    return settings.build(task.Options, "taskcli.toml", given, files, usual)
