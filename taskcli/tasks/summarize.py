"""taskcli summarize."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskcli.media.items import Media
from taskcli.results import Summary
from taskcli.task import Samples
from taskcli.tasks.parting import Division
from taskcli.tasks.seq2seq import (
    BUDGET,
    Seq2SeqGenerator,
    Seq2SeqOptions,
    Text2TextTask,
    task_settings,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Summarize(Text2TextTask[Seq2SeqOptions, Summary]):
    """Say what matters in a text, in fewer words.

    Any checkpoint that AutoModelForSeq2SeqLM maps: BART, T5, Pegasus, ...
    Beams and lengths are the checkpoint's own unless given. A text beyond the model's length is
    summarized in parts, cut at paragraphs or sentences.
    """

    name = "summarize"
    media = Media.TEXT
    Options = Seq2SeqOptions
    result = Summary
    auto_models = ("AutoModelForSeq2SeqLM",)
    budget = BUDGET
    fp32_heads = frozenset()
    _verb = "summarized"
    examples = (
        "taskcli summarize report.txt",
        "taskcli asr meeting.wav | taskcli summarize - --max-length 60",
    )
    samples = Samples(options={"max_length": 16, "min_length": 4})

    def __init__(
        self,
        options: Seq2SeqOptions,
        processor: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        settings = task_settings(model.config, "summarization")
        self._rewriter = Seq2SeqGenerator(processor, model, options, settings)

    def _answer(self, division: Division, answers: Sequence[str]) -> Summary:
        return Summary(division.joined(answers))
