"""Heads that compute in float32 behind a backbone of half the precision."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from taskcli.task import Task


def keep_heads_float32(model: PreTrainedModel, task: type[Task[Any, Any, Any]]) -> None:
    """Compute the task's heads in float32, by default everything outside the backbone.

    bfloat16 has eight bits: a box edge near 1.0 would be off by pixels, and scores would tie.
    """
    heads = heads_of(model, task)
    while shared := _sharing(heads, model):
        heads = [head for head in heads if head not in shared]
    for head in heads:
        head.float()
        head.register_forward_pre_hook(_inputs_to_float32, with_kwargs=True)


def heads_of(model: PreTrainedModel, task: type[Task[Any, Any, Any]]) -> list[nn.Module]:
    """What makes labels, scores and boxes of the features of the backbone."""
    backbone = getattr(model, model.base_model_prefix, model)
    # Without a backbone of its own name, there is no telling where the head begins.
    outside = task.fp32_heads is None and backbone is not model
    found = _outside(model, backbone) if outside else []
    wanted = task.fp32_modules | (task.fp32_heads or frozenset())
    named = (one for path, one in model.named_modules() if path.split(".")[-1] in wanted)
    return found + [called for one in named for called in _called(one) if called not in found]


def _outside(model: nn.Module, backbone: nn.Module) -> list[nn.Module]:
    heads = [child for child in model.children() if child is not backbone]
    return [called for head in heads for called in _called(head)]


def _sharing(heads: list[nn.Module], model: nn.Module) -> list[nn.Module]:
    """Heads whose weights a module outside all of them uses too, such as token embeddings."""
    own = {module for head in heads for module in head.modules()}
    others = (module for module in model.modules() if module not in own)
    elsewhere = {id(weight) for other in others for weight in other.parameters(recurse=False)}
    return [head for head in heads if any(id(one) in elsewhere for one in head.parameters())]


def _called(module: nn.Module) -> list[nn.Module]:
    """The module, or the members of a list: the list itself is never called, nor its hooks."""
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        return [called for child in module.children() for called in _called(child)]
    return [module]


def _inputs_to_float32(
    module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[tuple[object, ...], dict[str, object]]:
    return tuple(map(_float32, args)), {name: _float32(value) for name, value in kwargs.items()}


def _float32(value: object) -> object:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.float()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_float32, value))
    return value
