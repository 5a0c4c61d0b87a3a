"""A stand-in accelerator: a device that computes on the processor and behaves like a GPU.

`present()` gives torch a device "standin" (two of them: standin:0 and standin:1), made of PyTorch's
own slot for foreign backends. Its tensors wrap hidden tensors of the processor. What a GPU refuses,
it refuses: tensors of two devices in one operation, numpy() on the device, dtypes that it lacks,
more memory than it has. Copies that do not block wait all the same where they come from memory of
the host that is not pinned, and are counted. What a GPU leaves unfinished is unfinished: a copy to
the host that does not block holds rubbish until something waits for the device, and every wait is
counted. One that is `lost` says so at everything that it is asked.
"""

import math
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

import torch
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

NAME = "standin"
COUNT = 2
_RUBBISH = 7  # below the largest integer, so that it is an index of nothing

# Copies may cross from device to device.
_COPIES = {"aten::copy_", "aten::_copy_from"}
_MAY_CROSS = _COPIES | {"aten::_to_copy", "aten::to", "aten::copy"}
# A number of the host, a tensor without dimensions, may join a pointwise operation on a GPU. These
# are pointwise in their kernels too, although PyTorch does not tag them so.
_NUMBERS_MAY_JOIN = {
    "aten::where", "aten::masked_fill", "aten::masked_fill_", "aten::lerp", "aten::fill",
    "aten::fill_", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", *_COPIES,
}  # fmt: skip
# The indices of an indexed tensor may lie on the host.
_INDEXING = {
    "aten::index", "aten::_unsafe_index", "aten::index_put", "aten::index_put_",
    "aten::_index_put_impl_",
}  # fmt: skip
# What gives the host a number, or a size that hangs on values, waits for the device.
_WAITING = {
    "aten::_local_scalar_dense", "aten::item", "aten::equal", "aten::is_nonzero", "aten::nonzero",
    "aten::masked_select", "aten::_unique2", "aten::unique_dim", "aten::unique_consecutive",
    "aten::bincount",
}  # fmt: skip
_NOT_MADE = ("sparse", "quantized", "cudnn", "mkldnn", "nested", "from_file", "_dep_token")


Copy = tuple[torch.Tensor, torch.Tensor, int]  # of the host, its values, whence they come


class State:
    """What the devices have, and what they did."""

    def __init__(self) -> None:
        self.is_present = False
        self.missing_dtypes: frozenset[torch.dtype] = frozenset()
        self.bytes = math.inf  # that each has
        self.used = [0] * COUNT
        self.peak = 0  # of one of them
        self.holders: Counter[int] = Counter()  # of each storage: how many tensors lie in it
        self.here = threading.local()  # `index` of the current one, which each thread has its own
        self.lost: dict[int, str] = {}  # those that compute nothing any more, and what they say
        self.arriving: list[Copy] = []
        self.waits: Counter[str] = Counter()
        self.pageable = 0  # copies to the device, not to block, from memory that is not pinned
        self.on_wait: Callable[[str], None] = lambda reason: None
        self.lock = threading.RLock()


state = State()


