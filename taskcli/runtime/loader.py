"""From a checkpoint's folder to a session: the right class, whole weights, the right place."""

import inspect
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # else a thread asks the Hub for one
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # we use threads and never fork

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import transformers
from torch import nn

from taskcli.checkpoints import Checkpoint, weight_bytes
from taskcli.errors import CheckpointError, first_line
from taskcli.items import Media
from taskcli.runtime.backbones import without_timm
from taskcli.runtime.exact import make_exact
from taskcli.runtime.placement import Placement, place
from taskcli.runtime.session import Session
from taskcli.task import Task

_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_BESIDE = {"boxes", "xpaths"}  # what tokenizers of LayoutLMv3 and MarkupLM want with the words
_PLACES = {"bbox", "xpath_tags_seq", "xpath_subs_seq"}  # and what models are then given
# Used in training only; some checkpoints leave it out.
_MAY_BE_MISSING = ("masked_spec_embed", "position_ids", "num_batches_tracked")


def load(
    task: type[Task[Any, Any, Any]],
    options: Any,
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    dtype: str = "auto",
) -> Session:
    """Load a fetched checkpoint. Raises CheckpointError if it cannot serve the task."""
    assert checkpoint.folder is not None, "fetch the checkpoint first"
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = checkpoint.folder
    config = _config(checkpoint.name, folder)
    auto_model = _auto_model(task, checkpoint.name, config)
    processor = _processor(task, checkpoint.name, folder)
    placement = place(device, dtype, weight_bytes(folder), config.model_type)
    model = _model(auto_model, checkpoint.name, folder, config, placement)
    _settle_language(model.config)
    make_exact(model)
    if placement.dtype != torch.float32:
        _keep_heads_float32(model, task.float32_heads)
    return Session(task(options, processor, model), placement, str(config.model_type))


def model_type(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> str:
    """What the config in `folder` is of. Raises CheckpointError unless that serves the task."""
    transformers.logging.set_verbosity_error()
    config = _config(name, folder)
    _auto_model(task, name, config)
    return str(config.model_type)


def _config(name: str, folder: Path) -> Any:
    try:
        return transformers.AutoConfig.from_pretrained(folder, **_LOCAL)
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


def _processor(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> Any:
    try:
        processor = _auto_processor(task, folder)
    except Exception as failure:
        reason = first_line(failure)
        raise CheckpointError(
            f"{name}: its {task.processor_class()} cannot be loaded: {reason}", _to_install(failure)
        ) from failure
    if (
        task.media is Media.TEXT
        and _BESIDE & inspect.signature(processor.__call__).parameters.keys()
    ):
        processor = _of_text_alone(processor)
    tokenizer = getattr(processor, "tokenizer", processor)
    _refuse_empty_vocabulary(name, tokenizer)
    _forget_lengths(tokenizer)
    return processor


def _of_text_alone(tokenizer: Any) -> Any:
    """The tokenizer for text that stands on no page: its model puts every word at one place."""
    plain = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        model_max_length=tokenizer.model_max_length,
        padding_side=tokenizer.padding_side,
        **tokenizer.special_tokens_map,
    )
    plain.model_input_names = [n for n in tokenizer.model_input_names if n not in _PLACES]
    return plain


def _forget_lengths(tokenizer: Any) -> None:
    """tokenizer.json keeps how training cut and padded; that would shorten texts here."""
    if getattr(tokenizer, "is_fast", False):
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()


def _to_install(failure: Exception) -> str | None:
    """What the library advises to install, further down in its message, if it does."""
    found = re.search(r"pip install ([\w.-]+)|requires the (\w+) library", str(failure))
    return f"pip install {(found[1] or found[2]).lower()}" if found else None


def _auto_processor(task: type[Task[Any, Any, Any]], folder: Path) -> Any:
    # torchvision resizes otherwise than Pillow: one backend, so that answers do not depend
    # on what happens to be installed.
    backend = {"backend": "pil"} if task.media is Media.IMAGE else {}
    auto = getattr(transformers, task.processor_class())
    processor = auto.from_pretrained(folder, **_LOCAL, **backend)
    if "task_inputs" in getattr(processor, "model_input_names", ()):
        # OneFormer is told in words what to divide a picture into.
        processor.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **_LOCAL)
    if auto is not transformers.AutoProcessor or hasattr(processor, "tokenizer"):
        return processor
    # Some model types have no processor class of their own, and get the tokenizer alone.
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder, **_LOCAL)
    return SimpleNamespace(feature_extractor=extractor, tokenizer=processor)


