"""The tasks, in the order of --help. This is the only list of them; a class is imported at use."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from taskcli.task import Task

    TASKS: tuple[type[Task[Any, Any, Any]], ...]


class TaskEntry(NamedTuple):
    """What a list of commands shows of a task, and where its class is: `module:class`.

    `also` is what others call it: the tasks of transformers' pipelines, and what people type.
    """

    name: str
    panel: Literal["Audio", "Vision", "Text"]
    summary: str
    home: str
    also: str = ""


ENTRIES = (
    TaskEntry(
        "classify-audio",
        "Audio",
        "Say what a recording holds: keywords, speakers, events, with scores.",
        "taskcli.tasks.classify_audio:ClassifyAudio",
        "audio-classification",
    ),
    TaskEntry(
        "asr",
        "Audio",
        "Write down what is said in a recording.",
        "taskcli.tasks.asr.task:Asr",
        "automatic-speech-recognition speech-recognition speech-to-text transcribe whisper",
    ),
    TaskEntry(
        "classify-image",
        "Vision",
        "Say what an image shows: labels with scores.",
        "taskcli.tasks.classify_image:ClassifyImage",
        "image-classification",
    ),
    TaskEntry(
        "detect",
        "Vision",
        "Find objects in an image: a box, a label and a score for each.",
        "taskcli.tasks.detect:Detect",
        "object-detection detection yolo",
    ),
    TaskEntry(
        "segment",
        "Vision",
        "Divide an image into labelled regions, each with its mask.",
        "taskcli.tasks.segment:SegmentImage",
        "image-segmentation mask-generation segmentation",
    ),
    TaskEntry(
        "depth",
        "Vision",
        "Estimate how far away each pixel is, in metres or in relative units.",
        "taskcli.tasks.depth:Depth",
        "depth-estimation",
    ),
    TaskEntry(
        "classify-text",
        "Text",
        "Say what a text is: sentiment, topic, entailment, with scores.",
        "taskcli.tasks.classify_text:ClassifyText",
        "text-classification sentiment-analysis sentiment classify",
    ),
    TaskEntry(
        "ner",
        "Text",
        "Find the names in a text: persons, places, organisations, with their places in it.",
        "taskcli.tasks.ner:Ner",
        "token-classification entities",
    ),
    TaskEntry(
        "qa",
        "Text",
        "Answer a question by a span of a text.",
        "taskcli.tasks.qa:Qa",
        "question-answering ask",
    ),
    TaskEntry(
        "generate",
        "Text",
        "Continue a text, or answer a prompt with a chat model.",
        "taskcli.tasks.generate:Generate",
        "text-generation chat complete",
    ),
    TaskEntry(
        "summarize",
        "Text",
        "Say what matters in a text, in fewer words.",
        "taskcli.tasks.summarize:Summarize",
        "text2text-generation summarization summarise summary",
    ),
    TaskEntry(
        "translate",
        "Text",
        "Translate a text.",
        "taskcli.tasks.translate:Translate",
        "translation",
    ),
)


_HOMES = {entry.name: entry.home for entry in ENTRIES}
# Whose checkpoints answer beside those of a task, and which are no commands.
_HELPERS = {"speakers": "taskcli.tasks.asr.diarization:Diarization"}


class _ByName(Mapping[str, "type[Task[Any, Any, Any]]"]):
    """The classes of tasks; looking at names imports none."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes

    def __getitem__(self, name: str) -> "type[Task[Any, Any, Any]]":
        from pkgutil import resolve_name  # a client of the worker has no use for it

        task: type[Task[Any, Any, Any]] = resolve_name(self._homes[name])
        return task

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


BY_NAME = _ByName(_HOMES)
WITH_CHECKPOINTS = _ByName(_HOMES | _HELPERS)  # all that have a registry


def __getattr__(name: str) -> Any:
    if name != "TASKS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return tuple(BY_NAME.values())


def every_group() -> tuple[type[Any], ...]:
    """The groups of options of all commands."""
    return tuple(dict.fromkeys(group for task in BY_NAME.values() for group in task.groups()))
