"""A model type's own default configuration, made tiny.

One rule for all: every width is divided by one number, so that whatever fitted together (heads and
their dimension, a backbone's channels and what reads them) still does. Layers become few but keep
every kind there is; vocabularies become the tokenizer's. What this does not catch stands in
`families.py`.
"""

import re
from collections.abc import Mapping
from typing import Any

import transformers as hf

Values = dict[str, Any]

_WIDTH = re.compile(
    r"(hidden_size|hidden_size_global|hidden_dim|hidden_sizes|embed_dims?|embedding_size|embedding_dim|embed_size"
    r"|intermediate_sizes?|ffn_dim|ffn_size|ffn_hidden_size|mlp_dim|head_dim|head_size|head_width"
    r"|channels|_dims?|lora_rank|_width|_units|d_model|d_ff|d_kv|d_inner|d_embed|d_latents|n_embd"
    r"|n_inner|projection_size|bottleneck_size|bottleneck_features|feature_size|features|adapter_input_size|coordinate_size|shape_size|key_length"
    r"|widths|(^|_)d_head|inner_size|classifier_proj_size|neck_hidden_sizes|pooler_output_size|dim)$"
)
_NO_WIDTH = re.compile(
    r"(^num_|input_dim|image|vocab|kernel|conv_size|window|patch|chunk|block_size|rope_dim|partial"
    r"|state_dim|^input_channels|^in_chans|audio_channels|out_features|num_features|linear_conv|mel|hash"
    r"|max_2d|time|posit|depthwise|conv_dim_k|stem_num_channels|_bins|query_dim)"
)
_LAYERS = re.compile(
    r"^((num|n)_(hidden_|encoder_|decoder_|main_)?layers?|n_layer|depth|(encoder|decoder)_layers"
    r"|(encoder|decoder)_num_(hidden_)?layers|layers|num_blocks|num_feature_layers|speech_.*_layers"
    r"|t2u_(encoder|decoder)_layers|text_encoder_num_layers|num_conformer_blocks)$"
)
_KINDS = re.compile(r"(_types|_block_type)$")
_TOKEN = re.compile(r"(_token_id|_token_index|_token_ids)$")
_INDICES = re.compile(r"(layer_indices|layers?_ids|layers?_idx|layer_idxs|attention_layers)$")
_VOCABULARY = re.compile(r"^(?!type).*vocab_size(_per_layer_input)?$")
_DROPPED = {"transformers_version", "architectures", "stage_names", "out_features", "_name_or_path"}
_DROPPED |= {"id2label", "label2id", "dtype", "torch_dtype", "per_layer_config"}
# Counts that are cut to a number, by name.
_AT_MOST = (
    (re.compile(r"(^|_)(num_experts|n_routed_experts|num_local_experts|moe_num_experts)$"), 4),
    (re.compile(r"(experts_per_tok(en)?|top_?k_experts|moe_(top_?)?k|num_selected_experts)$"), 2),
    (re.compile(r"^num_kv_shared_layers$"), 0),
    (re.compile(r"^(n_group|num_expert_group|topk_group|first_k_dense_replace)$"), 1),
    (re.compile(r"^(max_position_embeddings|n_positions|max_seq_len|n_ctx)$"), 1024),
    (re.compile(r"^(num_queries|num_detection_tokens)$"), 12),
    (re.compile(r"^num_denoising$"), 0),
    (re.compile(r"^codebook_size$"), 64),
)
_FIXED_CHANNELS = {"depth_divisor", "divisor", "block_configs"}  # written out, or rounded to these
_LARGE = 2048  # width from which a model is divided once more


def shrink(config: Any, vocabulary: int) -> Values:
    """The constructor's values of a tiny configuration; `vocabulary` is the tokenizer's size."""
    values = config.to_dict()
    values |= _derived(values)
    factor = 16 if _widest(values) >= _LARGE else 8
    while factor > 4 and any(dim % (2 * factor) for dim in _head_dims(values)):
        factor //= 2
    return _shrunk(values, vocabulary, factor)


