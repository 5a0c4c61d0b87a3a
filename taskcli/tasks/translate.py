"""taskcli translate."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.items import Media, Passage
from taskcli.results import Translation
from taskcli.task import Batch, Noted, Task
from taskcli.tasks.languages import way_of_asking
from taskcli.tasks.rewriting import Rewriter, RewritingOptions


@dataclass(frozen=True)
class TranslateOptions(RewritingOptions):
    source_language: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="Language of the input.")
    ] = None
    target_language: Annotated[
        str | None, typer.Option("--to", metavar="LANG", help="Language of the answer.")
    ] = None


class Translate(Task[TranslateOptions, Passage, Translation]):
    """Translate a text.

    Any checkpoint that AutoModelForSeq2SeqLM maps: mBART, M2M100, NLLB, Marian, T5, ...
    Multilingual checkpoints take --from and --to; an unknown language lists the known ones.
    A text beyond the model's length is translated in parts, cut at sentences.
    """

    name = "translate"
    panel = "Text"
    media = Media.TEXT
    Options = TranslateOptions
    result = Translation
    auto_models = ("AutoModelForSeq2SeqLM",)
    budget = 4_096  # characters
    float32_heads = frozenset()
    examples = (
        "taskcli translate letter.txt --from en --to fr",
        "taskcli asr talk.wav | taskcli translate - --from en --to de",
    )

    def __init__(self, options: TranslateOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        source, target = options.source_language, options.target_language
        settings = way_of_asking(processor, model.config, source, target)
        self._rewriter = Rewriter(processor, model, options, settings)

    def cost(self, item: Passage) -> int:
        return len(item.text)

    def preprocess(self, items: list[Passage]) -> Batch:
        return self._rewriter.preprocess(items)

    def forward(self, batch: Batch) -> Any:
        return self._rewriter.forward(batch)

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        texts = self._rewriter.texts(outputs, batch, items)
        notes = self._rewriter.notes(batch, "translated")
        return [Noted(Translation(text), note) for text, note in zip(texts, notes, strict=True)]
