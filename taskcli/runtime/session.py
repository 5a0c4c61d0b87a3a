"""A task with its model on a device: the stages as the engine calls them."""

import gc
import sys
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from traceback import clear_frames
from typing import Any, NamedTuple

import torch
from accelerate.utils.memory import should_reduce_batch_size

from taskcli.runtime import accelerators
from taskcli.runtime.contained import contained
from taskcli.runtime.devices import total_memory
from taskcli.runtime.levels import Scaling
from taskcli.runtime.nan_watch import noting_nan, refuse_nan
from taskcli.runtime.one_thread import in_this_thread
from taskcli.runtime.placement import Placement
from taskcli.runtime.read_back import read_back
from taskcli.runtime.staging import staged
from taskcli.task import Batch, Task

_BATCHES_SHARE = 0.25  # of what weights leave of a device's memory, for what a batch keeps there
# Beyond what accelerate knows: what drivers and libraries beneath torch say, as cuBLAS and Intel's.
_OUT_OF_MEMORY = ("out of memory", "status_alloc_failed", "out_of_device_memory")
# Of builds and backends that raise no AcceleratorError: CUDA's and AMD's, Intel's, Ascend's.
_DEVICE_SAYS = (
    "cuda error", "hip error", "device-side assert", "unspecified launch failure", "device lost",
    "device_lost", "npu function error", "uncorrectable ecc",
)  # fmt: skip


class Collated(NamedTuple):
    """A batch, and the parts that it was made of."""

    batch: Batch
    parts: list[Any]


@dataclass(frozen=True)
class Turns:
    """What one thread does at a time with a processor, and with a model."""

    collate: threading.Lock = field(default_factory=threading.Lock)
    compute: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, eq=False)
class Session:
    """Moves batches to the device and runs a task's stages on them, for any number of runs.

    `turns` are taken with the other sessions of the same model.
    """

    task: Task[Any, Any, Any]
    placement: Placement
    model_type: str
    turns: Turns
    scaling: Scaling | None = None  # where pictures come as levels
    # Is open around every call of the model, in the thread that calls it.
    watching: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def affordable(self) -> int:
        """The cost of a batch that the memory of the device bears beside the weights, at least 1.

        From what it has in all, not from what is free: a run that goes on has the same batches.
        """
        each = self.task.bytes_per_cost
        if not each:
            return sys.maxsize
        memory = sum(map(total_memory, self.placement.devices))
        left = memory - self.task.model.get_memory_footprint()
        return max(int(_BATCHES_SHARE * left) // each, 1)

    def plan(self, part: object, padded: bool) -> tuple[int, Hashable]:
        """What padding a part would cost, and what must be equal for parts to share a batch.

        That is their length, too, where the architecture's batches are not to be `padded`.
        """
        with contained():
            cost, key = self.task.cost(part), self.task.batch_key(part)
            return cost, key if padded else (key, self.task.padded_length(part))

    def encode(self, items: list[Any]) -> Iterator[tuple[int, Any]]:
        with contained():
            yield from self.task.encode(items)

    def collate(self, parts: list[Any]) -> "Collated":
        with self.turns.collate, contained():
            batch = self.task.preprocess(parts)
            inputs = staged(batch.inputs, self.placement.device, self.placement.dtype)
            return Collated(replace(batch, inputs=inputs), parts)

    def forward(
        self, collated: "Collated", listener: Callable[[str], None] | None = None
    ) -> Callable[[], tuple[Any, list[Any]]]:
        """Run the model, and begin to read back what it answers and whether that is NaN."""
        batch = replace(collated.batch, listener=listener)
        with (
            self.turns.compute,
            accelerators.current(self.placement.device),
            _letting_go(),
            contained(),
            torch.inference_mode(),
            noting_nan() as nan,
        ):
            batch = replace(batch, inputs=self._on_device(batch.inputs))
            with self.watching():
                outputs = self.task.forward(batch)
            return read_back((outputs, nan))

    def check(self) -> None:
        """Raises RuntimeError where a device does not compute the simplest thing."""
        for device in self.placement.devices:
            accelerators.check(device)

    def read(
        self, computed: Callable[[], tuple[Any, list[Any]]], collated: "Collated", count: int
    ) -> list[Any]:
        """Wait for the answers. Raises InputError where the model answered NaN."""
        with contained(), torch.inference_mode(), in_this_thread():
            outputs, nan = computed()
            refuse_nan(nan)
            return self.task.postprocess(outputs, *collated)

    def fold(self, item: object, results: list[Any]) -> object:
        with contained(), torch.inference_mode():
            return self.task.fold(item, results)

    def latest_text(self, item: object, results: list[Any]) -> str:
        with contained(), torch.inference_mode():
            return self.task.latest_text(item, results)

    def _on_device(self, inputs: Mapping[str, object]) -> Mapping[str, object]:
        device = self.task.model.device  # found among the parameters at every access
        moved = {name: self._moved(value, device) for name, value in inputs.items()}
        if self.scaling is None:
            return moved
        numbers = self.scaling.numbers(moved)
        return {name: self._moved(value, device) for name, value in numbers.items()}

    def _moved(self, value: object, device: torch.device) -> object:
        if not isinstance(value, torch.Tensor):
            return value
        dtype = self.placement.dtype if value.is_floating_point() else None
        return value.to(device, dtype, non_blocking=True)

    @property
    def rate(self) -> int:
        """Samples a second that the checkpoint wants."""
        extractor = getattr(self.task.processor, "feature_extractor", self.task.processor)
        return int(getattr(extractor, "sampling_rate", 16_000))

    @property
    def final_newline(self) -> bool:
        return self.task.final_newline

    @property
    def picture_side(self) -> int | None:
        """Pixels that an image's shorter side needs at least, where its size is fixed."""
        if self.task.in_parts:
            return None
        size = getattr(self.task.processor, "size", None)
        if not size or not getattr(self.task.processor, "do_resize", True):
            return getattr(self.task, "longest_side", None)
        sides = [size.get(name) for name in ("height", "width", "shortest_edge")]
        known = [side for side in sides if side]
        crop = getattr(self.task.processor, "crop_pct", None) or 1.0
        return int(max(known) / crop) if known else None


@contextmanager
def _letting_go() -> Iterator[None]:
    """Keep no tensor of a batch that was too large: its failure's frames would, and its halves
    and other inputs need the memory."""
    try:
        yield
    except Exception as failure:
        if is_out_of_memory(failure):
            clear_frames(failure.__traceback__)
            gc.collect()
        raise


def is_out_of_memory(failure: Exception) -> bool:
    if isinstance(failure, MemoryError | torch.OutOfMemoryError) or should_reduce_batch_size(
        failure
    ):
        return True
    return isinstance(failure, RuntimeError) and any(
        sign in str(failure).lower() for sign in _OUT_OF_MEMORY
    )


def is_device_error(failure: Exception) -> bool:
    """Whether the device may be to blame, and not what it was given."""
    if not isinstance(failure, RuntimeError) or is_out_of_memory(failure):
        return False
    told = str(failure).lower()
    return isinstance(failure, torch.AcceleratorError) or any(sign in told for sign in _DEVICE_SAYS)
