"""From a checkpoint's folder to a loaded model: the right class, whole weights, the right place."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from taskcli.errors import CheckpointError, first_line
from taskcli.runtime import cards, nan_watch
from taskcli.runtime.contained import contained
from taskcli.runtime.loaded import LoadedModel, refusing_damage
from taskcli.runtime.masked_norm import make_exact
from taskcli.runtime.placement import Placement, place
from taskcli.runtime.precision import keep_heads_float32
from taskcli.runtime.processors import LOCAL, processor_of, what_to_install
from taskcli.runtime.templates import refuse_hanging_template
from taskcli.runtime.timm_weights import timm_to_transformers
from taskcli.runtime.weight_dtypes import refuse_integers
from taskcli.task import Task

# Used in training only; some checkpoints leave it out.
_MAY_BE_MISSING = ("masked_spec_embed", "position_ids", "num_batches_tracked")


def load(
    task: type[Task[Any, Any, Any]],
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    dtype: str = "auto",
    placed: Callable[[Placement], None] = lambda _: None,
) -> LoadedModel:
    """Load a fetched checkpoint; `placed` hears where to, before the weights are read.

    Raises CheckpointError if it cannot serve the task.
    """
    assert checkpoint.folder is not None, "fetch the checkpoint first"
    with refusing_damage(checkpoint.name), contained(), _as_before():
        name, folder = checkpoint.name, checkpoint.folder
        return _loaded(task, name, folder, device, dtype, placed)


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
    device: str,
    dtype: str,
    placed: Callable[[Placement], None],
) -> LoadedModel:
    config = _config(name, folder)
    auto_model = _auto_model(task, name, config)
    processor = processor_of(task, name, folder)
    if task.chats:
        refuse_hanging_template(name, processor)
    placement = place(device, dtype, weight_bytes(folder), config.model_type)
    placed(placement)
    model = _model(auto_model, name, folder, config, placement)
    _settle_language(model.config)
    model.config.card_languages = cards.languages(folder)
    make_exact(model)
    if placement.dtype != torch.float32:
        keep_heads_float32(model, task)
    nan_watch.watch(model)
    task.prepare(processor, model)
    return LoadedModel(name, task, processor, model, placement, str(config.model_type))


def model_type(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> str:
    """What the config in `folder` is of. Raises CheckpointError unless that serves the task."""
    refuse_unsafe(name, folder)  # a config that was brought alone has not come through hub.fetch
    with refusing_damage(name), contained():
        config = _config(name, folder)
        _auto_model(task, name, config)
    return str(config.model_type)


def _config(name: str, folder: Path) -> Any:
    try:
        return transformers.AutoConfig.from_pretrained(folder, **LOCAL)
    except Exception as failure:
        reason = first_line(failure)
        raise CheckpointError(f"{name}: config.json cannot be used: {reason}") from failure


def _auto_model(task: type[Task[Any, Any, Any]], name: str, config: Any) -> Any:
    """The Auto class that maps the checkpoint's own architecture."""
    candidates = [getattr(transformers, auto) for auto in task.auto_models]
    stated = (config.architectures or [None])[0]
    for auto in candidates:
        if stated is not None and stated in _class_names(auto):
            return auto
    for auto in candidates:
        if type(config) in auto._model_mapping and (stated is None or _is_of_text(auto, config)):
            return auto
    raise CheckpointError(
        f"{name} cannot serve {task.name}: it holds {stated or config.model_type}, "
        f"and {task.name} needs a model that {' or '.join(task.auto_models)} maps",
        "choose a checkpoint that was fine-tuned for this task",
    )


def _is_of_text(auto: Any, config: Any) -> bool:
    """Whether the class is the half that writes of a model that also sees, as Llama 4's is."""
    return _mapped(auto, config).config_class is config.sub_configs.get("text_config")


def _mapped(auto: Any, config: Any) -> Any:
    """The class for a configuration: one, or several of which one is stated."""
    mapped = auto._model_mapping[type(config)]
    return mapped[0] if isinstance(mapped, (tuple, list)) else mapped


def _class_names(auto: Any) -> set[str]:
    names: set[str] = set()
    for mapped in auto._model_mapping._model_mapping.values():
        names.update([mapped] if isinstance(mapped, str) else mapped)
    return names


def _model(auto_model: Any, name: str, folder: Path, config: Any, placement: Placement) -> Any:
    has_safetensors = any(folder.glob("*.safetensors"))
    names = timm_to_transformers(config)
    if _is_of_text(auto_model, config):
        names = {r"^text_model\.": ""}  # Emu3's; the library knows the names of the others
    try:
        with without_training_losses(auto_model, config):
            model, info = auto_model.from_pretrained(
                folder,
                **LOCAL,
                dtype=placement.dtype,
                device_map="auto" if placement.spread else None,
                use_safetensors=has_safetensors,
                weights_only=True,
                output_loading_info=True,
                **({"key_mapping": names, "config": config} if names else {}),
            )
    except Exception as failure:
        reason = first_line(failure)
        if "ignore_mismatched_sizes" in reason:  # the library's advice to its callers
            reason = "config.json states other sizes than they have"
        raise CheckpointError(
            f"{name}: its weights cannot be loaded: {reason}", what_to_install(failure)
        ) from failure
    _refuse_random_weights(name, info)
    refuse_integers(name, folder, model, info["unexpected_keys"])
    model.eval()
    return model if placement.spread else model.to(placement.device)


def _settle_language(config: Any) -> None:
    """X-MOD has parts for each of its languages; a checkpoint that names none reads English."""
    if getattr(config, "default_language", "") is None:
        known = list(config.languages)
        config.default_language = "en_XX" if "en_XX" in known else known[0]


@contextmanager
def without_training_losses(auto_model: Any, config: Any) -> Iterator[None]:
    """Build MaskFormer and its kin without scipy: only their training loss would use it.

    Their constructors ask for it all the same; scipy costs every start half a second.
    """
    module = sys.modules[_mapped(auto_model, config).__module__]
    asked = getattr(module, "requires_backends", None)
    if asked is None:
        yield
        return
    module.requires_backends = lambda owner, backends: (  # type: ignore[attr-defined]
        None if list(backends) == ["scipy"] else asked(owner, backends)
    )
    try:
        yield
    finally:
        module.requires_backends = asked  # type: ignore[attr-defined]


def _refuse_random_weights(name: str, info: dict[str, Any]) -> None:
    lacking = [
        key
        for key in (*info["missing_keys"], *info.get("mismatched_keys", ()))
        if not any(known in str(key) for known in _MAY_BE_MISSING)
    ]
    if lacking:
        raise CheckpointError(
            f"{name} lacks {len(lacking)} weights of this model, such as {lacking[0]}; "
            "with random ones in their place the answers would mean nothing",
            "choose a checkpoint that was fine-tuned for this task",
        )
