"""taskcli summarize."""

from typing import Any

from taskcli.items import Media, Passage
from taskcli.results import Summary
from taskcli.task import Batch, Noted, Task
from taskcli.tasks.rewriting import Rewriter, RewritingOptions, task_settings


class Summarize(Task[RewritingOptions, Passage, Summary]):
    """Say what matters in a text, in fewer words.

    Any checkpoint that AutoModelForSeq2SeqLM maps: BART, T5, Pegasus, ...
    Beams and lengths are the checkpoint's own unless given. A text beyond the model's length is
    summarized in parts, cut at sentences.
    """

    name = "summarize"
    panel = "Text"
    media = Media.TEXT
    Options = RewritingOptions
    result = Summary
    auto_models = ("AutoModelForSeq2SeqLM",)
    budget = 16_384  # characters
    float32_heads = frozenset()
    examples = (
        "taskcli summarize report.txt",
        "taskcli asr meeting.wav | taskcli summarize - --max-length 60",
    )

    def __init__(self, options: RewritingOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        settings = task_settings(model.config, "summarization")
        self._rewriter = Rewriter(processor, model, options, settings)

    def cost(self, item: Passage) -> int:
        return len(item.text)

    def preprocess(self, items: list[Passage]) -> Batch:
        return self._rewriter.preprocess(items)

    def forward(self, batch: Batch) -> Any:
        return self._rewriter.forward(batch)

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        texts = self._rewriter.texts(outputs, batch, items)
        notes = self._rewriter.notes(batch, "summarized")
        return [Noted(Summary(text), note) for text, note in zip(texts, notes, strict=True)]
