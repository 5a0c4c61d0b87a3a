"""Which device and dtype a run uses, and why. The only such decision."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import get_max_memory

from taskcli.checkpoints import package_folder
from taskcli.errors import UsageError

# float16 overflows in their feed-forward layers and the text comes out empty (transformers#4287).
_OVERFLOWS_IN_FLOAT16 = ("t5", "mt5", "umt5", "longt5", "switch_transformers", "pix2struct")
_ROOM_FOR_ACTIVATIONS = 0.8  # share of a device's memory that weights may take


@dataclass(frozen=True)
class Placement:
    device: Any  # torch.device
    dtype: Any  # torch.dtype
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
    kind, dtype_why = _dtype(dtype, chosen, model_type)
    spread = chosen.type == "cuda" and weight_bytes > _room(chosen)
    if spread:
        device_why += "; larger than its memory, so spread over all devices"
    return Placement(chosen, kind, device_why, dtype_why, spread)


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


def _dtype(word: str, device: torch.device, model_type: str) -> tuple[torch.dtype, str]:
    if word == "float16" and model_type in _OVERFLOWS_IN_FLOAT16:
        raise UsageError(
            f"--dtype float16: {model_type} overflows in it and answers nothing",
            "use --dtype bfloat16 or float32",
        )
    if word in ("float16", "bfloat16") and model_type in only_in_float32():
        raise UsageError(
            f"--dtype {word}: {model_type} computes in float32 only", "leave --dtype out"
        )
    if word != "auto":
        return getattr(torch, word), "asked for"
    if model_type in only_in_float32():
        return torch.float32, f"{model_type} computes in nothing else"
    if _computes_bfloat16(device):
        return torch.bfloat16, "the hardware computes it; heads for labels and boxes stay float32"
    return torch.float32, "the hardware has no fast bfloat16"


@cache
def only_in_float32() -> frozenset[str]:
    """What `make parity` saw fail in bfloat16: some make float32 tensors of their own."""
    return frozenset(json.loads((package_folder() / "float32.json").read_text("utf-8")))


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return False


def _room(device: torch.device) -> float:
    return _ROOM_FOR_ACTIVATIONS * float(get_max_memory().get(device.index or 0, 0))
