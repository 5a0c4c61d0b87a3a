"""taskcli asr."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import typer

from taskcli.config.options import OUTPUT_PANEL, OutputOptions
from taskcli.errors import UsageError
from taskcli.media.items import AudioInput, Media, Recording
from taskcli.results import Transcript
from taskcli.task import Batch, Task, WithWarnings
from taskcli.tasks.asr.ctc import CtcRecognizer
from taskcli.tasks.asr.generative import Seq2SeqAsr
from taskcli.tasks.asr.prompted import PromptedAsr, is_prompted
from taskcli.tasks.asr.recognizer import Recognizer
from taskcli.tasks.asr.whisper import WhisperRecognizer
from taskcli.tasks.audio import Stretch
from taskcli.tasks.languages import matching

Timestamps = Literal["none", "segment", "word", "char"]


@dataclass(frozen=True)
class AsrOptions:
    """How speech is written down."""

    timestamps: Annotated[
        Timestamps, typer.Option(help="Times to give with the text; char is for CTC models.")
    ] = "none"
    language: Annotated[
        str | None,
        typer.Option(
            help="Spoken language, for checkpoints that can be told: Whisper, Canary, ..."
        ),
    ] = None
    translate: Annotated[
        bool, typer.Option("--translate", help="Translate the speech to English (Whisper).")
    ] = False


@dataclass(frozen=True)
class AsrOutput(OutputOptions):
    """With how subtitles are laid out."""

    max_line_width: Annotated[
        int | None,
        typer.Option(min=8, help="Columns in a line of subtitles.", rich_help_panel=OUTPUT_PANEL),
    ] = None
    word_cues: Annotated[
        bool,
        typer.Option(
            "--word-cues", help="Subtitles with a cue per word.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False


class Asr(Task[AsrOptions, Recording, Transcript]):
    """Write down what is said in a recording.

    Any checkpoint that AutoModelForCTC or AutoModelForSpeechSeq2Seq maps: Wav2Vec2, HuBERT,
    Whisper, ... Long recordings are heard in overlapping windows (CTC) or by Whisper's own
    sequential long form.
    """

    name = "asr"
    media = Media.AUDIO
    Options = AsrOptions
    Output = AsrOutput
    result = Transcript
    auto_models = ("AutoModelForCTC", "AutoModelForSpeechSeq2Seq")
    budget = 480_000  # samples: half a minute
    fp32_heads = frozenset({"lm_head"})
    examples = (
        "taskcli asr talk.mp3",
        "taskcli asr interview.m4a -o interview.srt",
        "taskcli asr talk.wav | taskcli summarize -",
    )

    def __init__(self, options: AsrOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._recognizer = _kind(processor, model)(processor, model, options.language)
        known = self._recognizer.timestamps
        if options.timestamps not in known:
            raise UsageError(
                f"--timestamps {options.timestamps}: this checkpoint gives {', '.join(known)}"
            )
        self._recognizer.language = _language(options, self._recognizer)

    @classmethod
    def prepare(cls, processor: Any, model: Any) -> None:
        _kind(processor, model).prepare(processor)

    @classmethod
    def processor_class(cls) -> str:
        return "AutoProcessor"

    @classmethod
    def for_output(cls, options: AsrOptions, chosen: str, written: OutputOptions) -> AsrOptions:
        if chosen not in cls.formats() and written.save_dir is None:
            return options
        assert isinstance(written, AsrOutput)
        if options.timestamps == "char":
            raise UsageError("subtitles are of words, and --timestamps char gives letters")
        if written.word_cues or (options.timestamps == "none" and written.max_line_width):
            return replace(options, timestamps="word")
        return replace(options, timestamps="segment") if options.timestamps == "none" else options

    def encode(self, items: list[Recording]) -> Iterator[tuple[int, Any]]:
        for place, item in enumerate(items):
            yield from ((place, part) for part in self._recognizer.encode(item))

    def cost(self, part: AudioInput | Stretch) -> int:
        return len(part.samples)

    def batch_key(self, part: Any) -> Any:
        return self._recognizer.batch_key(part)

    def preprocess(self, parts: list[Any]) -> Batch:
        return self._recognizer.preprocess(parts)

    def forward(self, batch: Batch) -> Any:
        return self._recognizer.forward(batch, self.options)

    def postprocess(self, outputs: Any, batch: Batch, parts: list[Any]) -> list[Any]:
        return list(self._recognizer.postprocess(outputs, batch, parts, self.options.timestamps))

    def fold(self, item: Recording, results: list[Any]) -> Transcript | WithWarnings[Transcript]:
        return self._recognizer.fold(item, results, self.options.timestamps)


def _kind(processor: Any, model: Any) -> type[Recognizer]:
    if model.config.model_type == "whisper":
        return WhisperRecognizer
    if not model.can_generate():
        return CtcRecognizer
    return PromptedAsr if is_prompted(processor) else Seq2SeqAsr


def _language(options: AsrOptions, recognizer: Recognizer) -> str | None:
    """The language that is told, as the checkpoint calls it."""
    word, known = options.language, recognizer.languages
    if options.translate and not (known and isinstance(recognizer, WhisperRecognizer)):
        raise UsageError("--translate is for multilingual Whisper checkpoints")
    if word is None or word.lower() in known:
        return word
    if not known:
        raise UsageError("--language: this checkpoint is not told one")
    # Names stand among the codes: one of each would do.
    fitting = matching(word, [code for code in known if len(code) <= 3 or not code.isalpha()])
    if len(fitting) != 1:
        raise UsageError(
            f"--language {word}: this checkpoint does not know it",
            f"known languages: {', '.join(sorted(known))}",
        )
    return fitting[0]
