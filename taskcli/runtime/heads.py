"""Heads that compute in float32 behind a backbone of half the precision."""

from typing import Any

import torch
from torch import nn


def keep_heads_float32(model: Any, names: frozenset[str] | None) -> None:
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
