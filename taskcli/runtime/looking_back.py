"""What a model looked at as it wrote: its text is read once more, with attention written out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from taskcli.runtime.capture import array, written_out

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedModel

    Array: TypeAlias = npt.NDArray[np.float32]

_MOST = 50_000_000  # weights of attention that are held at once: 200 MB


@dataclass(frozen=True, eq=False)
class LookedAt:
    """Weights [heads, written, tokens] by the number of the layer, from 1.

    `own` are those on the tokens that stood before each written one, `source` those on the
    encoder's, if there is one. `shares` [written] are the logarithms of the probabilities that this
    pass gives the written tokens.
    """

    own: "dict[int, Array]"
    source: "dict[int, Array]"
    shares: "Array"


def looked_at(
    model: "PreTrainedModel", source: Sequence[int], before: Sequence[int], written: Sequence[int]
) -> LookedAt | None:
    """Of `written` tokens behind those `before`, and of the `source` that an encoder was given.

    Only the first are looked at of so many that their weights would not be held. None where not
    even one of them would, or where the model tells no weights.
    """
    count = min(len(written), _room(model, max(len(source), len(before))))
    if count < 1:
        return None
    row = torch.tensor([[*before, *written[:count]]], device=model.device)
    read = _with_encoder if source else _behind_prompt
    answer = read(model, row, len(row[0]) - count, source)
    if answer is None:
        return None
    logits = answer.logits[0, -count:].float().log_softmax(-1)
    shares = logits.gather(-1, row[0, -count:, None])[:, 0]
    names = ("decoder_attentions", "cross_attentions") if source else ("attentions", "")
    length = row.shape[1] - 1
    own, other = (getattr(answer, name, None) or () for name in names)
    return LookedAt(_layers(own, count, length), _layers(other, count, len(source)), array(shares))


def _room(model: "PreTrainedModel", tokens: int) -> int:
    """Of how many tokens the weights on that many others are held."""
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_attention_heads", None) or 32
    layers = getattr(config, "num_hidden_layers", None) or 32
    return _MOST // (int(heads) * int(layers) * (tokens + 1))


def _with_encoder(
    model: "PreTrainedModel", row: torch.Tensor, begin: int, source: Sequence[int]
) -> Any:
    given = torch.tensor([source], device=model.device)
    seen = torch.ones_like(given)
    encoded = model.get_encoder()(input_ids=given, attention_mask=seen, return_dict=True)
    with written_out(model):
        return model(
            encoder_outputs=encoded,
            attention_mask=seen,
            decoder_input_ids=row[:, :-1],
            use_cache=False,
            output_attentions=True,
            return_dict=True,
        )


def _behind_prompt(
    model: "PreTrainedModel", row: torch.Tensor, begin: int, source: Sequence[int]
) -> Any:
    """The prompt is read without weights: those on itself would be its length squared."""
    kept = None
    if begin > 1:
        prompt = model(input_ids=row[:, : begin - 1], use_cache=True, return_dict=True)
        kept = getattr(prompt, "past_key_values", None)
    if begin > 1 and kept is None:
        return None
    with written_out(model):
        return model(
            input_ids=row[:, begin - 1 : -1],
            attention_mask=torch.ones_like(row[:, :-1]),
            past_key_values=kept,
            use_cache=True,
            output_attentions=True,
            return_dict=True,
        )


def _layers(found: Sequence[Any], count: int, length: int) -> "dict[int, Array]":
    """Those layers whose weights are of all tokens."""
    return {
        number: array(one[0, :, -count:])
        for number, one in enumerate(found, 1)
        if isinstance(one, torch.Tensor) and one.ndim == 4 and one.shape[-1] == length
    }
