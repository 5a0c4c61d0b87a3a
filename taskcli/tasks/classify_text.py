"""taskcli classify-text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.items import Media, Passage
from taskcli.results import Label
from taskcli.task import Batch, Noted, Task
from taskcli.tasks.ranking import RankingOptions, ranked, scores
from taskcli.tasks.windows import count_tokens, ensure_pad_token, max_tokens, row_logits, windows


@dataclass(frozen=True)
class ClassifyTextOptions(RankingOptions):
    """How texts are judged."""

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
    budget = 1_024  # tokens: beyond, a larger batch only adds padding on a CPU
    examples = (
        "taskcli classify-text review.txt",
        "taskcli classify-text --text 'What a delightful film.'",
        "taskcli classify-text reviews.csv --field body -o labels.csv",
    )

    def __init__(self, options: ClassifyTextOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._limit = max_tokens(processor, model.config)
        ensure_pad_token(processor, model.config)

    @classmethod
    def variants(cls, options: ClassifyTextOptions) -> Sequence[Mapping[str, str]]:
        return [] if options.pair is None else [{"text_pair": options.pair}]

    def cost(self, item: Passage) -> int:
        return count_tokens(self.processor, item.text, item.fields.get("text_pair"))

    def alike(self, item: Passage) -> bool:
        return bool(item.fields.get("text_pair"))

    def preprocess(self, items: list[Passage]) -> Batch:
        pairs = [str(item.fields["text_pair"]) for item in items] if self.alike(items[0]) else None
        batch = windows(self.processor, [item.text for item in items], pairs, self._limit, 0)
        batch.extra["counts"] = [list(batch.owners).count(owner) for owner in range(len(items))]
        return _first_rows(batch) if self.options.truncate else batch

    def forward(self, batch: Batch) -> Any:
        return row_logits(self.model, batch, "logits")

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        config = self.model.config
        scored = scores(outputs, self.options.function, config)
        results: list[Any] = []
        for owner, windows_made in enumerate(batch.extra["counts"]):
            rows = [row for row, its in enumerate(batch.owners) if its == owner]
            labels = ranked(scored[rows].mean(0, keepdim=True), self.options.top_k, config)[0]
            notes = (self._note(windows_made),) if windows_made > 1 else ()
            results.append(Noted(labels, notes))
        return results

    def _note(self, windows_made: int) -> str:
        if self.options.truncate:
            return f"cut to the first {self._limit} tokens"
        return f"longer than {self._limit} tokens: averaged over {windows_made} windows"


def _first_rows(batch: Batch) -> Batch:
    """Only the first window of each text."""
    owners = batch.owners
    first = [row for row, its in enumerate(owners) if row == 0 or owners[row - 1] != its]
    inputs = {name: value[first] for name, value in batch.inputs.items()}
    return Batch(inputs, [owners[row] for row in first], batch.extra)