def _head_dims(values: Mapping[str, Any]) -> list[int]:
    """Dimensions of a head wherever they can be told: they must stay even."""
    found = [
        dim for value in values.values() if isinstance(value, dict) for dim in _head_dims(value)
    ]
    width, heads, stated = (
        values.get(name) for name in ("hidden_size", "num_attention_heads", "head_dim")
    )
    if isinstance(stated, int):
        return [*found, stated]
    found += _stage_dims(values.get("hidden_sizes"), heads)
    whole = isinstance(width, int) and isinstance(heads, int) and heads > 0
    return [*found, width // heads] if whole else found


def _stage_dims(widths: Any, heads: Any) -> list[int]:
    """The same of stages that have one count of heads; whole is enough for these."""
    known = isinstance(widths, list) and isinstance(heads, int)
    return [2 * (width // heads) for width in widths] if known else []


def _widest(values: Mapping[str, Any]) -> int:
    own = [values.get(name) for name in ("hidden_size", "d_model", "n_embd")]
    nested = [_widest(value) for value in values.values() if isinstance(value, dict)]
    return max([*nested, *(one for one in own if isinstance(one, int))], default=0)


def _shrunk(values: Values, vocabulary: int, factor: int) -> Values:
    if _FIXED_CHANNELS & values.keys():
        return {name: value for name, value in values.items() if name not in _DROPPED}
    layers = _layer_count(values)
    before = values.get("num_hidden_layers")
    small: Values = {}
    for name, value in values.items():
        if name in _DROPPED:
            continue
        if isinstance(value, list) and len(value) == before and not _words(value):
            value = value[:layers]  # something of every layer
        small[name] = _value(name, value, vocabulary, factor, layers)
    if "num_hidden_layers" in values and isinstance(values.get("out_indices"), list):
        small["out_indices"] = list(range(1, len(values["out_indices"]) + 1))
    return small


def _layer_count(values: Values) -> int:
    """Enough for every kind of layer, and for every layer that is read out; two at least."""
    kinds = [len(dict.fromkeys(v)) for n, v in values.items() if _KINDS.search(n) and _words(v)]
    read = values.get("out_indices") or values.get("backbone_out_indices") or []
    return max([2, *kinds, len(read)])


def _derived(values: Values) -> Values:
    """What a configuration leaves to be computed of its heads, which some models never do."""
    heads, width = values.get("num_attention_heads"), values.get("hidden_size")
    known = {"num_key_value_heads": heads, "head_dim": width // heads if heads and width else None}
    return {name: known[name] for name in known if name in values and values[name] is None}


def _words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _value(name: str, value: Any, vocabulary: int, factor: int, layers: int) -> Any:
    if isinstance(value, dict):
        return (
            _rope(value, factor) if name.startswith("rope") else _shrunk(value, vocabulary, factor)
        )
    if _VOCABULARY.search(name):
        return vocabulary
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if _TOKEN.search(name):
        return _token(value, vocabulary)
    if isinstance(value, int):
        return _number(name, value, factor, layers)
    if isinstance(value, list):
        return _list(name, value, factor, layers)
    return value


def _number(name: str, value: int, factor: int, layers: int) -> int:
    if _LAYERS.search(name):
        return min(value, layers)
    for pattern, most in _AT_MOST:
        if pattern.search(name):
            return min(value, most)
    return _width(value, factor) if _is_width(name) else value


def _list(name: str, value: list[Any], factor: int, layers: int) -> list[Any]:
    if _words(value) and _KINDS.search(name):
        kinds = list(dict.fromkeys(value))
        return (kinds + [kinds[-1]] * layers)[:layers]
    if name == "depths":
        return [1] * len(value)
    if name == "backbone_out_indices":
        return list(range(len(value)))
    if _INDICES.search(name) and value and not _words(value):
        return [layers - 1]
    return _width(value, factor) if _is_width(name) else value


def _is_width(name: str) -> bool:
    return bool(_WIDTH.search(name)) and not _NO_WIDTH.search(name)


def _width(value: Any, factor: int) -> Any:
    if isinstance(value, (list, tuple)):
        return [_width(one, factor) for one in value]
    if not isinstance(value, int) or isinstance(value, bool) or value < 16:
        return value
    return max(value // factor, 2)


def _token(value: Any, vocabulary: int) -> Any:
    if isinstance(value, list):
        return [_token(one, vocabulary) for one in value]
    return value if not isinstance(value, int) or value < vocabulary else vocabulary - 1


def _rope(values: Values, factor: int) -> Values:
    """Sections and factors count half a head's dimensions."""
    small: Values = {}
    for name, value in values.items():
        if isinstance(value, dict):
            small[name] = _rope(value, factor)
        elif name == "mrope_section":
            small[name] = [max(one // factor, 1) for one in value]
        elif name in ("short_factor", "long_factor"):
            small[name] = value[: max(len(value) // factor, 1)]
        else:
            small[name] = value
    return small


def tiny(model_type: str, vocabulary: int, **fixes: Any) -> Any:
    """A tiny configuration of `model_type`; `fixes` win over the rules."""
    default = hf.AutoConfig.for_model(model_type)
    values = shrink(default, vocabulary)
    values.pop("model_type", None)
    return type(default)(**merged(values, fixes))


def merged(values: Values, fixes: Values) -> Values:
    """`fixes` over `values`, nested dictionaries together."""
    result = dict(values)
    for name, fix in fixes.items():
        known = result.get(name)
        both = isinstance(fix, dict) and isinstance(known, dict)
        result[name] = merged(known, fix) if both else fix
    return result
