"""Which device a run uses, with the dtype that suits it, and why. The only such decision."""

from dataclasses import dataclass

import torch
from accelerate import PartialState
from accelerate.utils import get_max_memory

from taskcli.errors import UsageError
from taskcli.runtime.dtypes import choose_dtype

_ROOM_FOR_ACTIVATIONS = 0.8  # share of a device's memory that weights may take


@dataclass(frozen=True)
class Placement:
    device: torch.device  # torch.device
    dtype: torch.dtype  # torch.dtype
    device_why: str
    dtype_why: str
    spread: bool = False  # over several devices, by accelerate's device map

    @property
    def device_name(self) -> str:
        return str(self.device)

    @property
    def dtype_name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


def place(device: str, dtype: str, weight_bytes: int, model_type: str = "") -> Placement:
    """Decide where a model of `weight_bytes` runs. Raises UsageError for what is not there."""
    chosen, device_why = _device(device)
    kind, dtype_why = choose_dtype(dtype, model_type, lambda: _computes_bfloat16(chosen))
    spread = chosen.type == "cuda" and weight_bytes > _room(chosen)
    if spread:
        device_why += "; larger than its memory, so spread over all devices"
    return Placement(chosen, getattr(torch, kind), device_why, dtype_why, spread)


def _device(word: str) -> tuple[torch.device, str]:
    if word == "auto":
        found = PartialState().default_device
        why = "the fastest device found" if found.type != "cpu" else "no accelerator found"
        return found, why
    try:
        wanted = torch.device(word)
    except RuntimeError:
        raise UsageError(f"unknown device: {word}", "auto, cpu, cuda, cuda:N or mps") from None
    if not _is_there(wanted):
        raise UsageError(f"--device {word}: there is none here", "leave it out, or --device cpu")
    return wanted, "asked for"


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool((device.index or 0) < torch.cuda.device_count())
    if device.type == "mps":
        return bool(torch.backends.mps.is_available())
    return bool(device.type == "cpu")


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return False


def _room(device: torch.device) -> float:
    return _ROOM_FOR_ACTIVATIONS * float(get_max_memory().get(device.index or 0, 0))
