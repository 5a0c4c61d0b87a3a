"""taskcli translate."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taskcli.config.options import OutputOptions, UsersOwn
from taskcli.errors import UsageError
from taskcli.media.items import Media, TextInput
from taskcli.results import Translation
from taskcli.task import Samples, WithWarnings
from taskcli.tasks.glossary import read_glossary
from taskcli.tasks.keeping import PLACEHOLDERS, Keeping
from taskcli.tasks.language_codes import matching, one_of
from taskcli.tasks.languages import way_of_asking
from taskcli.tasks.parting import By, Division
from taskcli.tasks.seq2seq import BUDGET, Seq2SeqOptions, Text2TextTask, Written
from taskcli.tasks.translator import Subtitled, Translator, mended, translation

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# Trained on pairs of sentences. Others that read before they write take a line or a paragraph.
_BY_SENTENCE = frozenset(
    "encoder-decoder fsmt m2m_100 marian mbart mt5 nllb-moe seamless_m4t seamless_m4t_v2 t5".split()
)


@dataclass(frozen=True)
class TranslateOptions(Seq2SeqOptions):
    """Between which languages, and how a text is parted."""

    source_language: Annotated[
        str | None,
        typer.Option("--from", metavar="LANG", help="Language of the input: de or German."),
    ] = None
    target_language: Annotated[
        str | None, typer.Option("--to", metavar="LANG", help="Language of the answer.")
    ] = None
    by: Annotated[
        By | None,
        typer.Option(help="How much to translate at once; unset: what the model learnt from."),
    ] = None
    subtitles: Annotated[
        Subtitled,
        typer.Option(help="Translate cues, keep their times; auto: where a text is .srt or .vtt."),
    ] = "auto"
    keep_pattern: Annotated[
        list[str],
        typer.Option(
            metavar="REGEX", help="Keep what this matches as it stands, untranslated; repeatable."
        ),
    ] = field(default_factory=list)
    keep_placeholders: Annotated[
        bool,
        typer.Option(
            "--keep-placeholders", help="Keep code, tags, URLs, {names} and %s as they stand."
        ),
    ] = False
    glossary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Translate the terms of a .tsv or .csv as its second column says."
        ),
        UsersOwn(),
    ] = None

    def __post_init__(self) -> None:
        self.keeping  # noqa: B018  # read now: its files may be missing where the model is

    @cached_property
    def keeping(self) -> Keeping:
        """What is kept of a text."""
        patterns = [*self.keep_pattern, *[PLACEHOLDERS] * self.keep_placeholders]
        return Keeping(patterns, read_glossary(self.glossary) if self.glossary else {})


class Translate(Text2TextTask[TranslateOptions, Translation]):
    """Translate a text.

    Any checkpoint that AutoModelForSeq2SeqLM maps: mBART, M2M100, NLLB, Marian, T5, ...
    Multilingual checkpoints take --from and --to, as codes (de, deu, de-DE) or names (German,
    Deutsch); an unknown language lists the known ones.
    Lines, lists and paragraphs keep their places. A sentence beyond the model's length is
    translated in pieces. Subtitles (.srt, .vtt) keep their cues, times, speakers and markup.
    """

    name = "translate"
    media = Media.TEXT
    Options = TranslateOptions
    result = Translation
    auto_models = ("AutoModelForSeq2SeqLM",)
    budget = BUDGET
    fp32_heads = frozenset()
    _verb = "translated"
    examples = (
        "taskcli translate letter.txt --from en --to fr",
        "taskcli translate film.srt --from en --to fr -o film.fr.srt",
        "taskcli translate page.md --from en --to fr --keep-placeholders --glossary terms.tsv",
        "taskcli asr talk.wav | taskcli translate - --from en --to German",
    )
    samples = Samples(options={"max_length": 12})

    def __init__(
        self,
        options: TranslateOptions,
        processor: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        source, target = options.source_language, options.target_language
        asking = way_of_asking(processor, model.config, source, target)
        by = options.by or _usual_part(model.config)
        how = (processor, model, options, asking.settings, by, asking.source, asking.around)
        self._rewriter = Translator(options.subtitles, options.keeping, *how)
        self._doubts = asking.warnings

    @classmethod
    def refuse(cls, options: TranslateOptions, known: Sequence[str]) -> None:
        for word, flag in ((options.source_language, "--from"), (options.target_language, "--to")):
            if word and known and not matching(word, known):
                one_of(word, known, flag)

    @classmethod
    def for_output(
        cls, options: TranslateOptions, chosen: str, written: OutputOptions
    ) -> TranslateOptions:
        if chosen not in cls.formats():
            return options
        if options.subtitles == "never":
            raise UsageError(f"{chosen} is made of subtitles, and --subtitles never reads none")
        return replace(options, subtitles="always")

    def fold(self, item: TextInput, results: list[Written]) -> WithWarnings[Translation]:
        found = super().fold(item, results)
        parted = results[0].parted
        notes = (*_put_in(parted.lost([one.text for one in results])), *mended(parted))
        return replace(found, warnings=(*self._doubts, *found.warnings, *notes))

    def _answer(self, division: Division, answers: Sequence[str]) -> Translation:
        return translation(division, answers)


def _put_in(lost: int) -> tuple[str, ...]:
    what = "1 place to keep was" if lost == 1 else f"{lost} places to keep were"
    return (f"{what} lost: the text around was translated in pieces",) * (lost > 0)


def _usual_part(config: "PreTrainedConfig") -> By:
    if not config.is_encoder_decoder:
        return "whole"
    return "sentence" if config.model_type in _BY_SENTENCE else "paragraph"
