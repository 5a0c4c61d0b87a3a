"""What a model that writes keeps of every token: its keys and values, in each layer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


def bytes_per_token(model: "PreTrainedModel") -> int:
    """Of one token in one text, as its config tells; 0 where that names no attention heads."""
    config = model.config.get_text_config(decoder=True)
    all_heads = _told(config, "num_attention_heads")
    heads = _told(config, "num_key_value_heads") or all_heads
    width = _told(config, "hidden_size") // max(all_heads, 1)
    size = _told(config, "head_dim") or width
    return 2 * _told(config, "num_hidden_layers") * heads * size * int(model.dtype.itemsize)


def _told(config: "PreTrainedConfig", name: str) -> int:
    """0 for what it does not say, or says of each layer alone."""
    try:
        value = getattr(config, name, None)
    except RuntimeError:  # transformers', where layers differ in it
        return 0
    return value if isinstance(value, int) else 0
