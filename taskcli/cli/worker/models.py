"""The models that are kept loaded: never one whose files have changed, never more than fit."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskcli.api.opening import Placed, load_model
from taskcli.checkpoints.registry import Checkpoint, weight_bytes
from taskcli.config.options import RunOptions
from taskcli.task import Task

if TYPE_CHECKING:
    import torch

    from taskcli.runtime.loaded import LoadedModel
    from taskcli.runtime.placement import Placement

_SHARE = 0.5  # of a device's memory, for all that is kept there
Key = tuple[object, ...]
Files = tuple[tuple[object, ...], ...]


@dataclass
class KeptModel:
    loaded: "LoadedModel"
    checkpoint: Checkpoint
    files: Files
    bytes: int
    calls: int = 1
    used: float = field(default_factory=time.time)  # seconds since 1970

    @property
    def devices(self) -> "tuple[torch.device, ...]":
        return self.loaded.placement.devices

    def plain(self) -> dict[str, object]:
        """What `taskcli worker status` tells of it."""
        return {
            "task": self.loaded.task.name,
            "model": self.checkpoint.name,
            "revision": self.checkpoint.revision,
            "helpers": [one.name for one in self.checkpoint.each[1:]],
            "device": self.loaded.placement.device_name,
            "dtype": self.loaded.placement.dtype_name,
            "bytes": self.bytes,
            "calls": self.calls,
            "used": self.used,
        }


class KeptModels:
    """Loads models, and keeps them until the memory is wanted for others."""

    def __init__(self) -> None:
        self._kept: dict[Key, KeptModel] = {}  # the one used last stands last
        self._lock = threading.Lock()

    def load(
        self,
        task: type[Task[Any, Any, Any]],
        checkpoint: Checkpoint,
        how: RunOptions,
        placed: Placed,
    ) -> "LoadedModel":
        """As `load_model`; a model that was loaded the same way, from the same files, is given."""
        key = (
            task, *_known(checkpoint), how.device, how.devices, how.dtype,
        )  # fmt: skip
        files = files_of(checkpoint)
        kept = self._taken(key)
        if kept is not None and kept.files == files:
            kept.calls, kept.used = kept.calls + 1, time.time()
            placed(kept.loaded.placement)
        else:
            kept = None  # so that both are never there
            kept = self._loaded(task, checkpoint, how, placed, files)
            # What changed while it was read may be half of each.
            if files_of(checkpoint) != files or kept.bytes > _room(kept.devices):
                return kept.loaded
        with self._lock:
            self._kept[key] = kept
        return kept.loaded

    def plain(self) -> list[dict[str, object]]:
        with self._lock:
            return [kept.plain() for kept in self._kept.values()]

    def _taken(self, key: Key) -> KeptModel | None:
        with self._lock:
            return self._kept.pop(key, None)

    def _loaded(
        self,
        task: type[Task[Any, Any, Any]],
        checkpoint: Checkpoint,
        how: RunOptions,
        placed: Placed,
        files: Files,
    ) -> KeptModel:
        needed = sum(weight_bytes(folder_of(one)) for one in checkpoint.each)

        def making_room(placement: "Placement") -> None:
            self._make_room(placement.devices, needed * len(placement.each))
            placed(placement)

        loaded = load_model(task, checkpoint, how, making_room)
        models = [model for one in loaded.each for model in one.models]
        size = sum(int(model.get_memory_footprint()) for model in models)
        return KeptModel(loaded, checkpoint, files, size)

    def _make_room(self, devices: "Iterable[torch.device]", needed: int) -> None:
        """Let go of models on these devices, the one that was used longest ago first."""
        devices = set(devices)
        while (there := self._on(devices)) and not _fits(devices, there, needed):
            with self._lock:
                del self._kept[min(there, key=lambda key: there[key].used)]
            there.clear()
            _give_back(devices)

    def _on(self, devices: "set[torch.device]") -> dict[Key, KeptModel]:
        with self._lock:
            return {key: one for key, one in self._kept.items() if devices & set(one.devices)}


def _known(checkpoint: Checkpoint) -> Iterator[Key]:
    for one in checkpoint.each:
        yield one.name, one.revision, folder_of(one)


def folder_of(checkpoint: Checkpoint) -> Path:
    assert checkpoint.folder is not None, "fetch the checkpoint first"
    return checkpoint.folder.resolve()


def files_of(checkpoint: Checkpoint) -> Files:
    """What each file of a checkpoint, and of its helper, is.

    Another one under its name is another, so is a later.
    """
    return tuple(file for one in checkpoint.each for file in _files_in(folder_of(one)))


def _files_in(folder: Path) -> Iterator[tuple[object, ...]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            one = path.stat(follow_symlinks=path.exists())
            times = one.st_mtime_ns, one.st_ctime_ns
            yield str(path), one.st_dev, one.st_ino, one.st_size, *times


def _room(devices: "Iterable[torch.device]") -> int:
    from taskcli.runtime.devices import total_memory

    return int(_SHARE * sum(map(total_memory, devices)))


def _fits(devices: "set[torch.device]", there: dict[Key, KeptModel], needed: int) -> bool:
    import psutil

    kept = sum(one.bytes for one in there.values())
    free = psutil.virtual_memory().available
    if needed > free and all(device.type == "cpu" for device in devices):
        return False
    return kept + needed <= _room(devices)


def _give_back(devices: "Iterable[torch.device]") -> None:
    import gc

    from taskcli.runtime import accelerators

    gc.collect()
    for device in devices:
        accelerators.give_back(device)
