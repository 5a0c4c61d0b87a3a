"""A checkpoint that lies on this disk, brought onto its devices."""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from taskcli.api.decoding import DecodeOptions
from taskcli.api.model import Model
from taskcli.checkpoints.registry import Checkpoint
from taskcli.config.options import RunOptions
from taskcli.runtime.batching import policy_for
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.runtime.loaded import LoadedModel
    from taskcli.runtime.placement import Placement

_loading = threading.Lock()  # what libraries set meanwhile is of the whole process
_COMPILER = "TORCHINDUCTOR_CACHE_DIR"  # torch's, which notes where its files are

Placed = Callable[["Placement"], None]  # hears which devices, before the weights are read
Load = Callable[[type[Task[Any, Any, Any]], Checkpoint, RunOptions, Placed], "LoadedModel"]


def open_model(
    task: type[Task[Any, Any, Any]],
    options: Any,
    checkpoint: Checkpoint,
    how: RunOptions,
    decode_options: DecodeOptions = MappingProxyType({}),
    placed: Placed = lambda _: None,
    warn: Callable[[str], None] = warnings.warn,
    load: Load | None = None,
) -> Model:
    """Bring a fetched checkpoint onto its devices. This is where the heavy libraries load.

    `warn` hears, also while the model computes and in the thread that does, what of `how` was left
    undone. `load` gives a model that is there already, or loads it as `load_model` does.
    """
    loaded = (load or load_model)(task, checkpoint, how, placed)
    if how.compile:
        loaded = loaded.compiling(warn)
    sessions = loaded.bind(options)
    policy = policy_for(task, loaded.model_type).policy
    return Model(options, checkpoint, loaded, sessions, policy, how.batch_size, decode_options)


def load_model(
    task: type[Task[Any, Any, Any]], checkpoint: Checkpoint, how: RunOptions, placed: Placed
) -> "LoadedModel":
    """The weights of a fetched checkpoint on the devices that `how` names."""
    with _host_kept():
        from taskcli.runtime import loader

        return loader.load(
            task,
            checkpoint,
            device=how.device,
            devices=how.devices,
            dtype=how.dtype,
            placed=placed,
        )


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
