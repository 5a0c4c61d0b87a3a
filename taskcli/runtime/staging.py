"""What goes to a device lies in pinned memory: it copies from there while the processor goes on."""

from collections.abc import Mapping

import torch


def staged(
    inputs: Mapping[str, object], device: torch.device, dtype: torch.dtype
) -> Mapping[str, object]:
    """Inputs of a batch as `device` copies them: fractions in `dtype`, tensors pinned.

    torch converts before it copies, into memory that is not pinned, and then waits. What cannot be
    pinned, because torch has no such memory for the device or no more of it, stays where it is.
    """
    if device.type == "cpu":
        return inputs
    return {name: _staged(value, dtype) for name, value in inputs.items()}


def _staged(value: object, dtype: torch.dtype) -> object:
    if not isinstance(value, torch.Tensor):
        return value
    converted = value.to(dtype) if value.is_floating_point() else value
    try:
        return converted.pin_memory()
    except RuntimeError:
        return converted
