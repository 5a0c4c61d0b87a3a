"""taskcli ner."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskcli.config.options import OutputOptions, Stride, Threshold
from taskcli.errors import UsageError
from taskcli.media.items import Media, TextInput
from taskcli.results import Entity, TokenEntity
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.entities import Aggregation, Labels, entities
from taskcli.tasks.entity_tokens import merged
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
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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
        self._labels = Labels.of(model.config.id2label)
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
            for entity in entities(
                merged(results), self._labels, item.text, self.options.aggregation
            )
            if entity.score >= self.options.threshold
        ]
        note = f"longer than {self._limit} tokens: read in {len(results)} windows"
        return WithWarnings(found, (note,) if len(results) > 1 else ())
