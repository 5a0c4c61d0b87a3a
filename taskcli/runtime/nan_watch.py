"""Whether a model answers NaN: noted on the device, for reading it at every token would wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from taskcli.errors import InputError

_found: ContextVar[list[Any] | None] = ContextVar("found", default=None)


def watch(model: Any) -> None:
    """Note the answers of every forward pass, also inside generate(). Once for each model."""
    model.register_forward_hook(_note)


@contextmanager
def noting_nan() -> Iterator[list[Any]]:
    """In the list: whether a watched model answered NaN in this thread meanwhile, on its device."""
    flags: list[Any] = []
    token = _found.set(flags)
    try:
        yield flags
    finally:
        _found.reset(token)


def refuse_nan(flags: list[Any]) -> None:
    """Raise InputError for what was noted, once it has been read back."""
    if any(flags):
        raise InputError("the model answers NaN: its weights are damaged or overflow")


def _note(module: Any, args: Any, outputs: Any) -> None:
    flags = _found.get()
    if flags is None:  # somebody else calls the model
        return
    for name, value in outputs.items():
        if name.endswith("logits") or name.startswith("pred"):
            found = value.isnan().any()
            flags[:] = [flags[0] | found if flags else found]
