"""Which devices a run uses, with the dtype that suits them, and why. The only such decision."""

import math
from dataclasses import dataclass, replace

import torch
from accelerate.utils import get_max_memory

from taskcli.errors import UsageError
from taskcli.runtime.accelerators import computes_bfloat16, of_kind
from taskcli.runtime.device_choice import choose, together
from taskcli.runtime.dtypes import choose_dtype

_ROOM_FOR_ACTIVATIONS = 0.8  # share of a device's memory that weights may take


@dataclass(frozen=True)
class Placement:
    devices: tuple[torch.device, ...]  # of one kind
    dtype: torch.dtype  # of what goes in, and of weights
    device_why: str
    dtype_why: str
    spread: bool = False  # one copy over all devices, by accelerate's device map; or one on each
    int8: bool = False  # whether linear layers are computed in it

    @property
    def device(self) -> torch.device:
        """The one, or the first."""
        return self.devices[0]

    @property
    def device_name(self) -> str:
        return together(self.devices)

    @property
    def dtype_name(self) -> str:
        return "int8" if self.int8 else str(self.dtype).removeprefix("torch.")

    @property
    def each(self) -> "tuple[Placement, ...]":
        """That of every copy of the weights."""
        if self.spread:
            return (self,)
        return tuple(replace(self, devices=(one,)) for one in self.devices)


def place(
    device: str,
    dtype: str,
    weight_bytes: int,
    model_type: str = "",
    devices: str | None = None,
) -> Placement:
    """Decide where a model of `weight_bytes` runs. Raises UsageError for what is not there.

    `devices` are the numbers of some of a kind, with commas; None is all.
    """
    chosen, device_why = choose(device, devices)
    fitting = _fitting(chosen, weight_bytes)
    spread = not fitting
    if spread:
        chosen = chosen if devices else of_kind(chosen[0].type)
        device_why += f"; larger than the memory of one, so spread over {together(chosen)}"
    elif len(fitting) < len(chosen):
        small = together(one for one in chosen if one not in fitting)
        device_why += f"; too little memory is free on {small}"
        chosen = fitting
    kind, dtype_why = choose_dtype(dtype, model_type, lambda: all(map(computes_bfloat16, chosen)))
    int8 = kind == "int8"
    if int8 and not (chosen[0].type == "cpu" and torch.backends.mkldnn.is_available()):
        raise UsageError(
            f"--dtype int8: {chosen[0].type} does not compute it here",
            "leave --dtype out; processors compute int8, by oneDNN",
        )
    dtype_of_rest = torch.float32 if int8 else getattr(torch, kind)
    return Placement(chosen, dtype_of_rest, device_why, dtype_why, spread, int8)


def _fitting(devices: tuple[torch.device, ...], weight_bytes: int) -> tuple[torch.device, ...]:
    """Those that have room for the weights; all, where accelerate could not spread them."""
    if devices[0].type == "cpu":
        return devices
    room = get_max_memory()
    return tuple(
        one
        for one in devices
        if weight_bytes <= _ROOM_FOR_ACTIVATIONS * float(room.get(one.index or 0, math.inf))
    )


def memory_of_spread(placement: Placement) -> dict[int | str, int] | None:
    """Bytes that accelerate may fill on each device, and in main memory; None for all there are."""
    if placement.devices == of_kind(placement.device.type):
        return None
    allowed = {one.index for one in placement.devices}
    return {key: size for key, size in get_max_memory().items() if key == "cpu" or key in allowed}
