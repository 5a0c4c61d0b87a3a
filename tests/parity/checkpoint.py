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
from taskcli.media.items import Media
from taskcli.runtime.weights import without_training_losses
from taskcli.task import Task

SEED = 4
_LABELS = {"num_labels": 5, "id2label": {number: f"LABEL_{number}" for number in range(5)}}
_MOST_TOKENS = 128  # that a speech model writes
_WITHOUT_LABELS = ("qa", "generate", "summarize", "translate", "asr")


def make(task: type[Task[Any, Any, Any]], model_type: str, folder: Path) -> None:
    """Save model and processor into `folder`, as a downloaded checkpoint would lie there."""
    torch.manual_seed(SEED)
    vocabulary, special = _save_processor(task, model_type, folder)
    labels = {} if task.name in _WITHOUT_LABELS else _LABELS
    fixes = merged({**special, **labels}, FIXES.get(model_type, {}))
    config = tiny(model_type, vocabulary, **fixes)
    if task.name == "generate" and getattr(config, "is_decoder", None) is False:
        config.is_decoder = not config.is_encoder_decoder
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = special.get("bos_token_id", special.get("pad_token_id"))
    model = _build(task, config)
    if task.name == "asr" and model.can_generate():
        model.generation_config.max_new_tokens = _MOST_TOKENS
    model.save_pretrained(folder)


def _save_processor(
    task: type[Task[Any, Any, Any]], model_type: str, folder: Path
) -> tuple[int, dict[str, Any]]:
    """The size of the vocabulary, and the special tokens' numbers."""
    sound: dict[str, Any] = {}
    if task.media is Media.IMAGE:
        processor = image_processor_of(model_type)
        processor.save_pretrained(folder)
        if "task_inputs" in processor.model_input_names:
            tokenizer_of("clip").save_pretrained(folder)
        return LONGEST, {}
    if task.media is Media.AUDIO and task.name != "asr":
        extractor_of(model_type).save_pretrained(folder)
        return LONGEST, {}
    if task.media is Media.AUDIO:
        ctc = model_type in hf.AutoModelForCTC._model_mapping._model_mapping
        tokenizer, sound = listener_of(model_type, folder, ctc)
    else:
        tokenizer = tokenizer_of(model_type)
        tokenizer.save_pretrained(folder)
    kinds = ("bos", "eos", "pad", "sep", "cls")
    special = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id", None) for kind in kinds}
    known = {name: number for name, number in special.items() if number is not None}
    return max(len(tokenizer), 64), known | sound


def _build(task: type[Task[Any, Any, Any]], config: Any) -> Any:
    """The task's model for a configuration, with weights that tell inputs apart."""
    for auto in (getattr(hf, name) for name in task.auto_models):
        if type(config) not in auto._model_mapping:
            continue
        kind = auto._model_mapping[type(config)]
        kind = kind[0] if isinstance(kind, (list, tuple)) else kind
        if kind.config_class is config.sub_configs.get("text_config"):
            # Checkpoints hold the whole model, of which the Auto class takes the half that writes.
            kind = hf.AutoModelForImageTextToText._model_mapping[type(config)]
        with without_training_losses(auto, config):
            model = kind(config)
        _spread(model)
        return model
    raise LookupError(f"no Auto class of {task.name} maps {type(config).__name__}")
