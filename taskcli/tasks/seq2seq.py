"""Text to text with an encoder-decoder: what summarize and translate share.

transformers 5 no longer applies a checkpoint's `task_specific_params` and `prefix`, without
which T5 does not know what is asked of it; they are applied here.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from taskcli.config.options import LengthPenalty, MaxLength, MinLength, NumBeams
from taskcli.media.items import TextInput
from taskcli.task import Batch, OptionsT, ResultT, Task, WithWarnings
from taskcli.tasks.parting import By, Parted, parted
from taskcli.tasks.token_windows import ensure_pad_token, max_tokens, padded

_ROWS = 4  # parts of a text that are generated together, at least
_TOKENS = 2048  # and up to so many tokens, padding included
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


class Seq2SeqGenerator:
    """Splits, generates and joins for one checkpoint and one way of asking.

    `by` is how much of a text the model is given at once, `language` the code of the text's.
    """

    def __init__(
        self,
        tokenizer: Any,
        model: Any,
        options: Seq2SeqOptions,
        settings: Mapping[str, Any],
        by: By = "whole",
        language: str | None = None,
    ) -> None:
        self.by, self.language = by, language
        tokenizer.split_special_tokens = True  # "</s>" in a text is four characters
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
        ensure_pad_token(tokenizer, model.config)
        self._continues = not model.config.is_encoder_decoder
        if self._continues:  # a language model, whose answer stands behind the text
            tokenizer.padding_side = "left"
            self.generation = {_OF_NEW.get(n, n): v for n, v in self.generation.items()}
        self.limit = max_tokens(tokenizer, model.config, fallback=1024)

    def _has_no_limit(self) -> bool:
        config = self.model.generation_config
        stated = self.generation.get("max_length") or config.max_length
        return config.max_new_tokens is None and stated in (None, _LIBRARY_DEFAULT)

    def preprocess(self, items: list[TextInput]) -> Batch:
        texts = [self.parted(item.text) for item in items]
        parts = [(owner, part.text) for owner, own in enumerate(texts) for part in own.parts]
        encoded = self.tokenizer([self.prefix + text for _, text in parts])
        rows = [
            {name: encoded[name][row] for name in ("input_ids", "attention_mask")}
            for row in range(len(parts))
        ]
        row_to_item = [owner for owner, _ in parts]
        return Batch(padded(self.tokenizer, rows), row_to_item, {"parted": texts})

    def parted(self, text: str) -> Parted:
        """What the model is given at once, and in pieces what it cannot hold."""
        return parted(text, self.by, lambda part: self.tokens(part) <= self.limit, self.language)

    def tokens(self, text: str) -> int:
        return len(self.tokenizer(self.prefix + text)["input_ids"])

    def forward(self, batch: Batch) -> list[Any]:
        """Token ids of each part, [tokens] each."""
        width = batch.inputs["input_ids"].shape[1]
        return [
            row[width:] if self._continues else row
            for part in batch.micro_batches(max(_ROWS, min(4 * _ROWS, _TOKENS // width)))
            for row in self.model.generate(**part, **self.generation).cpu()
        ]

    def texts(self, outputs: list[Any], batch: Batch, items: list[TextInput]) -> list[str]:
        """One text per item: the parts in order, joined as they were parted."""
        # Version 4 saved "clean up" with every tokenizer, but its pipelines did not do it.
        plain = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
        decoded = [self.tokenizer.decode(row, **plain).strip() for row in outputs]
        answers: list[list[str]] = [[] for _ in items]
        for owner, text in zip(batch.row_to_item, decoded, strict=True):
            answers[owner].append(text)
        texts = zip(batch.extra["parted"], answers, strict=True)
        return [parted.joined(own) for parted, own in texts]

    def notes(self, outputs: list[Any], batch: Batch, verb: str) -> list[tuple[str, ...]]:
        """The warnings of each item: that it did not fit at once, that its end may be missing."""
        found: list[tuple[str, ...]] = []
        for owner in dict.fromkeys(batch.row_to_item):
            rows = [
                row for row, its in zip(outputs, batch.row_to_item, strict=True) if its == owner
            ]
            what = "" if self.by == "whole" else f"a {self.by} is "
            split = f"{what}longer than {self.limit} tokens: {verb} in {len(rows)} parts"
            is_cut = batch.extra["parted"][owner].cut
            full = f"stopped at {self._most_tokens} tokens: the end may be missing (--max-length)"
            cut = any(self._is_cut(row) for row in rows)
            found.append((*[split] * is_cut, *[full] * cut))
        return found

    @property
    def _most_tokens(self) -> int | None:
        """How long a generated row may be, the token that it begins with included."""
        config = self.model.generation_config
        new = config.max_new_tokens
        most: int | None = self.generation.get("max_length") or (
            new + 1 if new else config.max_length
        )
        return most

    def _is_cut(self, row: Any) -> bool:
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

    _rewriter: Seq2SeqGenerator
    _verb: ClassVar[str]  # what was done to the parts of a long text, for its warning

    @abstractmethod
    def _answer(self, text: str) -> ResultT: ...

    def cost(self, item: TextInput) -> int:
        return len(item.text)

    def padded_length(self, item: TextInput) -> int:
        return self._rewriter.tokens(item.text)

    def preprocess(self, items: list[TextInput]) -> Batch:
        return self._rewriter.preprocess(items)

    def forward(self, batch: Batch) -> Any:
        return self._rewriter.forward(batch)

    def postprocess(
        self, outputs: Any, batch: Batch, items: list[TextInput]
    ) -> list[ResultT | WithWarnings[ResultT]]:
        texts = self._rewriter.texts(outputs, batch, items)
        notes = self._rewriter.notes(outputs, batch, self._verb)
        return [
            WithWarnings(self._answer(text), note) for text, note in zip(texts, notes, strict=True)
        ]


def task_settings(config: Any, *names: str) -> dict[str, Any]:
    """The first of the checkpoint's `task_specific_params` that exists under one of `names`."""
    settings = getattr(config, "task_specific_params", None) or {}
    return next((dict(settings[name]) for name in names if name in settings), {})
