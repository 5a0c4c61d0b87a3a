"""Which way of writing a checkpoint has, and what it is told of the language."""

from typing import TYPE_CHECKING

from taskcli.errors import UsageError
from taskcli.media.channels import EACH
from taskcli.tasks.asr.ctc import CtcRecognizer
from taskcli.tasks.asr.generative import Seq2SeqAsr
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.asr.prompted import PromptedAsr, is_prompted
from taskcli.tasks.asr.recognizer import Recognizer, SpeechProcessor
from taskcli.tasks.asr.whisper import WhisperRecognizer
from taskcli.tasks.language_codes import matching

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def recognizer_of(processor: SpeechProcessor, model: "PreTrainedModel") -> type[Recognizer]:
    """The way in which a model writes."""
    if model.config.model_type == "whisper":
        return WhisperRecognizer
    if not model.can_generate():
        return CtcRecognizer
    return PromptedAsr if is_prompted(processor) else Seq2SeqAsr


def language_of(options: AsrOptions, recognizer: Recognizer) -> str | None:
    """The language that is told, as the checkpoint calls it. Raises UsageError for another."""
    word, known = options.language, recognizer.languages
    if options.translate and not (known and isinstance(recognizer, WhisperRecognizer)):
        raise UsageError("--translate is for multilingual Whisper checkpoints")
    if options.finds_each:
        if not (known and isinstance(recognizer, WhisperRecognizer)):
            raise UsageError(
                "--language each: this checkpoint finds no language",
                "choose a multilingual Whisper, such as --model small",
            )
        return None
    if word is None or word.lower() in known:
        return word
    if not known:
        raise UsageError("--language: this checkpoint is not told one")
    # Names stand among the codes: one of each would do.
    fitting = matching(word, [code for code in known if len(code) <= 3 or not code.isalpha()])
    if len(fitting) != 1:
        each = [EACH] if isinstance(recognizer, WhisperRecognizer) else []
        raise UsageError(
            f"--language {word}: this checkpoint does not know it",
            f"known languages: {', '.join([*each, *sorted(known)])}",
        )
    return fitting[0]


def refuse(options: AsrOptions, recognizer: Recognizer) -> None:
    """Raise UsageError for what a way of writing does not know."""
    known = recognizer.timestamps
    if options.timestamps not in known:
        raise UsageError(
            f"--timestamps {options.timestamps}: this checkpoint gives {', '.join(known)}"
        )
    if options.speakers is not None and recognizer.finest is None:
        raise UsageError(
            "--speakers: this checkpoint gives no times, by which its words are somebody's",
            "choose a CTC or a Whisper checkpoint",
        )
    if options.confidence and not recognizer.gives_scores:
        raise UsageError(
            "--confidence: this checkpoint gives no scores", "choose a CTC or a Whisper checkpoint"
        )
    if options.of_whisper and not isinstance(recognizer, WhisperRecognizer):
        raise UsageError(
            f"{', '.join(options.of_whisper)}: this checkpoint is not Whisper",
            "leave it out, or choose one, such as --model small",
        )
