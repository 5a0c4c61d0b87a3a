"""What a model is given once its weights are read, so that it answers as taskcli promises."""

from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from taskcli.runtime import cards, int8, nan_watch
from taskcli.runtime.masked_norm import make_exact
from taskcli.runtime.placement import Placement
from taskcli.runtime.precision import keep_heads_float32
from taskcli.task import Task


def adapt(
    model: PreTrainedModel, task: type[Task[Any, Any, Any]], folder: Path, placement: Placement
) -> None:
    """Its languages settled, padding without effect, the dtypes of its layers, hooks for NaN."""
    settle_language(model.config)
    model.config.card_languages = cards.languages(folder)
    make_exact(model)
    if placement.dtype != torch.float32:
        keep_heads_float32(model, task)
    if placement.int8:
        int8.quantize(model, task)
    nan_watch.watch(model)


def settle_language(config: PreTrainedConfig) -> None:
    """X-MOD has parts for each of its languages; a checkpoint that names none reads English."""
    if getattr(config, "default_language", "") is None:
        known = list(config.languages)
        config.default_language = "en_XX" if "en_XX" in known else known[0]
