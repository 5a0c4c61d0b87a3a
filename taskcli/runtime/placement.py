"""Which device a run uses, with the dtype that suits it, and why. The only such decision."""

import math
from dataclasses import dataclass

import torch
from accelerate.utils import get_max_memory

from taskcli.errors import UsageError
from taskcli.runtime.accelerators import accelerators, computes_bfloat16, is_there
from taskcli.runtime.dtypes import choose_dtype

_ROOM_FOR_ACTIVATIONS = 0.8  # share of a device's memory that weights may take


@dataclass(frozen=True)
class Placement:
    device: torch.device  # torch.device
    dtype: torch.dtype  # of what goes in, and of weights
    device_why: str
    dtype_why: str
    spread: bool = False  # over several devices, by accelerate's device map
    int8: bool = False  # whether linear layers are computed in it

    @property
    def device_name(self) -> str:
        return str(self.device)

    @property
    def dtype_name(self) -> str:
        return "int8" if self.int8 else str(self.dtype).removeprefix("torch.")


def place(device: str, dtype: str, weight_bytes: int, model_type: str = "") -> Placement:
    """Decide where a model of `weight_bytes` runs. Raises UsageError for what is not there."""
    chosen, device_why = _device(device)
    kind, dtype_why = choose_dtype(dtype, model_type, lambda: computes_bfloat16(chosen))
    int8 = kind == "int8"
    if int8 and not (chosen.type == "cpu" and torch.backends.mkldnn.is_available()):
        raise UsageError(
            f"--dtype int8: {chosen.type} does not compute it here",
            "leave --dtype out; processors compute int8, by oneDNN",
        )
    spread = chosen.type != "cpu" and weight_bytes > _room(chosen)
    if spread:
        device_why += "; larger than its memory, so spread over all devices"
    dtype_of_rest = torch.float32 if int8 else getattr(torch, kind)
    return Placement(chosen, dtype_of_rest, device_why, dtype_why, spread, int8)


def _device(word: str) -> tuple[torch.device, str]:
    if word == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        if found is None:
            return torch.device("cpu"), "no accelerator found"
        return found, "the fastest device found"
    try:
        wanted = torch.device(word)
    except RuntimeError:
        raise UsageError(f"unknown device: {word}", _choice()) from None
    if not is_there(wanted):
        raise UsageError(f"--device {word}: there is none here", _choice())
    return wanted, "asked for"


def _choice() -> str:
    *others, last = map(str, [*accelerators(), "cpu"])
    return f"leave it out, or --device {', '.join(others)}{' or ' * bool(others)}{last}"


def _room(device: torch.device) -> float:
    """Bytes for weights; without an end where accelerate could not spread them."""
    return _ROOM_FOR_ACTIVATIONS * float(get_max_memory().get(device.index or 0, math.inf))
