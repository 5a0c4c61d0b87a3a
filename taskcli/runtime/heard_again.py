"""Sounds that a model is asked about once more: changed, or for what its answer hangs on."""

from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn

from taskcli.runtime.capture import array
from taskcli.runtime.tracing import tensors_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from taskcli.task import Task

    Array: TypeAlias = npt.NDArray[np.float32]


def logits_of(task: "Task[Any, Any, Any]", part: object) -> torch.Tensor:
    """[labels] of one part of an input, on the host."""
    logits: torch.Tensor = task.model(**_inputs(task, part)).logits
    return logits[0].float().cpu()


def gradient_times_input(
    task: "Task[Any, Any, Any]", part: object, path: str, label: int
) -> "Array":
    """By how much each vector [moments] that a module gives pulls the label's logit up or down.

    `path` names the module, whose first tensor is [1, moments, width]: of each vector the product
    with its gradient, summed over its width.
    """
    kept: list[torch.Tensor] = []

    def keep(module: nn.Module, args: object, output: Any) -> Any:
        kept.append(next(tensors_of(output)).detach().clone().requires_grad_())
        first = kept[0].clone()  # modules behind may write into what they are given
        return first if isinstance(output, torch.Tensor) else (first, *output[1:])

    hook = task.model.get_submodule(path).register_forward_hook(keep)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            logits = task.model(**_inputs(task, part)).logits
            (slope,) = torch.autograd.grad(logits[0, label], kept[0])
            return array((slope * kept[0]).sum(-1)[0])
    finally:
        hook.remove()


def _inputs(task: "Task[Any, Any, Any]", part: object) -> dict[str, Any]:
    """What the model is given of a part, where it lies and in its dtype."""
    model = task.model

    def moved(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return value.to(model.device, model.dtype if value.is_floating_point() else None)

    return {name: moved(value) for name, value in task.preprocess([part]).inputs.items()}
