"""taskcli translate."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.items import Media
from taskcli.results import Translation
from taskcli.tasks.languages import way_of_asking
from taskcli.tasks.rewriting import Rewriter, RewritingOptions, RewritingTask


@dataclass(frozen=True)
class TranslateOptions(RewritingOptions):
    source_language: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="Language of the input.")
    ] = None
    target_language: Annotated[
        str | None, typer.Option("--to", metavar="LANG", help="Language of the answer.")
    ] = None


class Translate(RewritingTask[TranslateOptions, Translation]):
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
    _verb = "translated"
    examples = (
        "taskcli translate letter.txt --from en --to fr",
        "taskcli asr talk.wav | taskcli translate - --from en --to de",
    )

    def __init__(self, options: TranslateOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        source, target = options.source_language, options.target_language
        settings = way_of_asking(processor, model.config, source, target)
        self._rewriter = Rewriter(processor, model, options, settings)

    def _answer(self, text: str) -> Translation:
        return Translation(text)
