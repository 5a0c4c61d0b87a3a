"""Text to text with an encoder-decoder: what summarize and translate share.

transformers 5 no longer applies a checkpoint's `task_specific_params` and `prefix`, without
which T5 does not know what is asked of it; they are applied here.
"""

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from taskcli.config.options import LengthPenalty, MaxLength, MinLength, NumBeams
from taskcli.media.items import TextInput
from taskcli.task import Batch, OptionsT, ResultT, Task, WithWarnings
from taskcli.tasks.parting import By, Division, Seamed, parted
from taskcli.tasks.token_rows import attended, padded
from taskcli.tasks.token_windows import max_tokens, prepare_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

BUDGET = 2048  # tokens that are read together on a processor, padding included
# Of the shortest part, in tokens: most of the time goes into writing, however little was read.
_LEAST_COST = 128
_MOST_TOKENS = 512  # for checkpoints that set no limit of their own
_OF_NEW = {"max_length": "max_new_tokens", "min_length": "min_new_tokens"}
_LIBRARY_DEFAULT = 20  # what generate() takes when nobody says: too short for any sentence


@dataclass(frozen=True)
class Seq2SeqOptions:
    """How long an answer is, and how it is searched for."""

    min_length: MinLength = None
    max_length: MaxLength = None
    num_beams: NumBeams = None
    length_penalty: LengthPenalty = None


class TokenizedPart(NamedTuple):
    """What the model is given at once: its token ids, and the text that it is a part of."""

    ids: list[int]
    parted: Division

    @property
    def nbytes(self) -> int:
        return 8 * len(self.ids)


class Written(NamedTuple):
    """What it wrote, and whether its length ended it."""

    text: str
    is_cut: bool
    parted: Division


