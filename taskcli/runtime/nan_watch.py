"""Whether a model answers NaN: noted on the device, for reading it at every token would wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn
from transformers.utils import ModelOutput

from taskcli.errors import InputError

_found: ContextVar[list[torch.Tensor] | None] = ContextVar("found", default=None)


def watch(model: nn.Module) -> None:
    """Note the answers of every forward pass, also inside generate(). Once for each model."""
    model.register_forward_hook(_note)


@contextmanager
def refusing_nan() -> Iterator[None]:
    """Raise InputError where a watched model answered NaN in this thread meanwhile."""
    flags: list[torch.Tensor] = []
    token = _found.set(flags)
    try:
        yield
    finally:
        _found.reset(token)
    if flags and bool(flags[0]):
        raise InputError("the model answers NaN: its weights are damaged or overflow")


def _note(module: nn.Module, args: tuple[object, ...], outputs: ModelOutput) -> None:
    flags = _found.get()
    if flags is None:  # somebody else calls the model
        return
    for name, value in outputs.items():
        if name.endswith("logits") or name.startswith("pred"):
            found = value.isnan().any()
            flags[:] = [flags[0] | found if flags else found]
