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
from taskcli.tasks.windows import max_tokens, row_inputs, row_logits


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
        self._limit = max_tokens(processor, model.config)
        self._stride = min(options.stride or self._limit // 4, self._limit // 2)

    def cost(self, item: Passage) -> int:
        return len(item.text)

    def preprocess(self, items: list[Passage]) -> Batch:
        encoded = self.processor(
            [item.text for item in items],
            truncation=True,
            max_length=self._limit,
            stride=self._stride,
            padding=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        owners = encoded["overflow_to_sample_mapping"].tolist()
        extra = {
            "offsets": encoded["offset_mapping"].tolist(),
            "special": encoded["special_tokens_mask"].tolist(),
            "words": [encoded.word_ids(row) for row in range(len(owners))],
        }
        return Batch(row_inputs(encoded, self.processor), owners, extra)

    def forward(self, batch: Batch) -> Any:
        return row_logits(self.model, batch, "logits").float().softmax(-1)

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        labels = self.model.config.id2label
        scored = outputs.cpu().numpy()
        results: list[Any] = []
        for owner, item in enumerate(items):
            rows = [row for row, its in enumerate(batch.owners) if its == owner]
            tokens = _merged([_tokens(scored[row], batch, row) for row in rows])
            found = entities(tokens, labels, item.text, self.options.aggregation)
            note = f"longer than {self._limit} tokens: read in {len(rows)} windows"
            results.append(Noted(found, (note,)) if len(rows) > 1 else found)
        return results


def _tokens(scored: Any, batch: Batch, row: int) -> list[Token]:
    """The real tokens of a window, each with its distance to the nearer end of it."""
    special = batch.extra["special"][row]
    real = [place for place, is_special in enumerate(special) if not is_special]
    return [
        Token(
            start=batch.extra["offsets"][row][place][0],
            end=batch.extra["offsets"][row][place][1],
            word=batch.extra["words"][row][place],
            index=place,
            scores=scored[place],
            context=min(number, len(real) - 1 - number),
        )
        for number, place in enumerate(real)
    ]


def _merged(windows: list[list[Token]]) -> list[Token]:
    """Every token once, from the window in which it has most context on both sides."""
    if len(windows) == 1:
        return windows[0]
    best: dict[tuple[int, int], Token] = {}
    for token in (token for window in windows for token in window):
        known = best.get((token.start, token.end))
        if known is None or token.context > known.context:
            best[token.start, token.end] = token
    return [best[place] for place in sorted(best)]
