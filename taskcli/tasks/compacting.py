"""Texts that are written together: those that have ended leave the batch.

generate() goes on with all of a batch until its last text ends, and a step takes as long for those
that ended. Here half of them end the call; the next one goes on with the others, from the keys
and values that are kept of them. What is written is what one call would write.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache, PreTrainedModel, StoppingCriteria

# What a checkpoint may say of how it writes that means the same in a later call. Others count from
# where a call began, such as a least number of new tokens, or are of another way of writing.
_SAME_IN_LATER_CALLS = frozenset(
    "_from_model_config bos_token_id do_sample eos_token_id max_length max_new_tokens "
    "output_attentions output_hidden_states pad_token_id repetition_penalty temperature top_k "
    "top_p transformers_version use_cache".split()
)


class Limits(NamedTuple):
    """How texts end: by one of the tokens, by what `stops` says of them, or by their number."""

    tokens: Sequence[int]
    stops: "StoppingCriteria | None"
    room: int  # new tokens at most


def compacts(model: "PreTrainedModel") -> bool:
    """Whether its texts can go on in a later call: it keeps of them keys and values alone."""
    if model.config.is_encoder_decoder or getattr(model, "_is_stateful", False):
        return False
    told = model.generation_config
    if told.use_cache is False or told.to_diff_dict().keys() - _SAME_IN_LATER_CALLS:
        return False
    return model._supports_default_dynamic_cache() and _is_plain(_empty_cache(model))


def write(
    model: "PreTrainedModel",
    ids: "torch.Tensor",
    mask: "torch.Tensor",
    limits: Limits,
    stay: Callable[[Sequence[int]], object],
    num_return_sequences: int,
    **settings: Any,
) -> "torch.Tensor":
    """New tokens [rows x sequences, tokens] behind `ids` and `mask` [rows, tokens], padded.

    `stay` is told which rows go on whenever others leave, by their places among those before.
    """
    import torch

    ids = ids.repeat_interleave(num_return_sequences, 0)
    mask = mask.repeat_interleave(num_return_sequences, 0)
    kept, rows = _empty_cache(model), torch.arange(len(ids), device=ids.device)
    written = ids.new_full((len(ids), limits.room), settings["pad_token_id"])
    count = 0
    while True:
        watch = _half_ended()(limits, ids.device)
        grown = model.generate(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=kept,
            stopping_criteria=[watch],
            max_new_tokens=limits.room - count,
            **settings,
        )
        new = grown[:, ids.shape[1] :]
        written[rows, count : count + new.shape[1]] = new
        count += new.shape[1]
        going_on = (~watch.ended).nonzero()[:, 0]
        if count == limits.room or not len(going_on):
            return written[:, :count]
        stay(going_on.tolist())
        kept.batch_select_indices(going_on)
        mask = torch.cat([mask, mask.new_ones(new.shape)], 1)[going_on]
        ids, rows = grown[going_on], rows[going_on]


def _empty_cache(model: "PreTrainedModel") -> "DynamicCache":
    from transformers import DynamicCache

    return DynamicCache(config=model.config.get_text_config(decoder=True))


def _is_plain(kept: "DynamicCache") -> bool:
    """Whether rows can be taken from every layer of it."""
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    return all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in kept.layers)


@cache
def _half_ended() -> "type[StoppingCriteria]":
    """The class, made when transformers is there."""
    import torch
    from transformers import StoppingCriteria

    class HalfEnded(StoppingCriteria):  # type: ignore[misc]
        """Ends a call when half of its texts have ended; `ended` [rows] says which."""

        def __init__(self, limits: Limits, device: torch.device) -> None:
            self.eos_token_id = torch.tensor(limits.tokens, device=device)
            self.ended: torch.Tensor = torch.tensor(False, device=device)
            self._stops = limits.stops

        def __call__(
            self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object
        ) -> torch.Tensor:
            ended = torch.isin(input_ids[:, -1], self.eos_token_id)
            if self._stops is not None:
                ended = ended | self._stops(input_ids, scores)
            self.ended = self.ended | ended
            # Reckoned where the texts are: reading a number here would wait for every token.
            return self.ended | (2 * self.ended.sum() >= len(ended))

    return HalfEnded
