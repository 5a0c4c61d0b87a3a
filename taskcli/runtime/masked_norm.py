"""What makes a padded batch answer as one at a time would.

wav2vec2-base and its kin normalise each channel of the first convolution over time. Padding is
time too, so a short recording's statistics would depend on the longest one in its batch.
"""

import inspect

import torch
from torch import nn


class ValidGroupNorm(nn.Module):  # type: ignore[misc]
    """Group norm with one channel a group, its statistics over valid frames only.

    Input [batch, channels, frames]; `valid` is the count of valid frames per row, or None for all.
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm
        self.valid: torch.Tensor | None = None

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        if self.valid is None:
            return self.norm(hidden)
        values = hidden.float()
        count = self.valid[:, None, None].to(values)
        inside = torch.arange(values.shape[-1], device=values.device)[None, None] < count
        mean = (values * inside).sum(-1, keepdim=True) / count
        centred = values - mean
        variance = (centred * inside).square().sum(-1, keepdim=True) / count
        scale = self.norm.weight.float()[None, :, None]
        shift = self.norm.bias.float()[None, :, None]
        return (centred * torch.rsqrt(variance + self.norm.eps) * scale + shift).to(hidden.dtype)


def make_exact(model: nn.Module) -> None:
    """Patch `model` in place where padding would change its answers."""
    for owner in list(model.modules()):
        for encoder in owner.children():
            layers = getattr(encoder, "conv_layers", None)
            if not isinstance(layers, nn.ModuleList):
                continue
            norm = getattr(layers[0], "layer_norm", None)
            if isinstance(norm, nn.GroupNorm) and norm.num_groups == norm.num_channels:
                _watch_lengths(owner, layers[0])


def _watch_lengths(owner: nn.Module, layer: nn.Module) -> None:
    """Tell `layer` the lengths in the mask that `owner`, which calls it, is called with."""
    layer.layer_norm = ValidGroupNorm(layer.layer_norm)
    kernel, stride = layer.conv.kernel_size[0], layer.conv.stride[0]
    signature = inspect.signature(owner.forward)

    def note_lengths(
        module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        mask = signature.bind(*args, **kwargs).arguments.get("attention_mask")
        layer.layer_norm.valid = None if mask is None else (mask.sum(-1) - kernel) // stride + 1

    owner.register_forward_pre_hook(note_lengths, with_kwargs=True)
