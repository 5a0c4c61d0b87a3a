"""Logits as probabilities, of arrays."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array


def softmax(logits: "Array", axis: int = -1) -> "Array":
    """Those along an axis sum to one."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis, keepdims=True))
    likely: Array = powers / powers.sum(axis, keepdims=True)
    return likely


def sigmoid(logits: "Array") -> "Array":
    import torch

    likely: Array = torch.from_numpy(logits).sigmoid().numpy()
    return likely