class StandIn(torch.Tensor):
    """A tensor on the stand-in; `inner` holds its values on the processor."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor, index: int) -> "StandIn":
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, index),
        )

    def __init__(self, inner: torch.Tensor, index: int) -> None:
        self.inner = inner

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})

    def __repr__(self, **_: Any) -> str:
        return f"StandIn({self.inner!r}, device='{self.device}')"

    def __deepcopy__(self, memo: Any) -> "StandIn":
        return _wrapped(self.inner.clone(), self.device.index)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.numpy()

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. "
            "Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def tolist(self) -> Any:  # which PyTorch refuses for every subclass
        return self.cpu().tolist()

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def pin_memory(self, *args: Any) -> Any:
        raise RuntimeError(f"cannot pin '{self.type()}': only dense CPU tensors can be pinned")

    def is_pinned(self, *args: Any) -> bool:
        return False


def _wrapped(inner: Any, index: int) -> Any:
    if not isinstance(inner, torch.Tensor) or isinstance(inner, StandIn):
        return inner
    if inner.dtype in state.missing_dtypes:
        raise TypeError(f"{NAME} has no {inner.dtype}")
    _account(inner, index)
    # A view of a weight stays an ordinary tensor in inference mode; so must what wraps it.
    with torch.inference_mode(inner.is_inference()):
        return StandIn(inner, index)


# Memory


def _account(inner: torch.Tensor, index: int) -> None:
    """Count each storage once, until its last tensor is gone."""
    if math.isinf(state.bytes):
        return
    storage = inner.untyped_storage()
    key, size = storage._cdata, storage.nbytes()
    used, holders = state.used, state.holders
    with state.lock:
        if not holders[key]:
            if used[index] + size > state.bytes:
                raise torch.OutOfMemoryError(
                    f"{NAME} out of memory. Tried to allocate {size} bytes on {NAME}:{index}; "
                    f"{used[index]} of {state.bytes} are in use"
                )
            used[index] += size
            state.peak = max(state.peak, used[index])
        holders[key] += 1
    weakref.finalize(inner, _release, key, size, used, holders, index)


def _release(key: int, size: int, used: list[int], holders: Counter[int], index: int) -> None:
    with state.lock:
        holders[key] -= 1
        if not holders[key]:
            del holders[key]
            used[index] -= size


# Waiting


def _wait(reason: str, index: int) -> None:
    """Let every copy arrive that is under way from a device."""
    _count_wait(reason)
    with state.lock:
        due = [copy for copy in state.arriving if copy[2] == index]
        state.arriving = [copy for copy in state.arriving if copy[2] != index]
        _arrive(due)  # before another thread that waits for the same finds it gone


def _count_wait(reason: str) -> None:
    state.waits[reason] += 1
    state.on_wait(reason)


def _arrive(copies: list[Copy]) -> None:
    for target, values, _ in copies:
        target.copy_(values)


def _begin_copy(target: torch.Tensor, index: int) -> None:
    """Leave rubbish in a host tensor until something waits."""
    values = target.clone()
    if target.is_floating_point() or target.is_complex():
        target.fill_(math.nan)
    elif target.dtype is torch.bool:
        target.logical_not_()
    else:
        target.fill_(torch.iinfo(target.dtype).max - _RUBBISH)
    with state.lock:
        state.arriving.append((target, values, index))


class _Event(torch.Event):
    """Of the stand-in it waits for the copies that were begun before it was recorded."""

    def record(self, stream: Any = None) -> None:
        if self.device.type != NAME:
            super().record(*[stream] * (stream is not None))
            return
        with state.lock:
            index = _index(self.device)
            self.awaited = [copy for copy in state.arriving if copy[2] == index]

    def synchronize(self) -> None:
        if self.device.type != NAME:
            super().synchronize()
            return
        _refuse_lost(_index(self.device))
        _count_wait("event")
        ours = {id(copy[0]) for copy in self.awaited}
        with state.lock:
            due = [copy for copy in state.arriving if id(copy[0]) in ours]
            state.arriving = [copy for copy in state.arriving if id(copy[0]) not in ours]
            _arrive(due)


class _Generator(torch.Generator):
    """Draws for the stand-in what it would for the processor."""

    def __new__(cls, device: Any = "cpu") -> "_Generator":
        on_standin = torch.device(device).type == NAME
        return super().__new__(cls, "cpu" if on_standin else device)  # type: ignore[call-arg]


# Operations


def _computed(func: Any, args: Any, kwargs: Any) -> Any:
    """Run one operation on the hidden tensors."""
    if func._can_decompose():
        result = func.decompose(*args, **kwargs)
        if result is not NotImplemented:
            return result
    name = func._schema.name
    ours = [one for one in tree_leaves((args, kwargs)) if isinstance(one, StandIn)]
    where = ours[0].device if name in _MAY_CROSS else _common_device(func, args, kwargs)
    for one in {tensor.device.index for tensor in ours}:
        _refuse_lost(one)
    if name in _WAITING or (name in _INDEXING and _has_mask(args[1])):
        _wait(name, ours[0].device.index)
    if name in _COPIES:
        target, source = args[1::-1] if name == "aten::_copy_from" else args[:2]
        return _copied(target, source, *args[2:], **kwargs)
    kwargs = {name: value for name, value in kwargs.items() if name != "pin_memory"}
    target = torch.device(kwargs.get("device") or where)
    if kwargs.get("device") is not None:
        kwargs["device"] = torch.device("cpu")
    inner_args, inner_kwargs = tree_map_only(StandIn, lambda one: one.inner, (args, kwargs))
    result = func(*inner_args, **inner_kwargs)
    if target.type != NAME:
        return _brought(result, ours, bool(kwargs.get("non_blocking")))
    given = {id(one.inner): one for one in ours}
    return tree_map_only(torch.Tensor, partial(_own, func, given, _index(target)), result)


def _own(func: Any, given: dict[int, StandIn], index: int, result: torch.Tensor) -> torch.Tensor:
    """A result's wrapper: that of the argument which was changed in place, or a new one."""
    known = given.get(id(result))
    if known is None:
        return _wrapped(result, index)
    if known.size() != result.size():
        raise NotImplementedError(f"{func} changes the shape of a tensor in place")
    return known


