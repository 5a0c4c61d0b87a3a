"""What each token of a text has to do with a score: by its gradient, and by taking it away."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import nn

from taskcli.runtime.capture import array

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from taskcli.runtime.capture import Array

# From what a model answers to scores [rows, targets].
Score: TypeAlias = Callable[[Any], torch.Tensor]
Inputs: TypeAlias = Mapping[str, torch.Tensor]

_AT_ONCE = 4_096  # tokens that go through the model together


def gradient_times_input(model: "PreTrainedModel", inputs: Inputs, score: Score) -> "Array | None":
    """For each target and token of one row: the sum of its vector times the gradient there.

    [targets, tokens], padding included. The vectors are those that the model's own table gives;
    where a decoder reads the same tokens, one place later, both count. None for a model that reads
    its tokens in another way, or whose arithmetic has no gradients.
    """
    with torch.inference_mode(mode=False), torch.enable_grad(), _frozen(model):
        given = {name: one.to(model.device, copy=True) for name, one in inputs.items()}
        try:
            with _vectors(model) as read:
                (targets,) = score(model(**given))
            kept = list(_aligned(read, given["input_ids"]))
            return array(torch.stack(_products(targets, kept))) if kept else None
        except (RuntimeError, AssertionError):  # of kernels for answers alone, and of Reformer
            return None


_Read: TypeAlias = list[tuple[torch.Tensor, torch.Tensor]]  # ids, and their vectors, of each call
_Kept: TypeAlias = list[tuple[torch.Tensor, int, int]]  # vectors, how many are moved, how many are


def _products(targets: torch.Tensor, kept: _Kept) -> list[torch.Tensor]:
    """Of each target [tokens]."""
    vectors = [one for one, _, _ in kept]
    found = []
    for target in targets:
        gradients = torch.autograd.grad(target, vectors, retain_graph=True, allow_unused=True)
        total = torch.zeros(kept[0][2], dtype=torch.float32, device=targets.device)
        for (one, moved, length), gradient in zip(kept, gradients, strict=True):
            if gradient is not None:
                product = (gradient.float() * one.detach().float()).sum(-1).flatten()
                total[: length - moved] += product[moved:length].to(total.device)
        found.append(total)
    return found


def _aligned(read: _Read, ids: torch.Tensor) -> "Iterator[tuple[torch.Tensor, int, int]]":
    """Calls with the row's tokens, or with these one place later; a few may be added behind."""
    row = ids.flatten().tolist()
    length = len(row)
    for given, vectors in read:
        called = given.flatten().tolist()
        if called[:length] == row:
            yield vectors, 0, length
        elif len(called) >= length > 1 and called[1:length] == row[:-1]:
            yield vectors, 1, length


@contextmanager
def _vectors(model: "PreTrainedModel") -> Iterator[_Read]:
    """While this is open, what the table of tokens gives is noted, and gradients end there."""
    read: _Read = []

    def note(module: nn.Module, args: tuple[Any, ...], output: object) -> object:
        if not args or not isinstance(output, torch.Tensor):
            return output
        vectors = output.detach().clone().requires_grad_()
        read.append((args[0], vectors))
        return vectors

    with ExitStack() as stack:
        for table in _tables(model):
            stack.callback(table.register_forward_hook(note).remove)
        yield read


def _tables(model: "PreTrainedModel") -> list[nn.Module]:
    """The model's table of token vectors, wherever it stands: an encoder and a decoder share it."""
    try:
        own = model.get_input_embeddings()
    except (NotImplementedError, AttributeError):
        return []
    weight = getattr(own, "weight", None)
    if weight is None:
        return []
    tables = (one for one in model.modules() if isinstance(one, nn.Embedding))
    return [one for one in tables if one.weight is weight]


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """No gradient is kept for weights, which would take as much memory as these."""
    trained = [one for one in model.parameters() if one.requires_grad]
    try:
        for weight in trained:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)


def scored(model: "PreTrainedModel", inputs: Inputs, score: Score) -> "Array":
    """Of one row, or several, [rows, targets]."""
    with torch.inference_mode():
        given = {name: one.to(model.device) for name, one in inputs.items()}
        return array(score(model(**given)))


def scored_without(
    model: "PreTrainedModel",
    inputs: Inputs,
    groups: Sequence[Sequence[int]],
    replacement: int,
    score: Score,
) -> "Array":
    """Of one row, of which the tokens of one of the `groups` are another: [groups, targets]."""
    size = max(_AT_ONCE // inputs["input_ids"].shape[-1], 1)
    parts = [groups[at : at + size] for at in range(0, len(groups), size)]
    rows = (_replaced(inputs, part, replacement) for part in parts)
    return np.concatenate([scored(model, one, score) for one in rows])


def _replaced(inputs: Inputs, groups: Sequence[Sequence[int]], replacement: int) -> Inputs:
    rows = {name: one.repeat(len(groups), *[1] * (one.ndim - 1)) for name, one in inputs.items()}
    for row, group in zip(rows["input_ids"], groups, strict=True):
        row[list(group)] = replacement
    return rows
