"""From the name of a checkpoint to a model that can be called."""

from collections.abc import Sequence
from typing import Any

from taskcli.api.model import Model
from taskcli.api.opening import open_model
from taskcli.checkpoints import cache, lock
from taskcli.config import settings
from taskcli.config.options import RunOptions
from taskcli.errors import UsageError
from taskcli.tasks import BY_NAME


def load(
    task: str,
    model: str = "base",
    *,
    revision: str | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
    device: str = "auto",
    devices: str | Sequence[int] | None = None,
    dtype: str = "auto",
    compile: bool = False,
    batch_size: str | int = "auto",
    **options: Any,
) -> Model:
    """Load a checkpoint for a task: a registry name, a Hub id, or a folder.

    `options` are the task's own, named as its flags with underscores. `device` means all devices of
    a kind, each of which has the weights, unless it names one, as "cuda:1", or `devices` some of
    them: [0, 2] or "0,2". With `compile` the first batch takes minutes; a model that cannot be
    compiled answers as it is, and a warning says so. Raises UsageError for an unknown task or
    option, for a value that an option does not take, and CheckpointError for a checkpoint that
    cannot be had or used.
    """
    if task not in BY_NAME:
        raise UsageError(f"unknown task {task!r}", f"known tasks: {', '.join(BY_NAME)}")
    task_class = BY_NAME[task]
    where = f"load({task!r})"
    numbers = devices if isinstance(devices, str | None) else ",".join(map(str, devices))
    given = {
        "device": device,
        "devices": numbers,
        "dtype": dtype,
        "compile": compile,
        "batch_size": batch_size,
    }
    how = settings.build(RunOptions, where, given)
    chosen = settings.named(task_class.Options, options, where)
    checkpoint = lock.resolve(task, model, revision)
    usual = settings.named(task_class.Options, checkpoint.options, model)
    built = settings.build(task_class.Options, model, chosen, usual)
    task_class.refuse(built, checkpoint.languages)
    checkpoint = task_class.helped(built, checkpoint)
    fetched = cache.fetch(checkpoint, offline=offline, allow_pickle=allow_pickle)
    return open_model(task_class, built, fetched, how)
