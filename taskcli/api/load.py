"""From the name of a checkpoint to a model that can be called."""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taskcli.api.model import Model
from taskcli.api.run import DecodeLimits
from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.registry import Checkpoint
from taskcli.config import settings
from taskcli.config.options import RunOptions
from taskcli.errors import UsageError
from taskcli.runtime.batching import policy_for
from taskcli.task import Task
from taskcli.tasks import BY_NAME

if TYPE_CHECKING:
    from taskcli.runtime.placement import Placement


_loading = threading.Lock()  # what libraries set meanwhile is of the whole process
_COMPILER = "TORCHINDUCTOR_CACHE_DIR"  # torch's, which notes where its files are


def load(
    task: str,
    model: str = "base",
    *,
    revision: str | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: str | int = "auto",
    **options: Any,
) -> Model:
    """Load a checkpoint for a task: a registry name, a Hub id, or a folder.

    `options` are the task's own, named as its flags with underscores. Raises UsageError for an
    unknown task or option, for a value that an option does not take, and CheckpointError for a
    checkpoint that cannot be had or used.
    """
    if task not in BY_NAME:
        raise UsageError(f"unknown task {task!r}", f"known tasks: {', '.join(BY_NAME)}")
    task_class = BY_NAME[task]
    where = f"load({task!r})"
    given = {"device": device, "dtype": dtype, "batch_size": batch_size}
    how = settings.build(RunOptions, where, given)
    keys = settings.keys_of(task_class.Options)
    chosen = settings.fields_of(options, keys, where)
    checkpoint = lock.resolve(task, model, revision)
    usual = settings.fields_of(checkpoint.options, keys, model)
    built = settings.build(task_class.Options, model, chosen, usual)
    task_class.refuse(built, checkpoint.languages)
    fetched = cache.fetch(checkpoint, offline=offline, allow_pickle=allow_pickle)
    return open_model(task_class, built, fetched, how.device, how.dtype, how.batch_size)


def open_model(
    task: type[Task[Any, Any, Any]],
    options: Any,
    checkpoint: Checkpoint,
    device: str,
    dtype: str,
    batch_size: str,
    limits: DecodeLimits | None = None,
    placed: "Callable[[Placement], None]" = lambda _: None,
) -> Model:
    """Bring a fetched checkpoint onto a device. This is where the heavy libraries load.

    `placed` hears which device, before the weights are read.
    """
    with _host_kept():
        from taskcli.runtime import loader

        loaded = loader.load(task, checkpoint, device=device, dtype=dtype, placed=placed)
    session = loaded.bind(options)
    policy = policy_for(task, loaded.model_type).policy
    limits = limits or DecodeLimits()
    return Model(options, checkpoint, loaded, session, policy, batch_size, limits)


@contextmanager
def _host_kept() -> Iterator[None]:
    """Leave the filters of warnings and the environment as they were: libraries set them."""
    with _loading, warnings.catch_warnings():
        known = _COMPILER in os.environ
        try:
            yield
        finally:
            if not known:
                os.environ.pop(_COMPILER, None)
