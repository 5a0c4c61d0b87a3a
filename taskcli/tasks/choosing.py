"""An answer held to a choice: how likely a model is to go on with each, exactly.

All choices are read behind the prompt, in one call, so none is missed for its first word, and the
probabilities are those of the model's own text, given that it is one of the choices.
"""

import inspect
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, NamedTuple

from taskcli.errors import InputError
from taskcli.media.items import TextInput
from taskcli.media.word_boundaries import is_border
from taskcli.results import GeneratedText, Label
from taskcli.task import Batch
from taskcli.tasks.prompts import Prompt, Prompts
from taskcli.tasks.token_rows import stacked

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Choice(NamedTuple):
    """A prompt with each choice behind it: rows of token ids, equal in the first `start`."""

    rows: list[list[int]]
    start: int
    prompt: Prompt

    @property
    def nbytes(self) -> int:
        return 8 * sum(map(len, self.rows))

    @property
    def longest(self) -> int:
        return max(map(len, self.rows))


class Choosing:
    """Which of `choices` a model goes on with. Only of a chat need the answer end there.

    `limit` is how many tokens the model holds.
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
        prompts: Prompts,
        choices: Sequence[str],
        limit: int,
    ) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._prompts = prompts
        self._choices = choices
        self._limit = limit

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, Choice]]:
        for place, prompt in enumerate(self._prompts.encode(items)):
            found = self._choice(prompt)
            if found.longest > self._limit:
                raise InputError(
                    f"the prompt and a choice have {found.longest} tokens; "
                    f"the model holds {self._limit}",
                    "shorten it, or choose a checkpoint with a longer context",
                )
            yield place, found

    def _choice(self, prompt: Prompt) -> Choice:
        rows = self._chat_rows(prompt) if self._prompts.is_chat else self._rows(prompt)
        start = _equal([prompt.ids, *rows])
        if start:
            return Choice(rows, start, prompt)
        first = self._tokenizer.bos_token_id  # a model says nothing of the first token
        return Choice([[self._end if first is None else first, *row] for row in rows], 1, prompt)

    def _chat_rows(self, prompt: Prompt) -> list[list[int]]:
        encoded = self._tokenizer(list(self._choices), add_special_tokens=False)["input_ids"]
        return [[*prompt.ids, *ids, self._end] for ids in encoded]

    def _rows(self, prompt: Prompt) -> list[list[int]]:
        texts = [_behind(prompt.begun, choice) for choice in self._choices]
        behind = [self._end] if self._is_ambiguous else []
        return [[*ids, *behind] for ids in self._tokenizer(texts)["input_ids"]]

    @cached_property
    def _is_ambiguous(self) -> bool:
        """Whether one choice begins another, so that only its end tells which was chosen."""
        ordered = sorted(self._choices)
        return any(after.startswith(one) for one, after in pairwise(ordered))

    @property
    def _end(self) -> int:
        """The token that ends an answer; of several the tokenizer's own."""
        ends = self._model.generation_config.eos_token_id
        known = ends if isinstance(ends, list) else [ends]
        own = self._tokenizer.eos_token_id
        return int(own if own in known or known[0] is None else known[0])

    def preprocess(self, parts: Sequence[Choice]) -> Batch:
        """Rows padded behind, where no token sees the padding; `scored` are tokens of choices."""
        import numpy as np

        rows = [np.array(row) for part in parts for row in part.rows]
        scored = [np.arange(len(row)) >= part.start for part in parts for row in part.rows]
        attended = [np.ones(len(row)) for row in rows]
        inputs = {
            "input_ids": stacked(rows, self._tokenizer.pad_token_id, "right"),
            "attention_mask": stacked(attended, 0, "right"),
            "scored": stacked(scored, 0, "right"),
        }
        items = [number for number, part in enumerate(parts) for _ in part.rows]
        return Batch(inputs, items, {"first": min(part.start for part in parts)})

    def forward(self, batch: Batch) -> "torch.Tensor":
        """The logarithm of each choice's probability [prompts, choices]."""
        import torch

        ids, first = batch.inputs["input_ids"], batch.extra["first"]
        given = {name: batch.inputs[name] for name in ("input_ids", "attention_mask")}
        asked = {"logits_to_keep": ids.shape[1] - first + 1, "use_cache": False}
        known = {name: value for name, value in asked.items() if name in self._parameters}
        logits = self._model(**given, **known).logits[:, first - 1 - ids.shape[1] :]
        chances = torch.log_softmax(logits[:, :-1].float(), -1)
        each = chances.gather(-1, ids[:, first:, None])[..., 0]
        scored = torch.where(batch.inputs["scored"][:, first:] > 0, each, 0.0)
        return scored.sum(-1).view(-1, len(self._choices))

    @cached_property
    def _parameters(self) -> Collection[str]:
        """What can be asked of the model; most leave out the logits of the prompt, if asked to."""
        return inspect.signature(type(self._model).forward).parameters

    def postprocess(self, outputs: "torch.Tensor", parts: Sequence[Choice]) -> list[GeneratedText]:
        """The likeliest choice of each prompt, and all with their probabilities, best first."""
        shares = outputs.double().softmax(-1).tolist()
        return [self._answer(part, own) for part, own in zip(parts, shares, strict=True)]

    def _answer(self, part: Choice, shares: Sequence[float]) -> GeneratedText:
        ranked = sorted(range(len(shares)), key=lambda number: -shares[number])
        labels = tuple(Label(self._choices[number], shares[number]) for number in ranked)
        best = ranked[0]
        return GeneratedText(
            self._choices[best],
            prompt_tokens=len(part.prompt.ids),
            generated_tokens=len(part.rows[best]) - part.start,
            score=shares[best],
            choices=labels,
        )


def _equal(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens all rows begin with."""
    columns = zip(*rows, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _behind(text: str, choice: str) -> str:
    """A choice behind a text, with a space where words need one."""
    close = not text or is_border(text[-1], choice[0])
    return text + ("" if close else " ") + choice
