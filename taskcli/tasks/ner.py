"""taskcli ner."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskcli.checkpoints.token_labels import read_token_labels
from taskcli.config.options import OutputOptions, Stride, Threshold
from taskcli.errors import UsageError
from taskcli.media.items import Media, TextInput
from taskcli.results import Entity, TokenEntity
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.entities import Aggregation, Labels, Token, entities
from taskcli.tasks.token_windows import (
    Cut,
    Window,
    batch_of,
    max_tokens,
    prepare_tokenizer,
    require_places,
    windows,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# With its scores [tokens, labels], padding included.
_Read = tuple[Window, "npt.NDArray[np.float32]"]


@dataclass(frozen=True)
class NerOptions:
    """How tokens become names."""

    aggregation: Annotated[
        Aggregation,
        typer.Option(
            help="Whole words by first, average or max of their tokens; simple joins tokens."
        ),
    ] = "first"
    threshold: Threshold = 0.0
    stride: Stride = None


class Ner(Task[NerOptions, TextInput, list[Entity] | list[TokenEntity]]):
    """Find the names in a text: persons, places, organisations, with their places in it.

    Any checkpoint that AutoModelForTokenClassification maps: BERT, DistilBERT, RoBERTa, ...
    Long texts are read in overlapping windows; each token counts once, where it has most context.
    """

    name = "ner"
    media = Media.TEXT
    Options = NerOptions
    result = list[Entity] | list[TokenEntity]
    auto_models = ("AutoModelForTokenClassification",)
    budget = 1_024  # tokens: beyond, a larger batch only adds padding on a CPU
    examples = (
        "taskcli ner article.txt",
        "taskcli ner --text 'Ada Lovelace met Charles Babbage in London.'",
        "taskcli ner 'articles/*.txt' --format conll -o articles.conll",
        "taskcli ner letters/*.txt | jq -r '.result[].word' | sort | uniq -c",
    )

    def __init__(
        self, options: NerOptions, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel"
    ) -> None:
        super().__init__(options, processor, model)
        require_places(processor)
        names = model.config.id2label
        self._labels = Labels(names, read_token_labels(names.values()))
        self._names = self._labels.are_kinds
        self._limit = max_tokens(processor, model.config)
        self._stride = self._limit // 4 if options.stride is None else options.stride

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        prepare_tokenizer(processor, model.config)

    @classmethod
    def for_output(cls, options: NerOptions, chosen: str, written: OutputOptions) -> NerOptions:
        if chosen in cls.formats() and options.aggregation == "none":
            raise UsageError(
                f"{chosen} holds whole entities, and --aggregation none gives tokens",
                "leave --aggregation out",
            )
        return options

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, Window]]:
        texts = [item.text for item in items]
        return windows(self.processor, texts, None, Cut(self._limit, self._stride))

    def cost(self, part: Window) -> int:
        return len(part)

    def preprocess(self, parts: list[Window]) -> Batch:
        return batch_of(self.processor, parts)

    def forward(self, batch: Batch) -> "torch.Tensor":
        return self.model(**batch.inputs).logits.float().softmax(-1)

    def postprocess(self, outputs: "torch.Tensor", batch: Batch, parts: list[Window]) -> list[Any]:
        return list(zip(batch.extra["windows"], outputs.numpy(), strict=True))

    def fold(
        self, item: TextInput, results: list[Any]
    ) -> WithWarnings[list[Entity] | list[TokenEntity]]:
        found: Any = [
            entity
            for tokens in self._stretches(results)
            for entity in entities(tokens, self._labels, item.text, self.options.aggregation)
            if entity.score >= self.options.threshold
        ]
        note = f"longer than {self._limit} tokens: read in {len(results)} windows"
        return WithWarnings(found, (note,) if len(results) > 1 else ())

    def _stretches(self, read: list[_Read]) -> Iterator[list[Token]]:
        """The tokens of words that may be entities, or in one, in stretches without others.

        Most words are in none, and Python need not look at them.
        """
        import numpy as np

        encoding = read[0][0].encoding
        places, scores = _merged(read)
        words = encoding.word_ids
        numbers = np.array([-1 if words[at] is None else words[at] for at in places.tolist()])
        wanted = np.flatnonzero(_in_whole_words(self._may_name(scores), numbers))
        if not len(wanted):
            return
        offsets = encoding.offsets  # a list of the whole text, made at every access, as words are
        found = places[wanted].tolist()
        tokens = [
            Token(offsets[at][0], offsets[at][1], words[at], at, row)
            for at, row in zip(found, scores[wanted], strict=True)
        ]
        ends = np.flatnonzero(np.diff(wanted) > 1) + 1
        for start, end in pairwise([0, *ends.tolist(), len(tokens)]):
            yield tokens[start:end]

    def _may_name(self, scores: "npt.NDArray[np.float32]") -> "npt.NDArray[np.bool_]":
        """Which rows of scores [tokens, labels] are best for a label that is of an entity."""
        import numpy as np

        if self.options.aggregation == "average":  # a sum may be best where no row is
            return np.ones(len(scores), bool)
        chosen: npt.NDArray[np.bool_] = self._names[scores.argmax(-1)]
        return chosen


def _in_whole_words(
    chosen: "npt.NDArray[np.bool_]", words: "npt.NDArray[np.int64]"
) -> "npt.NDArray[np.bool_]":
    """Also the other tokens of each word that has one; `words` has their numbers, -1 for none."""
    import numpy as np

    first = np.ones(len(words), bool)
    first[1:] = (words[1:] != words[:-1]) | (words[1:] < 0)
    word = np.cumsum(first)
    is_wanted = np.zeros(len(words) + 1, bool)
    is_wanted[word[chosen]] = True
    return is_wanted.take(word)


def _merged(read: list[_Read]) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]":
    """Every token once, from the window in which it has most context on both sides.

    Places in the whole encoding [tokens] and scores [tokens, labels].
    """
    import numpy as np

    is_special = np.array(read[0][0].encoding.special_tokens_mask, bool)
    context = np.full(len(is_special), -1)
    scores = np.zeros((len(is_special), read[0][1].shape[-1]), read[0][1].dtype)
    for window, scored in read:
        is_real = ~is_special[window.places]
        places, rows = window.places[is_real], window.of(scored)[is_real]
        before = np.arange(len(places))
        around = np.minimum(before, before[::-1])
        is_better = around > context[places]
        context[places[is_better]] = around[is_better]
        scores[places[is_better]] = rows[is_better]
    found = np.flatnonzero(context >= 0)
    return found, scores[found]
