"""ResNet backbones out of timm, as DETR's checkpoints name them, read by transformers' own ResNet.

The layers and their numbers are the same, only the names differ; so nobody needs timm for them.
"""

from transformers import PreTrainedConfig, ResNetConfig

_DEPTHS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}
_BASIC = ("resnet18", "resnet34")  # two convolutions a block, where the others have three


def timm_to_transformers(config: PreTrainedConfig) -> dict[str, str]:
    """Change `config` in place if its backbone is a plain ResNet of timm's.

    Returns the names of weights to translate, as patterns: timm's -> transformers' own.
    """
    stated: PreTrainedConfig = getattr(config, "backbone_config", None)
    from_timm = getattr(stated, "model_type", None) == "timm_backbone"
    if not from_timm or stated.backbone not in _DEPTHS or stated.output_stride not in (None, 32):
        return {}  # another network, or one with dilated layers
    config.backbone_config = _resnet(stated)
    return {_TIMM + theirs: _OWN + ours for theirs, ours in _names()}


def _resnet(stated: PreTrainedConfig) -> ResNetConfig:
    basic = stated.backbone in _BASIC
    return ResNetConfig(
        num_channels=stated.num_channels,
        depths=_DEPTHS[stated.backbone],
        hidden_sizes=[64, 128, 256, 512] if basic else [256, 512, 1024, 2048],
        layer_type="basic" if basic else "bottleneck",
        out_indices=list(stated.out_indices),
    )


_TIMM = r"conv_encoder\.model\.(?:_backbone\.)?"
_OWN = "conv_encoder.model."


def _names() -> list[tuple[str, str]]:
    """Pairs of a pattern of timm's names and what stands for it."""
    pairs = [
        (r"conv1\.", "embedder.embedder.convolution."),
        (r"bn1\.", "embedder.embedder.normalization."),
    ]
    for stage in range(4):
        theirs, ours = rf"layer{stage + 1}\.(\d+)\.", rf"encoder.stages.{stage}.layers.\1."
        for layer in range(3):
            pairs += [
                (theirs + rf"conv{layer + 1}\.", ours + f"layer.{layer}.convolution."),
                (theirs + rf"bn{layer + 1}\.", ours + f"layer.{layer}.normalization."),
            ]
        pairs += [
            (theirs + r"downsample\.0\.", ours + "shortcut.convolution."),
            (theirs + r"downsample\.1\.", ours + "shortcut.normalization."),
        ]
    return pairs
