"""Texts held to a JSON Schema while they are written: of each next token only what may follow.

The grammar is llguidance's, which an extra of ours brings. What may follow hangs on what was
written alone, so texts may leave their batch, and beams take each other's place.
"""

import json
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any

from taskcli.errors import InputError, UsageError, first_line
from taskcli.tasks.schema_file import grammar_of

if TYPE_CHECKING:
    from transformers import LogitsProcessor, PreTrainedModel, PreTrainedTokenizerBase


class Grammar:
    """What a schema lets a checkpoint write, whose texts one of `ends` ends.

    Raises UsageError for a schema or a tokenizer that llguidance does not know.
    """

    def __init__(
        self,
        schema: str,
        tokenizer: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
        ends: Collection[int | None],
    ) -> None:
        self._ends = sorted(end for end in ends if end is not None)
        self._ends = self._ends or [int(tokenizer.eos_token_id)]
        self._begun = _begun(schema, tokenizer, model, self._ends[0])

    def processor(self, prompt: int) -> "LogitsProcessor":
        """For rows of which the first `prompt` tokens are prompts."""
        return _held()(self._begun, prompt, self._ends)


def _begun(
    schema: str, tokenizer: "PreTrainedTokenizerBase", model: "PreTrainedModel", end: int
) -> Any:
    """llguidance's matcher of an empty text, which others are copies of."""
    from llguidance import LLMatcher, hf

    size = max(len(tokenizer), model.config.get_text_config().vocab_size)
    try:
        known = hf.from_tokenizer(tokenizer, size, end)
    except Exception as failure:  # of its Rust, for tokenizers that are not tokenizers' own
        raise UsageError(
            f"--json-schema: a checkpoint with such a tokenizer cannot: {first_line(failure)}",
            "choose one with a tokenizer.json",
        ) from None
    begun = LLMatcher(known, grammar_of(schema), log_level=0)
    if begun.is_error():
        raise UsageError(f"--json-schema: {begun.get_error().splitlines()[0]}", "simplify it")
    return begun


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@cache
def _held() -> "type[LogitsProcessor]":
    """The class, made when transformers is there."""
    import torch
    from transformers import LogitsProcessor

    class Held(LogitsProcessor):  # type: ignore[misc]
        """Lets no row write what its grammar forbids; matchers are kept by what was written."""

        def __init__(self, begun: Any, prompt: int, ends: list[int]) -> None:
            self._matchers: dict[tuple[int, ...], Any] = {(): begun}
            self._prompt = prompt
            self._ends = ends

        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            written = [tuple(row) for row in input_ids[:, self._prompt :].tolist()]
            going_on = {row for row in written if not (row and row[-1] in self._ends)}
            self._matchers = {row: self._after(row) for row in going_on if self._knows(row)}
            for number, row in enumerate(written):
                if row in self._matchers:
                    scores[number] = self._allowed(self._matchers[row], scores[number])
            return scores

        def _knows(self, row: tuple[int, ...]) -> bool:
            """Rows that have ended are padded, and what was written of them is not gone on with."""
            return row in self._matchers or row[:-1] in self._matchers

        def _after(self, row: tuple[int, ...]) -> Any:
            if row in self._matchers:  # a later call begins where the one before ended
                return self._matchers[row]
            matcher = self._matchers[row[:-1]].deep_copy()
            matcher.consume_token(row[-1])
            if matcher.is_error():
                raise InputError(f"--json-schema: {matcher.get_error().splitlines()[0]}")
            return matcher

        def _allowed(self, matcher: Any, scores: torch.Tensor) -> torch.Tensor:
            bias = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8)
            allowed = torch.zeros(len(scores), dtype=torch.bool)
            count = min(len(bias), len(scores))
            allowed[:count] = bias[:count] > 0
            allowed[self._ends] = allowed[self._ends[0]].clone()
            return scores.masked_fill(~allowed.to(scores.device), -torch.inf)

    return Held