def _index(device: Any) -> int:
    index = None if device is None else torch.device(device).index
    return _current() if index is None else index


def _current() -> int:
    return getattr(state.here, "index", 0)


def _refuse_lost(index: int) -> None:
    if index in state.lost:
        raise RuntimeError(state.lost[index])


def _common_device(func: Any, args: Any, kwargs: Any) -> torch.device:
    """The device that an operation runs on. Raises as CUDA does where there are several."""
    tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
    if func._schema.name in _INDEXING:
        indices = [one for one in args[1] if isinstance(one, torch.Tensor)]
        _refuse_far_indices(args[0], indices)
        tensors = [one for one in tensors if not any(one is index for index in indices)]
    joins = torch.Tag.pointwise in func.tags or func._schema.name in _NUMBERS_MAY_JOIN
    devices = {
        one.device for one in tensors if isinstance(one, StandIn) or not (joins and one.dim() == 0)
    }
    if len(devices) > 1:
        found = " and ".join(sorted(map(str, devices)))
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{found}! (when checking arguments of {func})"
        )
    return devices.pop()


def _refuse_far_indices(indexed: torch.Tensor, indices: list[torch.Tensor]) -> None:
    for index in indices:
        if index.device not in (indexed.device, torch.device("cpu")):
            raise RuntimeError(
                "indices should be either on cpu or on the same device as the indexed tensor "
                f"({indexed.device}), but found {index.device}"
            )


def _has_mask(indices: Any) -> bool:
    return any(isinstance(one, StandIn) and one.dtype is torch.bool for one in indices)


def _brought(result: torch.Tensor, ours: list[StandIn], non_blocking: bool) -> torch.Tensor:
    """A copy on the host, which never shares memory with the device."""
    shared = {one.inner.untyped_storage()._cdata for one in ours}
    result = result.clone() if result.untyped_storage()._cdata in shared else result
    if non_blocking:
        _begin_copy(result, ours[0].device.index)
    else:
        _wait("copy to host", ours[0].device.index)
    return result


