"""What is looked at of a task's input: VIEWS is the only table.

A module of views says which modules of a model it wants the calls of, `WANTED`, as fnmatch has it,
and makes what it can, `draw(seen)`: of a model that lacks what it looks for, nothing. One that
needs no weights of attention says so by `ATTENTION`. EVERY_STAGE stands for the modules that give
what each stage of the table gives.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import EVERY_STAGE, View

if TYPE_CHECKING:
    from transformers import PreTrainedModel

VIEWS: Mapping[str, tuple[str, ...]] = {
    "classify-audio": ("waveform", "moments", "silence"),
    "asr": ("waveform", "lattice", "moments"),
    "classify-image": ("patches", "feature_maps"),
    "detect": ("patches", "feature_maps", "queries"),
    "segment": ("patches", "feature_maps", "masks"),
    "depth": ("patches", "feature_maps", "fusion"),
    "classify-text": ("tokens", "evidence"),
    "ner": ("tokens", "entities", "evidence"),
    "qa": ("tokens", "spans", "evidence"),
    "generate": ("tokens", "next_tokens", "alignment", "beams", "how_written"),
    "summarize": ("tokens", "next_tokens", "alignment", "beams", "how_written"),
    "translate": ("tokens", "next_tokens", "alignment", "beams", "how_written"),
}
# A prompt may be long, and its weights would be its length squared, for each head.
_WITHOUT_ATTENTION = frozenset({"generate"})


def wanted(task: str, model: "PreTrainedModel") -> tuple[str, ...]:
    """The modules whose calls are to be kept."""
    from taskcli.runtime.structure import last_paths

    patterns = {pattern for one in _modules(task) for pattern in one.WANTED}
    stages = last_paths(model).values() if EVERY_STAGE in patterns else ()
    return (*(patterns - {EVERY_STAGE}), *stages)


def attends(task: str) -> bool:
    """Whether any view of a task wants the weights of attention; a module may say it wants none."""
    asked = any(getattr(one, "ATTENTION", True) for one in _modules(task))
    return asked and task not in _WITHOUT_ATTENTION


def views_of(seen: Seen) -> Iterator[View]:
    for one in _modules(seen.task.name):
        yield from one.draw(seen)


def _modules(task: str) -> list[Any]:
    return [import_module(f"{__name__}.{name}") for name in VIEWS.get(task, ())]
