"""Long texts as rows of tokens that a model can hold: what classify-text, ner and qa share."""

from collections.abc import Mapping
from typing import Any

from taskcli.task import Batch

_ROWS = 8  # windows that are computed together
_UNSET = 1_000_000  # tokenizers without a limit state an astronomical one
# These count positions from the padding index up, so two of them hold no token.
_OFFSET_POSITIONS = (
    "roberta",
    "camembert",
    "longformer",
    "mpnet",
    "luke",
    "ibert",
    "data2vec-text",
)


def max_tokens(tokenizer: Any, config: Any, fallback: int = 512) -> int:
    """How many tokens the model can attend to, special ones included."""
    limits = [getattr(tokenizer, "model_max_length", _UNSET)]
    positions = getattr(config, "max_position_embeddings", None) or getattr(
        config, "n_positions", None
    )
    if isinstance(positions, int) and positions > 0:
        offset = 2 if any(kind in config.model_type for kind in _OFFSET_POSITIONS) else 0
        limits.append(positions - offset)
    known = [limit for limit in limits if limit and limit < _UNSET]
    return min(known, default=fallback)


def row_inputs(encoded: Mapping[str, Any], tokenizer: Any) -> dict[str, Any]:
    """The encoded fields that the model takes."""
    return {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}


def row_logits(model: Any, batch: Batch, *names: str) -> Any:
    """The named outputs over all rows, each [rows, ...], computed a few rows at a time."""
    import torch

    parts = [model(**part) for part in batch.parts(_ROWS)]
    joined = [torch.cat([getattr(part, name) for part in parts]) for name in names]
    return joined[0] if len(joined) == 1 else tuple(joined)
