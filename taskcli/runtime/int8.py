"""Linear layers in int8, by the kernels of oneDNN that torch has on processors.

Each row of what comes in (a token, a patch) has a scale of its own, so that an answer does not
depend on what else is in its batch.
"""

import inspect
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from taskcli.errors import UsageError
from taskcli.runtime.precision import heads_of
from taskcli.task import Task

_LEVELS = 255  # of inputs
# Of weights, on either side of zero. Without VNNI two products are summed in 16 bits, which 255 x
# 127 overflows: one bit less is taken of weights, whose outliers are fewer.
_WEIGHT_LEVELS, _WEIGHT_LEVELS_WITHOUT_VNNI = 127, 63
_TINY = torch.finfo(torch.float32).tiny  # the least scale, for rows and weights of one value
_KINDS = (nn.Linear, Conv1D)


class Int8Linear(nn.Module):  # type: ignore[misc]
    """A linear layer of int8 weights, one scale for each output, and float32 around it.

    Takes [..., in] and gives [..., out]. `weight` has shape and dtype of what was there, for models
    that look at these, and no values.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """`weight` is [out, in]."""
        super().__init__()
        has_vnni = torch.cpu._is_vnni_supported()
        levels = _WEIGHT_LEVELS if has_vnni else _WEIGHT_LEVELS_WITHOUT_VNNI
        scales = (weight.abs().amax(1) / levels).clamp_min(_TINY)
        rounded = (weight / scales[:, None]).round().to(torch.int8)
        self.weight = torch.empty_like(weight, device="meta")
        self.packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        self.scales, self.sums = scales, rounded.sum(1) * scales
        self.zeros = torch.zeros(len(weight), dtype=torch.int32)
        self.bias = weight.new_zeros(len(weight)) if bias is None else bias.detach()

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        rows = values.reshape(-1, values.shape[-1])
        least, most = rows.aminmax(dim=-1, keepdim=True)
        scale = ((most - least) / _LEVELS).clamp_min(_TINY)
        steps = ((rows - least) / scale).round_().to(torch.uint8)
        # rows = least + scale x steps, so its product with the weights is that of both summands.
        products = torch.addcmul(self.bias, least, self.sums).addcmul_(self._product(steps), scale)
        return products.reshape(*values.shape[:-1], -1)

    def _product(self, steps: torch.Tensor) -> torch.Tensor:
        """float32 [rows, out] of uint8 [rows, in], each output by the scale of its weights."""
        inputs = (steps, 1.0, 0)  # with their scale and zero point
        weights = (self.packed, self.scales, self.zeros)
        product: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
            *inputs, *weights, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return product


def quantize(model: PreTrainedModel, task: type[Task[Any, Any, Any]]) -> None:
    """Put the linear layers of a float32 model into int8, all but the task's heads.

    Those stay float32 whose weights something else uses, such as token embeddings, or reads. Raises
    UsageError where none is left.
    """
    places = list(
        _places(model, {part for head in heads_of(model, task) for part in head.modules()})
    )
    if not places:
        raise UsageError(
            f"--dtype int8: {model.config.model_type} has no linear layers for it",
            "leave --dtype out",
        )
    for parent, name in places:
        layer = getattr(parent, name)
        weight = layer.weight.detach()
        rows = weight.T.contiguous() if isinstance(layer, Conv1D) else weight
        setattr(parent, name, Int8Linear(rows, layer.bias))


def _places(model: PreTrainedModel, heads: set[nn.Module]) -> Iterator[tuple[nn.Module, str]]:
    """Where a layer may be replaced: its parent, and its name there."""
    users = Counter(
        id(weight) for module in model.modules() for weight in module.parameters(recurse=False)
    )
    float32 = set(model._keep_in_fp32_modules or ())
    for parent in model.modules():
        for name, child in parent.named_children():
            if (
                type(child) in _KINDS
                and child not in heads
                and users[id(child.weight)] == 1
                and name not in float32
                and not _reads_weight(parent, name)
            ):
                yield parent, name


def _reads_weight(parent: nn.Module, name: str) -> bool:
    """Whether the code of `parent` takes the weight of its child, beyond its kind: WavLM's does."""
    if isinstance(parent, (nn.ModuleList, nn.Sequential, nn.ModuleDict)):
        return False
    source = inspect.getsource(type(parent))
    return re.search(rf"\b{name}\.weight\b(?!\.(dtype|device))", source) is not None
