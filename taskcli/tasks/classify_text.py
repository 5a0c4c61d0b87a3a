"""taskcli classify-text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.items import Media, Passage
from taskcli.results import Label
from taskcli.task import Batch, Noted, Task
from taskcli.tasks.ranking import RankingOptions, ranked, scores
from taskcli.tasks.windows import max_tokens, row_inputs, row_logits


@dataclass(frozen=True)
class ClassifyTextOptions(RankingOptions):
    pair: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A second text to judge every input with.")
    ] = None
    truncate: Annotated[
        bool,
        typer.Option("--truncate", help="Cut long texts instead of averaging over windows."),
    ] = False


class ClassifyText(Task[ClassifyTextOptions, Passage, list[Label]]):
    """Say what a text is: sentiment, topic, entailment, with scores.

    Any checkpoint that AutoModelForSequenceClassification maps: BERT, DistilBERT, RoBERTa, ...
    A text beyond the model's length is read in windows whose scores are averaged.
    """

    name = "classify-text"
    panel = "Text"
    media = Media.TEXT
    Options = ClassifyTextOptions
    result = list[Label]
    auto_models = ("AutoModelForSequenceClassification",)
    budget = 8_192  # characters
    examples = (
        "taskcli classify-text review.txt",
        "taskcli classify-text --text 'What a delightful film.'",
        "taskcli classify-text reviews.csv --field body -o labels.csv",
    )

    def __init__(self, options: ClassifyTextOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._limit = max_tokens(processor, model.config)
        if processor.pad_token is None:  # GPT-2 and its kin were trained without one
            processor.pad_token = processor.eos_token
            model.config.pad_token_id = processor.pad_token_id

    @classmethod
    def variants(cls, options: ClassifyTextOptions) -> Sequence[Mapping[str, str]]:
        return [] if options.pair is None else [{"text_pair": options.pair}]

    def cost(self, item: Passage) -> int:
        return len(item.text) + len(str(item.fields.get("text_pair") or ""))

    def alike(self, item: Passage) -> bool:
        return bool(item.fields.get("text_pair"))

    def preprocess(self, items: list[Passage]) -> Batch:
        pairs = [str(item.fields["text_pair"]) for item in items] if self.alike(items[0]) else None
        encoded = self.processor(
            [item.text for item in items],
            pairs,
            truncation="longest_first" if pairs is None else "only_first",
            max_length=self._limit,
            padding=True,
            return_overflowing_tokens=self.processor.is_fast,
            return_tensors="pt",
        )
        inputs = row_inputs(encoded, self.processor)
        rows = encoded.get("overflow_to_sample_mapping")
        owners = list(range(len(items))) if rows is None else rows.tolist()
        if self.options.truncate:
            inputs, owners = _first_rows(inputs, owners)
        cut = (
            set(owners)
            if rows is None
            else {o for o in rows.tolist() if rows.tolist().count(o) > 1}
        )
        return Batch(inputs, owners, {"cut": cut if rows is not None else set()})

    def forward(self, batch: Batch) -> Any:
        return row_logits(self.model, batch, "logits")

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        config = self.model.config
        scored = scores(outputs, self.options.function, config)
        results: list[Any] = []
        for owner in range(len(items)):
            rows = [row for row, its in enumerate(batch.owners) if its == owner]
            labels = ranked(scored[rows].mean(0, keepdim=True), self.options.top_k, config)[0]
            note = self._note(len(rows)) if owner in batch.extra["cut"] else None
            results.append(Noted(labels, (note,)) if note else labels)
        return results

    def _note(self, windows: int) -> str:
        if self.options.truncate:
            return f"cut to the first {self._limit} tokens"
        return f"longer than {self._limit} tokens: averaged over {windows} windows"


def _first_rows(inputs: Mapping[str, Any], owners: list[int]) -> tuple[dict[str, Any], list[int]]:
    """Only the first window of each text."""
    first = [row for row, owner in enumerate(owners) if row == 0 or owners[row - 1] != owner]
    return {name: value[first] for name, value in inputs.items()}, [owners[row] for row in first]
