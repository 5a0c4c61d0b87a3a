"""The weights of a checkpoint in the model of its class: all of them, from safe formats."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import PreTrainedConfig, PreTrainedModel

from taskcli.errors import CheckpointError, first_line
from taskcli.runtime.architectures import AutoModelClass, class_of, is_of_text
from taskcli.runtime.placement import Placement, memory_of_spread
from taskcli.runtime.processors import LOCAL, what_to_install
from taskcli.runtime.timm_weights import timm_to_transformers
from taskcli.runtime.weight_dtypes import refuse_integers

# Used in training only; some checkpoints leave it out.
_MAY_BE_MISSING = ("masked_spec_embed", "position_ids", "num_batches_tracked")


def read_weights(
    auto_model: AutoModelClass,
    name: str,
    folder: Path,
    config: PreTrainedConfig,
    placement: Placement,
) -> PreTrainedModel:
    has_safetensors = any(folder.glob("*.safetensors"))
    names = timm_to_transformers(config)
    if is_of_text(auto_model, config):
        names = {r"^text_model\.": ""}  # Emu3's; the library knows the names of the others
    try:
        with without_training_losses(auto_model, config):
            model, info = auto_model.from_pretrained(
                folder,
                **LOCAL,
                dtype=placement.dtype,
                device_map="auto" if placement.spread else None,
                max_memory=memory_of_spread(placement) if placement.spread else None,
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


@contextmanager
def without_training_losses(auto_model: AutoModelClass, config: PreTrainedConfig) -> Iterator[None]:
    """Build MaskFormer and its kin without scipy: only their training loss would use it.

    Their constructors ask for it all the same; scipy costs every start half a second.
    """
    module = sys.modules[class_of(auto_model, config).__module__]
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