def _copied(target: torch.Tensor, source: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    """Copy `source` into `target`; either may lie on the host."""
    to, of = (one.inner if isinstance(one, StandIn) else one for one in (target, source))
    to.copy_(of)
    if non_blocking and not isinstance(source, StandIn):
        state.pageable += not hasattr(source, "is_in_pinned_memory")
    if not isinstance(target, StandIn):
        if non_blocking:
            _begin_copy(to, source.device.index)
        else:
            _wait("copy to host", source.device.index)
    return target


def _pinned(tensor: torch.Tensor, *_: Any) -> torch.Tensor:
    copy = tensor.clone()
    copy.is_in_pinned_memory = True
    return copy


def _made(func: Any, *args: Any, **kwargs: Any) -> Any:
    """What reaches the backend without a wrapper: factories, and copies inside torch.tensor()."""
    if any(isinstance(one, StandIn) for one in tree_leaves((args, kwargs))):
        return _computed(func, args, kwargs)
    index = _index(kwargs.get("device"))
    _refuse_lost(index)
    kwargs = {**kwargs, "device": torch.device("cpu")}
    kwargs.pop("pin_memory", None)
    return _wrapped(func(*args, **kwargs), index)


def _factories() -> Iterator[tuple[str, Any]]:
    """Operations that make a tensor from none.

    Most would make an empty one and resize it, which a wrapper cannot follow.
    """
    for full in torch._C._dispatch_get_all_op_names():
        space, _, rest = full.partition("::")
        if space != "aten" or any(word in rest for word in _NOT_MADE):
            continue
        name, _, overload = rest.partition(".")
        func = getattr(getattr(torch.ops.aten, name, None), overload or "default", None)
        if func is not None and _makes_tensor(func._schema):
            yield rest, func


def _makes_tensor(schema: Any) -> bool:
    makes = [str(one.type) for one in schema.returns] == ["Tensor"]
    takes = any("Tensor" in str(one.type) for one in schema.arguments)
    return makes and not takes and any(one.name == "device" for one in schema.arguments)


# The device


class _Module(_DummyBackendModule):
    """What torch.standin answers."""

    def is_available(self) -> bool:
        return state.is_present

    def device_count(self) -> int:
        return COUNT if state.is_present else 0

    def current_device(self) -> int:
        return _current()

    def set_device(self, device: Any) -> None:
        state.here.index = device if isinstance(device, int) else _index(device)

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        before = _current()
        self.set_device(device)
        try:
            yield
        finally:
            self.set_device(before)

    def get_device_name(self, device: Any = None) -> str:
        return "Stand-in"

    def synchronize(self, device: Any = None) -> None:
        _wait("synchronize", _index(device))

    def manual_seed(self, seed: int) -> None: ...
    def empty_cache(self) -> None: ...

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.float16, torch.bfloat16]

    def is_bf16_supported(self) -> bool:
        return torch.bfloat16 not in state.missing_dtypes

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        total = 2**34 if math.isinf(state.bytes) else int(state.bytes)
        return total - state.used[_index(device)], total


class _Hooks(torch._C._acc.PrivateUse1Hooks):
    def is_available(self) -> bool:
        return state.is_present

    def has_primary_context(self, index: int) -> bool:
        return True

    def is_built(self) -> bool:
        return True


_libraries: list[torch.library.Library] = []


def _install() -> None:
    """Once in a process; torch cannot forget a backend, but finds none while it is not present."""
    if _libraries:
        return
    _setup_privateuseone_for_python_backend(NAME, backend_module=_Module(), hook=_Hooks())
    everything = torch.library.Library("_", "IMPL")
    everything.fallback(_made, "PrivateUse1")
    making = torch.library.Library("aten", "IMPL")
    for name, func in _factories():
        making.impl(name, partial(_made, func), "PrivateUse1")
    making.impl("_copy_from", partial(_made, torch.ops.aten._copy_from.default), "PrivateUse1")
    _libraries.extend([everything, making])
    found = torch.accelerator.current_accelerator
    torch.accelerator.current_accelerator = lambda check_available=False: (
        found(check_available) if state.is_present else None
    )


@contextmanager
def present() -> Iterator[State]:
    """Two devices, as good as new."""
    _install()
    fresh = {name: value for name, value in vars(State()).items() if name != "lock"}
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)  # tied weights stay tied
    try:
        # What the slot for foreign backends cannot be told from Python.
        with (
            mock.patch.object(torch, "Event", _Event),
            mock.patch.object(torch, "Generator", _Generator),
            mock.patch.object(torch.Tensor, "pin_memory", _pinned),
            mock.patch.object(
                torch.accelerator, "synchronize", lambda *_: _wait("synchronize", _current())
            ),
            mock.patch.multiple(state, **{**fresh, "is_present": True}),
        ):
            yield state
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swaps)
