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
def refusing_nan() -> Iterator[None]:
    """Raise InputError where a watched model answered NaN in this thread meanwhile."""
    flags: list[Any] = []
    token = _found.set(flags)
    try:
        yield
    finally:
        _found.reset(token)
    if flags and bool(flags[0]):
        raise InputError("the model answers NaN: its weights are damaged or overflow")


def _note(module: Any, args: Any, outputs: Any) -> None:
    flags = _found.get()
    if flags is None:  # somebody else calls the model
        return
    for name, value in outputs.items():
        if name.endswith("logits") or name.startswith("pred"):
            found = value.isnan().any()
            flags[:] = [flags[0] | found if flags else found]
