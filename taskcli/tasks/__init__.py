"""The tasks, in the order of --help. This is the only list of them."""

from typing import Any

from taskcli.config.options import ModelOptions, RunOptions
from taskcli.media import MEDIA
from taskcli.task import Task
from taskcli.tasks.asr.task import Asr
from taskcli.tasks.classify_audio import ClassifyAudio
from taskcli.tasks.classify_image import ClassifyImage
from taskcli.tasks.classify_text import ClassifyText
from taskcli.tasks.depth import Depth
from taskcli.tasks.detect import Detect
from taskcli.tasks.generate import Generate
from taskcli.tasks.ner import Ner
from taskcli.tasks.qa import Qa
from taskcli.tasks.segment import SegmentImage
from taskcli.tasks.summarize import Summarize
from taskcli.tasks.translate import Translate

TASKS: tuple[type[Task[Any, Any, Any]], ...] = (
    ClassifyAudio,
    Asr,
    ClassifyImage,
    Detect,
    SegmentImage,
    Depth,
    ClassifyText,
    Ner,
    Qa,
    Generate,
    Summarize,
    Translate,
)

BY_NAME = {task.name: task for task in TASKS}


def groups_of(task: type[Task[Any, Any, Any]]) -> tuple[type[Any], ...]:
    """The groups of options that the task's command takes, its own first."""
    return (task.Options, MEDIA[task.media].load_options(), ModelOptions, RunOptions, task.Output)


def every_group() -> tuple[type[Any], ...]:
    """The groups of options of all commands."""
    return tuple(dict.fromkeys(group for task in TASKS for group in groups_of(task)))
