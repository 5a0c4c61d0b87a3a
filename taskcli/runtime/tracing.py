"""What flows through the parts of a model while it answers: shapes, arithmetic, time and memory."""

import inspect
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_flop_count, shape_wrapper

from taskcli.runtime.structure import ModuleGroup


@dataclass(frozen=True)
class TensorFacts:
    """One tensor that a module is given, or gives.

    Of an architecture alone an axis is, in words, what its length follows from.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str


@dataclass
class GroupTrace:
    """What was seen of a group; `calls` are those of its first module."""

    group: ModuleGroup
    calls: int = 0
    order: int = -1  # of the first call, among those of all groups
    inputs: list[TensorFacts] = field(default_factory=list)  # of the first call
    outputs: list[TensorFacts] = field(default_factory=list)  # of the first call
    seconds: float = 0.0
    multiply_adds: int = 0
    read: bool = False  # any of its weights, by whatever module
    peak_bytes: int = 0  # of all tensors that were alive at once, beside the weights


def in_order(traces: Iterable[GroupTrace]) -> list[GroupTrace]:
    """As data reached the groups; then those that hold weights which others read."""
    found = [trace for trace in traces if trace.calls or trace.group.parameters]
    return sorted(found, key=lambda trace: (not trace.calls, trace.order))


class Tracer:
    """Watches the groups of a model while it is called, in the thread that calls it.

    `counting` multiply-adds and memory takes longer than the arithmetic of small models: what is
    counted is not to be timed.
    """

    def __init__(self, groups: list[ModuleGroup], counting: "type[Counting] | None" = None) -> None:
        self.traces = [GroupTrace(group) for group in groups]
        self.seconds = 0.0  # of all calls together
        self.multiply_adds = 0
        self._counting = counting
        self._calls = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, in one thread, calls are noted."""
        with ExitStack() as stack:
            counted = stack.enter_context(self._counting()) if self._counting else None
            for trace in self.traces:
                for handle in self._hooked(trace, counted):
                    stack.callback(handle.remove)
            began = time.perf_counter()
            yield
            self.seconds += time.perf_counter() - began
            if counted is not None:
                self.multiply_adds += counted.multiply_adds
                for trace in self.traces:
                    trace.read |= counted.has_read(trace.group.weights)

    def _hooked(self, trace: GroupTrace, counted: "Counting | None") -> Iterator[Any]:
        begun: list[tuple[float, int]] = []

        def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if module is trace.group.modules[0]:
                if not trace.calls:
                    trace.inputs = list(facts_of(named_arguments(module, args, kwargs)))
                    trace.order = self._calls
                trace.calls += 1
                self._calls += 1
            if counted is not None:
                counted.mark()
            begun.append((time.perf_counter(), 0 if counted is None else counted.multiply_adds))

        def after(module: nn.Module, args: tuple[Any, ...], output: object) -> None:
            _synchronise(output)
            since, before = begun.pop()
            trace.seconds += time.perf_counter() - since
            if counted is not None:
                trace.multiply_adds += counted.multiply_adds - before
                trace.peak_bytes = max(trace.peak_bytes, counted.peak)
            if module is trace.group.modules[-1] and trace.calls == 1:
                trace.outputs = list(facts_of(output))

        for module in trace.group.modules:
            yield module.register_forward_pre_hook(before, with_kwargs=True)
            yield module.register_forward_hook(after)


def facts_of(value: object, name: str = "") -> Iterator[TensorFacts]:
    """The tensors in what a module is given or gives, with the names they have there."""
    if isinstance(value, torch.Tensor):
        yield TensorFacts(name, tuple(value.shape), str(value.dtype).removeprefix("torch."))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from facts_of(inner, str(key))
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from facts_of(inner, name)


def named_arguments(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a call, by the names of the parameters."""
    try:
        bound = inspect.signature(module.forward).bind(*args, **kwargs).arguments
    except TypeError:
        return {str(place): value for place, value in enumerate(args)} | kwargs
    spread = {key: value for key, value in bound.items() if key not in ("args", "kwargs")}
    return {**spread, **bound.get("kwargs", {})}


def _synchronise(output: object) -> None:
    """Wait for an accelerator: what it still computes would be counted to the next group."""
    for device in {one.device for one in tensors_of(output)}:
        if device.type not in ("cpu", "meta"):
            torch.accelerator.synchronize(device)


def tensors_of(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors_of(list(value.values()))
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from tensors_of(inner)


def _sdpa_flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))


# Of torch's counter, which does not know the attention of processors. The counter itself also
# follows modules, which fails where a weight is computed from others.
_FLOPS = {
    **flop_registry,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: shape_wrapper(_sdpa_flops),
}


class Counting(TorchDispatchMode):  # type: ignore[misc]  # torch does not type it
    """Multiply-adds, and bytes of the tensors that were made meanwhile and are still held."""

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = 0
        self.peak = 0  # bytes since the last mark
        self._read: set[int] = set()  # storages
        self._held: dict[int, tuple[StorageWeakRef, int]] = {}

    def mark(self) -> None:
        """From here on a new peak counts."""
        self.peak = self._alive()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        count = _FLOPS.get(func._overloadpacket)
        if count is None:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        given = {one.untyped_storage()._cdata for one in tensors_of((args, kwargs))}
        made = func(*args, **kwargs)
        if count is not None:
            self.multiply_adds += count(*args, **kwargs, out_val=made) // 2
        self._read |= given
        self._hold(made, given)
        return made

    def has_read(self, weights: Iterable[nn.Parameter]) -> bool:
        """Whether any arithmetic was given one of them."""
        return any(one.untyped_storage()._cdata in self._read for one in weights)

    def _hold(self, made: object, given: set[int]) -> None:
        for storage in (tensor.untyped_storage() for tensor in tensors_of(made)):
            if storage._cdata not in given:  # else a view, of a weight perhaps
                held = StorageWeakRef(storage)
                self._held[held.cdata] = (held, storage.nbytes())
        self.peak = max(self.peak, self._alive())

    def _alive(self) -> int:
        self._held = {key: one for key, one in self._held.items() if not one[0].expired()}
        return sum(size for _, size in self._held.values())
