"""taskcli classify-text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from taskcli.media.items import Media, TextInput
from taskcli.results import Label
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.ranking import RankingOptions, ranked, scores
from taskcli.tasks.token_windows import (
    Cut,
    Window,
    batch_of,
    max_tokens,
    prepare_tokenizer,
    windows,
)

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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


class _Judged(NamedTuple):
    """One of a text's `windows`: its scores [labels], and the labels that these alone give."""

    windows: int
    scores: Any
    labels: list[Label]


class ClassifyText(Task[ClassifyTextOptions, TextInput, list[Label]]):
    """Say what a text is: sentiment, topic, entailment, with scores.

    Any checkpoint that AutoModelForSequenceClassification maps: BERT, DistilBERT, RoBERTa, ...
    A text beyond the model's length is read in windows whose scores are averaged.
    """

    name = "classify-text"
    media = Media.TEXT
    Options = ClassifyTextOptions
    result = list[Label]
    auto_models = ("AutoModelForSequenceClassification",)
    budget = 1_024  # tokens: beyond, a larger batch only adds padding on a CPU
    examples = (
        "taskcli classify-text review.txt",
        "taskcli classify-text --text 'What a delightful film.'",
        "taskcli classify-text reviews.csv --field body --keep all --top-k 1 -o labelled.csv",
    )

    def __init__(
        self,
        options: ClassifyTextOptions,
        processor: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        self._limit = max_tokens(processor, model.config)

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        prepare_tokenizer(processor, model.config)

    @classmethod
    def variants(cls, options: ClassifyTextOptions) -> Sequence[Mapping[str, str]]:
        return [] if options.pair is None else [{"text_pair": options.pair}]

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, Window]]:
        for paired in (False, True):  # the tokenizer takes pairs apart from single texts
            places = [n for n, item in enumerate(items) if _is_paired(item) is paired]
            if not places:
                continue
            texts = [items[n].text for n in places]
            pairs = [str(items[n].fields["text_pair"]) for n in places] if paired else None
            seen: set[int] = set()
            made = windows(self.processor, texts, pairs, Cut(self._limit), places=False)
            for owner, window in made:
                if owner not in seen or not self.options.truncate:
                    yield places[owner], window
                seen.add(owner)

    def cost(self, part: Window) -> int:
        return len(part)

    def preprocess(self, parts: list[Window]) -> Batch:
        return batch_of(self.processor, parts)

    def forward(self, batch: Batch) -> "torch.Tensor":
        return self.model(**batch.inputs).logits

    def postprocess(self, outputs: "torch.Tensor", batch: Batch, parts: list[Window]) -> list[Any]:
        scored = scores(outputs, self.options.function, self.model.config)
        labels = ranked(scored, self.options.top_k, self.model.config)
        told = zip(parts, scored, labels, strict=True)
        return [_Judged(part.count, *judged) for part, *judged in told]

    def fold(self, item: TextInput, results: list[_Judged]) -> WithWarnings[list[Label]]:
        import torch

        if results[0].windows == 1:
            return WithWarnings(results[0].labels, ())
        mean = torch.stack([one.scores for one in results]).mean(0, keepdim=True)
        labels = ranked(mean, self.options.top_k, self.model.config)[0]
        return WithWarnings(labels, (self._note(results[0].windows),))

    def _note(self, windows_made: int) -> str:
        if self.options.truncate:
            return f"cut to the first {self._limit} tokens"
        return f"longer than {self._limit} tokens: averaged over {windows_made} windows"


def _is_paired(item: TextInput) -> bool:
    return bool(item.fields.get("text_pair"))