class Seq2SeqGenerator:
    """Splits, generates and joins for one checkpoint and one way of asking.

    `by` is how much of a text the model is given at once, `language` the code of the text's.
    `around` are the tokens before and behind a text, if they tell a language; else the tokenizer
    puts its own.
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
        options: Seq2SeqOptions,
        settings: Mapping[str, Any],
        by: By = "whole",
        language: str | None = None,
        around: tuple[list[int], list[int]] | None = None,
    ) -> None:
        self.by, self.language, self._around = by, language, around
        self.tokenizer = tokenizer
        self.model = model
        own = dict(settings)
        self.prefix = str(own.pop("prefix", None) or getattr(model.config, "prefix", None) or "")
        flags = {
            "min_length": options.min_length,
            "max_length": options.max_length,
            "num_beams": options.num_beams,
            "length_penalty": options.length_penalty,
        }
        self.generation = own | {name: value for name, value in flags.items() if value is not None}
        if self._has_no_limit():
            self.generation["max_length"] = _MOST_TOKENS
        self._continues = _continues(model)
        if self._continues:
            self.generation = {_OF_NEW.get(n, n): v for n, v in self.generation.items()}
        self.limit = max_tokens(tokenizer, model.config, fallback=1024)

    def _has_no_limit(self) -> bool:
        config = self.model.generation_config
        stated = self.generation.get("max_length") or config.max_length
        return config.max_new_tokens is None and stated in (None, _LIBRARY_DEFAULT)

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TokenizedPart]]:
        """What the model is given of each text, with the text's place in the list."""
        places = [(place, self.divided(text)) for place, text in enumerate(texts)]
        given = [(place, own, part) for place, own in places for part in own.given]
        encoded = self._encoded([self.prefix + text for *_, text in given])
        for (place, own, _), ids in zip(given, encoded, strict=True):
            yield place, TokenizedPart(ids, own)

    def preprocess(self, parts: Sequence[TokenizedPart]) -> Batch:
        rows = [attended(part.ids) for part in parts]
        return Batch(padded(self.tokenizer, rows), range(len(parts)))

    def divided(self, text: str) -> Division:
        """How one of the texts is parted; for who knows more of them than that."""
        return self.parted(text)

    def parted(self, text: str) -> Seamed:
        """What the model is given at once, and in pieces what it cannot hold."""
        return parted(text, self.by, lambda part: self.tokens(part) <= self.limit, self.language)

    def tokens(self, text: str) -> int:
        return len(self._encoded([self.prefix + text])[0])

    def _encoded(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, without a change to the tokenizer, which others use too."""
        if self._around is None:
            return list(self.tokenizer(texts)["input_ids"])
        before, behind = self._around
        encoded = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return [[*before, *ids, *behind] for ids in encoded]

    def forward(self, batch: Batch) -> "torch.Tensor":
        """Token ids [parts, tokens]."""
        rows = self.model.generate(**batch.inputs, **self.generation)
        return rows[:, batch.inputs["input_ids"].shape[1] :] if self._continues else rows

    def answer(self, row: "torch.Tensor", part: TokenizedPart) -> Written:
        # Version 4 saved "clean up" with every tokenizer, but its pipelines did not do it.
        plain = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        text = self.tokenizer.decode(row, **plain).strip()
        return Written(text, self._is_cut(row), part.parted)

    def notes(self, answers: Sequence[Written], verb: str) -> tuple[str, ...]:
        """The warnings of a text: that it did not fit at once, that its end may be missing."""
        what = "" if self.by == "whole" else f"a {self.by} is "
        split = f"{what}longer than {self.limit} tokens: {verb} in {len(answers)} parts"
        full = f"stopped at {self._most_tokens} tokens: the end may be missing (--max-length)"
        is_cut = any(answer.is_cut for answer in answers)
        return (*[split] * answers[0].parted.cut, *[full] * is_cut)

    @property
    def _most_tokens(self) -> int | None:
        """How long a generated row may be, the token that it begins with included."""
        config = self.model.generation_config
        new = config.max_new_tokens
        most: int | None = self.generation.get("max_length") or (
            new + 1 if new else config.max_length
        )
        return most

    def _is_cut(self, row: "torch.Tensor") -> bool:
        """Whether a row was ended by its length alone; some models then force an end token."""
        config = self.model.generation_config
        ends = (
            config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id]
        )
        if len(row) != self._most_tokens or row[-1] == config.pad_token_id:
            return False
        return config.forced_eos_token_id is not None or int(row[-1]) not in ends


class Text2TextTask(Task[OptionsT, TextInput, ResultT]):
    """A task that rewrites a text; `_rewriter` knows the checkpoint, `_answer` makes the result."""

    first_window = 16
    _rewriter: Seq2SeqGenerator
    _verb: ClassVar[str]  # what was done to the parts of a long text, for its warning

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        prepare_tokenizer(processor, model.config)
        if _continues(model):
            processor.padding_side = "left"

    @abstractmethod
    def _answer(self, division: Division, answers: Sequence[str]) -> ResultT:
        """The result of a text, from the answers to what was given of it."""

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, TokenizedPart]]:
        return self._rewriter.encode([item.text for item in items])

    def cost(self, part: TokenizedPart) -> int:
        return max(len(part.ids), _LEAST_COST)

    def padded_length(self, part: TokenizedPart) -> int:
        return len(part.ids)

    def preprocess(self, parts: list[TokenizedPart]) -> Batch:
        return self._rewriter.preprocess(parts)

    def forward(self, batch: Batch) -> "torch.Tensor":
        return self._rewriter.forward(batch)

    def postprocess(
        self, outputs: "torch.Tensor", batch: Batch, parts: list[TokenizedPart]
    ) -> list[Written]:
        return [self._rewriter.answer(*pair) for pair in zip(outputs, parts, strict=True)]

    def fold(self, item: TextInput, results: list[Written]) -> WithWarnings[ResultT]:
        """The parts in order, joined as they were parted."""
        parted, texts = results[0].parted, [answer.text for answer in results]
        used = list(itertools.compress(results, parted.used(texts)))
        notes = self._rewriter.notes(used or results, self._verb)
        return WithWarnings(self._answer(parted, texts), notes)


def _continues(model: "PreTrainedModel") -> bool:
    """Whether it is a language model, whose answer stands behind the text."""
    return not model.config.is_encoder_decoder


def task_settings(config: "PreTrainedConfig", *names: str) -> dict[str, Any]:
    """The first of the checkpoint's `task_specific_params` that exists under one of `names`."""
    settings = getattr(config, "task_specific_params", None) or {}
    return next((dict(settings[name]) for name in names if name in settings), {})
