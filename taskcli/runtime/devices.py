"""What this machine computes on: the devices, their memory, and the dtypes that suit them."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.errors import UsageError
from taskcli.runtime.foresight import foreseen, may_have_accelerator

if TYPE_CHECKING:
    import torch

    from taskcli.runtime.foresight import Foreseen
    from taskcli.runtime.placement import Placement


@dataclass(frozen=True)
class Device:
    """`total` and `free` are bytes; for the processor, of main memory."""

    name: str
    model: str
    total: int
    free: int
    dtypes: tuple[str, ...]


def devices() -> list[Device]:
    """Every device that --device may name, the processor last."""
    return [*(_accelerators() if may_have_accelerator() else ()), _processor()]


def usual() -> "Foreseen | Placement":
    """What a run computes on that says nothing of it."""
    return _placed("auto", "auto")


def total_memory(device: "torch.device") -> int:
    """Bytes of a device in all; main memory's where it has none of its own."""
    from taskcli.runtime import accelerators

    own = None if device.type == "cpu" else accelerators.memory(device)
    return (own or _main_memory())[0]


def _processor() -> Device:
    return Device("cpu", "processor", *_main_memory(), _dtypes("cpu"))


def _accelerators() -> list[Device]:
    from taskcli.runtime import accelerators  # torch takes seconds: asked where there may be one

    return [
        Device(
            str(one),
            accelerators.name(one),
            *(accelerators.memory(one) or _main_memory()),
            _dtypes(str(one)),
        )
        for one in accelerators.accelerators()
    ]


def _dtypes(name: str) -> tuple[str, ...]:
    """Those that the device serves well, the one that --dtype auto takes first."""
    served = [_dtype(name, "auto"), "float32"]
    with suppress(UsageError):
        served.append(_dtype(name, "int8"))
    return tuple(dict.fromkeys(served))


def _dtype(name: str, word: str) -> str:
    """What --dtype `word` means on a device. Raises UsageError where that is nothing."""
    return _placed(name, word).dtype_name


def _placed(device: str, dtype: str) -> "Foreseen | Placement":
    if known := foreseen(device, dtype):
        return known
    from taskcli.runtime.placement import place

    return place(device, dtype, 0)


def _main_memory() -> tuple[int, int]:
    import psutil

    memory = psutil.virtual_memory()
    return memory.total, memory.available