def _refuse_empty_vocabulary(name: str, tokenizer: Any) -> None:
    """Where its files are missing, transformers makes a tokenizer that knows no word."""
    if not hasattr(tokenizer, "get_vocab"):
        return
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise CheckpointError(
            f"{name}: its tokenizer has no vocabulary",
            "the folder lacks tokenizer.json, or vocab.txt and its like",
        )


def _model(auto_model: Any, name: str, folder: Path, config: Any, placement: Placement) -> Any:
    has_safetensors = any(folder.glob("*.safetensors"))
    names = without_timm(config)
    if _is_of_text(auto_model, config):
        names = {r"^text_model\.": ""}  # Emu3's; the library knows the names of the others
    try:
        with _without_training_losses(auto_model, config):
            model, info = auto_model.from_pretrained(
                folder,
                **_LOCAL,
                dtype=placement.dtype,
                device_map="auto" if placement.spread else None,
                use_safetensors=has_safetensors,
                weights_only=True,
                output_loading_info=True,
                **({"key_mapping": names, "config": config} if names else {}),
            )
    except Exception as failure:
        reason = first_line(failure)
        raise CheckpointError(
            f"{name}: its weights cannot be loaded: {reason}", _to_install(failure)
        ) from failure
    _refuse_random_weights(name, info)
    model.eval()
    return model if placement.spread else model.to(placement.device)


def _settle_language(config: Any) -> None:
    """X-MOD has parts for each of its languages; a checkpoint that names none reads English."""
    if getattr(config, "default_language", "") is None:
        known = list(config.languages)
        config.default_language = "en_XX" if "en_XX" in known else known[0]


@contextmanager
def _without_training_losses(auto_model: Any, config: Any) -> Iterator[None]:
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


def _keep_heads_float32(model: Any, names: frozenset[str] | None) -> None:
    """Compute the task's heads in float32, by default everything outside the backbone.

    bfloat16 has eight bits: a box edge near 1.0 would be off by pixels, and scores would tie.
    """
    for head in _heads(model, names):
        head.float()
        head.register_forward_pre_hook(_inputs_to_float32, with_kwargs=True)


def _heads(model: Any, names: frozenset[str] | None) -> list[nn.Module]:
    if names is not None:
        found = [one for path, one in model.named_modules() if path.split(".")[-1] in names]
    else:
        # Without a backbone of its own name, there is no telling where the head begins.
        backbone = getattr(model, model.base_model_prefix, model)
        found = [] if backbone is model else _outside(model, backbone)
    return [head for head in found if not _is_shared(head, model)]


def _outside(model: nn.Module, backbone: nn.Module) -> list[nn.Module]:
    heads = [child for child in model.children() if child is not backbone]
    return [called for head in heads for called in _called(head)]


def _is_shared(head: nn.Module, model: nn.Module) -> bool:
    """Weights that another module uses too: token embeddings, or heads that refine every layer."""
    own = set(head.modules())
    others = (module for module in model.modules() if module not in own)
    elsewhere = {id(weight) for other in others for weight in other.parameters(recurse=False)}
    return any(id(weight) in elsewhere for weight in head.parameters())


def _called(module: nn.Module) -> list[nn.Module]:
    """The module, or the members of a list: the list itself is never called, nor its hooks."""
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        return [called for child in module.children() for called in _called(child)]
    return [module]


def _inputs_to_float32(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return tuple(map(_float32, args)), {name: _float32(value) for name, value in kwargs.items()}


def _float32(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.float()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_float32, value))
    return value
