"""taskcli translate."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from taskcli.items import Media
from taskcli.results import Translation
from taskcli.tasks.languages import way_of_asking
from taskcli.tasks.parting import By
from taskcli.tasks.rewriting import Rewriter, RewritingOptions, RewritingTask

# Trained on pairs of sentences. Others that read before they write take a line or a paragraph.
_BY_SENTENCE = frozenset(
    "encoder-decoder fsmt m2m_100 marian mbart mt5 nllb-moe seamless_m4t seamless_m4t_v2 t5".split()
)


@dataclass(frozen=True)
class TranslateOptions(RewritingOptions):
    source_language: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="Language of the input.")
    ] = None
    target_language: Annotated[
        str | None, typer.Option("--to", metavar="LANG", help="Language of the answer.")
    ] = None
    by: Annotated[
        By | None,
        typer.Option(help="How much to translate at once; unless given, what the model learnt by."),
    ] = None


class Translate(RewritingTask[TranslateOptions, Translation]):
    """Translate a text.

    Any checkpoint that AutoModelForSeq2SeqLM maps: mBART, M2M100, NLLB, Marian, T5, ...
    Multilingual checkpoints take --from and --to; an unknown language lists the known ones.
    Lines, lists and paragraphs keep their places. A sentence beyond the model's length is
    translated in pieces.
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
        by = options.by or _usual_part(model.config)
        self._rewriter = Rewriter(processor, model, options, settings, by)

    def _answer(self, text: str) -> Translation:
        return Translation(text)


def _usual_part(config: Any) -> By:
    if not config.is_encoder_decoder:
        return "whole"
    return "sentence" if config.model_type in _BY_SENTENCE else "paragraph"
