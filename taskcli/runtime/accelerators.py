"""What torch knows of devices: which are there beside the processor, and what each has."""

import inspect
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType

import torch


def accelerators() -> Iterator[torch.device]:
    """Each that this build of torch computes on: cuda:0, cuda:1, ..., or mps, xpu, npu."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is not None:
        yield from of_kind(found.type)


def of_kind(kind: str) -> tuple[torch.device, ...]:
    return tuple(torch.device(kind, index) for index in range(_count(kind)))


def is_there(device: torch.device) -> bool:
    return device.type == "cpu" or (device.index or 0) < _count(device.type)


def name(device: torch.device) -> str:
    """What its maker calls it, where its backend tells."""
    ask = getattr(_module(device.type), "get_device_name", None)
    return str(ask(device)) if ask else f"{device.type} accelerator"


def memory(device: torch.device) -> tuple[int, int] | None:
    """(total, free) bytes of its own; None where it shares the processor's, or does not tell."""
    ask = getattr(_module(device.type), "mem_get_info", None)
    if ask is None:
        return None
    free, total = ask(device)
    return int(total), int(free)


def computes_bfloat16(device: torch.device) -> bool:
    """Whether its hardware does, as far as its backend tells: others would emulate it."""
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    if device.type == "cuda":
        return bool(torch.version.hip or torch.cuda.get_device_capability(device) >= (8, 0))
    ask = getattr(_module(device.type), "is_bf16_supported", None)
    if ask is None:
        return False
    emulates = "including_emulation" in inspect.signature(ask).parameters
    return bool(ask(including_emulation=False) if emulates else ask())


def current(device: torch.device) -> AbstractContextManager[object]:
    """While it is entered, the device is the one of its kind that this thread means by default."""
    enter = getattr(_module(device.type), "device", None) if device.index else None
    return enter(device) if enter else nullcontext()


def give_back(device: torch.device) -> None:
    """What torch keeps of a device's memory though nothing is in it."""
    empty = getattr(_module(device.type), "empty_cache", None)
    if empty is not None:
        empty()


def check(device: torch.device) -> None:
    """Raises RuntimeError where it does not compute the simplest thing."""
    if int((torch.ones(2, device=device) + 1).sum()) != 4:
        raise RuntimeError(f"{device} says that 2 + 2 is not 4")


def _count(kind: str) -> int:
    count = getattr(_module(kind), "device_count", None)
    return int(count()) if count else 0


def _module(kind: str) -> ModuleType | None:
    """torch.cuda, torch.mps, ...; None for what torch has a word for and no backend."""
    try:
        module: ModuleType = torch.get_device_module(kind)
    except RuntimeError:
        return None
    return module
