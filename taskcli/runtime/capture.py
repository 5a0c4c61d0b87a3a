"""What the modules of a model were given and gave, kept as numbers on the host."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import nn

from taskcli.runtime.tracing import named_arguments, tensors_of
from taskcli.runtime.writing import Writing

if TYPE_CHECKING:
    import numpy.typing as npt
    from transformers import PreTrainedModel

    Array: TypeAlias = npt.NDArray[np.float32]

_EAGER = "eager"  # transformers' name of attention that is written out, and gives its weights
_TOLERANCE = 1e-3  # rows of weights sum to one
_MOST_OF_HEADS = 10_000_000  # numbers of one call; of more, the mean of the heads is kept
_MOST_BYTES = 1 << 30  # of all weights of attention; later calls of a long input are not kept


@dataclass(frozen=True)
class Call:
    """One call of a module: its arguments by name, and the tensors it gave, in order."""

    inputs: "Mapping[str, Array]"
    outputs: "Sequence[Array]"


class Capture:
    """Keeps the calls of modules whose path matches any of `wanted`, and how a text was written.

    And all weights of `attention`, but those of single queries, as a writer has one at each step:
    it is computed as written out while this watches, for fused kernels return no weights. The
    numbers differ by rounding alone. Of very many weights the mean of the heads is kept, as if
    there were one; and of very long inputs the first calls.
    """

    def __init__(
        self, model: "PreTrainedModel", wanted: Sequence[str], attention: bool = True
    ) -> None:
        self.calls: defaultdict[str, list[Call]] = defaultdict(list)
        self.attention: defaultdict[str, list[Array]] = defaultdict(list)
        self.writing = Writing(model)
        self._model = model
        self._wanted = wanted
        self._attends = attention
        self._bytes = 0
        self._last: torch.Tensor | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, in one thread, calls are kept."""
        with ExitStack() as stack:
            stack.enter_context(self.writing.watching())
            if self._attends:
                stack.enter_context(written_out(self._model))
                stack.enter_context(_asked_for_weights(self._model))
            for path, module in self._model.named_modules():
                for handle in self._hooked(path, module):
                    stack.callback(handle.remove)
            yield

    def _hooked(self, path: str, module: nn.Module) -> Iterator[Any]:
        if any(fnmatchcase(path, pattern) for pattern in self._wanted):
            yield module.register_forward_hook(self._keep(path), with_kwargs=True)
        if self._attends and "attention" in type(module).__name__.lower():
            yield module.register_forward_hook(self._keep_weights(path))

    def _keep(self, path: str) -> Any:
        def keep(module: nn.Module, args: Any, kwargs: dict[str, Any], output: object) -> None:
            given = named_arguments(module, args, kwargs)
            tensors = {name: one for name, one in given.items() if isinstance(one, torch.Tensor)}
            inputs = {name: array(tensor) for name, tensor in tensors.items()}
            self.calls[path].append(Call(inputs, [array(one) for one in tensors_of(output)]))

        return keep

    def _keep_weights(self, path: str) -> Any:
        def keep(module: nn.Module, args: Any, output: object) -> None:
            weights = next(filter(_are_weights, tensors_of(output)), None)
            if weights is not None and weights is not self._last:  # a module around another's
                self._last = weights
                self._keep_some(path, weights)

        return keep

    def _keep_some(self, path: str, weights: torch.Tensor) -> None:
        if self._bytes < _MOST_BYTES:
            many = weights.numel() > _MOST_OF_HEADS
            kept = array(weights.mean(1, keepdim=True) if many else weights)
            self.attention[path].append(kept)
            self._bytes += kept.nbytes


def array(tensor: torch.Tensor) -> "Array":
    """A copy, for modules behind may write into what they are given."""
    copied: Array = tensor.detach().to("cpu", torch.float32, copy=True).numpy()
    return copied


def _are_weights(tensor: torch.Tensor) -> bool:
    """Whether these are [rows, heads, queries, keys], of several queries; every row sums to one."""
    if tensor.ndim != 4 or not tensor.is_floating_point() or not tensor.numel():
        return False
    if tensor.shape[-2] == 1 < tensor.shape[-1]:
        return False
    sums = tensor.sum(-1, dtype=torch.float32)
    # Each weight was rounded to the dtype, by half of its eps at most.
    tolerance = max(_TOLERANCE, torch.finfo(tensor.dtype).eps)
    return bool(((sums - 1).abs() < tolerance).all() and (tensor >= 0).all())


@contextmanager
def written_out(model: "PreTrainedModel") -> Iterator[None]:
    """While this is open, attention gives its weights."""
    configs = {id(one.config): one.config for one in _with_config(model.modules())}
    before = {key: config._attn_implementation for key, config in configs.items()}
    try:
        for config in configs.values():
            config._attn_implementation = _EAGER
        yield
    finally:
        for key, config in configs.items():
            config._attn_implementation = before[key]


@contextmanager
def _asked_for_weights(model: "PreTrainedModel") -> Iterator[None]:
    """Readers of texts such as DeBERTa give weights where a call asks for them alone."""
    known = inspect.signature(model.forward).parameters
    asked = {"output_attentions", "input_ids"} <= known.keys() and not model.can_generate()

    def ask(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "output_attentions": True} if asked else kwargs

    handle = model.register_forward_pre_hook(ask, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _with_config(modules: Iterable[nn.Module]) -> Iterator[Any]:
    for module in modules:
        if hasattr(getattr(module, "config", None), "_attn_implementation"):
            yield module
