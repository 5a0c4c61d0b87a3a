"""taskcli qa."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskcli.config.options import OutputOptions
from taskcli.errors import InputError
from taskcli.media.items import Media, TextInput
from taskcli.results import Answer
from taskcli.task import Batch, Samples, Task
from taskcli.tasks.spans import Span, best_spans
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

_LONGEST_WINDOW = 384  # tokens; what extractive models are trained with
_LONGEST_STRIDE = 128


@dataclass(frozen=True)
class QaOptions:
    """What is asked, and how many answers are given."""

    question: Annotated[
        list[str],
        typer.Option("--question", "-q", metavar="TEXT", help="What to ask; repeatable."),
    ] = field(default_factory=list)
    top_k: Annotated[
        int,
        typer.Option(
            min=1, help="How many answers to give, none within another; above 1 result is a list."
        ),
    ] = 1
    no_answer: Annotated[
        bool, typer.Option("--no-answer", help="Allow the answer that there is none (SQuAD 2).")
    ] = False
    max_answer_len: Annotated[int, typer.Option(min=1, help="Most tokens of an answer.")] = 15
    doc_stride: Annotated[
        int | None, typer.Option(min=1, help="Tokens that neighbouring windows share.")
    ] = None


class Qa(Task[QaOptions, TextInput, Answer | list[Answer]]):
    """Answer a question by a span of a text.

    Any checkpoint that AutoModelForQuestionAnswering maps: BERT, DistilBERT, RoBERTa, ...
    Give questions with -q, or rows with `question` and `context`, or SQuAD's own file.
    Long texts are read in windows.
    """

    name = "qa"
    media = Media.TEXT
    Options = QaOptions
    result = Answer | list[Answer]
    auto_models = ("AutoModelForQuestionAnswering",)
    text_fields = ("context", "text")
    budget = 1_024  # tokens: beyond, a larger batch only adds padding on a CPU
    examples = (
        "taskcli qa report.txt -q 'Who signed it?' -q 'When?'",
        "taskcli qa squad.jsonl --no-answer --format squad -o answers.json",
        "taskcli qa dev-v2.0.json --no-answer --format squad-predictions -o predictions.json",
    )
    samples = Samples(options={"question": ("Where does John Smith work?",)})

    def __init__(
        self, options: QaOptions, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel"
    ) -> None:
        super().__init__(options, processor, model)
        require_places(processor)
        self._limit = min(max_tokens(processor, model.config), _LONGEST_WINDOW)
        self._stride = options.doc_stride or min(self._limit // 2, _LONGEST_STRIDE)
        # Models that are padded on the left, such as XLNet, read the context first.
        self._context = 1 if processor.padding_side == "right" else 0

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        prepare_tokenizer(processor, model.config)

    @classmethod
    def variants(cls, options: QaOptions) -> Sequence[Mapping[str, str]]:
        return [{"question": question} for question in options.question]

    @classmethod
    def for_output(cls, options: QaOptions, chosen: str, written: OutputOptions) -> QaOptions:
        return replace(options, no_answer=True) if chosen == "squad-na-probs" else options

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, Window]]:
        texts, pairs = [_question(item) for item in items], [item.text for item in items]
        if self._context == 0:
            texts, pairs = pairs, texts
        cut = Cut(self._limit, self._stride, self._context)
        return windows(self.processor, texts, pairs, cut)

    def cost(self, part: Window) -> int:
        return len(part)

    def preprocess(self, parts: list[Window]) -> Batch:
        return batch_of(self.processor, parts)

    def forward(self, batch: Batch) -> "tuple[torch.Tensor, torch.Tensor]":
        outputs = self.model(**batch.inputs)
        return outputs.start_logits, outputs.end_logits

    def postprocess(
        self, outputs: "tuple[torch.Tensor, torch.Tensor]", batch: Batch, parts: list[Window]
    ) -> list[Any]:
        start, end = (logits.float().numpy() for logits in outputs)
        return list(zip(batch.extra["windows"], start, end, strict=True))

    def fold(self, item: TextInput, results: list[Any]) -> Answer | list[Answer]:
        found = best_spans(results, self._context, self.processor.cls_token_id, self.options)
        none = found.no_answer if self.options.no_answer else None
        spans = found.spans or [Span(0.0, 0, 0)]
        answers = [_answer(span, item, none) for span in spans]
        return answers if self.options.top_k > 1 else answers[0]


def _question(item: TextInput) -> str:
    question = item.fields.get("question")
    if not isinstance(question, str) or not question.strip():
        raise InputError("no question", "ask with -q, or give rows with question and context")
    return question.strip()


def _answer(span: Span, item: TextInput, none: float | None) -> Answer:
    text = item.text[span.start : span.end]
    return Answer(_question(item), text, span.score, span.start, span.end, none)
