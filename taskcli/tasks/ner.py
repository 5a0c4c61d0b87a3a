"""taskcli ner."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.errors import CheckpointError
from taskcli.items import Media, Passage
from taskcli.options import Stride
from taskcli.results import Entity, TokenEntity
from taskcli.task import Batch, Noted, Task
from taskcli.tasks.entities import Aggregation, Token, entities
from taskcli.tasks.windows import Window, ensure_pad_token, max_tokens, row_logits, windows


@dataclass(frozen=True)
class NerOptions:
    aggregation: Annotated[
        Aggregation, typer.Option(help="How tokens become entities; none gives the tokens.")
    ] = "simple"
    stride: Stride = None


class Ner(Task[NerOptions, Passage, list[Entity] | list[TokenEntity]]):
    """Find the names in a text: persons, places, organisations, with their places in it.

    Any checkpoint that AutoModelForTokenClassification maps: BERT, DistilBERT, RoBERTa, ...
    Long texts are read in overlapping windows; each token counts once, where it has most context.
    """

    name = "ner"
    panel = "Text"
    media = Media.TEXT
    Options = NerOptions
    result = list[Entity] | list[TokenEntity]
    auto_models = ("AutoModelForTokenClassification",)
    budget = 8_192  # characters
    examples = (
        "taskcli ner article.txt",
        "taskcli ner --text 'Ada Lovelace met Charles Babbage in London.'",
        "taskcli ner letters/*.txt | jq -r '.result[].word' | sort | uniq -c",
    )

    def __init__(self, options: NerOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        if not processor.is_fast:
            raise CheckpointError(
                "this checkpoint's tokenizer tells no places in the text",
                "choose one with a tokenizer.json",
            )
        ensure_pad_token(processor, model.config)
        self._limit = max_tokens(processor, model.config)
        self._stride = self._limit // 4 if options.stride is None else options.stride

    def cost(self, item: Passage) -> int:
        return len(item.text)

    def preprocess(self, items: list[Passage]) -> Batch:
        texts = [item.text for item in items]
        return windows(self.processor, texts, None, self._limit, self._stride)

    def forward(self, batch: Batch) -> Any:
        return row_logits(self.model, batch, "logits").float().softmax(-1)

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        labels = self.model.config.id2label
        scored = outputs.cpu().numpy()
        results: list[Any] = []
        for owner, item in enumerate(items):
            rows = [row for row, its in enumerate(batch.owners) if its == owner]
            tokens = _merged([_tokens(scored[row], batch.extra["windows"][row]) for row in rows])
            found = entities(tokens, labels, item.text, self.options.aggregation)
            note = f"longer than {self._limit} tokens: read in {len(rows)} windows"
            results.append(Noted(found, (note,) if len(rows) > 1 else ()))
        return results


def _tokens(scored: Any, window: Window) -> list[Token]:
    """The real tokens of a window, each with its distance to the nearer end of it."""
    encoding = window.encoding
    offsets, words, special = encoding.offsets, encoding.word_ids, encoding.special_tokens_mask
    rows = zip(window.places, window.of(scored), strict=True)
    real = [(place, scores) for place, scores in rows if not special[place]]
    return [
        Token(
            start=offsets[place][0],
            end=offsets[place][1],
            word=words[place],
            index=place,
            scores=scores,
            context=min(number, len(real) - 1 - number),
        )
        for number, (place, scores) in enumerate(real)
    ]


def _merged(cut: list[list[Token]]) -> list[Token]:
    """Every token once, from the window in which it has most context on both sides."""
    best: dict[int, Token] = {}
    for token in (token for tokens in cut for token in tokens):
        known = best.get(token.index)
        if known is None or token.context > known.context:
            best[token.index] = token
    return [best[index] for index in sorted(best)]
