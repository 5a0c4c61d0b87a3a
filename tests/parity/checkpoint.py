"""A tiny random checkpoint of one model type for one task, in a folder."""

from pathlib import Path
from typing import Any

import torch
import transformers as hf
from checkpoints import _spread

from parity.families import FIXES
from parity.processors import (
    LONGEST,
    extractor_of,
    image_processor_of,
    listener_of,
    tokenizer_of,
)
from parity.shrink import merged, tiny
from taskcli.items import Media
from taskcli.runtime.loader import _without_training_losses
from taskcli.task import Task

SEED = 4
_LABELS = 5


def make(task: type[Task[Any, Any, Any]], model_type: str, folder: Path) -> None:
    """Save model and processor into `folder`, as a downloaded checkpoint would lie there."""
    torch.manual_seed(SEED)
    vocabulary, special = _save_processor(task, model_type, folder)
    fixes = merged({**special, "num_labels": _LABELS}, FIXES.get(model_type, {}))
    if task.name in ("qa", "generate", "summarize", "translate", "asr"):
        fixes.pop("num_labels", None)
    config = tiny(model_type, vocabulary, **fixes)
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = special.get("bos_token_id", special.get("pad_token_id"))
    model = _build(task, config)
    model.save_pretrained(folder)


def _save_processor(
    task: type[Task[Any, Any, Any]], model_type: str, folder: Path
) -> tuple[int, dict[str, Any]]:
    """The size of the vocabulary, and the special tokens' numbers."""
    if task.media is Media.IMAGE:
        image_processor_of(model_type).save_pretrained(folder)
        return LONGEST, {}
    if task.media is Media.AUDIO and task.name != "asr":
        extractor_of(model_type).save_pretrained(folder)
        return LONGEST, {}
    if task.media is Media.AUDIO:
        ctc = model_type in hf.AutoModelForCTC._model_mapping._model_mapping
        tokenizer = listener_of(model_type, folder, ctc)
    else:
        tokenizer = tokenizer_of(model_type)
        tokenizer.save_pretrained(folder)
    kinds = ("bos", "eos", "pad", "sep", "cls")
    special = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id", None) for kind in kinds}
    return max(len(tokenizer), 64), {n: v for n, v in special.items() if v is not None}


def _build(task: type[Task[Any, Any, Any]], config: Any) -> Any:
    """The task's model for a configuration, with weights that tell inputs apart."""
    for auto in (getattr(hf, name) for name in task.auto_models):
        if type(config) not in auto._model_mapping:
            continue
        kind = auto._model_mapping[type(config)]
        kind = kind[0] if isinstance(kind, (list, tuple)) else kind
        with _without_training_losses(auto, config):
            model = kind(config)
        _spread(model)
        return model
    raise LookupError(f"no Auto class of {task.name} maps {type(config).__name__}")
