"""From a checkpoint's folder to a loaded model: the right class, whole weights, the right place."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from taskcli.checkpoints.registry import Checkpoint, weight_bytes
from taskcli.checkpoints.vetting import refuse_unsafe
from taskcli.runtime.adapted import adapt
from taskcli.runtime.architectures import auto_model_of, config_of
from taskcli.runtime.contained import contained
from taskcli.runtime.image_processors import spare
from taskcli.runtime.loaded import LoadedModel, refusing_damage
from taskcli.runtime.placement import Placement, place
from taskcli.runtime.processors import processor_of
from taskcli.runtime.templates import refuse_hanging_template
from taskcli.runtime.weights import read_weights
from taskcli.task import Task


def load(
    task: type[Task[Any, Any, Any]],
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    devices: str | None = None,
    dtype: str = "auto",
    placed: Callable[[Placement], None] = lambda _: None,
) -> LoadedModel:
    """Load a fetched checkpoint; `placed` hears where to, before the weights are read.

    Words as `placement.place` takes them. Raises CheckpointError if it cannot serve the task.
    """
    assert checkpoint.folder is not None, "fetch the checkpoint first"
    with refusing_damage(checkpoint.name), contained(), _as_before():
        name, folder = checkpoint.name, checkpoint.folder
        by = partial(place, device, dtype, devices=devices)
        loaded = _loaded(task, name, folder, by, placed)
        if checkpoint.helper is None:
            return loaded
        return replace(loaded, helper=_helper(task, checkpoint.helper, loaded))


def _helper(
    task: type[Task[Any, Any, Any]], checkpoint: Checkpoint, beside: LoadedModel
) -> LoadedModel:
    """The checkpoint that helps, with weights beside each copy of the model's, in its dtype."""
    assert task.Helper is not None and checkpoint.folder is not None, "fetched, for such a task"
    devices = tuple(model.device for model in beside.models)
    own = replace(beside.placement, devices=devices, spread=False)
    with refusing_damage(checkpoint.name):
        return _loaded(
            task.Helper, checkpoint.name, checkpoint.folder, lambda *_: own, lambda _: None
        )


@contextmanager
def _as_before() -> Iterator[None]:
    """Show no progress bars; weights are drawn before they are read. What is set is put back.

    It is of the whole process, so one load is done at a time: the API sees to that.
    """
    bars = transformers.logging
    with torch.random.fork_rng(devices=[]):
        shown, hidden_of_hub = bars.is_progress_bar_enabled(), are_progress_bars_disabled()
        bars.disable_progress_bar()
        try:
            yield
        finally:
            if shown:
                bars.enable_progress_bar()  # and the Hub's
            if not hidden_of_hub:
                enable_progress_bars()
            elif shown:
                disable_progress_bars()


def _loaded(
    task: type[Task[Any, Any, Any]],
    name: str,
    folder: Path,
    place: Callable[[int, str], Placement],
    placed: Callable[[Placement], None],
) -> LoadedModel:
    config = config_of(name, folder)
    auto_model = auto_model_of(task, name, config)
    processor = processor_of(task, name, folder)
    if task.chats:
        refuse_hanging_template(name, processor)
    placement = place(weight_bytes(folder), config.model_type)
    placed(placement)
    models = []
    for own in placement.each:
        model = read_weights(auto_model, name, folder, config, own)
        adapt(model, task, folder, own)
        task.prepare(processor, model)
        models.append(model)
    scaling = None
    if task.processor_class() == "AutoImageProcessor":
        scaling = spare(processor, frozenset(inspect.signature(models[0].forward).parameters))
    return LoadedModel(name, task, processor, models, placement, str(config.model_type), scaling)


def model_type(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> str:
    """What the config in `folder` is of. Raises CheckpointError unless that serves the task."""
    refuse_unsafe(name, folder)  # a config that was brought alone has not come through hub.fetch
    with refusing_damage(name), contained():
        config = config_of(name, folder)
        auto_model_of(task, name, config)
    return str(config.model_type)
