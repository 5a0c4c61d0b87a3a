"""taskcli asr."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import typer

from taskcli.errors import UsageError
from taskcli.items import Media, Sound
from taskcli.results import Transcript
from taskcli.task import Batch, Task
from taskcli.tasks.recognizers import Recognizer, recognizer_of

Timestamps = Literal["none", "segment", "word", "char"]


@dataclass(frozen=True)
class AsrOptions:
    timestamps: Annotated[
        Timestamps, typer.Option(help="Times to give with the text; char is for CTC models.")
    ] = "none"
    language: Annotated[
        str | None, typer.Option(help="Spoken language (Whisper); heard from the sound if unset.")
    ] = None
    translate: Annotated[
        bool, typer.Option("--translate", help="Translate the speech to English (Whisper).")
    ] = False


class Asr(Task[AsrOptions, Sound, Transcript]):
    """Write down what is said in a recording.

    Any checkpoint that AutoModelForCTC or AutoModelForSpeechSeq2Seq maps: Wav2Vec2, HuBERT,
    Whisper, ... Long recordings are heard in overlapping windows (CTC) or by Whisper's own
    sequential long form.
    """

    name = "asr"
    panel = "Audio"
    media = Media.AUDIO
    Options = AsrOptions
    result = Transcript
    formats = ("srt", "vtt")
    auto_models = ("AutoModelForCTC", "AutoModelForSpeechSeq2Seq")
    budget = 480_000  # samples: half a minute
    float32_heads = frozenset({"lm_head"})
    examples = (
        "taskcli asr talk.mp3",
        "taskcli asr interview.m4a -o interview.srt",
        "taskcli asr talk.wav | taskcli summarize -",
    )

    def __init__(self, options: AsrOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._recognizer: Recognizer = recognizer_of(processor, model)
        known = self._recognizer.timestamps
        if options.timestamps not in known:
            raise UsageError(
                f"--timestamps {options.timestamps}: this checkpoint gives {', '.join(known)}"
            )
        _check_language(options, self._recognizer.languages)

    @classmethod
    def processor_class(cls) -> str:
        return "AutoProcessor"

    @classmethod
    def for_format(cls, options: AsrOptions, output_format: str) -> AsrOptions:
        if output_format in cls.formats and options.timestamps == "none":
            return replace(options, timestamps="segment")
        return options

    def cost(self, item: Sound) -> int:
        return len(item.samples)

    def alike(self, item: Sound) -> Any:
        return self._recognizer.alike(item)

    def preprocess(self, items: list[Sound]) -> Batch:
        return self._recognizer.preprocess(items)

    def forward(self, batch: Batch) -> Any:
        return self._recognizer.forward(batch, self.options)

    def postprocess(self, outputs: Any, batch: Batch, items: list[Sound]) -> list[Any]:
        return list(self._recognizer.postprocess(outputs, batch, items, self.options.timestamps))


def _check_language(options: AsrOptions, known: frozenset[str]) -> None:
    if (options.language or options.translate) and not known:
        raise UsageError("--language and --translate are for multilingual Whisper checkpoints")
    if options.language and options.language.lower() not in known:
        raise UsageError(
            f"--language {options.language}: this checkpoint does not know it",
            f"known languages: {', '.join(sorted(known))}",
        )
