"""What a model that writes keeps of every token: its keys and values, in each layer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def bytes_per_token(model: "PreTrainedModel") -> int:
    """Of one token in one text, as its config tells; 0 where that names no attention heads."""
    config = model.config.get_text_config(decoder=True)
    all_heads = getattr(config, "num_attention_heads", None) or 0
    heads = getattr(config, "num_key_value_heads", None) or all_heads
    width = getattr(config, "hidden_size", None) or 0
    size = getattr(config, "head_dim", None) or (width // all_heads if all_heads else 0)
    counts = (getattr(config, "num_hidden_layers", None) or 0, heads, size)
    if not all(isinstance(count, int) for count in counts):
        return 0  # some have as many heads as each layer says
    layers, heads, size = counts
    return 2 * layers * heads * size * int(model.dtype.itemsize)
