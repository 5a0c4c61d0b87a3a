"""What is read back from a device is read back at once: one copy of all, and one wait."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch.utils._pytree import tree_map_only

TreeT = TypeVar("TreeT")


def read_back(tree: TreeT) -> Callable[[], TreeT]:
    """Begin to copy every tensor in `tree`, of lists, tuples, dictionaries and outputs of models.

    The device may go on meanwhile. What is returned waits for the copies, once, and gives the tree
    with tensors of the host; it may be called in another thread.
    """
    devices: set[torch.device] = set()

    def begun(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.device.type == "cpu":
            return tensor
        devices.add(tensor.device)
        return tensor.to("cpu", non_blocking=True)

    copies: TreeT = tree_map_only(torch.Tensor, begun, tree)
    waits = [_wait_for(device) for device in devices]

    def arrived() -> TreeT:
        for wait in waits:
            wait()
        return copies

    return arrived


def _wait_for(device: torch.device) -> Callable[[], None]:
    """What waits for all that the device was given so far, and for nothing that comes later."""
    event = torch.Event(device)
    event.record()
    wait: Callable[[], None] = event.synchronize
    return wait
